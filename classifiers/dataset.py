"""X, y and weights that belong together, as a network takes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classifiers.design_matrix import DesignMatrix

__all__ = ["Dataset"]

Array = npt.NDArray[Any]


class Dataset(NamedTuple):
    """What a network is fitted to or held against: (n, V), (n,) labels in [0, K), (n,) weights or None where all are 1.

    Not checked: that the weights have mean 1, as those of `fit` do.
    """

    X: DesignMatrix
    y: Array
    sample_weight: Array | None = None

    def check(self, K: int) -> None:
        """Raise where X, y and the weights are not of as many rows, or a label is not in [0, K)."""
        n, y, weight = self.X.shape[0], np.asarray(self.y), self.sample_weight
        if not n or y.shape != (n,) or (weight is not None and weight.shape != (n,)):
            shapes = f"{y.shape}" + ("" if weight is None else f" and {weight.shape}")
            raise ValueError(f"X has {n} rows, but y and the weights have shape {shapes}")
        if y.dtype.kind not in "iu":
            raise ValueError(f"y must hold positions of classes, integers, got {y.dtype}")
        for row in np.flatnonzero((y < 0) | (y >= K))[:1].tolist():
            raise ValueError(f"y, row {row}: {y[row]} is not in [0, {K})")

    def rows(self, rows: Any) -> Dataset:
        """Return the rows that a slice or an array of integers selects."""
        weight = self.sample_weight
        return Dataset(self.X[rows], self.y[rows], None if weight is None else weight[rows])

    def astype(self, dtype: npt.DTypeLike) -> Dataset:
        """Return the same data with X and the weights in another float type."""
        weight = self.sample_weight
        return Dataset(self.X.astype(dtype), self.y, None if weight is None else weight.astype(dtype))
