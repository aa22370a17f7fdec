"""Tables in files, CSV, TSV and Parquet, read by polars or, where it is missing, by pandas.

Cells of text are read as strings: whether "007" is a number or a name, a file does not say, and a fitted model knows.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import narwhals as nw

from classifiers.tables import is_missing

__all__ = ["PARQUET", "are_mostly_numbers", "numbers_of", "read_table"]

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PARQUET = {".parquet", ".pq"}


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
            return nw.from_native(_read(file, suffix), eager_only=True)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def numbers_of(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column of strings or numbers as numbers, NaN where empty; raise ValueError naming column and row."""
    if column.dtype.is_numeric():
        return column
    numbers = []
    for row, value in enumerate(column.to_list()):
        try:
            numbers.append(math.nan if is_missing(value) else float(value))
        except (TypeError, ValueError):
            raise ValueError(f"column {column.name!r}, row {row}: {value!r} is not a number") from None
    return nw.new_series(column.name, numbers, nw.Float64, backend=column.implementation)


def are_mostly_numbers(column: nw.Series[Any]) -> bool:
    """Tell whether at least nine in ten of the cells that are not empty are numbers."""
    cells = column.drop_nulls().to_list()
    return sum(map(_is_number, cells)) >= 0.9 * len(cells) > 0


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _read(file: Any, suffix: str) -> Any:
    try:
        return _read_by_polars(file, suffix)
    except ModuleNotFoundError:
        return _read_by_pandas(file, suffix)


def _read_by_polars(file: Any, suffix: str) -> Any:
    import polars

    try:
        if suffix in PARQUET:
            return polars.read_parquet(file)
        return polars.read_csv(file, separator=SEPARATORS[suffix], infer_schema=False)
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
        return pandas.read_parquet(file)
    return pandas.read_csv(file, sep=SEPARATORS[suffix], dtype=str, keep_default_na=False, na_values=[""])
