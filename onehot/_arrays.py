"""Types and checks of arrays that several modules share."""

from __future__ import annotations

import math
import operator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from onehot._errors import DTypeError, ShapeError

__all__ = ["FLOATS", "Array", "as_array", "checked_n_rows", "index_dtype", "is_array", "is_real"]

Array: TypeAlias = npt.NDArray[Any]
ARRAYS = (np.ndarray, list, tuple, np.number)
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def as_array(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array; raise where some are masked, for they would be read, or rows differ in length."""
    if type(values) is not np.ndarray and np.ma.is_masked(values):
        raise DTypeError(f"{name} is a masked array, whose masked values would be read; pass {name}.filled(value)")
    try:
        return np.asarray(values)
    except ValueError:
        widths = [np.size(row) for row in values] if isinstance(values, list | tuple) else [0]
        for row in np.flatnonzero(np.not_equal(widths, widths[0]))[:1].tolist():
            raise ShapeError(f"row {row} of {name} has {widths[row]} values, but row 0 has {widths[0]}") from None
        raise


def index_dtype(V: int) -> type[np.signedinteger[Any]]:
    """Return the smallest type that the kernels take for the rows of a table of V rows."""
    return np.int32 if V <= np.iinfo(np.int32).max else np.int64


def checked_n_rows(n_rows: Any) -> int:
    """Return the height of a table, which must be an integer."""
    try:
        height = operator.index(n_rows)
    except TypeError:
        raise DTypeError(f"n_rows={n_rows!r} must be an integer") from None
    if height < 0:
        raise ShapeError(f"n_rows={height} must not be negative")
    if height > np.iinfo(np.intp).max:
        raise ShapeError(f"n_rows={height} is more than an array can have, {np.iinfo(np.intp).max}")
    return height


def is_array(operand: Any) -> bool:
    """Tell arrays, sequences and DataFrames from objects that may define an operation with a lazy type themselves."""
    return isinstance(operand, ARRAYS) or hasattr(operand, "to_numpy")  # a DataFrame would ask for a dense array


def is_real(number: Any) -> bool:
    """Tell whether a scalar is a real number that a float can hold, which an integer of Python may not be."""
    try:
        return np.asarray(number).dtype.kind in "biuf" or (isinstance(number, int) and math.isfinite(number))
    except OverflowError:
        return False
