"""What tables, gradients and indices are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["FLOATS", "Array", "index_dtype"]

Array: TypeAlias = npt.NDArray[Any]
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def index_dtype(V: int) -> type[np.signedinteger[Any]]:
    """Return the smallest type that the kernels take for the rows of a table of V rows."""
    return np.int32 if V <= np.iinfo(np.int32).max else np.int64
