"""Tables in files, CSV, TSV and Parquet, read by polars or, where it is missing, by pandas.

Cells of text are read as strings: a file does not say whether "007" is a number or a name, but a fitted model knows.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path
from typing import Any

import narwhals as nw

from classifiers._warn import warn

__all__ = ["SEPARATORS", "read_table"]

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
            place = _what_is_wrong(path, SEPARATORS[suffix]) if suffix in SEPARATORS else ""
            raise ValueError(f"{path}: {place or error}") from error
    if names[:1] != [""]:
        return frame
    warn(f"{path}: column 0 has no name, as row labels have none; it is left out")
    return frame.drop(frame.columns[0])


def _what_is_wrong(path: str, separator: str) -> str:
    """Return the first row that is not text, or has more cells than the header, as neither library names it."""
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        header = next(rows, [])
        for row, cells in enumerate(rows):
            if len(cells) > len(header):
                return f"row {row} has {len(cells)} cells, but the header {len(header)}"
            if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
                return f"row {row} is not in UTF-8; write the file in that encoding"
    return ""


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
