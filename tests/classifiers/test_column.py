"""A column's distinct values and their positions, found by the library of the table or by Python."""

import numpy as np
import pytest

from classifiers.reading.column import columns_of
from onehot import DTypeError

WHY = "in the test extra; without it, only DataFrames go untested"


def by_pandas(values, dtype=None):
    pd = pytest.importorskip("pandas", reason=WHY)
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype)})


def by_polars(values, dtype=None):
    pl = pytest.importorskip("polars", reason=WHY)
    return pl.DataFrame({"a": pl.Series(values, dtype=dtype and getattr(pl, dtype))})


def by_arrow(values, dtype=None):
    pa = pytest.importorskip("pyarrow", reason=WHY)
    return pa.table({"a": pa.array(values, dtype and getattr(pa, dtype)())})


def by_numpy(values):
    return np.array(values, dtype=object)[:, None]


def read(table):
    """Return the values of a table's only column, put together again, None where they are missing."""
    (column,) = columns_of(table, None)
    assert len({*column.distinct}) == len(column.distinct)
    return [None if position < 0 else column.distinct[position] for position in column.positions]


@pytest.mark.parametrize("table_of", [by_pandas, by_polars, by_arrow, by_numpy])
@pytest.mark.parametrize(
    "values",
    [
        ["Voss", "Oslo", "Voss", ""],
        ["Voss", None, "Oslo", "Voss"],
        [3, 2**62, -1, 3],
        [True, False, True],
        [0.5, None, 1e300, 0.5],
        [None, None],
    ],
    ids=str,
)
def test_a_column_is_its_distinct_values_at_their_positions(table_of, values):
    assert read(table_of(values)) == values


@pytest.mark.parametrize("dtype", ["category", "string", "object", "string[pyarrow]"])
def test_strings_of_any_dtype_of_pandas(dtype):
    values = ["Voss", None, "Oslo", "Voss"]
    assert read(by_pandas(values, dtype)) == values


@pytest.mark.parametrize("dtype", ["Int64", "uint8", "int64[pyarrow]", "category"])
def test_integers_of_any_dtype_of_pandas(dtype):
    values = [3, 200, 7, 3]
    assert read(by_pandas(values, dtype)) == values


@pytest.mark.parametrize("values", [[2**64 - 1, 0, 2**63], [1, None, 2]], ids=str)
def test_integers_of_64_bits_without_a_sign(values):
    assert read(by_polars(values, "UInt64")) == values
    assert read(by_arrow(values, "uint64")) == values


@pytest.mark.parametrize(
    ("table_of", "values", "dtype"),
    [(by_polars, [2**100, None, -(2**100)], "Int128"), (by_arrow, ["Voss", None, "Oslo"], "string_view")],
    ids=["integers of 128 bits", "views of strings"],
)
def test_what_a_library_does_not_look_up_is_looked_up_in_python(table_of, values, dtype):
    assert read(table_of(values, dtype)) == values


def test_what_python_calls_equal_is_one_category_whatever_the_library_says():
    pa = pytest.importorskip("pyarrow", reason=WHY)
    zeros = pa.table({"a": pa.array([0.0, -0.0, 1.0]).dictionary_encode()})
    assert read(zeros) == [0.0, 0.0, 1.0]
    ones = by_pandas(["Voss"] * 200 + [1, 1.0, True], "object")
    assert read(ones)[200:] == [1, 1, 1]


def test_strings_that_begin_after_a_hundred_rows_of_others():
    values = ["Voss"] * 200 + [5, None]
    assert read(by_pandas(values, "object")) == values


def test_what_has_no_hash_is_refused():
    with pytest.raises(DTypeError, match=r"^column 0: values must be strings or numbers \(unhashable type: 'list'\)"):
        read(by_pandas(["Voss"] * 200 + [[5]], "object"))


def test_the_name_of_a_column_is_quoted_as_it_is():
    (column,) = columns_of(np.array([[1]]), ["field_id"])
    assert str(column) == "column 0 ('field_id')"
