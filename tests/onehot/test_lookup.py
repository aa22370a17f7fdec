import re
from typing import Any

import numpy as np
import pytest

from onehot import DTypeError, OneHot, RowGradient, RowIndexError, ShapeError, embed, lookup, scatter_add
from tests.onehot.oracle import DTYPES, INTEGERS, LAYOUTS, one_hot, peak_memory

pytestmark = pytest.mark.usefixtures("backend")

V, d = 9, 3
SHAPES = [(), (0,), (1,), (5,), (4, 2), (2, 0, 3), (2, 3, 4)]


def integers(seed, shape, dtype=np.float64):
    """Small integers as numbers of `dtype`: every sum of them is exact, whatever its order."""
    return np.random.default_rng(seed).integers(0, 9, shape).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [*DTYPES, "float16", "int8", ">f4", "complex64", object, "U3"])
def test_lookup_selects_rows(dtype, shape):
    table, indices = integers(0, (V, d), dtype), integers(1, shape, int)
    rows = lookup(table, indices)
    assert rows.dtype == table.dtype
    np.testing.assert_array_equal(rows, table[indices])
    out = np.empty((*shape, d), table.dtype)
    assert lookup(table, indices, out=out) is out
    np.testing.assert_array_equal(out, rows)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_scatter_add_adds_up(dtype, shape):
    values, indices = integers(0, (*shape, d), dtype), integers(1, shape, int)
    expected = np.zeros((V, d), dtype)
    np.add.at(expected, indices, values)
    sums = scatter_add(values, indices, n_rows=V)
    assert sums.dtype == dtype
    np.testing.assert_array_equal(sums, expected)
    out = np.ones((V, d), dtype)
    assert scatter_add(values, indices, out=out) is out
    np.testing.assert_array_equal(out, 1 + expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("integer", INTEGERS)
def test_any_integer_type_and_any_layout(integer, layout):
    change = LAYOUTS[layout]
    table, values, indices = integers(0, (V, d)), integers(1, (4, 2, d)), integers(2, (4, 2), integer)
    np.testing.assert_array_equal(lookup(change(table), change(indices)), table[indices])
    expected = one_hot(indices.reshape(-1, 1), [V]).T @ values.reshape(-1, d)
    np.testing.assert_array_equal(scatter_add(change(values), change(indices), n_rows=V), expected)


@pytest.mark.parametrize("layout", ["C", "Fortran", "strided", "reversed", "misaligned", "a subclass"])
def test_outputs_of_any_layout(layout):
    table, indices = integers(0, (V, d)), integers(1, 20, int)
    out = LAYOUTS[layout](np.empty((20, d)))
    assert lookup(table, indices, out=out) is out
    np.testing.assert_array_equal(out, table[indices])
    sums = LAYOUTS[layout](np.zeros((V, d)))
    assert scatter_add(table[indices], indices, out=sums) is sums
    np.testing.assert_array_equal(sums, scatter_add(table[indices], indices, n_rows=V))


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "float16"])
def test_scatter_add_adds_up_in_a_float_type_that_holds_the_values(dtype):
    values = integers(0, (4, d), dtype)
    sums = scatter_add(values, [1, 1, 0, 1], n_rows=2)
    assert sums.dtype == np.result_type(dtype, np.float32)
    np.testing.assert_array_equal(sums, [values[2], values[[0, 1, 3]].sum(axis=0, dtype=float)])


def test_scatter_add_takes_values_that_are_part_of_its_output():
    for rows in (slice(0, 2), slice(1, None, -1), slice(0, 3, 2)):
        W = np.array([[1.0], [2.0], [4.0]])
        expected = W.copy()
        expected[1] += W[rows].sum()
        np.testing.assert_array_equal(scatter_add(W[rows], [1, 1], out=W), expected)


@pytest.mark.parametrize("layout", ["C", "Fortran", "strided", "misaligned", "a subclass"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_neither_allocates_anything_as_tall_as_the_table(dtype, layout):
    table, indices, rows = LAYOUTS[layout](np.zeros((300_000, d), dtype)), np.arange(32), np.ones((32, d), dtype)
    for run in (
        lambda: lookup(table, indices),
        lambda: lookup(table, indices, out=rows),
        lambda: scatter_add(rows, indices, out=table),
    ):
        run()  # what is compiled or cached once does not count
        assert peak_memory(run) < len(table) / 4


def test_scatter_add_leaves_other_rows_alone():
    out = np.full((V, d), np.nan)
    out[[2, 5]] = 0
    scatter_add(np.ones((3, d)), [2, 5, 2], out=out)
    assert out[:, 0].tolist() == pytest.approx([np.nan, np.nan, 2, np.nan, np.nan, 1, *[np.nan] * 3], nan_ok=True)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([0, -1], "index -1 at position 1 is not in [0, 9); negative ones do not count from the end here"),
        ([[0, 1], [9, 0]], "index 9 at position (1, 0) is not in [0, 9)"),
        (np.array([-128], np.int8), "index -128 at position 0 is not in [0, 9)"),
        (np.array([-256], ">i2"), "index -256 at position 0 is not in [0, 9)"),
        (np.array([2**64 - 1], np.uint64), f"index {2**64 - 1} at position 0 is not in [0, 9)"),
        (-1, "index -1 at position () is not in [0, 9)"),
    ],
)
def test_indices_outside_the_table(indices, message):
    values = np.ones((*np.shape(indices), d))
    for call in (
        lambda: lookup(np.zeros((V, d)), indices),
        lambda: lookup(np.asfortranarray(np.zeros((V, d))), indices, out=values),
        lambda: scatter_add(values, indices, n_rows=V),
        lambda: scatter_add(values, indices, out=np.zeros((V, d))),
    ):
        with pytest.raises(RowIndexError, match=re.escape(message)):
            call()


