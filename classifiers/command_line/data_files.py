"""Tables in files, CSV, TSV and Parquet, read by polars or, where it is missing, by pandas.

Cells of text are read as strings: a file does not say whether "007" is a number or a name, but a fitted model knows.
"""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw

from classifiers.reading.plain_objects import is_missing

__all__ = [
    "SEPARATORS",
    "are_mostly_numbers",
    "are_spelled_as_numbers",
    "bools_of",
    "labels_of",
    "numbers_of",
    "numeric_categories_of",
    "read_table",
]

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PARQUET = {".parquet", ".pq"}
PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # row labels without a name, which pandas would not show as a column


def read_table(path: str) -> nw.DataFrame[Any]:
    """Return the table in a file whose suffix is .csv, .tsv, .tab, .parquet or .pq.

    Raises
    ------
    OSError
        If there is no such file, or no permission to read it.
    ValueError
        If it is not of the kind that its suffix says.
    ModuleNotFoundError
        If there is neither polars nor pandas.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in {*SEPARATORS, *PARQUET}:
        raise ValueError(f"{path}: {suffix!r} is not one of {', '.join([*SEPARATORS, *sorted(PARQUET)])}")
    with open(path, "rb") as file:
        try:
            names = _header(file, SEPARATORS[suffix]) if suffix in SEPARATORS else []
            frame: nw.DataFrame[Any] = nw.from_native(_read(file, suffix), eager_only=True)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    if names[:1] != [""]:
        return frame
    warnings.warn(f"{path}: column 0 has no name, as row labels have none; it is left out", stacklevel=2)
    return frame.drop(frame.columns[0])


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
    """Return the number that a cell is; 1_000 is one to Python, and a name in a table."""
    if isinstance(cell, str) and "_" in cell:
        raise ValueError(cell)
    try:
        return int(cell) if isinstance(cell, str) else float(cell)
    except ValueError:
        return float(cell)


def _header(file: Any, separator: str) -> list[str]:
    """Return the names of the columns; raise where polars and pandas would each make up another one."""
    text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
    names = next(csv.reader(text, delimiter=separator), [])
    text.detach()
    file.seek(0)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{names.count(name)} columns have the name {name!r}")
    if "" in names[1:]:
        raise ValueError(f"column {names.index('', 1)} has no name; give it one in the first line")
    return names


def _read(file: Any, suffix: str) -> Any:
    try:
        return _read_by_polars(file, suffix)
    except ModuleNotFoundError:
        return _read_by_pandas(file, suffix)


def _read_by_polars(file: Any, suffix: str) -> Any:
    import polars

    try:
        if suffix in PARQUET:
            frame = polars.read_parquet(file)
            return frame.drop([name for name in frame.columns if PANDAS_INDEX.fullmatch(name)])
        return polars.read_csv(file, separator=SEPARATORS[suffix], infer_schema=False, null_values=[""])
    except polars.exceptions.PolarsError as error:
        raise ValueError(str(error).partition("\n")[0]) from error


def _read_by_pandas(file: Any, suffix: str) -> Any:
    try:
        import pandas
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "tables are read by polars or pandas: python -m pip install 'onehot-lookup[tables]'", name="polars"
        ) from None
    if suffix in PARQUET:
        frame = pandas.read_parquet(file)
        return frame.reset_index([name for name in frame.index.names if name is not None])
    with warnings.catch_warnings():
        warnings.simplefilter("error", pandas.errors.ParserWarning)  # rows longer than the header
        try:
            settings = {"dtype": str, "keep_default_na": False, "na_values": [""], "skip_blank_lines": False}
            return pandas.read_csv(file, sep=SEPARATORS[suffix], index_col=False, **settings)
        except pandas.errors.ParserWarning as warning:
            raise ValueError(f"rows have more cells than the header has names ({warning})") from None
