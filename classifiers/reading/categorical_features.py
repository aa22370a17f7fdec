"""categorical_features: which columns of a table are fields, by their dtypes or as the user says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.reading.column import Columns
from classifiers.reading.tables import CATEGORIES, NUMBERS
from onehot import DTypeError, ShapeError

__all__ = ["are_fields"]


def are_fields(columns: Columns, categorical_features: Any, names: Sequence[str] | None) -> npt.NDArray[np.bool_]:
    """Return which columns are fields."""
    n = len(columns)
    if isinstance(categorical_features, str) and categorical_features == "from_dtype":
        for column in columns:
            if column.holds not in (CATEGORIES, NUMBERS):
                raise DTypeError(
                    f"{column} is of {column.holds}, which is neither categories nor numbers; cast it to strings, or "
                    "make numbers of it"
                )
        return np.array([column.holds == CATEGORIES for column in columns])
    wanted = [] if categorical_features is None else categorical_features
    given = np.asarray(wanted)
    if given.ndim != 1 or not (given.dtype.kind in "biu" or all(isinstance(name, str) for name in wanted)):
        raise ValueError(
            f"categorical_features={categorical_features!r} must be 'from_dtype', None, or a list of names, of "
            "positions or of bools"
        )
    if not given.size:
        return np.zeros(n, bool)
    if given.dtype.kind == "b":
        if len(given) != n:
            raise ShapeError(f"categorical_features is a mask of {len(given)} columns, but X has {n}")
        return given
    if given.dtype.kind in "iu":
        for position in given[(given < 0) | (given >= n)][:1]:
            raise ShapeError(f"categorical_features names column {position}, but X has columns 0 to {n - 1}")
        return np.isin(np.arange(n), given)
    if names is None:
        raise ValueError("categorical_features has names, but the columns of X have none; pass positions")
    for name in given.tolist():
        if name not in names:
            raise ValueError(f"categorical_features names {name!r}, which is not a column of X")
    return np.isin(np.asarray(names, dtype=object), given.astype(object))
