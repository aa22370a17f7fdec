"""Arrays that begin where a cache line does.

NumPy's large arrays begin 16 bytes into a line, so that a row of 256 bytes touches five lines instead of four, and one
of 64 bytes two. Where rows of a tall table are read at random, the time is that of the lines touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from onehot._kernels._cache_size import LINE

__all__ = ["empty", "zeros"]

Array = npt.NDArray[Any]


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return a new array as `numpy.empty` does."""
    return _aligned(np.empty, shape, np.dtype(dtype))


def zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return a new array as `numpy.zeros` does: no memory is touched."""
    return _aligned(np.zeros, shape, np.dtype(dtype))


def _aligned(allocate: Callable[[int, Any], Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    if min(shape, default=0) < 0:
        raise ValueError(f"shape {shape} has a negative length")
    n_bytes = math.prod(shape) * dtype.itemsize
    memory = allocate(n_bytes + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)