def test_an_empty_table_has_no_rows():
    assert lookup(np.zeros((0, d)), []).shape == (0, d)
    assert scatter_add(np.zeros((0, d)), [], n_rows=0).shape == (0, d)
    with pytest.raises(RowIndexError, match=re.escape("index 0 at position 0 is not in [0, 0)")):
        lookup(np.zeros((0, d)), [0])


ONES = np.ones((2, d))
LIST: Any = [[0.0, 0.0, 0.0]]
WRONG: dict[str, Any] = {
    "float indices": (lambda: lookup(ONES, [0.0]), DTypeError, "indices must be integers, got float64"),
    "a mask": (lambda: lookup(ONES, [True, False]), DTypeError, "indices must be integers, got bool"),
    "a flat table": (lambda: lookup(ONES[0], [0]), ShapeError, "the table must have shape (V, d), got (3,)"),
    "a deep table": (lambda: lookup(ONES[None], [0]), ShapeError, "the table must have shape (V, d), got (1, 2, 3)"),
    "out of another shape": (
        lambda: lookup(ONES, [0], out=np.empty((2, d))),
        ShapeError,
        "out must have shape (1, 3), got (2, 3)",
    ),
    "out of another type": (
        lambda: lookup(ONES, [0], out=np.empty((1, d), np.float32)),
        DTypeError,
        "out must be an array of float64, got float32",
    ),
    "no height": (lambda: scatter_add(ONES, [0, 1]), ShapeError, "scatter_add needs either n_rows"),
    "two heights": (lambda: scatter_add(ONES, [0, 1], n_rows=2, out=ONES), ShapeError, "needs either n_rows"),
    "too few indices": (
        lambda: scatter_add(ONES, [0], n_rows=2),
        ShapeError,
        "values of shape (..., d) need indices of shape (...,); got (2, 3), (1,)",
    ),
    "no columns": (lambda: scatter_add(1.0, 0, n_rows=2), ShapeError, "need indices of shape (...,); got (), ()"),
    "a narrow out": (
        lambda: scatter_add(ONES, [0, 1], out=np.zeros((2, 1))),
        ShapeError,
        "out has shape (2, 1), but values have d = 3 columns",
    ),
    "a flat out": (
        lambda: scatter_add(ONES, [0, 1], out=np.zeros(2)),
        ShapeError,
        "out must be an array of shape (V, d)",
    ),
    "a list as out": (lambda: lookup(ONES, [0], out=LIST), DTypeError, "out must be an array of float64, got list"),
    "a list to add to": (lambda: scatter_add(ONES, [0, 1], out=LIST), ShapeError, "out must be an array of shape"),
    "complex values": (
        lambda: scatter_add(1j * ONES, [0, 1], n_rows=2),
        DTypeError,
        "float32 or float64, got complex128",
    ),
    "complex into real": (
        lambda: scatter_add(1j * ONES, [0, 1], out=ONES.copy()),
        DTypeError,
        "values of complex128 cannot be added to out of float64",
    ),
    "out of integers": (
        lambda: scatter_add(ONES, [0, 1], out=np.zeros((2, d), int)),
        DTypeError,
        "sums are formed in float32 or float64, got int64; pass values (and out) of these",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit(what):
    call, error, message = WRONG[what]
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_read_only_outputs_are_not_written():
    out = LAYOUTS["read-only"](np.zeros((2, d)))
    for write in (lambda: lookup(ONES, [0, 1], out=out), lambda: scatter_add(ONES, [0, 1], out=out)):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert not out.any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_embed_returns_its_own_backward(case, dtype):
    X = case.matrix(dtype)
    table, dout = integers(0, (X.shape[1], d), dtype), integers(1, (X.shape[0], d), dtype)
    out, backprop = embed(table, X)
    dtable = backprop(dout)
    np.testing.assert_array_equal(out, case.dense @ table)
    assert type(dtable) is RowGradient
    np.testing.assert_array_equal(dtable, case.dense.T @ dout)


def test_embed_needs_a_table_that_fits():
    with pytest.raises(ShapeError, match=re.escape("W has shape (4, 2), but X has 3 columns")):
        embed(np.zeros((4, 2)), OneHot([0], 3))
    with pytest.raises(ShapeError, match=re.escape("G has shape (2, 2), but X has 1 rows")):
        embed(np.zeros((3, 2)), OneHot([0], 3))[1](np.zeros((2, 2)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_scatter_add_of_one_axis_of_indices_takes_values_of_any_layout(layout):
    values, indices = integers(1, (5, 3)), integers(2, 5, int)
    expected = np.zeros((10, 3))
    np.add.at(expected, indices, values)
    np.testing.assert_array_equal(scatter_add(LAYOUTS[layout](values), indices, n_rows=10), expected)


@pytest.mark.parametrize("X", [np.array([2, 0, 1]), [2, 0, 1], np.eye(3)], ids=["codes", "list", "dense"])
def test_embed_is_for_a_one_hot_matrix(X):
    kind = type(X).__name__
    message = rf"X must be a OneHot, got a {kind}; pass OneHot\(codes, n_categories\), or lookup\(table, indices\)"
    with pytest.raises(DTypeError, match=message):
        embed(np.arange(6.0).reshape(3, 2), X)
