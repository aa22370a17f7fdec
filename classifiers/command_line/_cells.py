"""Cells of a column as numbers, as bools or as labels, whichever the model was fitted to.

Text says nothing of itself: "007" is a number or a name.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import narwhals as nw

from classifiers.reading.python_objects import is_missing

__all__ = [
    "are_fractions",
    "are_mostly_numbers",
    "are_spelled_as_numbers",
    "bools_of",
    "labels_of",
    "numbers_of",
    "numeric_categories_of",
    "two_spellings",
]


def numbers_of(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column of strings or numbers as numbers, NaN where empty; raise ValueError naming column and row."""
    return column if column.dtype.is_numeric() else _as_series(column, _numbers(column), nw.Float64)


def numeric_categories_of(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column of categories that are numbers. As `numbers_of`, but large integers are told from one another.

    Where some cells are empty or fractions, all are floats, and an integer that no float is equal to is an error.
    """
    if column.dtype.is_numeric():
        return column
    numbers = _numbers(column)
    if all(isinstance(number, int) and abs(number) < 2**63 for number in numbers):
        return _as_series(column, numbers, nw.Int64)
    for row, number in enumerate(numbers):
        if isinstance(number, int) and abs(number) > 2**53:
            raise ValueError(
                f"column {column.name!r}, row {row}: {number} is too large to be told from its neighbours in a column "
                "that has empty cells or fractions"
            )
    return _as_series(column, numbers, nw.Float64)


def bools_of(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column of cells that say true or false as bools; one of anything else as it is."""
    cells = [None if is_missing(cell) else str(cell).lower() for cell in column.to_list()]
    values = [None if cell is None else cell == "true" for cell in cells]
    return _as_series(column, values, nw.Boolean) if {*cells} <= {"true", "false", None} else column


def labels_of(column: nw.Series[Any], known: Collection[Any]) -> nw.Series[Any]:
    """Return a column of numbers or bools as text, spelled as the known labels are: 5.0 as '5', 5 as '5.0'."""
    return _as_series(column, [None if is_missing(v) else _label(v, known) for v in column.to_list()], nw.String)


def are_spelled_as_numbers(labels: Collection[str]) -> bool:
    """Tell whether labels are numbers as Python writes them: 7 and 7.0, and not 007, which is a name."""
    return all(_is_number(label) and str(_number(label)) == label for label in labels)


def two_spellings(cells: Collection[Any]) -> tuple[str, str] | None:
    """Return two texts of one number among cells, like '5' and '5.0', or None.

    Examples
    --------
    >>> two_spellings(["5.0", "a", "6", "5"])
    ('5', '5.0')
    """
    texts = sorted({cell for cell in cells if isinstance(cell, str) and are_spelled_as_numbers([cell])})
    first_of: dict[int | float, str] = {}
    for text in texts:
        first = first_of.setdefault(_number(text), text)
        if first != text:
            return first, text
    return None


def are_fractions(cells: Collection[Any]) -> bool:
    """Tell whether all cells are texts of numbers, and some of fractions."""
    return all(isinstance(cell, str) and _is_number(cell) for cell in cells) and any(
        not float(cell).is_integer() for cell in cells
    )


def _label(value: str | bool | int | float, known: Collection[Any]) -> str:
    if isinstance(value, str):
        if not are_spelled_as_numbers([value]):
            return value
        value = _number(value)
    spellings = [str(value), str(value).lower(), str(value).upper()]
    if math.isfinite(value) and value == int(value):
        spellings += [str(int(value)), str(float(value))]
    return next((spelling for spelling in spellings if spelling in known), spellings[0])


def _numbers(column: nw.Series[Any]) -> list[int | float]:
    numbers = []
    for row, value in enumerate(column.to_list()):
        try:
            numbers.append(math.nan if is_missing(value) else _number(value))
        except (TypeError, ValueError):
            raise ValueError(f"column {column.name!r}, row {row}: {value!r} is not a number") from None
    return numbers


def _as_series(column: nw.Series[Any], values: Sequence[int | float | str | None], dtype: Any) -> nw.Series[Any]:
    return nw.new_series(column.name, values, dtype, backend=column.implementation)


def are_mostly_numbers(column: nw.Series[Any]) -> bool:
    """Tell whether at least nine in ten of the cells that are not empty are numbers."""
    cells = column.drop_nulls().to_list()
    return sum(map(_is_number, cells)) >= 0.9 * len(cells) > 0


def _is_number(cell: Any) -> bool:
    try:
        _number(cell)
    except (TypeError, ValueError):
        return False
    return True


def _number(cell: Any) -> int | float:
    """Return the number that a cell holds. Python reads 1_000 as a number; in a table it is a name."""
    if isinstance(cell, str) and "_" in cell:
        raise ValueError(cell)
    try:
        return int(cell) if isinstance(cell, str) else float(cell)
    except ValueError:
        return float(cell)
