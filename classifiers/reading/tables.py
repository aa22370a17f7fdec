"""A table of any kind, a DataFrame or an array, as columns of one kind.

`narwhals` reads DataFrames of pandas, polars and others without loading any of them. What a column holds, categories or
numbers, is a matter of its dtype; what a category is, of Python's ``==``: 1, 1.0 and True are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifiers.reading.plain_objects import is_missing, rows_as_array
from onehot import CodeError, DTypeError, OneHot
from onehot._errors import field_label

__all__ = [
    "CATEGORIES",
    "NUMBERS",
    "Column",
    "Columns",
    "Label",
    "Names",
    "are_numbers",
    "columns_of",
    "describe_kinds",
    "has_names",
    "is_frame",
    "is_table",
    "refuse_other_than_tables",
]

Array = npt.NDArray[Any]
Label: TypeAlias = str | int | float | bool
CATEGORIES, NUMBERS, BOOLS, NOTHING = "categories", "numbers", "bools", "nothing"
IF_MASKED = "pass X.filled(-1) of codes, or X.filled(np.nan) of numbers, and handle_missing"


def is_frame(X: Any) -> bool:
    """Tell whether X is a DataFrame of pandas, polars or another library that narwhals knows; loads none of them."""
    return not isinstance(X, np.ndarray | list) and nw.dependencies.is_into_dataframe(X)


def refuse_other_than_tables(X: Any) -> None:
    """Raise for what is nearly a table: a Series, a lazy frame, columns of one name, values that are masked."""
    if isinstance(X, np.ma.MaskedArray) and X.ndim == 2:
        for row, column in np.argwhere(np.ma.getmaskarray(X))[:1].tolist():
            raise DTypeError(f"column {column}, row {row}: the value is masked, and would be read; {IF_MASKED}")
    if isinstance(X, np.ndarray | list | OneHot) or sparse.issparse(X):
        return
    if nw.dependencies.is_into_series(X):
        raise ValueError(
            f"X is a {type(X).__name__}, one row or column; for a row pass df[i:i + 1], for a column df[[name]]"
        )
    if not is_frame(X):
        if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame):
            raise TypeError(f"X is a {type(X).__name__}, whose rows are not there yet; pass X.collect()")
        return
    try:
        nw.from_native(X, eager_only=True)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(f"X has columns of one name ({' '.join(str(error).split())}); rename them") from None


def is_table(X: Any) -> bool:
    """Tell whether the dtypes of X make some of its columns fields and others numbers.

    They do in a DataFrame that has a column that is not of numbers, unless all are bool, and in an array with strings.
    Where they do not, X is what the array of its values is: codes or a design matrix.

    Examples
    --------
    >>> is_table(np.array([["Oslo", 40]], dtype=object)), is_table(np.array([[0, 40]]))
    (True, False)
    """
    if is_frame(X):
        kinds = _kinds_in(X) - {NOTHING}
        return not kinds <= {NUMBERS} and not kinds <= {BOOLS}
    values = X if isinstance(X, np.ndarray) else rows_as_array(X)
    return values.dtype.kind in "UT" or (values.dtype.kind == "O" and any(isinstance(v, str) for v in values.flat))


def are_numbers(X: Any) -> bool:
    """Tell whether NumPy reads all columns of a DataFrame as numbers or bools."""
    return _kinds_in(X) <= {NUMBERS, BOOLS}


def _kinds_in(X: Any) -> set[Any]:
    """Return what the columns of a DataFrame hold."""
    frame = nw.from_native(X, eager_only=True)
    kinds: set[Any] = {*map(_kind_by_dtype, frame.schema.dtypes())}  # first: of thousands of columns it is quick
    return {*map(_kind_of, frame.iter_columns())} if None in kinds else kinds


def has_names(X: Any) -> bool:
    """Tell whether X is a DataFrame whose columns have strings for names."""
    return is_frame(X) and all(isinstance(name, str) for name in nw.from_native(X, eager_only=True).columns)


class Names:
    """The names of a DataFrame by the interchange protocol: so scikit-learn before 1.9 reads all but pandas'."""

    def __init__(self, X: Any) -> None:
        self.names: list[str] = nw.from_native(X, eager_only=True).columns

    def __dataframe__(self) -> Names:
        return self

    def column_names(self) -> list[str]:
        """Return the names of the columns."""
        return self.names


def describe_kinds(X: Any) -> tuple[list[str], list[str]]:
    """Return the names of the integer and of the other columns of a DataFrame of numbers."""
    schema = nw.from_native(X, eager_only=True).schema
    integers = [name for name, dtype in schema.items() if dtype.is_integer()]
    return integers, [name for name in schema if name not in integers]


