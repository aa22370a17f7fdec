"""What NumPy may do with a matrix that is not there: multiply it, and nothing that would make it dense unasked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from onehot._codes import Array
from onehot._errors import UnsupportedError

__all__ = ["FLOATS", "LazyMatrix", "is_array"]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
MAX_IMPLICIT_BYTES = 2**30
ARRAYS = (np.ndarray, list, tuple, np.number)


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
        raise UnsupportedError(
            f"np.{ufunc.__name__} is not defined for a lazy one-hot matrix; X @ W and X.T @ G are, "
            "and X.toarray() or X.tocsr() take everything else"
        )

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func is np.dot and len(args) == 2 and not kwargs:
            left, right = args
            return left @ right
        if func in (np.shape, np.ndim, np.transpose) and len(args) == 1 and not kwargs:
            return getattr(self, {np.shape: "shape", np.ndim: "ndim", np.transpose: "T"}[func])
        raise UnsupportedError(
            f"numpy.{func.__name__} is not defined for a lazy one-hot matrix; "
            "pass X.toarray() (dense) or use X.tocsr() (scipy sparse)"
        )

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        n_bytes = self.shape[0] * self.shape[1] * self.dtype.itemsize
        if n_bytes > MAX_IMPLICIT_BYTES:
            raise UnsupportedError(
                f"as a dense array, this {self.shape} one-hot matrix takes {n_bytes / 2**30:.1f} GiB; "
                "call X.toarray() if that is what you want, or use X.tocsr()"
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

    def dot(self, right: Any, /) -> Any:
        """Return ``self @ right``."""
        return self @ right


def is_array(operand: Any) -> bool:
    """Tell arrays and sequences from objects with a product of their own, which get their turn."""
    return isinstance(operand, ARRAYS)
