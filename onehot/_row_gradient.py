"""What ``X.T @ G`` is when X is one-hot: a gradient that knows which rows it touches.

    (X.T @ G)[r] = sum of G[i] over all (i, j) with indices[i, j] == r

Rows that do not occur are zero, and the sum is not formed until somebody asks for it. ``W -= lr * g`` adds
``-lr * G[i]`` to ``W[indices[i, j]]`` and touches nothing else.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from onehot import _kernels as kernels
from onehot._arrays import FLOATS, Array, as_array, checked_n_rows, index_dtype
from onehot._errors import DTypeError, RowIndexError, ShapeError, UnsupportedError
from onehot._gradient_algebra import GradientAlgebra, refusal
from onehot._refusals import read_only, refuses_other_attributes

__all__ = ["RowGradient"]

# Factors that a kernel can take in either float type.
SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
TINY = 1e-140  # a norm of smaller numbers is inexact: their squares have lost digits
OFTEN = 64  # entries per row of the table: adding that many one by one would lose digits
MOST_PARTS = 8  # that a sum keeps as they are; of more, the last two become one unless much smaller than the others
ENTRIES_PER_ROW = 2  # of the table: a sum of gradients with more entries than that is coalesced


class Part(NamedTuple):
    """One batch's share: ``scale * values[i]`` belongs to each row in ``indices[i]``."""

    indices: Array  # (n, f)
    values: Array  # (n, d)
    scale: float
    has_missing: bool


