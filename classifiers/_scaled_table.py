"""A table under L2 decay, at O(1) a step.

Every step of gradient descent on ``loss + alpha/2 ||W||^2`` shrinks all rows of W, those that no sample selects too:

    W <- (1 - lr alpha) W - lr dW

With W held as ``scale * values`` the first term is ``scale *= 1 - lr alpha``, and the second changes the selected rows
of `values`, by ``lr dW / scale``. The scale is folded into the values before it underflows, once in many steps.

Reference: Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from onehot import RowGradient

__all__ = ["SMALLEST_SCALE", "ScaledTable"]

SMALLEST_SCALE = 1e-6


class ScaledTable:
    """The (V, d) array ``scale * values``, for which ``X @ W``, ``W *= c`` and ``W -= dW`` read as for an array.

    Examples
    --------
    >>> values = np.array([[1.0], [2.0]])
    >>> W = ScaledTable(values)
    >>> W *= 0.5
    >>> values.tolist(), np.asarray(W).tolist()
    ([[1.0], [2.0]], [[0.5], [1.0]])
    """

    __array_ufunc__ = None  # so that NumPy leaves `X @ W` to __rmatmul__ below

    def __init__(self, values: npt.NDArray[Any]) -> None:
        self.values = values
        self.scale = 1.0
        self.shape, self.ndim, self.dtype = values.shape, values.ndim, values.dtype  # asked in every step

    def __rmatmul__(self, X: Any) -> npt.NDArray[Any]:
        Z: npt.NDArray[Any] = X @ self.values
        if self.scale != 1:
            Z *= self.scale
        return Z

    def __imul__(self, factor: float) -> ScaledTable:
        self.scale *= float(factor)  # a NumPy number would widen float32 values
        if self.scale < SMALLEST_SCALE:
            self.fold()
        return self

    def __isub__(self, dW: Any) -> ScaledTable:
        if isinstance(dW, RowGradient):
            dW.add_to(self.values, -1 / self.scale)  # as `values -= dW / scale` does, with less ado
        else:
            self.values -= dW if self.scale == 1 else dW * (1 / self.scale)
        return self

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the values themselves where the scale is 1, else a scaled copy: reading changes nothing.

        Unless a copy is asked for, it is read-only: what is written into it would be lost.
        """
        if self.scale == 1:
            return np.array(self.values, dtype=dtype, copy=copy)
        scaled = np.array(self.values * self.scale, dtype=dtype)
        scaled.flags.writeable = bool(copy)
        return scaled

    def fold(self) -> None:
        """Multiply the scale into the values, in place: O(V d)."""
        if self.scale != 1:
            self.values *= self.scale
            self.scale = 1.0
