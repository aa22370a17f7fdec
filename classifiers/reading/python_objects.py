"""Python objects in place of numbers: lists of rows, arrays of dtype object, and what is missing among them."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from numbers import Integral, Real
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from onehot import CodeError, DTypeError
from onehot._arrays import as_array
from onehot._errors import field_label

__all__ = ["as_numbers", "is_missing"]

Array = npt.NDArray[Any]


def as_numbers(X: Any) -> Any:
    """Return a list of rows, or an array of objects or strings, as an array of numbers, NaN where one is missing.

    Raises
    ------
    CodeError, DTypeError, ShapeError
        Naming field and row of what is not a number, or the row of another length than the first.
    """
    array = as_array(X, "X")
    if array.ndim != 2:
        return X  # is refused as it is
    if array.dtype.kind not in "OSTU":
        return array
    values = array.astype(object)
    kinds = {*map(type, values.flat)}
    if all(issubclass(kind, Integral) for kind in kinds):
        integers = np.array(values.tolist())
        if integers.dtype.kind in "biu":
            return integers
    if all(issubclass(kind, Real | Decimal | np.bool_ | NoneType) for kind in kinds):
        with suppress(OverflowError, ValueError):  # which the loop below finds
            filled = (np.nan if value is None else value for value in values.flat)
            return np.fromiter(filled, np.float64, values.size).reshape(values.shape)
    numbers = np.empty(values.shape)
    for (row, field), value in np.ndenumerate(values):
        numbers[row, field] = _as_number(value, row, field)
    return numbers


def _as_number(value: Any, row: int, field: int) -> float:
    if is_missing(value):
        return np.nan
    place = f"{field_label(field)}, row {row}"
    if isinstance(value, str | bytes):
        raise CodeError(
            f"{place}: {value!r} is not a code; "
            "turn strings into codes first, with scikit-learn's OrdinalEncoder(dtype=int)"
        )
    try:
        return float(value)
    except OverflowError:
        raise CodeError(f"{place}: {value!r} is larger than any float64") from None
    except TypeError as error:
        raise DTypeError(f"{place}: {value!r} is neither a code nor a number ({error})") from None


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, or pandas' NA or NaT: known by their names, as pandas may not be there."""
    is_nan = isinstance(value, float | np.floating) and value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType") or is_nan
