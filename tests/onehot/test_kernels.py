"""Every backend against loops that one can read at a glance; the products to the bit."""

import importlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from onehot._kernels import _cache_size
from tests.onehot.oracle import LAYOUTS, ROOT, run_python
from tests.tolerance import assert_close

CASES = ["empty", "one row", "one field", "all the same", "skewed", "missing"]
NO_NUMBA = "the extra is not installed: pip install 'onehot-lookup[numba]'"


@pytest.fixture(params=["scipy", "numba"])
def kernels(request):
    if request.param == "numba":
        pytest.importorskip("numba", reason=NO_NUMBA)
    return importlib.import_module(f"onehot._kernels._{request.param}")


@pytest.fixture(params=[np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def dtype(request):
    return request.param


@pytest.fixture(params=[np.int32, np.int64], ids=lambda dtype: dtype.__name__)
def index_dtype(request):
    return request.param


def draw_indices(case, V=50, n=40, f=3, index_dtype=np.int32):
    rng = np.random.default_rng(0)
    n, f = {"empty": (0, f), "one row": (1, f), "one field": (n, 1)}.get(case, (n, f))
    indices = rng.integers(0, V, (n, f))
    if case == "all the same":
        indices[:] = V - 1
    elif case == "skewed":
        indices = (rng.zipf(1.3, (n, f)) - 1) % V
    elif case == "missing":
        indices[rng.random((n, f)) < 0.4] = -1
    return indices.astype(index_dtype)


def draw(*shape, dtype, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def gather_sum_by_loop(table, indices):
    out = np.zeros((len(indices), table.shape[1]), table.dtype)
    for i, row in enumerate(indices):
        for index in row[row >= 0]:
            out[i] += table[index]
    return out


def scatter_add_by_loop(values, indices, scale, out):
    for i, row in enumerate(indices):
        for index in row[row >= 0]:
            out[index] += out.dtype.type(scale) * values[i]
    return out


def softmax_cross_entropy_by_definition(logits, y, weight, total):
    """Return the loss, the accuracy and dlogits, in float64 whatever the logits are."""
    n, K = logits.shape
    Z, w = logits.astype(np.float64), np.ones(n) if weight is None else weight.astype(np.float64)
    P = np.exp(Z - Z.max(axis=1, keepdims=True, initial=-np.inf))
    P /= P.sum(axis=1, keepdims=True)
    Y = np.eye(K)[y]
    nll = -np.log(P[np.arange(n), y])
    return w @ nll / total, w @ (Z.argmax(axis=1) == y) / total, w[:, None] * (P - Y) / total


@pytest.mark.parametrize("K", [1, 2, 10, 50])
@pytest.mark.parametrize("n", [0, 1, 300])
@pytest.mark.parametrize("size", [1e-3, 1.0, 80.0, 1e4])
def test_softmax_is_its_definition(kernels, n, K, size, dtype):
    logits = draw(n, K, dtype=dtype) * dtype(size)
    P, Z = np.full((n, K), np.nan, dtype), logits.astype(np.float64)
    kernels.softmax(logits, P)
    assert_array_equal(logits, Z)
    expected = np.exp(Z - Z.max(axis=1, keepdims=True, initial=-np.inf))
    expected /= expected.sum(axis=1, keepdims=True)
    # An exponent is off by its own rounding, of numbers up to `size`, and so is its power by that ratio.
    assert_close(P, expected, dtype, scale=1, terms=4 + K + int(8 * size))


def test_softmax_of_what_is_no_number_is_none(kernels, dtype):
    logits = np.array([[0, np.nan], [np.inf, 0], [-np.inf, -np.inf], [-np.inf, 0]], dtype)
    P = np.empty_like(logits)
    with np.errstate(invalid="ignore"):
        kernels.softmax(logits, P)
    assert np.isnan(P[:3]).any(axis=1).all()
    assert_array_equal(P[3], [0, 1])


N_CATEGORIES = np.array([3, 400, 2**40])


@pytest.mark.parametrize("code_dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shift_codes_adds_the_offsets(kernels, layout, code_dtype):
    codes = np.array([[0, 0, 0], [2, 127, 1], [1, 5, 100]] * 70, code_dtype)
    offsets, indices = np.array([0, 3, 403]), np.full(codes.shape, -9)
    assert kernels.shift_codes(LAYOUTS[layout](codes), N_CATEGORIES, offsets, indices)
    assert_array_equal(indices, codes.astype(np.int64) + offsets)


@pytest.mark.parametrize("row", [0, 100, 209])
@pytest.mark.parametrize(
    ("code_dtype", "field", "wrong"),
    [
        ("int8", 0, 3),
        ("int8", 1, -1),
        ("int8", 2, -1),
        ("uint8", 0, 255),
        ("int64", 1, 400),
        ("int64", 2, -1),
        ("uint64", 2, 2**63),
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shift_codes_finds_what_is_out_of_range(kernels, layout, code_dtype, field, wrong, row):
    codes = np.zeros((210, 3), code_dtype)
    codes[row, field] = wrong
    assert not kernels.shift_codes(LAYOUTS[layout](codes), N_CATEGORIES, np.array([0, 3, 403]), np.zeros((210, 3), int))


def codes_of(code_dtype, n=210):
    codes = np.random.default_rng(0).integers(0, [3, 40, 7], (n, 3)).astype(code_dtype)
    return codes, np.array([3, 40, 7]), np.array([0, 3, 43])


@pytest.mark.parametrize("code_dtype", ["int8", "int64", "uint64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("n", "d"), [(0, 3), (1, 3), (210, 3), (211, 2), (211, 130)])
def test_gather_codes_has_the_bits_of_the_loop(kernels, layout, code_dtype, dtype, n, d):
    codes, n_categories, offsets = codes_of(code_dtype, n)
    table, bias, out = draw(50, d, dtype=dtype), draw(d, dtype=dtype, seed=2), np.full((n, d), np.nan, dtype)
    assert kernels.gather_codes(table, LAYOUTS[layout](codes), n_categories, offsets, out, bias)
    assert_array_equal(out, gather_sum_by_loop(table, codes.astype(np.int64) + offsets) + bias, strict=True)


@pytest.mark.parametrize(("row", "field", "wrong"), [(0, 0, 3), (99, 1, -1), (-1, 2, 7), (-1, 2, -(2**63))])
@pytest.mark.parametrize("n", [210, 211])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gather_codes_finds_what_is_out_of_range(kernels, layout, n, row, field, wrong):
    codes, n_categories, offsets = codes_of(np.int64, n)
    codes[row, field] = wrong
    table, out = np.ones((50, 2)), np.empty((n, 2))
    assert not kernels.gather_codes(table, LAYOUTS[layout](codes), n_categories, offsets, out, np.zeros(2))


@pytest.mark.parametrize("n", [0, 1, 64, 65])
def test_few_codes_are_shifted_as_many_are(kernels, n):
    codes, n_categories, offsets = codes_of(np.int64, n)
    indices = np.full(codes.shape, -9)
    assert kernels.shift_codes(codes, n_categories, offsets, indices)
    assert_array_equal(indices, codes + offsets)


@pytest.mark.parametrize("case", CASES)
def test_gather_sum_has_the_bits_of_the_loop(kernels, case, dtype, index_dtype):
    table, indices = draw(50, 10, dtype=dtype), draw_indices(case, index_dtype=index_dtype)
    out = np.full((len(indices), 10), np.nan, dtype)
    kernels.gather_sum(table, indices, out, case == "missing")
    assert_array_equal(out, gather_sum_by_loop(table, indices), strict=True)


@pytest.mark.parametrize("case", CASES)
def test_scatter_add_has_the_bits_of_the_loop(kernels, case, dtype, index_dtype):
    indices = draw_indices(case, index_dtype=index_dtype)
    values, table = draw(len(indices), 10, dtype=dtype), draw(50, 10, dtype=dtype, seed=2)
    expected = scatter_add_by_loop(values, indices, -0.1, table.copy())
    kernels.scatter_add(values, indices, -0.1, table, case == "missing")
    assert_array_equal(table, expected, strict=True)


@pytest.mark.parametrize("case", CASES)
def test_a_bias_is_added_last(kernels, case, dtype):
    table, bias, indices = draw(50, 10, dtype=dtype), draw(10, dtype=dtype, seed=3), draw_indices(case)
    out = np.full((len(indices), 10), np.nan, dtype)
    kernels.gather_sum(table, indices, out, case == "missing", bias)
    assert_array_equal(out, gather_sum_by_loop(table, indices) + bias, strict=True)


@pytest.mark.parametrize(("V", "d"), [(50, 2), (50, 10), (30_000, 10)], ids=["narrow", "wider", "beyond the cache"])
@pytest.mark.parametrize("case", ["skewed", "missing", "one field"])
def test_a_large_batch_has_the_bits_of_the_loop(kernels, case, V, d, dtype):
    table, indices = draw(V, d, dtype=dtype), draw_indices(case, V=V, n=10_000)
    bias, out = draw(d, dtype=dtype, seed=3), np.full((10_000, d), np.nan, dtype)
    kernels.gather_sum(table, indices, out, case == "missing")
    selected = np.where(indices[..., None] >= 0, table[indices], 0)
    expected = sum(selected[:, j] for j in range(indices.shape[1]))
    assert_array_equal(out, expected, strict=True)
    kernels.gather_sum(table, indices, out, case == "missing", bias)
    assert_array_equal(out, expected + bias, strict=True)


@pytest.mark.parametrize("d", [1, 3, 27, 128, 129, 300])
def test_columns_never_mix(kernels, d, dtype):
    indices, table, values = draw_indices("skewed"), draw(50, d, dtype=dtype), draw(40, d, dtype=dtype, seed=2)
    out = np.empty((40, d), dtype)
    kernels.gather_sum(table, indices, out, False)
    assert_array_equal(out, gather_sum_by_loop(table, indices))
    expected = scatter_add_by_loop(values, indices, 0.3, table.copy())
    kernels.scatter_add(values, indices, 0.3, table, False)
    assert_array_equal(table, expected)


def test_only_the_rows_that_occur_are_read(kernels, dtype):
    table, indices = draw(50, 10, dtype=dtype), draw_indices("missing", V=49)
    table[49] = np.nan
    out = np.empty((40, 10), dtype)
    kernels.gather_sum(table, indices, out, True)
    assert np.isfinite(out).all()
    kernels.scatter_add(out, indices, 1.0, table, True)
    assert np.isfinite(table[:49]).all()
    assert np.isnan(table[49]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_passed_on(kernels, value, dtype):
    table, indices = draw(50, 10, dtype=dtype), draw_indices("skewed")
    table[indices[7, 0], 4] = value
    out = np.empty((40, 10), dtype)
    kernels.gather_sum(table, indices, out, False)
    assert_array_equal(out, gather_sum_by_loop(table, indices))
    assert not np.isfinite(out[7, 4])


@pytest.mark.parametrize("n_rows", [50, 5_000, 2**31 - 1])
@pytest.mark.parametrize("case", CASES)
def test_coalesce_by_sets(kernels, case, n_rows, index_dtype):
    indices = draw_indices(case, V=n_rows, index_dtype=index_dtype)
    rows, positions = kernels.coalesce(indices, n_rows)
    assert rows.tolist() == sorted(set(indices.ravel().tolist()) - {-1})
    assert_array_equal(np.append(rows, -1)[positions], indices)
    assert (rows.dtype, positions.dtype) == (index_dtype, index_dtype)


def test_coalesce_does_not_depend_on_the_height_of_the_table(kernels):
    indices = draw_indices("skewed", index_dtype=np.int64) * 2**40
    rows, positions = kernels.coalesce(indices, 50 * 2**40)
    assert_array_equal(rows[positions], indices)


@pytest.mark.parametrize("last", [2**11, 2**22])
def test_coalesce_sorts_by_the_first_digit_of_the_last_row_too(kernels, last):
    rows, positions = kernels.coalesce(np.array([[0, last], [last, 0]]), last + 1)
    assert rows.tolist() == [0, last]
    assert positions.tolist() == [[0, 1], [1, 0]]


def test_coalesce_again_changes_nothing(kernels):
    rows, _ = kernels.coalesce(draw_indices("skewed"), 50)
    again, positions = kernels.coalesce(rows[:, None], 50)
    assert_array_equal(again, rows, strict=True)
    assert_array_equal(positions[:, 0], np.arange(len(rows)))


@pytest.mark.parametrize("weighted", [False, True], ids=["equal weights", "weights"])
@pytest.mark.parametrize("K", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("n", [0, 1, 200])
def test_softmax_cross_entropy_is_the_definition(kernels, n, K, weighted, dtype):
    rng = np.random.default_rng(0)
    logits, y = draw(n, K, dtype=dtype) * 3, rng.integers(0, K, n)
    weight, total = (rng.random(n).astype(dtype), n / 2 + 1) if weighted else (None, n + 1)
    dlogits = np.full_like(logits, np.nan)
    loss, accuracy = kernels.softmax_cross_entropy(logits, y, weight, float(total), dlogits)
    expected_loss, expected_accuracy, expected_dlogits = softmax_cross_entropy_by_definition(logits, y, weight, total)
    assert_array_equal(logits, draw(n, K, dtype=dtype) * 3)
    assert isinstance(loss, float)
    assert isinstance(accuracy, float)
    reach = 1 + np.ptp(logits) if n else 1  # exp(z) is off by the rounding of z, times |z|
    assert_close(loss, expected_loss, dtype, scale=reach + np.log(K), terms=K + 5)
    assert_close(accuracy, expected_accuracy, dtype, scale=1, terms=n + 1)
    assert_close(dlogits, expected_dlogits, dtype, scale=reach / total, terms=K + 5)


def test_the_loss_over_so_many_classes_that_a_product_of_sums_would_be_infinite(kernels, dtype):
    logits = np.zeros((150, 30_000), dtype)
    loss, accuracy = kernels.softmax_cross_entropy(logits, np.arange(150), None, 150.0, logits)
    assert_close(loss, np.log(30_000), dtype, terms=150)
    assert_close(accuracy, 1 / 150, dtype)


def test_softmax_cross_entropy_may_write_over_the_logits(kernels, dtype):
    logits, y, dlogits = draw(200, 10, dtype=dtype), np.arange(200) % 10, np.empty((200, 10), dtype)
    result = kernels.softmax_cross_entropy(logits, y, None, 200.0, dlogits)
    assert kernels.softmax_cross_entropy(logits, y, None, 200.0, logits) == result
    assert_array_equal(logits, dlogits)


def test_weights_are_repetition(kernels, dtype):
    logits, y, counts = draw(30, 4, dtype=dtype), np.arange(30) % 4, np.arange(30) % 3
    every, total = np.arange(30).repeat(counts), float(counts.sum())
    dlogits, dlogits_of_every = np.empty((30, 4), dtype), np.empty((len(every), 4), dtype)
    loss, accuracy = kernels.softmax_cross_entropy(logits, y, counts.astype(dtype), total, dlogits)
    expected = kernels.softmax_cross_entropy(logits[every], y[every], None, total, dlogits_of_every)
    assert_close(np.array([loss, accuracy]), np.array(expected), dtype, terms=30)
    owner = every == np.arange(30)[:, None]
    assert_close(dlogits, owner @ dlogits_of_every, dtype, scale=2 / total, terms=10)


def test_the_first_of_equal_logits_is_the_prediction(kernels, dtype):
    logits = np.array([[1, 5, 5], [7, 7, 7], [0, 0, 1]], dtype)
    _, accuracy = kernels.softmax_cross_entropy(logits, np.array([1, 1, 2]), None, 3.0, np.empty_like(logits))
    assert_close(accuracy, 2 / 3, dtype)


def test_small_losses_are_not_lost_in_the_sum_with_large_ones(kernels, dtype):
    logits, y = np.array([[0, 2**30], [0, 20], [0, 20]], dtype), np.zeros(3, np.intp)
    loss, _ = kernels.softmax_cross_entropy(logits, y, None, 1.0, np.empty_like(logits))
    assert_close(loss, 2**30 + 40, np.float64, terms=3)
    weight = np.array([2**24, 1, 1], dtype)
    _, accuracy = kernels.softmax_cross_entropy(np.zeros_like(logits), y, weight, 1.0, np.empty_like(logits))
    assert accuracy == 2**24 + 2


@pytest.mark.parametrize("shift", [-3e4, 3e4])
def test_large_logits_do_not_overflow(kernels, shift, dtype):
    logits = np.array([[0, 0], [0, 1000], [-2000, 0]], dtype) + dtype(shift)
    dlogits = np.empty_like(logits)
    loss, _ = kernels.softmax_cross_entropy(logits, np.array([0, 1, 0]), None, 1.0, dlogits)
    assert_close(loss, np.log(2) + 2000, dtype)
    assert_close(dlogits, [[-0.5, 0.5], [0.0, 0.0], [-1.0, 1.0]], dtype)


def test_small_probabilities_are_as_precise_as_large_ones(kernels, dtype):
    logits = np.zeros((500, 2), dtype)
    logits[:, 1] = np.linspace(-80, 0, 500)
    dlogits = np.empty_like(logits)
    kernels.softmax_cross_entropy(logits, np.zeros(500, np.intp), None, 1.0, dlogits)
    expected = 1 / (1 + np.exp(-logits[:, 1].astype(np.float64)))
    assert_close(dlogits[:, 1] / expected, np.ones(500), dtype, terms=4)


def test_underflow_is_no_error_even_where_the_user_asks_for_errors(kernels, dtype):
    logits, out = np.array([[0, -1e4]], dtype), np.empty((1, 2), dtype)
    with np.errstate(all="raise"):
        kernels.softmax(logits, out)
        assert_array_equal(out, [[1, 0]])
        kernels.softmax_cross_entropy(logits, np.array([0]), None, 1.0, out)
    assert_array_equal(out, [[0, 0]])


def test_a_class_ruled_out_has_no_gradient(kernels, dtype):
    logits = np.array([[0, -np.inf, 0]], dtype)
    dlogits = np.empty_like(logits)
    loss, _ = kernels.softmax_cross_entropy(logits, np.array([0]), None, 1.0, dlogits)
    assert_close(loss, np.log(2), dtype)
    assert_close(dlogits, [[-0.5, 0, 0.5]], dtype)


@pytest.mark.parametrize("c", range(3))
def test_nan_reaches_the_loss_and_its_own_row_only(kernels, c, dtype):
    logits = draw(100, 3, dtype=dtype)
    logits[70, c] = np.nan
    dlogits = np.empty_like(logits)
    loss, _ = kernels.softmax_cross_entropy(logits, np.ones(100, np.intp), None, 100.0, dlogits)
    assert np.isnan(loss)
    assert_array_equal(np.isnan(dlogits).any(axis=1), np.arange(100) == 70)


def test_arrays_that_are_read_only_or_views_will_do(kernels, dtype):
    table, values = draw(50, 10, dtype=dtype), draw(80, 10, dtype=dtype)[40:]
    indices = draw_indices("skewed", n=80)[40:]
    y = np.arange(40) % 10
    for array in (table, values, indices, y):
        array.flags.writeable = False
    out, table_out = np.empty((80, 10), dtype)[40:], table.copy()
    kernels.gather_sum(table, indices, out, False)
    kernels.scatter_add(values, indices, 1.0, table_out, False)
    assert_array_equal(out, gather_sum_by_loop(table, indices))
    assert_array_equal(table_out, scatter_add_by_loop(values, indices, 1.0, table.copy()))
    loss, _ = kernels.softmax_cross_entropy(values, y, None, 40.0, out)
    assert_close(loss, softmax_cross_entropy_by_definition(values, y, None, 40.0)[0], dtype, terms=15)


@pytest.mark.parametrize("label_dtype", [np.uint8, np.int32, np.uint64])
def test_labels_of_any_integer_type(kernels, label_dtype, dtype):
    logits, y = draw(300, 3, dtype=dtype), np.arange(300) % 3
    dlogits, expected = np.empty_like(logits), np.empty_like(logits)
    result = kernels.softmax_cross_entropy(logits, y.astype(label_dtype), None, 300.0, dlogits)
    assert result == kernels.softmax_cross_entropy(logits, y, None, 300.0, expected)
    assert_array_equal(dlogits, expected)


@pytest.mark.parametrize("d", [0, 1, 3])
@pytest.mark.parametrize("at_once", [2, 1000])
def test_rows_copied_block_by_block_add_up(d, at_once, monkeypatch, dtype):
    scipy_kernels = importlib.import_module("onehot._kernels._scipy")
    monkeypatch.setattr(scipy_kernels, "SUMS_IN_CACHE", at_once)
    table, indices = draw(50, d, dtype=dtype), draw_indices("skewed", n=5_000)
    out = np.full((5_000, d), np.nan, dtype)
    scipy_kernels.gather_sum(table, indices, out, False)
    assert_array_equal(out, gather_sum_by_loop(table, indices))


@pytest.mark.parametrize("d", [1, 16])
@pytest.mark.parametrize("case", CASES)
def test_far_rows_that_scipy_copies_add_up(case, d, monkeypatch, dtype):
    scipy_kernels = importlib.import_module("onehot._kernels._scipy")
    monkeypatch.setattr(_cache_size, "FAR", 0)
    for name, value in {"WORTH_COPYING": 2, "OUT_OF_CACHE": 0}.items():
        monkeypatch.setattr(scipy_kernels, name, value)
    calls = record_calls(monkeypatch, scipy_kernels, "_gather_by_field")
    table, indices, bias = draw(50, d, dtype=dtype), draw_indices(case), draw(1, d, dtype=dtype)[0]
    out = np.full((len(indices), d), np.nan, dtype)
    scipy_kernels.gather_sum(table, indices, out, case == "missing", bias)
    assert_array_equal(out, gather_sum_by_loop(table, indices) + bias)
    assert len(calls) == (case in ("all the same", "skewed"))


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
@pytest.mark.parametrize("case", [*CASES[1:], "rows of its own for each field", "rows of its own, some missing"])
def test_fields_that_scipy_adds_at_the_same_time_change_no_bit(case, n_threads, monkeypatch, dtype):
    scipy_kernels = importlib.import_module("onehot._kernels._scipy")
    indices = draw_indices(case, V=10 if case.startswith("rows") else 50, f=5)
    if case.startswith("rows"):
        indices += 10 * np.arange(5, dtype=indices.dtype)
    if case.endswith("some missing"):
        indices[::3, 0] = -1
    values, table = draw(len(indices), 7, dtype=dtype), draw(50, 7, dtype=dtype, seed=2)
    expected = scatter_add_by_loop(values, indices, 0.3, table.copy())
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(n_threads))
    monkeypatch.setattr(scipy_kernels, "WORTH_SHARED_ADDING", 0)
    monkeypatch.setattr(scipy_kernels, "OUT_OF_CACHE", 0)
    calls = record_calls(monkeypatch, scipy_kernels, "_add_scattered")
    scipy_kernels.scatter_add(values, indices, 0.3, table, case.endswith("missing"))
    assert_array_equal(table, expected)
    assert len(calls) == (min(n_threads, 5) if case.startswith("rows") else 1)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
@pytest.mark.parametrize("head_start", [0, 5_000, 10**9])
@pytest.mark.parametrize("case", ["one row", *CASES[3:]])
def test_samples_that_scipy_adds_up_at_the_same_time_change_no_bit(case, head_start, n_threads, monkeypatch, dtype):
    scipy_kernels = importlib.import_module("onehot._kernels._scipy")
    table, indices = draw(50, 7, dtype=dtype), draw_indices(case, n=300)
    out = np.full((len(indices), 7), np.nan, dtype)
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(n_threads))
    monkeypatch.setattr(scipy_kernels, "WORTH_SHARED_GATHERING", 1)
    monkeypatch.setattr(scipy_kernels, "HEAD_START", head_start)
    calls = record_calls(monkeypatch, scipy_kernels, "_add_gathered")
    scipy_kernels.gather_sum(table, indices, out, case == "missing")
    assert_array_equal(out, gather_sum_by_loop(table, indices))
    assert len(calls) == min(n_threads, len(indices))


def record_calls(monkeypatch, module, name):
    calls, function = [], getattr(module, name)

    def recorded(*arguments):
        calls.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(module, name, recorded)
    return calls


@pytest.fixture
def numba_kernels(monkeypatch):
    """Return the compiled kernels, sharing every batch, however small."""
    pytest.importorskip("numba", reason=NO_NUMBA)
    kernels = importlib.import_module("onehot._kernels._numba")
    for name, value in {"WORTH_THREADS": 1, "CHUNK": 64, "OUT_OF_CACHE": 0}.items():
        monkeypatch.setattr(kernels, name, value)
    return kernels


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("head_start", [0, 500, 10**9])
@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
def test_neither_threads_nor_prefetching_changes_a_bit(numba_kernels, monkeypatch, n_threads, head_start, case, dtype):
    monkeypatch.setattr(numba_kernels, "HEAD_START", head_start)
    indices = draw_indices(case, n=300)
    n = len(indices)
    y, weight = np.arange(n) % 10, draw(n, dtype=dtype) ** 2

    def step():
        table, logits, dlogits = draw(50, 10, dtype=dtype), np.empty((n, 10), dtype), np.empty((n, 10), dtype)
        numba_kernels.gather_sum(table, indices, logits, case == "missing")
        result = numba_kernels.softmax_cross_entropy(logits, y, weight, 1.0, dlogits)
        numba_kernels.scatter_add(dlogits, indices, -0.1, table, case == "missing")
        return logits, dlogits, table, np.array(result)

    monkeypatch.setenv("ONEHOT_NUM_THREADS", "1")
    alone = step()
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(n_threads))
    monkeypatch.setattr(_cache_size, "FAR", 0)  # so that all rows are prefetched
    for shared, expected in zip(step(), alone, strict=True):
        assert_array_equal(shared, expected, strict=True)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_threads_take_wide_tables_strip_by_strip(numba_kernels, monkeypatch, n_threads, dtype):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(n_threads))
    d, indices = 2 * numba_kernels.STRIP + 3, draw_indices("missing")
    table, values, bias = (draw(n, d, dtype=dtype, seed=n) for n in (50, 40, 1))
    out = np.full((40, d), np.nan, dtype)
    numba_kernels.gather_sum(table, indices, out, True, bias[0])
    assert_array_equal(out, gather_sum_by_loop(table, indices) + bias)
    expected = scatter_add_by_loop(values, indices, 0.3, table.copy())
    numba_kernels.scatter_add(values, indices, 0.3, table, True)
    assert_array_equal(table, expected)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal weights", "weights"])
@pytest.mark.parametrize("n", [64, 65, 300])
def test_the_loss_of_several_chunks_is_the_definition(numba_kernels, n, weighted, dtype):
    logits, y, dlogits = draw(n, 10, dtype=dtype) * 3, np.arange(n) % 10, np.full((n, 10), np.nan, dtype)
    weight = draw(n, dtype=dtype) ** 2 if weighted else None
    result = numba_kernels.softmax_cross_entropy(logits, y, weight, float(n), dlogits)
    *expected, expected_dlogits = softmax_cross_entropy_by_definition(logits, y, weight, n)
    assert_close(result, expected, dtype, scale=10 * np.ptp(logits), terms=15)
    assert_close(dlogits, expected_dlogits, dtype, scale=10 * np.ptp(logits) / n, terms=15)


@pytest.mark.parametrize(("n", "f"), [(12_000, 3), (3, 20_000)])
def test_threads_look_through_more_selections_than_fit_one_list(numba_kernels, monkeypatch, n, f, dtype):
    assert n * f > 2 * numba_kernels.loops.LISTED or f > numba_kernels.loops.LISTED
    values, indices, expected = draw(n, 4, dtype=dtype), draw_indices("skewed", n=n, f=f), np.zeros((50, 4), dtype)
    monkeypatch.setenv("ONEHOT_NUM_THREADS", "1")
    numba_kernels.scatter_add(values, indices, 0.3, expected, False)
    assert_array_equal(expected, scatter_add_by_loop(values, indices, 0.3, np.zeros_like(expected)))
    monkeypatch.setenv("ONEHOT_NUM_THREADS", "3")
    shared = np.zeros_like(expected)
    numba_kernels.scatter_add(values, indices, 0.3, shared, False)
    assert_array_equal(shared, expected)


# Two samples of two fields; INDEX is the last index, and the table has 9 rows.
GATHER = """
import os, signal
import numpy as np
from onehot._kernels import _numba as kernels

def gather():
    out = np.empty((2, 3), np.float32)
    kernels.gather_sum(np.ones((9, 3), np.float32), np.array([[0, 1], [1, INDEX]], np.int32), out, False)
    assert (out == 2).all()

"""
IN_PER_FORK = """
kernels.WORTH_THREADS, os.environ["ONEHOT_NUM_THREADS"] = 1, "2"
gather()
child = os.fork()
if not child:
    signal.alarm(60)  # to wait for threads that are not there would take for ever
gather()
if child:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def needs_numba():
    pytest.importorskip("numba", reason=NO_NUMBA)


@pytest.mark.usefixtures("needs_numba")
def test_nothing_is_out_of_bounds_in_a_checked_process(tmp_path):
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    a_row_too_many = GATHER.replace("INDEX", "9")
    a_column_too_many = GATHER.replace("INDEX", "8").replace("(2, 3)", "(2, 4)")  # in the same register as the others
    for gather in (a_row_too_many, a_column_too_many):
        attempt = gather + "try: gather()\nexcept IndexError as error: print(error)"
        assert "out of bounds" in run_python("-c", attempt, **checked)
    tests = [str(Path(__file__)), "-k", "numba and not float64 and not process", "-p", "no:cacheprovider"]
    assert " passed" in run_python("-m", "pytest", "-q", *tests, **checked)


@pytest.mark.usefixtures("needs_numba")
@pytest.mark.parametrize("place", ["beside the source", "user's cache", "nowhere"])
def test_a_second_process_compiles_nothing(tmp_path, place):
    shutil.copytree(ROOT / "onehot", tmp_path / "onehot", ignore=shutil.ignore_patterns("__pycache__"))
    beside, home = tmp_path / "onehot" / "_kernels" / "__pycache__", tmp_path / "home"
    if place != "beside the source":
        beside.touch()  # a file, so that not even root can make a folder there
    if place == "nowhere":
        home.touch()
    probe = GATHER.replace("INDEX", "8") + "gather()\nprint(len(kernels._gather_sum(3, False).stats.cache_misses))"
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": ""}
    environment |= dict.fromkeys(["HOME", "LOCALAPPDATA", "XDG_CACHE_HOME"], str(home))
    compiled = [int(run_python("-c", probe, **environment)) for _ in range(2)]
    assert compiled == ([1, 1] if place == "nowhere" else [1, 0])
    assert beside.is_dir() == (place == "beside the source")
    assert home.is_dir() == (place == "user's cache")


@pytest.mark.usefixtures("needs_numba")
def test_machine_code_of_other_sources_is_not_used(tmp_path):
    shutil.copytree(ROOT / "onehot", tmp_path / "onehot", ignore=shutil.ignore_patterns("__pycache__"))
    probe = GATHER.replace("INDEX", "8").replace("assert (out == 2).all()", "print(out[0, 0])") + "gather()"
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run_python("-c", probe, **environment) == "2.0\n"
    loops = tmp_path / "onehot" / "_kernels" / "_numba_loops.py"
    source = loops.read_text()
    changed = source.replace(
        "total = plus(total, load(table, row, column, width))", "total = load(table, row, column, width)"
    )
    assert changed != source
    loops.write_text(changed)
    assert run_python("-c", probe, **environment) == "1.0\n"


@pytest.mark.usefixtures("needs_numba")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_threads_of_its_own():
    assert run_python("-W", "ignore", "-c", GATHER.replace("INDEX", "8") + IN_PER_FORK).split() == ["0"]
