"""What NumPy may do with a matrix that is never built: multiply it, and nothing that would make it dense unasked."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt
import scipy

from onehot._arrays import Array, as_array
from onehot._errors import UnsupportedError
from onehot._refusals import name_of_call
from onehot._row_gradient import RowGradient

__all__ = ["LazyMatrix", "refusal"]

MAX_IMPLICIT_BYTES = 2**28  # whoever asks for a dense matrix often takes several times as much

ATTRIBUTES = {np.shape: "shape", np.ndim: "ndim", np.size: "size", np.transpose: "T"}

HINT = "X @ W and X.T @ G are, and X.toarray() or X.tocsr() take everything else"
SCALE = "scale the result instead, c * (X @ W), or use X.tocsr()"
SUM = "use X.tocsr() for sums with other matrices, X.toarray() for sums with numbers"
COUNT = (
    "use X.tocsr(), or for the counts of the categories X.tocsr().sum(axis=0) or, "
    "where no code is missing, np.bincount(X.indices.ravel(), minlength=X.shape[1])"
)
ONES = "X.indices has the columns of each row's ones, and X.indices - X.offsets the codes"
BELOW = "join the codes: OneHot(np.concatenate((codes1, codes2)), n_categories)"
BESIDE = (
    "join the codes: OneHot(np.column_stack((codes1, codes2)), n_categories); "
    "beside numbers use scipy.sparse.hstack((X.tocsr(), numbers))"
)
HINTS = {
    "np.multiply": SCALE,
    "np.divide": SCALE,
    "np.negative": SCALE,
    "np.add": SUM,
    "np.subtract": SUM,
    "sum": COUNT,
    "mean": COUNT,
    "np.sum": COUNT,
    "np.mean": COUNT,
    "argmax": ONES,
    "nonzero": ONES,
    "np.argmax": ONES,
    "np.nonzero": ONES,
    "np.concatenate": f"{BELOW}; with axis=1, {BESIDE}",
    "np.vstack": BELOW,
    "np.hstack": BESIDE,
}


def refusal(name: str) -> str:
    """Return the message for what a lazy matrix cannot do."""
    return f"{name} is not defined for a lazy one-hot matrix; {HINTS.get(name, HINT)}"


class LazyMatrix(ABC):
    """What the matrix and its transpose share: NumPy hands its functions over, and nothing becomes dense unasked."""

    __slots__ = ()

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    ndim = 2

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is np.matmul and method == "__call__" and not kwargs:
            left, right = inputs
            result = left.__matmul__(right) if isinstance(left, LazyMatrix) else right.__rmatmul__(left)
            if result is not NotImplemented:
                return result
        raise UnsupportedError(refusal(name_of_call(ufunc, method)))

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func is np.dot and len(args) == 2 and not kwargs:
            left, right = args
            return left @ right
        if func is np.may_share_memory:  # with a dense array: it does not
            return False
        if len(args) == 1 and not kwargs:
            if func in ATTRIBUTES:
                return getattr(self, ATTRIBUTES[func])
            if func is np.copy:
                return self.copy()
        raise UnsupportedError(refusal(name_of_call(func)))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        n_bytes = self.shape[0] * self.shape[1] * self.dtype.itemsize
        if n_bytes > MAX_IMPLICIT_BYTES:
            raise UnsupportedError(
                f"as a dense array, this {self.shape} one-hot matrix takes {n_bytes / 2**30:.2f} GiB; call X.toarray() "
                "if that is what you want, or write A @ X for A.dot(X), X.tocsr() beside sparse matrices and in "
                "np.c_, and X[rng.permutation(len(X))] for a shuffle"
            )
        if copy is False:
            raise ValueError("a lazy one-hot matrix has no dense array to share; leave copy=None")
        return self.toarray().astype(dtype or self.dtype, copy=False)

    def __eq__(self, other: object) -> NoReturn:
        raise UnsupportedError("== is not defined for a lazy one-hot matrix; compare X.indices and X.n_categories")

    __hash__ = None  # type: ignore[assignment]  # as for NumPy arrays

    def __iter__(self) -> Iterator[NoReturn]:
        raise UnsupportedError("rows of a lazy one-hot matrix are not iterated over; iterate over X.indices")

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise UnsupportedError("a lazy one-hot matrix cannot be changed; build a new OneHot from changed codes")

    def __mul__(self, other: Any) -> Any:
        raise UnsupportedError(refusal("np.multiply"))

    def __truediv__(self, other: Any) -> Any:
        raise UnsupportedError(refusal("np.divide"))

    def __neg__(self) -> Any:
        raise UnsupportedError(refusal("np.negative"))

    def __add__(self, other: Any) -> Any:
        raise UnsupportedError(refusal("np.add"))

    def __sub__(self, other: Any) -> Any:
        raise UnsupportedError(refusal("np.subtract"))

    __rmul__, __radd__, __rsub__ = __mul__, __add__, __sub__

    def __pow__(self, exponent: Any) -> Any:
        raise UnsupportedError(refusal("np.power"))

    @property
    def size(self) -> int:
        """The entries of the dense matrix, n * V."""
        return math.prod(self.shape)

    @property
    @abstractmethod
    def T(self) -> LazyMatrix:
        """The transpose."""

    @abstractmethod
    def __matmul__(self, right: Any, /) -> Any:
        """Return ``self @ right``."""

    @abstractmethod
    def __rmatmul__(self, left: Any, /) -> Any:
        """Return ``left @ self``."""

    @abstractmethod
    def toarray(self) -> Array:
        """Return the dense matrix."""

    @abstractmethod
    def tocsr(self) -> scipy.sparse.csr_array:
        """Return the scipy CSR array."""

    def copy(self) -> Self:
        """Return an equal matrix; the indices, which are read-only, are shared."""
        return copy.copy(self)

    def dot(self, right: Any, /) -> Any:
        """Return ``self @ right``."""
        return self @ right

    def matvec(self, x: npt.ArrayLike, /) -> Array:
        """Return ``self @ x`` as a dense array, as `scipy.sparse.linalg.aslinearoperator` asks for."""
        return np.asarray(self @ x)

    def rmatvec(self, x: npt.ArrayLike, /) -> Array:
        """Return the product of the transpose with x as a dense array."""
        product: Array = as_array(x, "x").T @ self
        return product.T

    matmat, rmatmat = matvec, rmatvec

    def _defer_to(self, other: Any) -> Any:
        """Return the dense product with a sparse `other`, NotImplemented for other objects; refuse lazy types."""
        if isinstance(other, LazyMatrix):
            raise UnsupportedError(
                "a product of two lazy one-hot matrices is not defined; use X.tocsr() for products with other matrices"
            )
        if isinstance(other, RowGradient):
            raise UnsupportedError("a product with a RowGradient reads all its rows; write X @ g.toarray(), O(V d)")
        if scipy.sparse.issparse(other):
            matrix: Any = self.tocsr()
            return (matrix @ other).toarray()
        return NotImplemented
