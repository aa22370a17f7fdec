"""Which X are tables, and what the columns of a DataFrame hold: categories, numbers, bools, or nothing.

`narwhals` reads DataFrames of pandas, polars and others without loading any of them. What a column holds is a matter of
its dtype.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from scipy import sparse

from onehot import DTypeError, OneHot
from onehot._arrays import as_array

__all__ = [
    "BOOLS",
    "CATEGORIES",
    "NOTHING",
    "NUMBERS",
    "Names",
    "are_numbers",
    "describe_kinds",
    "has_names",
    "is_frame",
    "is_sparse",
    "is_table",
    "kind_of",
    "refuse_near_tables",
]

Array = npt.NDArray[Any]
CATEGORIES, NUMBERS, BOOLS, NOTHING = "categories", "numbers", "bools", "nothing"
IF_MASKED = "pass X.filled(-1) of codes, and handle_missing; numbers have to be finite, so fill such values in"


def is_frame(X: Any) -> bool:
    """Tell whether X is a DataFrame of pandas, polars or another library that narwhals knows; loads none of them."""
    return not isinstance(X, np.ndarray | list) and nw.dependencies.is_into_dataframe(X)


def refuse_near_tables(X: Any) -> None:
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
    values = X if isinstance(X, np.ndarray) else as_array(X, "X")
    return values.dtype.kind in "UT" or (values.dtype.kind == "O" and any(isinstance(v, str) for v in values.flat))


def are_numbers(X: Any) -> bool:
    """Tell whether NumPy reads all columns of a DataFrame as numbers or bools."""
    return _kinds_in(X) <= {NUMBERS, BOOLS}


def _kinds_in(X: Any) -> set[Any]:
    """Return what the columns of a DataFrame hold."""
    frame = nw.from_native(X, eager_only=True)
    kinds: set[Any] = {*map(_kind_by_dtype, frame.schema.dtypes())}  # first: of thousands of columns it is quick
    return {*map(kind_of, frame.iter_columns())} if None in kinds else kinds


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


def _kind_by_dtype(dtype: Any) -> str | None:
    """Return what a dtype of narwhals says that a column holds; None where the column has to be looked at."""
    if dtype.is_numeric():
        return NUMBERS
    if dtype == nw.Boolean:
        return BOOLS
    return CATEGORIES if dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object) else None


def kind_of(column: nw.Series[Any]) -> str:
    """Return what a column holds, or the name of a dtype of which nothing is known."""
    if kind := _kind_by_dtype(column.dtype):
        return kind
    if is_sparse(column):
        return BOOLS if _native_dtype(column).subtype.kind == "b" else NUMBERS
    if column.is_null().all():
        return NOTHING
    return str(_native_dtype(column) if column.dtype == nw.Unknown else column.dtype)


def _native_dtype(column: nw.Series[Any]) -> Any:
    """Return the dtype that the library of the column gives it; PyArrow calls it a type."""
    native = column.to_native()
    return native.dtype if hasattr(native, "dtype") else native.type


def is_sparse(column: nw.Series[Any]) -> bool:
    """Tell whether a column is of one of pandas' sparse dtypes, which narwhals does not know."""
    return column.dtype == nw.Unknown and type(_native_dtype(column)).__name__ == "SparseDtype"
