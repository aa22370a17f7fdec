"""Input that is probably not what it is read as: a warning says how it was read, and what to pass if that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifiers._warn import warn
from onehot import OneHot
from onehot._errors import field_label

__all__ = ["warn_if_codes", "warn_if_ids", "warn_if_one_hot", "warn_of_integers_beside_floats"]

Array = npt.NDArray[Any]
MANY_CATEGORIES = 1 << 20


def warn_if_codes(X: Any) -> None:
    """Warn where a float matrix could be codes: whole numbers, and not just 0 and 1. With a -1, raise."""
    if X.dtype.kind != "f" or sparse.issparse(X) or not (np.floor(X) == X).all():
        return
    if X.min() == -1:
        row, column = np.argwhere(X == -1)[0].tolist()
        raise ValueError(
            f"column {column}, row {row}: Negative values in data: -1 among whole numbers is what encoders write for "
            "an unknown category; if these are codes, pass n_categories (and handle_unknown or handle_missing); "
            "if they are numbers, pass categorical_features=None"
        )
    if X.max() > 1:
        warn(
            f"X holds whole numbers up to {X.max():g} as {X.dtype}, and is taken as the design matrix; "
            "if these are codes, pass X.astype(int), n_categories or categorical_features",
        )


def warn_if_one_hot(X: Array) -> None:
    """Warn where an integer matrix could be one-hot: of three or more columns, with as many 1s in each row.

    A few rows of codes may have that by chance, unless it is a single 1.
    """
    if X.shape[1] < 3 or X.max() != 1 or X.min() != 0:
        return
    ones = X.sum(axis=1)
    if (ones == 1).all() or (len(X) > 10 * X.shape[1] and (ones == ones[0]).all()):
        counts = f", or n_categories=[{X.shape[1]}]" if ones[0] == 1 else ""
        warn(
            f"X of integers is exactly one-hot, but is read as codes of {X.shape[1]} fields; "
            f"if it is a one-hot matrix, pass X.astype(float){counts}",
        )


def warn_if_ids(X: OneHot, names: Any) -> None:
    """Warn where a field has a category for each of many numbers that hardly occur, which all take memory."""
    widest = int(np.argmax(X.n_categories))
    count, n = X.n_categories[widest], len(X)
    if count > max(MANY_CATEGORIES, 100 * n):
        column = [widest if names is None else str(names[widest])]
        warn(
            f"{field_label(widest, names)}: codes go up to {count - 1} in {n} rows, and each has a row in the table; "
            f"if they are ids, pass categorical_features={column} to learn those that occur, or leave the column out"
        )


def warn_of_integers_beside_floats(integers: Sequence[str], others: Sequence[str]) -> None:
    """Warn that the integer columns of a DataFrame of numbers are read as numbers, not as codes."""
    warn(
        f"X has integer columns {integers} beside {others}, and is taken as a design matrix, its numbers as they "
        f"are; if the integers are codes or labels, pass categorical_features={integers}; if all columns are "
        "numbers, pass categorical_features=None, which standardizes them",
    )