class Column:
    """A column of a DataFrame or an array."""

    def __init__(self, data: Any, position: int, names: Sequence[str] | None) -> None:
        self.data = data
        self.position = position
        self.names = names

    def __str__(self) -> str:
        return field_label(self.position, self.names).replace("field", "column")

    @property
    def name(self) -> str:
        """``x0`` and so on where the table has no names."""
        return f"x{self.position}" if self.names is None else self.names[self.position]

    @cached_property
    def holds(self) -> str:
        """What its dtype says that it holds: categories, numbers, or the name of a dtype of which nothing is known."""
        if isinstance(self.data, nw.Series):
            kind = _kind_of(self.data)
            return CATEGORIES if kind in (BOOLS, NOTHING) else kind
        dtype = self.data.dtype
        if dtype.kind == "O":
            return NUMBERS if all(_is_number(v) or is_missing(v) for v in self.distinct) else CATEGORIES
        return NUMBERS if dtype.kind in "iuf" else CATEGORIES if dtype.kind in "bUT" else str(dtype)

    @cached_property
    def values(self) -> list[Any]:
        """Its values as Python objects."""
        values: list[Any] = self.data.to_list() if isinstance(self.data, nw.Series) else self.data.tolist()
        return values

    @cached_property
    def distinct(self) -> set[Any]:
        """Its distinct values; each NaN may be one."""
        try:
            return set(self.values)
        except TypeError as error:
            raise DTypeError(f"{self}: values must be strings or numbers ({error})") from None

    def declared(self) -> Iterable[Any] | None:
        """Return the categories that its dtype lists, in their order."""
        if not isinstance(self.data, nw.Series):
            return None
        if self.data.implementation.is_pandas_like():
            declared = getattr(self.data.to_native().dtype, "categories", None)  # Arrow's dictionaries declare none
            return None if declared is None else list(declared.tolist())
        return self.data.dtype.categories if isinstance(self.data.dtype, nw.Enum) else None

    def categories(self) -> tuple[Label, ...]:
        """Return the declared categories, or those that occur, sorted, numbers before strings."""
        declared = self.declared()
        if declared is None:
            present = (v for v in self.distinct if not is_missing(v))
            declared = sorted(map(self._label, present), key=lambda label: (isinstance(label, str), label))
        known = tuple(map(self._label, declared))
        if not known:
            raise CodeError(f"{self} has no category at all: every value is missing; drop it")
        return known

    def _label(self, value: Any) -> Label:
        label = value.item() if isinstance(value, np.generic) else value
        if isinstance(label, str):
            return str.__str__(label)  # a member of an Enum is the string that it is equal to
        if not isinstance(label, int | float):
            raise DTypeError(
                f"{self}: {value!r} is neither a string nor a number; cast the column to strings, or make numbers of it"
            )
        return label

    def numbers(self) -> Array:
        """Return its numbers as float64, NaN where missing."""
        is_series, dtype = isinstance(self.data, nw.Series), self.data.dtype
        if is_series and (self.holds == NUMBERS or dtype == nw.Boolean):
            return np.asarray(self.data.cast(nw.Float64).to_numpy(), np.float64)
        if is_series and self.data.is_null().all():  # of whatever else
            return np.full(len(self.data), np.nan)
        if not is_series and dtype.kind in "biuf":
            return np.asarray(self.data, np.float64)
        where, kind = str(self), str(dtype) if self.holds in (CATEGORIES, NUMBERS) else self.holds
        if not is_series or dtype in (nw.Object, nw.Categorical):
            wrong = (row for row, v in enumerate(self.values) if not (isinstance(v, Real | Decimal) or is_missing(v)))
            if (row := next(wrong, None)) is None:
                return np.array([np.nan if is_missing(v) else _as_float(v) for v in self.values], np.float64)
            where, kind = f"{self}, row {row}", type(self.values[row]).__name__
        remedy = "make numbers of it, or name the column in categorical_features at fit if it holds categories"
        if self.holds not in (CATEGORIES, NUMBERS):
            remedy = "cast it to strings if it holds categories, or make numbers of it"
        raise DTypeError(f"{where}: expected numbers, got {kind}; {remedy}")


class Columns(tuple[Column, ...]):
    """The columns of a table, whose values are read once for all that look at them."""


def columns_of(X: Any, names: Sequence[str] | None) -> Columns:
    """Return the columns of a DataFrame, or of an array or list of rows, by position; `names` are for messages."""
    if isinstance(X, Columns):
        return X
    if is_frame(X):
        series: Iterable[Any] = map(_dense, nw.from_native(X, eager_only=True).iter_columns())
    else:
        series = (X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)).T
    return Columns(Column(data, position, names) for position, data in enumerate(series))


def _kind_by_dtype(dtype: Any) -> str | None:
    """Return what a dtype of narwhals says that a column holds; None where the column has to be looked at."""
    if dtype.is_numeric():
        return NUMBERS
    if dtype == nw.Boolean:
        return BOOLS
    return CATEGORIES if dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object) else None


def _kind_of(column: nw.Series[Any]) -> str:
    """Return what a column holds, or the name of a dtype of which nothing is known."""
    if kind := _kind_by_dtype(column.dtype):
        return kind
    if _is_sparse(column):
        return BOOLS if _native_dtype(column).subtype.kind == "b" else NUMBERS
    if column.is_null().all():
        return NOTHING
    return str(_native_dtype(column) if column.dtype == nw.Unknown else column.dtype)


def _native_dtype(column: nw.Series[Any]) -> Any:
    """Return the dtype that the library of the column gives it; PyArrow calls it a type."""
    native = column.to_native()
    return native.dtype if hasattr(native, "dtype") else native.type


def _dense(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a sparse column of pandas, which narwhals does not know, as a dense one; others as they are."""
    return nw.from_native(column.to_native().sparse.to_dense(), series_only=True) if _is_sparse(column) else column


def _is_sparse(column: nw.Series[Any]) -> bool:
    return column.dtype == nw.Unknown and type(_native_dtype(column)).__name__ == "SparseDtype"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _as_float(value: Any) -> float:
    """Return a number as a float; an integer that is larger than all of them as infinity, which no column takes."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