@refuses_other_attributes(refusal)
@read_only("dtype", "shape")
class RowGradient(GradientAlgebra):
    """Gradient of a table, held as the rows of a batch: indices and output gradients.

    A NumPy duck type. ``lr * g``, ``-g`` and ``g / n`` are O(1); ``g1 + g2`` keeps both, and sums the last ones of many
    row by row; ``g *= c`` and ``g += g2`` change g itself. ``W += g``, ``W -= g`` and
    ``np.add(W, g, out=W)`` change the selected rows of W in place; ``W + g`` is a new array.

    Parameters
    ----------
    rows : array of int, shape (u,)
        Rows of the table, repetition allowed: repeated rows add up.
    values : array of float, shape (u, d) or (u,)
        The gradient of each of these rows. Copied.
    n_rows : int
        V, the rows of the table.

    Attributes
    ----------
    shape : tuple of int
        (V, d), or (V,) where `values` is 1-D.
    dtype : numpy.dtype

    Raises
    ------
    ShapeError, DTypeError, RowIndexError
        If the shapes do not fit, `rows` are not integers, or a row is not in [0, V).

    Notes
    -----
    Not checked: that `values` are finite. Elementwise functions with f(0) = 0 (``g ** 2``, ``abs``, ``sqrt``,
    ``sign``) act on the coalesced rows, and so do ``g * A`` and ``g / A`` for an array A that broadcasts to (V, d):
    of A only the rows that occur are read. Where A is not finite in another row, or the divisor is 0 there, the dense
    result would be NaN; here that row stays zero.

    ``np.sum``, ``np.mean``, ``np.max`` and ``np.min`` are of all entries of the dense gradient, at the cost of the rows
    that occur. The comparisons ``np.allclose``, ``np.isclose`` and ``np.array_equal`` make g dense, at O(V d), as does
    ``np.atleast_1d``, which `scipy.optimize` calls; ``np.zeros_like(g)`` is a dense buffer. Other functions are
    refused; ``np.asarray(g)`` makes g dense for them.

    Examples
    --------
    >>> import numpy as np
    >>> from onehot import OneHot
    >>> X = OneHot([2, 0, 2], 4)
    >>> g = X.T @ np.array([[1.0], [10.0], [100.0]])
    >>> g.toarray().ravel().tolist()
    [10.0, 0.0, 101.0, 0.0]
    >>> W = np.zeros((4, 1))
    >>> W -= 0.5 * g
    >>> W.ravel().tolist()
    [-5.0, 0.0, -50.5, 0.0]
    """

    __slots__ = ("_dtype", "_parts", "_shape")

    def __init__(self, rows: npt.ArrayLike, values: npt.ArrayLike, /, *, n_rows: int) -> None:
        rows, values = as_array(rows, "rows"), np.array(as_array(values, "values"), order="C", copy=True)
        if rows.dtype.kind not in "iu" and rows.size:
            raise DTypeError(f"rows must be integers, got {rows.dtype}")
        if values.dtype not in FLOATS:
            raise DTypeError(f"values must be float32 or float64, got {values.dtype}")
        if rows.ndim != 1 or values.ndim not in (1, 2) or len(values) != len(rows):
            raise ShapeError(f"rows (u,) and values (u, d) do not fit: got {rows.shape} and {values.shape}")
        n_rows = checked_n_rows(n_rows)
        for row in rows[(rows < 0) | (rows >= n_rows)][:1].tolist():
            raise RowIndexError.of(f"row {row}", row, n_rows)
        columns = values if values.ndim == 2 else values[:, None]
        indices = rows.astype(index_dtype(n_rows))[:, None]
        indices.flags.writeable = False  # as those of a matrix are, so that they are of one type to the compiler
        self._parts: tuple[Part, ...] = (Part(indices, columns, 1.0, False),)
        self._shape: tuple[int, ...] = (n_rows, *values.shape[1:])
        self._dtype: np.dtype[Any] = values.dtype

    @classmethod
    def _of_batch(
        cls, indices: Array, values: Array, shape: tuple[int, ...], scale: float = 1.0, has_missing: bool = False
    ) -> RowGradient:
        """Hold a batch as it is: trusted, read-only indices (n, f), C-contiguous values (n, d)."""
        return cls._from_parts((Part(indices, values, scale, has_missing),), shape, values.dtype)

    @classmethod
    def _from_parts(cls, parts: tuple[Part, ...], shape: tuple[int, ...], dtype: np.dtype[Any]) -> RowGradient:
        gradient = cls.__new__(cls)
        gradient._parts, gradient._shape, gradient._dtype = parts, shape, dtype
        return gradient

    @property
    def ndim(self) -> int:
        """2, or 1 for the gradient of a vector."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The entries of the dense gradient, V * d."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        entries = sum(part.indices.size for part in self._parts)
        return f"RowGradient(shape={self.shape}, dtype={self.dtype}, entries={entries})"

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise UnsupportedError("the truth of a RowGradient is ambiguous, as that of an array; test g.norm() > 0")

    def coalesce(self) -> tuple[Array, Array]:
        """Return the distinct rows, sorted, and the sum of each: (u,) and (u, d), or (u,) for a vector.

        Examples
        --------
        >>> import numpy as np
        >>> rows, sums = RowGradient([3, 1, 3], np.array([1.0, 2.0, 4.0]), n_rows=5).coalesce()
        >>> rows.tolist(), sums.tolist()
        ([1, 3], [2.0, 5.0])
        """
        parts = self._parts
        if len(parts) == 1:
            rows, positions = kernels.active.coalesce(parts[0].indices, self.shape[0])
            where = [positions]
        else:
            flat = np.concatenate([part.indices.ravel() for part in parts])[:, None]
            flat.flags.writeable = False
            rows, positions = kernels.active.coalesce(flat, self.shape[0])
            ends = np.cumsum([part.indices.size for part in parts])[:-1]
            pieces = np.split(positions, ends)
            where = [p.reshape(part.indices.shape) for p, part in zip(pieces, parts, strict=True)]
        sums = np.zeros((len(rows), *self.shape[1:]), self.dtype)
        for part, positions in zip(parts, where, strict=True):
            _scatter(part, positions, 1.0, sums)
        return rows, sums

    def extended(self, n_rows: int, /) -> RowGradient:
        """Return the gradient of a taller table, (n_rows, d), that begins with this one's rows: zero in all others.

        O(1). What a table gets that holds more than categories: ``g.extended(V + m) + RowGradient(...)``.

        Raises
        ------
        ShapeError
            If `n_rows` is less than the rows that it has.

        Examples
        --------
        >>> import numpy as np
        >>> g = RowGradient([1], np.array([2.0]), n_rows=2)
        >>> g.extended(4).toarray().tolist()
        [0.0, 2.0, 0.0, 0.0]
        """
        n_rows = checked_n_rows(n_rows)
        if n_rows < len(self):
            raise ShapeError(f"a gradient of {len(self)} rows cannot be extended to {n_rows}")
        wide = index_dtype(n_rows)
        parts = tuple([part._replace(indices=part.indices.astype(wide, copy=False)) for part in self._parts])
        return self._from_parts(parts, (n_rows, *self.shape[1:]), self.dtype)

    def copy(self) -> RowGradient:
        """Return an equal gradient. O(1): a batch never changes, so that both can hold it."""
        return self._from_parts(self._parts, self.shape, self.dtype)

    def astype(self, dtype: npt.DTypeLike, /, *, copy: bool = True) -> RowGradient:
        """Return the gradient in another float type, its repeated rows summed in the present one.

        With ``copy=False`` it is itself where it is of that type.

        Raises
        ------
        DTypeError
            If it is neither float32 nor float64.
        """
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        rows, sums = self.coalesce()
        return self._with_rows(rows, sums.astype(dtype))

    def toarray(self) -> Array:
        """Return the dense gradient, (V, d): O(V d) time and memory."""
        return self._summed(1.0)

    def _summed(self, scale: float) -> Array:
        """Return ``scale *`` this gradient as a dense array."""
        dense = np.zeros(self.shape, self.dtype)
        for part in self._parts:
            _scatter(part, part.indices, scale, dense)
        return dense

    def add_to(self, table: Array, scale: float = 1.0, /) -> None:
        """Add ``scale *`` this gradient to `table` in place, in the rows that occur: what ``table += scale * g`` does.

        Parameters
        ----------
        table : array of float, of this gradient's shape
        scale : float

        Raises
        ------
        ShapeError, DTypeError, ValueError
            If the shapes differ, the table's type cannot hold the sum, or it is read-only.

        Examples
        --------
        >>> import numpy as np
        >>> table = np.ones((3, 1))
        >>> RowGradient([2], np.array([[4.0]]), n_rows=3).add_to(table, -0.5)
        >>> table.ravel().tolist()
        [1.0, 1.0, -1.0]
        """
        if not isinstance(table, np.ndarray):
            raise DTypeError(f"the table must be an array, which is changed in place; got a {type(table).__name__}")
        self._check_shape(table)
        self._check_holds(table.dtype)
        if table.flags.carray and table.dtype in FLOATS:
            if sum([part.indices.size for part in self._parts]) >= OFTEN * len(self):
                table += self._summed(scale)  # one by one, small entries would be lost beside a large number
                return
            for part in self._parts:
                _scatter(part, part.indices, scale, table)
            return
        if not table.flags.writeable:
            raise ValueError("the table is read-only: a gradient cannot be added in place; pass table.copy()")
        rows, sums = self.coalesce()
        table[rows] = table[rows] + scale * sums  # rounded once, to the table's type

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("a RowGradient has no dense array to share; leave copy=None")
        return self.toarray().astype(dtype or self.dtype, copy=False)

    def norm(self) -> float:
        """Return the Euclidean (Frobenius) norm of the whole gradient, repeated rows summed first."""
        sums = self.coalesce()[1].astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            norm = float(np.linalg.norm(sums))
        if TINY <= norm < math.inf or not (0 < (largest := float(np.abs(sums).max(initial=0))) < math.inf):
            return norm
        return largest * float(np.linalg.norm(sums / largest))  # squares of these neither overflow nor vanish

    def clip(self, max_norm: float, /, *bounds: Any) -> RowGradient:
        """Return this gradient, scaled down to Euclidean norm `max_norm` if it is longer.

        Not the ``clip(min, max)`` of arrays, which bounds each entry: that is refused.

        Reference: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.

        Raises
        ------
        ValueError
            If `max_norm` is not positive.
        UnsupportedError
            If more than one bound is given.

        Examples
        --------
        >>> import numpy as np
        >>> g = RowGradient([0, 2], np.array([3.0, 4.0]), n_rows=3)
        >>> g.norm(), g.clip(1.0).toarray().tolist()
        (5.0, [0.6000000000000001, 0.0, 0.8])
        """
        if bounds:  # an array's clip(min, max)
            raise UnsupportedError(refusal("np.clip"))
        if not max_norm > 0:
            raise ValueError(f"max_norm must be positive, got {max_norm}")
        norm = self.norm()
        return self._times(max_norm / norm) if norm > max_norm else self.copy()

    def _as_column(self) -> RowGradient:
        return self._from_parts(self._parts, (*self.shape, 1), self.dtype)

    def _times(self, factor: float, dtype: np.dtype[Any] | None = None) -> RowGradient:
        parts = tuple([Part(i, values, scale * factor, missing) for i, values, scale, missing in self._parts])
        return self._from_parts(parts, self._shape, dtype or self._dtype)

    def _joined(self, other: RowGradient) -> RowGradient:
        if self.shape != other.shape:
            raise ShapeError(f"cannot add gradients of tables of different shapes, {self.shape} and {other.shape}")
        dtype = np.result_type(self.dtype, other.dtype)
        parts = self._parts + other._parts
        if sum([part.indices.size for part in parts]) > ENTRIES_PER_ROW * len(self):
            parts = self._from_parts(parts, self.shape, dtype)._in_one_part()  # a velocity, say, after many steps
        elif len(parts) > MOST_PARTS:
            parts = self._parts + other._in_one_part()
            while len(parts) > MOST_PARTS and parts[-2].indices.size <= 2 * parts[-1].indices.size:
                parts = parts[:-2] + self._from_parts(parts[-2:], self.shape, dtype)._in_one_part()
        return self._from_parts(parts, self.shape, dtype)

    def _in_one_part(self) -> tuple[Part, ...]:
        return self._parts if len(self._parts) == 1 else self._with_rows(*self.coalesce())._parts

    def _become(self, other: RowGradient) -> RowGradient:
        self._parts = other._parts
        return self

    def _with_rows(self, rows: Array, sums: Array) -> RowGradient:
        if sums.dtype not in FLOATS:
            raise DTypeError(f"values must be float32 or float64, got {sums.dtype}")
        rows.flags.writeable = False
        shape = (len(self), *sums.shape[1:])
        return self._of_batch(rows[:, None], sums if sums.ndim == 2 else sums[:, None], shape)


def _scatter(part: Part, indices: Array, factor: float, table: Array) -> None:
    """Add ``factor * part`` to the rows `indices` of a C-contiguous table, (V, d) or (V,)."""
    values, scale = part.values, factor * part.scale
    if values.dtype.itemsize > table.dtype.itemsize or not (SMALLEST <= abs(scale) <= LARGEST or scale == 0):
        values, scale = (np.float64(scale) * values).astype(table.dtype), 1.0  # scaled before they lose range
    columns = table if table.ndim == 2 else table[:, None]
    kernels.active.scatter_add(values.astype(table.dtype, copy=False), indices, scale, columns, part.has_missing)
