"""Fields and numbers side by side, as one first layer: lookup plus product.

    X = [C | N],     C one-hot (n, V), N dense (n, m)

    X @ W    = C @ W[:V] + N @ W[V:]            rows of W selected, plus a product with m rows
    X.T @ dZ = the rows of C.T @ dZ that occur, and below them N.T @ dZ

W has V + m rows, and a batch costs what its f fields and m numbers cost, whatever V is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifiers.design_matrix import Transposed, sums_of_squares
from onehot import OneHot, RowGradient

__all__ = ["MixedMatrix"]

Array = npt.NDArray[Any]


class MixedMatrix:
    """The matrix [C | N], (n, V + m).

    Parameters
    ----------
    codes : OneHot, shape (n, V)
        C.
    numbers : array of the same float dtype, shape (n, m)
        N. Not checked: that it is finite.

    Examples
    --------
    >>> X = MixedMatrix(OneHot([2, 0], 3), np.array([[0.5], [-1.0]], np.float32))
    >>> X.tocsr().toarray()
    array([[ 0. ,  0. ,  1. ,  0.5],
           [ 1. ,  0. ,  0. , -1. ]], dtype=float32)
    >>> X @ np.array([[1.0], [2.0], [3.0], [10.0]])
    array([[ 8.],
           [-9.]])
    """

    __array_ufunc__ = None

    def __init__(self, codes: OneHot, numbers: Array) -> None:
        self.codes = codes
        self.numbers = numbers
        self.shape = (len(codes), codes.shape[1] + numbers.shape[1])

    @property
    def nnz(self) -> int:
        """Entries that are not zero."""
        return self.codes.nnz + int(np.count_nonzero(self.numbers))

    @property
    def T(self) -> Transposed:
        """The transpose, which has ``@``."""
        return Transposed(self)

    def __matmul__(self, W: Any, /) -> Any:
        if not isinstance(W, np.ndarray):
            return NotImplemented
        V = self.codes.shape[1]
        Z = self.codes @ W[:V]
        Z += self.numbers @ W[V:]
        return Z

    def __getitem__(self, rows: Any, /) -> MixedMatrix:
        return MixedMatrix(self.codes[rows], self.numbers[rows])

    def astype(self, dtype: npt.DTypeLike, /) -> MixedMatrix:
        """Return the same matrix in another float type."""
        return MixedMatrix(self.codes.astype(dtype), self.numbers.astype(dtype))

    def sums_of_squares(self, weight: Array) -> Array:
        """Return ``sum_i weight_i X[i, v]**2`` for each column v, (V + m,)."""
        return np.concatenate([sums_of_squares(self.codes, weight), weight @ self.numbers**2])

    def gradient(self, dZ: Array) -> RowGradient:
        """Return ``X.T @ dZ``."""
        V, height = self.codes.shape[1], self.shape[1]
        dW: RowGradient = (self.codes.T @ dZ).extended(height)
        rows = np.flatnonzero(self.numbers.any(axis=0))
        dW += RowGradient(V + rows, (self.numbers.T @ dZ)[rows], n_rows=height)
        return dW

    def tocsr(self) -> sparse.csr_array:
        """Return the scipy CSR array, (n, V + m)."""
        return sparse.csr_array(sparse.hstack([self.codes.tocsr(), sparse.csr_array(self.numbers)], format="csr"))
