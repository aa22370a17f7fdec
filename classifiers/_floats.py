"""Real numbers of any type as floats that a network computes with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from onehot import DTypeError
from onehot._arrays import as_array

__all__ = ["as_floats"]


def as_floats(values: npt.ArrayLike, name: str = "values") -> npt.NDArray[Any]:
    """Return float32 and float64 as they are, other numbers as float64; raise where some are masked."""
    values = as_array(values, name)
    if values.dtype.kind not in "biufO":
        raise DTypeError(f"{name} must be real numbers, got {values.dtype}")
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
