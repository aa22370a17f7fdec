"""The lazy one-hot matrix.

Row i of the (n, V) matrix X has its ones in the columns ``indices[i]``, so

    (X @ W)[i]   = sum_j W[indices[i, j]]                                forward: rows of W are selected and summed
    (X.T @ G)[r] = sum of G[i] over all (i, j) with indices[i, j] == r   backward: rows of G are added to rows of W

No product is formed, and X itself is its (n, f) integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy  # its submodules are loaded when first used: `scipy.sparse` takes longer than all of this package
from numpy import ndarray

from onehot import _kernels as kernels
from onehot._arrays import FLOATS, Array, as_array, is_array, is_real
from onehot._codes import Categories, Encoded, Missing, encode
from onehot._decoding import codes_of_dense, codes_of_sparse
from onehot._errors import DTypeError, ShapeError, UnsupportedError
from onehot._lazy_matrix import LazyMatrix, refusal
from onehot._refusals import read_only, refuses_other_attributes
from onehot._row_selection import only_rows, raise_outside, row_numbers
from onehot._transpose import TransposedOneHot

__all__ = ["OneHot"]

FLOAT64 = FLOATS[1]
SMALL_BATCH = 1024  # samples whose indices are kept as intp too: converting them would show in the time of a product


@refuses_other_attributes(refusal)
@read_only("dtype", "indices", "missing", "n_categories", "offsets", "shape")
class OneHot(LazyMatrix):
    """One-hot matrix of integer codes, (n, V), held as n * f integers.

    Parameters
    ----------
    codes : array of int, shape (n,) or (n, f)
        One integer per field, ``0 <= codes[:, j] < n_categories[j]``; any integer type and memory layout. Floats are
        taken where every value is integral; NaN is missing.
    n_categories : int or sequence of int, optional
        Categories of each field, one number for all or one per field; by default its largest code plus 1.
    missing : {"error", "zero", "own"}
        What code -1 (and NaN) means: an error, a block of zeros in that row, or one more category of its field.
    dtype : {numpy.float32, numpy.float64}
        Of the matrix's ones. Products have NumPy's result type of it and the other operand's; but ``X.T @ G`` is
        float64 where G is of integers or bools, which are counted.
    names : sequence of str, optional
        Of the fields, for error messages. By default the columns of a DataFrame.

    Attributes
    ----------
    shape : tuple of int
        (n, V), with V the sum of `n_categories`.
    indices : array of int, shape (n, f)
        Columns of the ones: ``codes + offsets``, read-only, int32 until V reaches 2**31. -1 is a block without a one.
    n_categories : tuple of int
    offsets : array of int64, shape (f,)
        Where each field's block begins.
    missing : {"error", "zero", "own"}
        As it was given: with "own", the last category of every field is the missing one.
    nnz : int
        The number of ones.

    Raises
    ------
    CodeError
        For a code outside [0, n_categories[j]), negative ones included, or a float that is not integral, naming field,
        row and code.
    DTypeError, ShapeError
        For codes of a type that is none of numbers, of other dimensions or without a field, and for `n_categories` or
        `names` of another length than there are fields.

    See Also
    --------
    RowGradient : what ``X.T @ G`` is.
    lookup, scatter_add : the same two operations on plain arrays.

    Notes
    -----
    ``X @ W`` costs O(n f d) and ``X.T @ G`` O(n d), whatever V is. Checked once, here: products and ``X[rows]`` do not
    look at the codes again. Not checked: whether W is finite; a NaN or Inf in a row that no code selects does not
    reach the result, whereas in a dense product it does (0 * Inf is NaN).

    Examples
    --------
    >>> import numpy as np
    >>> X = OneHot([[0, 1], [1, 2]], [2, 3])
    >>> X.toarray()
    array([[1., 0., 0., 1., 0.],
           [0., 1., 0., 0., 1.]], dtype=float32)
    >>> W = np.arange(5.0)[:, None] * [1, 10]
    >>> X @ W
    array([[ 3., 30.],
           [ 5., 50.]])
    """

    __slots__ = (
        "_dtype",
        "_has_missing",
        "_indices",
        "_missing",
        "_n_categories",
        "_offsets",
        "_only_field",
        "_shape",
    )

    indices: Array
    n_categories: tuple[int, ...]
    offsets: Array
    missing: Missing

    def __init__(
        self,
        codes: npt.ArrayLike,
        n_categories: Categories | None = None,
        *,
        missing: Missing = "error",
        dtype: npt.DTypeLike = np.float32,
        names: Sequence[str] | None = None,
    ) -> None:
        if isinstance(codes, LazyMatrix) or scipy.sparse.issparse(codes):
            raise DTypeError(f"codes must be an array, got {type(codes).__name__}; from_sparse takes a one-hot matrix")
        if names is None and hasattr(codes, "columns"):
            names = [str(name) for name in codes.columns]
        self._set(encode(codes, n_categories, missing=missing, names=names), _float_dtype(dtype))

    def _set(self, encoded: Encoded, dtype: np.dtype[Any]) -> None:
        self._indices, self._n_categories, self._offsets, self._missing, self._has_missing = encoded
        self._dtype = dtype
        self._shape = (len(self.indices), sum(self.n_categories))
        self.indices.flags.writeable = False
        self.offsets.flags.writeable = False
        self._only_field = None if self._has_missing else _single_field(self.indices)

    @classmethod
    def _of_indices(cls, indices: Array, n_categories: tuple[int, ...], offsets: Array, dtype: np.dtype[Any]) -> Self:
        """Hold trusted indices, (n, f), none of them missing."""
        X = cls.__new__(cls)
        X._set(Encoded(indices, n_categories, offsets, "error", False), dtype)
        return X

    @classmethod
    def from_dense(
        cls,
        A: npt.ArrayLike,
        n_categories: Categories | None = None,
        *,
        missing: Missing = "error",
        dtype: npt.DTypeLike = np.float32,
    ) -> Self:
        """Build from a dense one-hot matrix, (n, V): exactly one 1 in each row's block of each field.

        Parameters
        ----------
        A : array of any real type, shape (n, V)
        n_categories : sequence of int, optional
            The widths of the blocks. By default one block, V wide.
        missing, dtype
            As for `OneHot`: what a block of zeros means, and the type of the ones.

        Raises
        ------
        CodeError
            Where a row is not one-hot, naming row and field.
        ShapeError
            If A has not two dimensions, or the blocks are not V wide in all.

        Examples
        --------
        >>> OneHot.from_dense([[0, 1, 0], [1, 0, 0]]).indices.ravel().tolist()
        [1, 0]
        """
        codes, counts = codes_of_dense(A, n_categories, missing)
        return cls(codes, counts, missing=missing, dtype=dtype)

    @classmethod
    def from_sparse(
        cls,
        S: Any,
        n_categories: Categories | None = None,
        *,
        missing: Missing = "error",
        dtype: npt.DTypeLike = np.float32,
    ) -> Self:
        """Build from a scipy sparse one-hot matrix, (n, V). As `from_dense`, without ever being dense.

        Parameters
        ----------
        S : scipy sparse array or matrix of any format, shape (n, V)
        n_categories, missing, dtype
            As for `from_dense`.

        Raises
        ------
        CodeError
            Where a row is not one-hot, naming row and field.
        ShapeError, DTypeError
            If the blocks are not V wide in all, or S is not sparse.

        Examples
        --------
        >>> import scipy.sparse
        >>> OneHot.from_sparse(scipy.sparse.eye_array(3)).indices.ravel().tolist()
        [0, 1, 2]
        """
        codes, counts = codes_of_sparse(S, n_categories, missing)
        return cls(codes, counts, missing=missing, dtype=dtype)

    def __repr__(self) -> str:
        n, f = self.indices.shape
        return (
            f"OneHot(shape={self.shape}, n_categories={_abbreviated(self.n_categories)}, dtype={self.dtype}, "
            f"{n} x {f} indices of {self.indices.dtype})"
        )

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise UnsupportedError("the truth of a one-hot matrix is ambiguous, as that of an array; test len(X) > 0")

    @property
    def nnz(self) -> int:
        return int(np.count_nonzero(self.indices >= 0)) if self._has_missing else self.indices.size

    @property
    def nbytes(self) -> int:
        """The bytes that the indices take."""
        return self.indices.nbytes

    @property
    def T(self) -> TransposedOneHot:
        return TransposedOneHot(self)

    def transpose(self) -> TransposedOneHot:
        """Return ``X.T``."""
        return self.T

    def astype(self, dtype: npt.DTypeLike, /, *, copy: bool = False) -> OneHot:
        """Return the same matrix with ones of another float type; the indices are shared, whatever `copy` says."""
        return self._with_indices(self.indices, dtype=_float_dtype(dtype))

    def __getitem__(self, rows: Any, /) -> OneHot:
        """Return the rows that a slice, an integer array or a boolean mask selects; the codes are not checked again.

        Raises RowIndexError for a row outside [0, n), negative ones included, ShapeError for a mask of another length,
        DTypeError for an array of another type, and UnsupportedError for a single row or for columns.
        """
        if type(rows) is tuple:
            rows = only_rows(rows)
        if type(rows) is slice:
            return self._with_indices(np.ascontiguousarray(self._indices[rows]))
        rows = as_array(rows, "rows")
        if rows.dtype.kind != "i" or rows.ndim != 1 or not rows.size:
            rows = row_numbers(rows, self._shape[0])
        elif rows.item(rows.argmin()) < 0:
            raise_outside(rows, self._shape[0])
        try:
            return self._with_indices(self._indices.take(rows, 0))  # which finds what is too large
        except IndexError:
            raise_outside(rows, self._shape[0])

    def _with_indices(self, indices: Array, dtype: np.dtype[Any] | None = None) -> OneHot:
        indices.flags.writeable = False
        X = OneHot.__new__(OneHot)
        X._indices, X._missing, X._has_missing = indices, self._missing, self._has_missing
        X._n_categories, X._offsets = self._n_categories, self._offsets
        X._dtype = self._dtype if dtype is None else dtype
        X._shape = (len(indices), self._shape[1])
        X._only_field = None if self._only_field is None else _single_field(indices)
        return X

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc in (np.square, np.power) and method == "__call__" and not kwargs and inputs[0] is self:
            return self ** (inputs[1] if ufunc is np.power else 2)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __mul__(self, other: Any) -> OneHot:
        product: OneHot = self**2 if other is self else super().__mul__(other)
        return product

    def __pow__(self, exponent: Any) -> OneHot:
        """Return X, whose ones and zeros are their own powers: ``(X @ V)**2 - X**2 @ V**2``, say, needs no other."""
        if np.ndim(exponent) or not is_real(exponent) or not exponent > 0:
            raise UnsupportedError(f"X ** {exponent!r} would have ones where X has zeros; only positive powers are X")
        return self

    def __matmul__(self, W: Any, /) -> Any:
        """Return ``X @ W``, (n, d) for W (V, d), (n,) for W (V,): the selected rows, summed over the fields."""
        # The usual case: spare small batches what follows.
        usual = type(W) is ndarray and (W.dtype is self._dtype or W.dtype is FLOAT64) and W.flags.carray
        if usual and W.ndim == 2 and len(W) == self._shape[1]:
            return self._gather(W) if self._only_field is None else W.take(self._only_field, 0)
        if not is_array(W):
            return self._defer_to(W)
        W = as_array(W, "W")
        if W.ndim not in (1, 2) or len(W) != self.shape[1]:
            raise ShapeError(
                f"X @ W: W has shape {W.shape}, but X has {self.shape[1]} columns (n_categories "
                f"{_abbreviated(self.n_categories)}); W must be ({self.shape[1]}, d)"
            )
        dtype = np.result_type(self.dtype, W.dtype)
        if dtype.kind in "SU":  # which would be joined end to end
            raise DTypeError(f"X @ W takes numbers, got W of {W.dtype}")
        if W.dtype == dtype and dtype in FLOATS and W.flags.c_contiguous and W.flags.aligned:
            return self._gather(W) if W.ndim == 2 else self._gather(W[:, None])[:, 0]
        return self._gather_by_field(W, dtype)

    def affine(self, W: Array, b: Array, /) -> Array:
        """Return ``X @ W + b``, a layer's output, (n, d), in one pass where the compiled kernels run.

        Parameters
        ----------
        W : array of float, shape (V, d)
        b : array of float, shape (d,)

        Raises
        ------
        ShapeError, ValueError
            If W does not have V rows, or b does not broadcast to (n, d).

        Examples
        --------
        >>> OneHot([[1, 0]], [2, 2]).affine(np.eye(4), np.array([10.0, 20.0, 30.0, 40.0]))
        array([[10., 21., 31., 40.]])
        """
        same_type = type(W) is ndarray and type(b) is ndarray and (W.dtype is self._dtype or W.dtype is FLOAT64)
        fits = same_type and W.dtype is b.dtype and W.shape == (self._shape[1], b.size) and b.ndim == 1
        if fits and W.flags.carray and b.flags.carray:
            return self._gather(W, b)
        product: Array = self @ W
        return product + b

    def _gather(self, W: Array, bias: Array | None = None) -> Array:
        out = np.empty((self._shape[0], W.shape[1]), W.dtype)
        kernels.active.gather_sum(W, self._indices, out, self._has_missing, bias)
        return out

    def _gather_by_field(self, W: Array, dtype: np.dtype[Any]) -> Array:
        """Sum the selected rows of a W that the kernels do not take as it is, without a copy of it."""
        out = np.zeros((self.shape[0], *W.shape[1:]), dtype)
        for index in self.indices.T:
            selected = W[index]
            if self._has_missing:
                selected[index < 0] = 0
            out += selected
        return out

    def __rmatmul__(self, A: Any, /) -> Any:
        """Return ``A @ X``, (m, V) for A (m, n): a scatter-add into columns, dense.

        It allocates (m, V). The gradient that does not is ``X.T @ A.T``.
        """
        if not is_array(A):
            return self._defer_to(A)
        A = as_array(A, "A")
        if A.ndim not in (1, 2) or A.shape[-1] != self.shape[0]:
            raise ShapeError(
                f"A @ X: A has shape {A.shape}, but X has {self.shape[0]} rows; A must be (m, {self.shape[0]})"
            )
        return (self.T @ A.T).toarray().T

    def toarray(self) -> Array:
        """Return the dense matrix, (n, V), of the matrix's dtype."""
        dense = np.zeros(self.shape, self.dtype)
        rows, fields = np.nonzero(self.indices >= 0)
        dense[rows, self.indices[rows, fields]] = 1
        return dense

    def tocsr(self) -> scipy.sparse.csr_array:
        """Return the scipy CSR array, (n, V): indices of the same type, data of the matrix's dtype."""
        present = self.indices >= 0
        pointers = np.concatenate(([0], np.cumsum(np.count_nonzero(present, axis=1))))
        flat = self.indices[present]
        index_dtype = flat.dtype if len(flat) <= np.iinfo(flat.dtype).max else np.dtype(np.int64)  # pointers count ones
        data = np.ones(len(flat), self.dtype)
        parts = (data, flat.astype(index_dtype, copy=False), pointers.astype(index_dtype))
        return scipy.sparse.csr_array(parts, shape=self.shape)

    def __getstate__(self) -> tuple[Encoded, np.dtype[Any]]:
        return Encoded(self.indices, self.n_categories, self.offsets, self.missing, self._has_missing), self.dtype

    def __setstate__(self, state: tuple[Encoded, np.dtype[Any]]) -> None:
        encoded, dtype = state
        self._set(encoded, _float_dtype(dtype))


def _single_field(indices: Array) -> Array | None:
    """Return the indices of a matrix of one field, (n,), as `take` wants them: of a small batch as intp. Else None."""
    if indices.shape[1] != 1:
        return None
    return indices[:, 0].astype(np.intp) if len(indices) <= SMALL_BATCH else indices[:, 0]


def _float_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype as the object in `FLOATS`: products compare by ``is``, and one unpickled is another object."""
    result = np.dtype(dtype)
    if result not in FLOATS:
        raise DTypeError(f"dtype must be float32 or float64, got {result}")
    return FLOATS[FLOATS.index(result)]


def _abbreviated(numbers: tuple[int, ...]) -> str:
    return str(numbers) if len(numbers) <= 8 else f"({', '.join(map(str, numbers[:6]))}, … {len(numbers)} fields)"
