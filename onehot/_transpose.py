"""The transpose, whose product with an output gradient is the gradient of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from onehot._arrays import FLOATS, Array, as_array, is_array, is_real
from onehot._errors import DTypeError, ShapeError, UnsupportedError
from onehot._lazy_matrix import LazyMatrix, refusal
from onehot._refusals import read_only, refuses_other_attributes
from onehot._row_gradient import RowGradient

__all__ = ["TransposedOneHot"]


@refuses_other_attributes(refusal)
@read_only("dtype", "shape")
class TransposedOneHot(LazyMatrix):
    """``X.T``, (V, n), possibly times a number: ``(lr * X.T) @ G`` is ``lr * (X.T @ G)``."""

    __slots__ = ("_dtype", "_scale", "_shape", "_source")

    def __init__(self, source: Any, scale: float = 1.0, dtype: np.dtype[Any] | None = None) -> None:
        self._source = source
        self._scale = scale
        n, V = source._shape
        self._dtype = dtype or source._dtype
        self._shape = (V, n)

    def __repr__(self) -> str:
        scale = "" if self._scale == 1 else f"{self._scale} * "
        return f"{scale}{self._source!r}.T"

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def T(self) -> Any:
        if self._scale != 1:
            raise UnsupportedError("a scaled one-hot matrix is not one-hot; scale the result instead: c * (X @ W)")
        return self._source if self.dtype == self._source.dtype else self._source.astype(self.dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is np.multiply and method == "__call__" and not kwargs:  # a NumPy number times X.T
            left, right = inputs
            return self * (right if left is self else left)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __mul__(self, factor: Any) -> TransposedOneHot:
        if np.ndim(factor) or isinstance(factor, LazyMatrix):
            raise UnsupportedError("X.T can be multiplied by a number only; use X.tocsr() for other products")
        if not is_real(factor) or (dtype := np.result_type(self.dtype, factor)) not in FLOATS:
            raise UnsupportedError(f"X.T can be multiplied by a real number only, of float64 at most, got {factor!r}")
        return TransposedOneHot(self._source, self._scale * float(factor), dtype)

    __rmul__ = __mul__

    def __neg__(self) -> TransposedOneHot:
        return self * -1.0

    def __truediv__(self, divisor: Any) -> TransposedOneHot:
        dtype = (self * divisor).dtype  # refused where it is not a number
        inverse = float(np.divide(1.0, float(divisor)))  # of zero: a warning and infinity, as of arrays
        return TransposedOneHot(self._source, self._scale * inverse, dtype)

    def __matmul__(self, G: Any, /) -> Any:
        """Return the `RowGradient` ``X.T @ G`` for G (n, d) or (n,). G is copied."""
        if type(G) is not np.ndarray:
            if not is_array(G):
                return self._defer_to(G)
            G = as_array(G, "G")
        X = self._source
        V, n = self._shape
        if G.ndim not in (1, 2) or len(G) != n:
            raise ShapeError(f"X.T @ G: G has shape {G.shape}, but X has {n} rows; G must be ({n}, d)")
        dtype = G.dtype if G.dtype is self._dtype else self._dtype_of_sums(G.dtype)
        values = np.array(G if G.ndim == 2 else G[:, None], dtype, order="C", copy=True)
        return RowGradient._of_batch(X._indices, values, (V, *G.shape[1:]), self._scale, X._has_missing)

    def _dtype_of_sums(self, dtype_of_G: np.dtype[Any]) -> np.dtype[Any]:
        dtype = np.result_type(self.dtype, dtype_of_G)
        if dtype not in FLOATS:
            hint = "; pass G.astype(np.float64)" if dtype_of_G.kind == "f" else ""
            raise DTypeError(f"X.T @ G takes real numbers, got G of {dtype_of_G}{hint}")
        return dtype if dtype_of_G.kind == "f" else FLOATS[1]  # integers are counted, and float32 counts to 2**24

    def __rmatmul__(self, A: Any, /) -> Any:
        """Return ``A @ X.T``, (m, n) for A (m, V): columns of A are selected."""
        if not is_array(A):
            return self._defer_to(A)
        A = as_array(A, "A")
        if A.ndim not in (1, 2) or A.shape[-1] != self.shape[0]:
            raise ShapeError(
                f"A @ X.T: A has shape {A.shape}, but X has {self.shape[0]} columns; A must be (m, {self.shape[0]})"
            )
        product = (self._source @ A.T.astype(np.result_type(self.dtype, A.dtype), copy=False)).T
        return product if self._scale == 1 else self._scale * product

    def toarray(self) -> Array:
        """Return the dense matrix, (V, n)."""
        dense: Array = self._source.toarray().T.astype(self.dtype, copy=False)
        return dense if self._scale == 1 else dense * self.dtype.type(self._scale)

    def tocsr(self) -> scipy.sparse.csr_array:
        """Return the scipy CSR array, (V, n)."""
        return scipy.sparse.csr_array(self._source.tocsr().T, dtype=self.dtype) * self._scale
