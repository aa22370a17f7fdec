"""A column of categories as codes: where each value stands among those known from fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._warn import warn
from classifiers.reading.column import Column, Label
from classifiers.reading.policies import IF_MISSING
from onehot import CodeError

__all__ = ["codes_of"]

MISSING, UNKNOWN = -1, -2
SHOWN = 6


def codes_of(
    column: Column, known: Mapping[Label, int], handle_unknown: str, handle_missing: str
) -> npt.NDArray[np.int64]:
    """Return the codes of a column, (n,), -1 where a value selects nothing.

    `known` are the codes of the categories, in their order.

    Raises
    ------
    CodeError
        For unknown categories and missing values where they are an error, naming column, row and value.

    Examples
    --------
    >>> column = Column(np.array(["Oslo", "Rome", None], dtype=object), 0, ["city"])
    >>> codes_of(column, {"Bergen": 0, "Oslo": 1}, "ignore", "own")
    array([ 1, -1,  2])
    """
    code_of = np.array([*(known.get(value, UNKNOWN) for value in column.distinct), MISSING])
    codes: npt.NDArray[np.int64] = code_of[column.positions]  # of which -1 is the last: what is missing
    if codes.min() >= 0:
        return codes
    if (codes == UNKNOWN).any():
        _tell_of_unknown(column, np.flatnonzero(codes == UNKNOWN), known, handle_unknown)
    if handle_missing == "error":
        for row in np.flatnonzero(codes == MISSING)[:1].tolist():
            raise CodeError(f"{column}, row {row}: {column.values[row]!r} is not a category; {IF_MISSING}")
    elif handle_missing == "own":
        codes[codes == MISSING] = len(known)
    codes[codes == UNKNOWN] = MISSING
    return codes


def _tell_of_unknown(
    column: Column, rows: npt.NDArray[np.intp], known: Mapping[Label, int], handle_unknown: str
) -> None:
    """Raise for a value that is not known, or warn where the column has another type or spelling than at fit."""
    alike = {_reading(category): category for category in reversed([*known])}
    namesakes = [None if value in known else alike.get(_reading(value)) for value in column.distinct]
    positions = column.positions[rows].tolist()
    first = next((i for i, position in enumerate(positions) if namesakes[position] is not None), 0)
    row, value, namesake = rows[first], column.distinct[positions[first]], namesakes[positions[first]]
    shown = ", ".join(map(repr, [*known][:SHOWN])) + (", ..." if len(known) > SHOWN else "")
    problem = f"{value!r} is not one of the {len(known)} categories known from fit ({shown})"
    is_alien = all(isinstance(category, str) != isinstance(value, str) for category in known)
    if namesake is not None:
        problem += f"; {namesake!r} is: give the column the type and the spelling that it had at fit"
    elif is_alien:
        problem += "; give the column the type that it had at fit"
    if handle_unknown == "error":
        remedy = "" if namesake is not None else "; pass handle_unknown='ignore' to let it contribute nothing"
        raise CodeError(f"{column}, row {row}: {problem}{remedy}")
    if namesake is not None or is_alien:
        warn(f"{column}, row {row}: {problem}; until then it contributes nothing")


def _reading(value: Any) -> Any:
    """Return what a category reads like, whatever its type: 5.0 for 5, '5' and '5.0'; 'true' for True and 'True'."""
    if str(value).lower() in ("true", "false"):
        return str(value).lower()
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return value
