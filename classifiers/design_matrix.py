"""The three formats of X, each by its own arithmetic, behind the same three expressions.

    X @ W       (n, d)       dense: a matrix product; sparse: a sparse product; `onehot.OneHot`: rows selected
    X.T @ dZ    a `onehot.RowGradient`: the rows of W that this batch has a say in, and their gradient
    X[rows]     a batch

A row of W belongs to a batch's gradient where its column of X is not all zero. That holds for every format, so an
optimizer that moves only the rows of the batch moves the same rows whichever format X is in. Only in the dense format
does a batch cost O(V).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from onehot import OneHot, RowGradient

__all__ = ["DenseMatrix", "DesignMatrix", "SparseMatrix", "Transposed", "sums_of_squares"]

Array: TypeAlias = npt.NDArray[Any]


class DesignMatrix(Protocol):
    """What the network needs of X."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n, V)."""

    @property
    def nnz(self) -> int:
        """The entries that are not zero."""

    @property
    def T(self) -> Any:
        """The transpose; ``X.T @ dZ`` is a `RowGradient`."""

    def __matmul__(self, W: Any, /) -> Any: ...

    def __getitem__(self, rows: Any, /) -> DesignMatrix: ...

    def astype(self, dtype: npt.DTypeLike, /) -> DesignMatrix:
        """Return the same matrix in another float type."""

    def tocsr(self) -> sparse.csr_array:
        """Return the same matrix as a scipy CSR array."""


M = TypeVar("M", Array, sparse.csr_array)


class _Matrix(ABC, Generic[M]):
    """A matrix in memory, dense or sparse, that knows what its transpose times dZ is."""

    __array_ufunc__ = None

    def __init__(self, matrix: Any) -> None:
        self.matrix: M = matrix
        self.shape: tuple[int, int] = matrix.shape

    @property
    def T(self) -> Transposed:
        return Transposed(self)

    def __matmul__(self, W: Any, /) -> Any:
        return self.matrix @ W if isinstance(W, np.ndarray) else NotImplemented

    def __getitem__(self, rows: Any, /) -> Any:
        return type(self)(self.matrix[rows])

    def astype(self, dtype: npt.DTypeLike, /) -> Any:
        return type(self)(self.matrix.astype(dtype))

    def tocsr(self) -> sparse.csr_array:
        return sparse.csr_array(self.matrix)

    def sums_of_squares(self, weight: Array) -> Array:
        """Return ``sum_i weight_i X[i, v]**2`` for each column v, (V,)."""
        sums: Array = (self.matrix * self.matrix).T @ weight
        return sums

    @abstractmethod
    def gradient(self, dZ: Array) -> RowGradient:
        """Return ``X.T @ dZ``."""


class Transposed:
    """``X.T``, of which only the product with dZ is needed."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __matmul__(self, dZ: Array) -> RowGradient:
        dW: RowGradient = self._source.gradient(dZ)
        return dW


def sums_of_squares(X: Any, weight: Array) -> Array:
    """Return ``sum_i weight_i X[i, v]**2`` for each column v, (V,), where a one-hot X is its own square."""
    sums: Array = np.asarray(X.T @ weight[:, np.newaxis])[:, 0] if isinstance(X, OneHot) else X.sums_of_squares(weight)
    return sums


class DenseMatrix(_Matrix[Array]):
    """A dense X, (n, V). Not checked: rows that are selected, of which negative ones count from the end."""

    @property
    def nnz(self) -> int:
        """Entries that are not zero."""
        return int(np.count_nonzero(self.matrix))

    def gradient(self, dZ: Array) -> RowGradient:
        """Return ``X.T @ dZ``, a matrix product, in the rows whose column of X is not all zero."""
        rows = np.flatnonzero(self.matrix.any(axis=0))
        dW = self.matrix.T @ dZ
        return RowGradient(rows, dW[rows], n_rows=self.shape[1])


class SparseMatrix(_Matrix[sparse.csr_array]):
    """A scipy CSR X, (n, V), without explicit zeros. Not checked: rows, as of `DenseMatrix`."""

    @property
    def nnz(self) -> int:
        """Entries that are not zero."""
        return int(self.matrix.nnz)

    def gradient(self, dZ: Array) -> RowGradient:
        """Return ``X.T @ dZ``, a sparse product over the columns that occur: of their number, not of V."""
        columns, X = self._narrow
        return RowGradient(columns, X.T @ dZ, n_rows=self.shape[1])

    @cached_property
    def _narrow(self) -> tuple[Array, sparse.csr_array]:
        """The columns that occur, and X without the others."""
        X = self.matrix
        columns, narrow = np.unique(X.indices, return_inverse=True)
        return columns, sparse.csr_array((X.data, narrow, X.indptr), shape=(X.shape[0], len(columns)))


_: type[DesignMatrix] = OneHot  # for the type checker: the lazy matrix has all that a network needs
