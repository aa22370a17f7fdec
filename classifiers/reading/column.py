"""A column of a table, a DataFrame or an array: its values, its categories or its numbers.

A column is *factorized* into its distinct values and, for each row, the position of its value among them. Values
that are equal to Python are one category: 1, 1.0 and True are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from itertools import repeat
from numbers import Real
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import numpy.typing as npt

from classifiers.reading.python_objects import is_missing
from classifiers.reading.tables import BOOLS, CATEGORIES, NOTHING, NUMBERS, is_frame, is_sparse, kind_of
from onehot import CodeError, DTypeError
from onehot._errors import field_label

__all__ = ["Column", "Columns", "Label", "columns_of"]

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.integer[Any]]
Label: TypeAlias = str | int | float | bool
FACTORIZED = (nw.String, nw.Categorical, nw.Enum, nw.Boolean)  # by its library, as are integers


class Column:
    """A column of an array."""

    def __init__(self, data: Any, position: int, names: Sequence[str] | None) -> None:
        self.data = data
        self.position = position
        self.names = names

    def __str__(self) -> str:
        return field_label(self.position, self.names, kind="column")

    @property
    def name(self) -> str:
        """``x0`` and so on where the table has no names."""
        return f"x{self.position}" if self.names is None else self.names[self.position]

    @cached_property
    def holds(self) -> str:
        """What its dtype says that it holds: categories, numbers, or the name of a dtype of which nothing is known."""
        dtype = self.data.dtype
        if dtype.kind == "O":
            return NUMBERS if all(map(_is_number, self.distinct)) else CATEGORIES
        return NUMBERS if dtype.kind in "iuf" else CATEGORIES if dtype.kind in "bUT" else str(dtype)

    @cached_property
    def values(self) -> list[Any]:
        """Its values as Python objects."""
        values: list[Any] = self.data.tolist()
        return values

    @property
    def distinct(self) -> list[Any]:
        """Its distinct values, without the missing ones."""
        return self._factorized[1]

    @property
    def positions(self) -> Integers:
        """Where in `distinct` each value stands, (n,); -1 where it is missing."""
        return self._factorized[0]

    @cached_property
    def _factorized(self) -> tuple[Integers, list[Any]]:
        try:
            distinct = [value for value in set(self.values) if not is_missing(value)]
        except TypeError as error:
            raise DTypeError(f"{self}: values must be strings or numbers ({error})") from None
        position_of = {value: position for position, value in enumerate(distinct)}
        found = map(position_of.get, self.values, repeat(-1))
        return np.fromiter(found, np.intp, len(self.values)), distinct

    def declared(self) -> Iterable[Any] | None:
        """Return the categories that its dtype lists, in their order; None where it lists none."""
        return None

    def categories(self) -> tuple[Label, ...]:
        """Return the declared categories, or those that occur, sorted, numbers before strings."""
        declared = self.declared()
        if declared is None:
            declared = sorted(map(self._label, self.distinct), key=lambda label: (isinstance(label, str), label))
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
        return np.asarray(self.data, np.float64) if self.data.dtype.kind in "biuf" else self._numbers_of_objects()

    def _numbers_of_objects(self) -> Array:
        for row, value in enumerate(self.values):
            if not (isinstance(value, Real | Decimal) or is_missing(value)):
                raise self._no_numbers(f"{self}, row {row}", type(value).__name__)
        return np.array([np.nan if is_missing(value) else _as_float(value) for value in self.values], np.float64)

    def _no_numbers(self, where: str, kind: str) -> DTypeError:
        remedy = "cast it to strings if it holds categories, or make numbers of it"
        if self.holds in (CATEGORIES, NUMBERS):
            remedy = "make numbers of it, or name the column in categorical_features at fit if it holds categories"
        return DTypeError(f"{where}: expected numbers, got {kind}; {remedy}")


class _SeriesColumn(Column):
    """A column of a DataFrame; its library knows more of it, and factorizes most of them faster."""

    @cached_property
    def holds(self) -> str:
        """As for an array; bools, and what is missing throughout, are categories."""
        kind = kind_of(self.data)
        return CATEGORIES if kind in (BOOLS, NOTHING) else kind

    @cached_property
    def values(self) -> list[Any]:
        """Its values as Python objects."""
        values: list[Any] = self.data.to_list()
        return values

    @cached_property
    def _factorized(self) -> tuple[Integers, list[Any]]:
        if self.data.dtype in FACTORIZED or self.data.dtype.is_integer():
            with suppress(NotImplementedError, OverflowError, TypeError):  # PyArrow of its string_view, for one
                positions, distinct = _factorize(self.data)
                if len({*distinct}) == len(distinct):  # or the library tells 0.0 from -0.0, or 1 from 1.0
                    return positions, distinct
        return super()._factorized

    def declared(self) -> Iterable[Any] | None:
        """Return the categories that its dtype lists, in their order; None where it lists none."""
        if self.data.implementation.is_pandas_like():
            declared = getattr(self.data.to_native().dtype, "categories", None)  # Arrow's dictionaries declare none
            return None if declared is None else list(declared.tolist())
        return self.data.dtype.categories if isinstance(self.data.dtype, nw.Enum) else None

    def numbers(self) -> Array:
        """Return its numbers as float64, NaN where missing."""
        dtype = self.data.dtype
        if self.holds == NUMBERS or dtype == nw.Boolean:
            return np.asarray(self.data.cast(nw.Float64).to_numpy(), np.float64)
        if self.data.is_null().all():  # of whatever else
            return np.full(len(self.data), np.nan)
        if dtype in (nw.Object, nw.Categorical):
            return self._numbers_of_objects()
        raise self._no_numbers(str(self), str(dtype) if self.holds == CATEGORIES else self.holds)


class Columns(tuple[Column, ...]):
    """The columns of a table, whose values are read once for all that look at them."""


def columns_of(X: Any, names: Sequence[str] | None) -> Columns:
    """Return the columns of a DataFrame, or of an array or list of rows, by position; `names` are for messages."""
    if isinstance(X, Columns):
        return X
    if is_frame(X):
        series = map(_dense, nw.from_native(X, eager_only=True).iter_columns())
        return Columns(_SeriesColumn(each, position, names) for position, each in enumerate(series))
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    return Columns(Column(data, position, names) for position, data in enumerate(array.T))


def _factorize(column: nw.Series[Any]) -> tuple[Integers, list[Any]]:
    """Return `positions` and `distinct` of a column as its library finds them, in a fraction of Python's time."""
    if column.implementation.is_pandas_like():
        positions, distinct = column.to_native().factorize()
        return positions, distinct.tolist()
    distinct = column.unique().drop_nulls().to_list()
    if not distinct:
        return np.full(len(column), -1), distinct
    positions = column.replace_strict(distinct, [*range(len(distinct))], return_dtype=nw.Int64)
    return positions.fill_null(-1).to_numpy(), distinct


def _dense(column: nw.Series[Any]) -> nw.Series[Any]:
    """Return a sparse column of pandas as a dense one; others as they are."""
    return nw.from_native(column.to_native().sparse.to_dense(), series_only=True) if is_sparse(column) else column


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _as_float(value: Any) -> float:
    """Return a number as a float; an integer that is larger than all of them as infinity, which no column takes."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
