"""What full-batch fitting and prediction do to go fast changes no result: each way is held to the plain sum."""

import itertools
import os
import subprocess
import sys
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from classifiers import MLPClassifier, SoftmaxRegression, full_batch
from classifiers._threads import map_in_order, one_blas_thread
from classifiers.activations import softmax, tanh
from classifiers.dataset import Dataset
from classifiers.design_matrix import SparseMatrix
from classifiers.full_batch import FullBatch, duplicates
from classifiers.full_batch.duplicates import collapse, distinct_rows
from classifiers.full_batch.fused_fields import FusedFields
from classifiers.network import Network
from onehot import OneHot, available_backends, get_backend, set_backend
from tests.onehot.oracle import peak_memory
from tests.tolerance import assert_close

MANY_FIELDS = [3] * 60  # 3^60 rows are possible: more than 63 bits can number


def data_of(n_categories, n, *, weighted=False, seed=0, missing="error") -> Any:
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(-(missing == "zero"), count, n) for count in n_categories])
    weight = rng.uniform(0, 2, n) if weighted else None
    X = OneHot(codes, n_categories, missing=missing, dtype=np.float64)
    return Dataset(X, rng.integers(0, 3, n), weight)


def repeated(data, times):
    rows = np.random.default_rng(1).permutation(np.tile(np.arange(len(data.y)), times))
    return Dataset(data.X[rows], data.y[rows], None if data.sample_weight is None else data.sample_weight[rows])


def network_for(V, hidden=(), seed=0):
    rng = np.random.default_rng(seed)
    sizes = (V, *hidden, 3)
    weights = [rng.standard_normal(shape) for shape in itertools.pairwise(sizes)]
    return Network(weights, [rng.standard_normal(d) for d in sizes[1:]], tanh)


def zeros_for(network):
    return [np.zeros_like(parameter) for parameter in network.parameters]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("n_categories", "missing"),
    [([4], "error"), ([4, 5, 2], "error"), ([300, 300, 300], "error"), (MANY_FIELDS, "error"), ([4, 5], "zero")],
)
def test_distinct_rows_with_their_weights_are_the_same_data(n_categories, missing, weighted):
    data = repeated(data_of(n_categories, 300, weighted=weighted, missing=missing), 20)
    few: Any = collapse(data)
    pairs = {(*row, label) for row, label in zip(data.X.indices.tolist(), data.y.tolist(), strict=True)}
    kept = [(*row, label) for row, label in zip(few.X.indices.tolist(), few.y.tolist(), strict=True)]
    assert len(kept) == len(pairs)
    assert set(kept) == pairs
    expected = dict.fromkeys(pairs, 0.0)
    for row, label, weight in zip(
        data.X.indices.tolist(), data.y.tolist(), np.ones(6000) if not weighted else data.sample_weight, strict=True
    ):
        expected[(*row, label)] += weight
    assert_close(few.sample_weight, np.array([expected[pair] for pair in kept]), terms=6000)
    assert few.sample_weight.dtype == np.float64


def test_data_without_duplicates_stay_as_they_are():
    data = data_of([1000, 1000, 1000], 5000)
    assert collapse(data) is data


@pytest.mark.parametrize(("share", "is_worth_it"), [(0, False), (0.3, False), (0.45, False), (0.6, True), (0.9, True)])
def test_a_row_that_is_frequent_does_not_stand_for_the_others(share, is_worth_it, monkeypatch):
    X = data_of([1000] * 3, 100_000).X
    X = X[np.where(np.random.default_rng(0).random(len(X)) < share, 0, np.arange(len(X)))]
    row_keys, looked_at = duplicates._row_keys, []

    def recorded(X, y):
        looked_at.append(len(X))
        return row_keys(X, y)

    monkeypatch.setattr(duplicates, "_row_keys", recorded)
    assert (distinct_rows(X) is not None) == is_worth_it
    assert (len(X) in looked_at) == is_worth_it, "a sample tells that it is not"


@pytest.mark.parametrize("n_kinds", [1, 10, 1000, 20_000])
def test_few_kinds_of_rows_are_found_to_be_few(n_kinds):
    X = data_of([1000] * 3, n_kinds).X
    distinct: Any = distinct_rows(X[np.random.default_rng(0).integers(0, n_kinds, 100_000)])
    assert len(distinct[0]) <= n_kinds


@pytest.mark.parametrize("n_categories", [(50, 50), [50] * 20])
def test_duplicates_are_found_in_little_memory(n_categories):
    data = repeated(data_of(n_categories, 100), 4000)
    n, f = data.X.indices.shape
    assert peak_memory(lambda: distinct_rows(data.X, data.y)) < 50 * n + 30 * 8 * f * 1024, "keys, but no digits"


def test_a_hash_that_two_rows_share_merges_nothing(monkeypatch):
    data = repeated(data_of(MANY_FIELDS, 300), 20)
    monkeypatch.setattr(duplicates, "_row_keys", lambda X, y: (X.indices[:, 0].astype(np.int64), 3**60))
    assert distinct_rows(data.X, data.y) is None
    assert distinct_rows(data.X) is None


def test_rows_and_their_representatives_are_equal():
    X = repeated(data_of([4, 5, 2], 50), 100).X
    distinct: Any = distinct_rows(X)
    first, inverse = distinct
    np.testing.assert_array_equal(X.indices, X.indices[first[inverse]])
    assert len(first) == len(np.unique(X.indices, axis=0))


@pytest.mark.parametrize("n_categories", [[4, 3, 5], [2] * 30, [700, 2, 2, 900], [1, 1, 3, 1]])
def test_joined_fields_have_the_same_product_and_gradient(n_categories):
    X = data_of(n_categories, 500).X
    fused = FusedFields(n_categories, 100_000)
    J, rng = fused.join(X), np.random.default_rng(2)
    assert sum(len(group) for group in fused.groups) == len(n_categories)
    W, G = rng.standard_normal((X.shape[1], 3)), rng.standard_normal((500, 3))
    magnitude = X @ np.abs(W)
    assert_close(J @ fused.table(W), X @ W, scale=magnitude, terms=len(n_categories))
    dW = fused.gradient((J.T @ G).toarray())
    assert_close(dW, (X.T @ G).toarray(), scale=(X.T @ np.abs(G)).toarray(), terms=500 + J.shape[1])


@pytest.mark.parametrize(
    "n_categories", [[4] * 56, [9] * 101, [5_500_000, 4, 4], [2**24 - 9, 3, 4, 5, 6], [2**40, 3, 4, 5, 6]], ids=str
)
def test_joint_codes_are_exact_however_tall_the_table(n_categories):
    codes = np.random.default_rng(0).integers(0, n_categories, (2000, len(n_categories)))
    codes[0] = np.subtract(n_categories, 1)
    fused = FusedFields(n_categories, 100_000)
    J = fused.join(OneHot(codes, n_categories))
    for joint, group, size in zip((J.indices - J.offsets).T, fused.groups, fused.sizes, strict=True):
        np.testing.assert_array_equal(joint, np.ravel_multi_index(tuple(codes[:, group].T), size))


@pytest.mark.parametrize(
    ("n_categories", "dtype"),
    [
        *itertools.product([[4] * 5, [100, 2, 2, 100]], ["i1", "u1", "i2", "i4", "u4", "i8", "u8"]),
        *itertools.product([[2**24 - 9, 3, 4, 5]], ["i4", "u4", "i8", "u8"]),
    ],
    ids=str,
)
def test_codes_are_joined_where_all_are_in_range(monkeypatch, n_categories, dtype):
    monkeypatch.setattr(full_batch.fused_fields, "NUMBERS_AT_ONCE", 1000)  # in several blocks, not all of one size
    fused = FusedFields(n_categories, 100_000)
    codes = np.random.default_rng(0).integers(0, n_categories, (707, len(n_categories))).astype(dtype)
    codes[3] = np.subtract(n_categories, 1)
    J: Any = fused.join_codes(codes, dtype=np.float64)
    np.testing.assert_array_equal(J.indices, fused.join(OneHot(codes, n_categories)).indices)
    assert J.dtype == np.float64
    limits = np.iinfo(dtype)
    for (field, count), row in itertools.product(enumerate(n_categories), [0, 400, 706]):
        for wrong in {-1, count, int(limits.min), int(limits.max)}:
            if limits.min <= wrong <= limits.max and wrong not in range(count):
                mistaken = codes.copy()
                mistaken[row, field] = wrong
                assert fused.join_codes(mistaken, dtype=np.float64) is None, (field, wrong, row)


def test_more_fields_than_numbers_at_once_are_joined_row_by_row(monkeypatch):
    monkeypatch.setattr(full_batch.fused_fields, "NUMBERS_AT_ONCE", 2)
    codes = np.random.default_rng(0).integers(0, [4, 3, 5], (20, 3))
    J = FusedFields([4, 3, 5], 100_000).join(OneHot(codes, [4, 3, 5]))
    np.testing.assert_array_equal(J.indices[:, 0], np.ravel_multi_index(tuple(codes.T), (4, 3, 5)))


def test_many_fields_take_memory_of_their_number_not_of_its_square():
    codes = np.zeros((1, 10_000), dtype=np.int64)
    model = SoftmaxRegression(solver="sgd", max_iter=1, n_categories=[3] * 10_000).fit(
        np.vstack([codes, codes]), [0, 1]
    )
    assert peak_memory(lambda: model.predict(codes)) < 10_000**2 / 4
    X = OneHot(np.zeros((100, 10_000), dtype=np.int64), 3)
    assert peak_memory(lambda: FusedFields(X.n_categories, 100_000).join(X)) < 10_000**2 / 4


@pytest.mark.parametrize("name", available_backends())
def test_joint_tables_are_made_for_many_rows_only(name):
    before = get_backend()
    try:
        set_backend(name)
        enough = full_batch.WORTH_JOINING[name]
        assert FullBatch(data_of([6] * 20, enough)).fused is not None
        assert FullBatch(data_of([6] * 20, enough - 1)).fused is None
    finally:
        set_backend(before)


def test_a_joint_table_serves_many_times_its_rows():
    assert not FusedFields([4] * 10, 10).pays
    assert FusedFields([4] * 10, 100_000).pays
    assert not FusedFields([1000, 1000], 10**9).pays


@pytest.mark.parametrize("hidden", [(), (5,)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_categories", [[4], [3] * 8, [50, 60], [900, 900]])
def test_the_whole_sum_is_the_plain_one(n_categories, weighted, hidden):
    data = repeated(data_of(n_categories, 1000, weighted=weighted), 20)
    network = network_for(sum(n_categories), hidden)
    fast = zeros_for(network)
    result = FullBatch(data).add_gradients(network, fast)
    loss, accuracy, gradients = network.loss_and_gradients(*data)
    assert_close(np.array(result), np.array([loss, accuracy]), scale=10, terms=20_000)
    for dW, expected_dW in zip(fast, map(np.asarray, gradients.parameters), strict=True):
        assert_close(dW, expected_dW, scale=max(1.0, np.abs(expected_dW).max()), terms=20_000)


@pytest.mark.parametrize(
    "n_categories", [[300] * 5, [50_000] * 2, [4] * 20], ids=["segments", "chunks of one segment", "joined fields"]
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_the_sum_over_many_chunks_is_the_plain_one(n_categories, weighted, hidden):
    data = data_of(n_categories, 40_000, weighted=weighted)
    network = network_for(sum(n_categories), hidden)
    batch, fast = FullBatch(data), zeros_for(network)
    assert len(batch.chunks) > 1
    assert (batch.fused is not None) == (n_categories == [4] * 20)
    loss, accuracy, gradients = network.loss_and_gradients(*data)
    assert_close(np.array(batch.add_gradients(network, fast)), np.array([loss, accuracy]), scale=10, terms=40_000)
    for dW, expected in zip(fast, map(np.asarray, gradients.parameters), strict=True):
        assert_close(dW, expected, scale=1, terms=40_000)


@pytest.mark.parametrize("n_categories", [[4, 5], [50_000] * 2, [4] * 20], ids=["few rows", "chunks", "joined fields"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_squares_are_the_frequencies_of_categories(n_categories, weighted):
    data = data_of(n_categories, 40_000, weighted=weighted)
    batch = FullBatch(data)
    assert (batch.fused is not None, batch.n_rows < 40_000) == (n_categories == [4] * 20, n_categories == [4, 5])
    frequencies = np.bincount(
        data.X.indices.ravel(), None if not weighted else np.repeat(data.sample_weight, len(n_categories))
    )
    frequencies.resize(sum(n_categories))
    assert_close(batch.mean_squares(), frequencies / 40_000, terms=40_000)


def test_all_segments_are_added_to_what_is_there(monkeypatch):
    monkeypatch.setattr(full_batch, "ROWS_PER_CHUNK", 1000)
    data, network = data_of([300] * 5, 20_000), network_for(1500)
    batch, sums = FullBatch(data), [np.ones_like(parameter) for parameter in network.parameters]
    assert len(batch._segments(1500 * 3)) == full_batch.MOST_SEGMENTS < len(batch.chunks)
    loss, accuracy, gradients = network.loss_and_gradients(*data)
    assert_close(np.array(batch.add_gradients(network, sums)), np.array([loss, accuracy]), scale=10, terms=20_000)
    for dW, expected in zip(sums, map(np.asarray, gradients.parameters), strict=True):
        assert_close(dW, 1 + expected, scale=2, terms=20_000)


def test_the_sum_over_missing_codes_is_the_plain_one():
    codes = np.random.default_rng(0).integers(-1, 3, (20_000, 8))
    X, y = OneHot(codes, 3, missing="zero", dtype=np.float64), np.arange(20_000) % 3
    network = network_for(24, ())
    fast = zeros_for(network)
    _, _, plain = network.loss_and_gradients(SparseMatrix(X.tocsr()), y)
    FullBatch(Dataset(X, y, None)).add_gradients(network, fast)
    for dW, expected in zip(fast, map(np.asarray, plain.parameters), strict=True):
        assert_close(dW, expected, scale=1, terms=20_000)


@pytest.mark.parametrize("fmt", ["toarray", "tocsr"])
def test_matrices_go_through_the_same_sum(fmt):
    codes, y = np.random.default_rng(0).integers(0, 5, (400, 3)), np.arange(400) % 3
    by_codes = SoftmaxRegression(n_categories=[5] * 3, dtype=np.float64).fit(codes, y)
    by_matrix = SoftmaxRegression(n_categories=[5] * 3, dtype=np.float64)
    by_matrix.fit(getattr(OneHot(codes, [5] * 3), fmt)(), y)
    np.testing.assert_allclose(by_matrix.coef_, by_codes.coef_, atol=1e-4)  # tol of the solver


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    data = data_of([200] * 6, 50_000)
    network = network_for(1200, (8,))
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("ONEHOT_NUM_THREADS", threads)
        gradients = zeros_for(network)
        loss = FullBatch(data).add_gradients(network, gradients)
        results.append((loss, [dW.tobytes() for dW in gradients]))
    assert results[0] == results[1] == results[2]


def test_many_segments_never_outgrow_the_data():
    wide, narrow = FullBatch(data_of([50_000] * 2, 40_000)), FullBatch(data_of([300] * 5, 40_000))
    assert len(wide._segments(100_000 * 3)) == 1
    assert 1 < len(narrow._segments(1500 * 3)) <= full_batch.MOST_SEGMENTS


def test_history_tells_how_many_rows_were_left():
    codes, y = np.arange(6000)[:, None] % 4, np.arange(6000) % 3
    model = SoftmaxRegression(n_categories=[4]).fit(codes, y)
    assert [record.n_rows for record in model.history_] == [12] * model.n_iter_
    stepwise = SoftmaxRegression(solver="sgd", n_categories=[4], max_iter=2).fit(codes, y)
    assert [record.n_rows for record in stepwise.history_] == [6000, 6000]


@pytest.mark.parametrize("weighted", [False, True])
def test_collapsing_leads_to_the_same_optimum(monkeypatch, weighted):
    data = repeated(data_of([6, 4], 400), 5)
    codes, weight = data.X.indices - data.X.offsets, np.random.default_rng(3).uniform(0, 3, 2000) if weighted else None
    settings: dict[str, Any] = {"n_categories": [6, 4], "alpha": 1e-2, "tol": 1e-9, "dtype": np.float64}
    fast = SoftmaxRegression(**settings).fit(codes, data.y, sample_weight=weight)
    monkeypatch.setattr(full_batch, "collapse", lambda data: data)
    monkeypatch.setattr(FusedFields, "pays", False)
    plain = SoftmaxRegression(**settings).fit(codes, data.y, sample_weight=weight)
    assert fast.history_[-1].n_rows < plain.history_[-1].n_rows == 2000
    np.testing.assert_allclose(fast.coef_, plain.coef_, atol=1e-6)  # a gradient of 1e-9 over curvature alpha = 1e-2


@pytest.mark.parametrize("hidden", [None, (32,)])
@pytest.mark.parametrize("n_categories", [[4], [4, 3], [4] * 20, [500, 600]])
@pytest.mark.parametrize("fmt", ["codes", "OneHot", "toarray", "tocsr"])
def test_chunks_joined_or_not_predict_the_same(n_categories, hidden, fmt, monkeypatch):
    rng = np.random.default_rng(0)
    codes = np.column_stack([rng.integers(0, count, 20_000) for count in n_categories])
    y = codes.sum(axis=1) % 3
    kind = SoftmaxRegression if hidden is None else lambda **settings: MLPClassifier(hidden, **settings)
    model = kind(solver="adam", max_iter=2, n_categories=n_categories, random_state=0).fit(codes, y)
    X = codes if fmt == "codes" else OneHot(codes, n_categories)
    X = X if fmt in ("codes", "OneHot") else getattr(X[:9000], fmt)()
    probability = model.predict_proba(X)
    assert probability.shape == (X.shape[0], 3)
    monkeypatch.setattr(FusedFields, "pays", False)
    monkeypatch.setattr("classifiers.network.ROWS_PER_CHUNK", 10**9)
    assert_close(probability, model.predict_proba(X), scale=1, terms=200)


@pytest.mark.parametrize("n_categories", [[500, 600], [9, 9], [4] * 6])  # apart, one joint field, several
def test_codes_that_are_not_categories_are_found_among_many_rows(n_categories):
    codes = np.random.default_rng(0).integers(0, n_categories, (20_000, len(n_categories)))
    codes[17_000, 1] = -1
    y = np.arange(20_000) % 16
    settings: dict[str, Any] = {"n_categories": n_categories, "solver": "sgd", "max_iter": 1, "random_state": 0}
    model = SoftmaxRegression(handle_missing="zero", **settings).fit(codes, y)
    expected = model.predict_proba(OneHot(codes, n_categories, missing="zero").tocsr())
    assert_close(model.predict_proba(codes), expected, scale=1, terms=100)
    model = SoftmaxRegression(handle_missing="own", **settings).fit(codes, y)
    codes[17_000, 1] = n_categories[1]  # where the table holds the missing
    with pytest.raises(ValueError, match=rf"field 1, row 17000: code {n_categories[1]} is not in \[0,"):
        model.predict_proba(codes)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_categories", [[500, 600], [9, 9], [4] * 6, [300_000, 4]])
def test_many_codes_are_read_once_and_as_rows_of_a_matrix_are(n_categories, order, monkeypatch):
    codes = np.random.default_rng(0).integers(0, n_categories, (20_000, len(n_categories)))
    model = SoftmaxRegression(n_categories=n_categories, solver="sgd", max_iter=1, random_state=0)
    model.fit(codes, np.arange(20_000) % 16)
    expected = model.predict_proba(OneHot(codes, n_categories))
    monkeypatch.setattr(model, "_design", lambda *args: pytest.fail("the codes were made a matrix"))
    assert_close(model.predict_proba(np.asarray(codes, order=order)), expected, scale=1, terms=100)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_initializer_may_return_any_layout_and_float(order, dtype):
    codes = np.random.default_rng(0).integers(0, 9, (20_000, 3))

    def initializer(shape, *, rng, **others):
        return np.asarray(rng.normal(size=shape), dtype, order=order)

    model = MLPClassifier((), initializer=initializer, n_categories=[9] * 3, max_iter=1, random_state=0)
    model.fit(codes, codes.sum(axis=1) % 3)
    assert model.coefs_[0].dtype == np.float32
    in_pieces = [model.predict_proba(piece) for piece in np.split(codes, 40)]
    assert_close(model.predict_proba(codes), np.concatenate(in_pieces), scale=1, terms=20)


def test_an_initializer_of_another_shape_is_refused():
    model = MLPClassifier((4,), initializer=lambda shape, **others: np.zeros(shape[::-1]), n_categories=[9])
    with pytest.raises(ValueError, match=r"the initializer returned shape \(4, 9\); it must return \(9, 4\)"):
        model.fit([[0], [8]], [0, 1])


@pytest.mark.parametrize("missing", [False, True])
def test_hidden_layers_see_each_distinct_row_of_a_chunk_once(missing, monkeypatch):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2000, (300, 3))[rng.integers(0, 300, 30_000)]
    model = MLPClassifier((8,), handle_missing="zero", n_categories=[2000] * 3, max_iter=1, random_state=0)
    model.fit(codes, codes.sum(axis=1) % 3)
    if missing:
        codes[codes % 7 == 0] = -1
    heights, forward = [], Network.forward

    def measured(self, X):
        heights.append(X.shape[0])
        return forward(self, X)

    monkeypatch.setattr(Network, "forward", measured)
    probability = model.predict_proba(codes)
    assert heights
    assert max(heights) <= 300
    assert_close(probability, softmax(forward(model._network, OneHot(codes, [2000] * 3, missing="zero"))), scale=1)


def test_an_error_names_the_row_of_the_data_not_of_its_chunk():
    codes, y = np.arange(30_000)[:, None] % 4, np.arange(30_000) % 3
    model = SoftmaxRegression(n_categories=[4]).fit(codes, y)
    codes[29_999] = 4
    with pytest.raises(ValueError, match=r"field 0, row 29999: code 4 is not in \[0, 4\)"):
        model.predict(codes)


def test_a_few_rows_are_predicted_without_a_copy_of_a_tall_table(monkeypatch):
    codes, y = np.zeros((64, 11), int), np.arange(64) % 2
    model = MLPClassifier((32,), max_iter=1, n_categories=[2] * 10 + [50_000]).fit(codes, y)
    monkeypatch.setattr(FusedFields, "table", lambda self, W: pytest.fail("the table was copied"))
    assert model.predict(codes).shape == (64,)


def threads_of_blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_an_inner_limit_of_blas_leaves_the_outer_in_force():
    before = threads_of_blas()
    with one_blas_thread:
        assert map_in_order(lambda _: set(threads_of_blas()), range(3)) == [{1}] * 3
        assert set(threads_of_blas()) == {1}
    assert threads_of_blas() == before


@pytest.mark.parametrize("first_is_main", [True, False])
def test_overlapping_limits_of_blas_leave_it_as_it_was(first_is_main):
    before = threads_of_blas()
    first_begun, second_begun, first_ended = Event(), Event(), Event()
    seen = []

    def first():
        with one_blas_thread:
            first_begun.set()
            second_begun.wait(10)
        first_ended.set()

    def second():
        first_begun.wait(10)
        with one_blas_thread:
            second_begun.set()
            first_ended.wait(10)
            seen.append(set(threads_of_blas()))

    here, there = (first, second) if first_is_main else (second, first)
    thread = Thread(target=there)
    thread.start()
    here()
    thread.join()
    assert seen == [{1}]
    assert threads_of_blas() == before


def test_blas_is_limited_in_any_thread():
    with one_blas_thread:
        pass  # the main thread is the first to set it
    seen = []

    def work():
        with one_blas_thread:
            seen.append(set(threads_of_blas()))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [{1}]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_fork_in_the_midst_has_its_blas_to_itself():
    code = """
import os, threading
from threadpoolctl import threadpool_info
from classifiers._threads import one_blas_thread

def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

before, inside, forked = blas(), threading.Event(), threading.Event()
def work():
    with one_blas_thread, one_blas_thread.lock:  # as if in the midst of the change
        inside.set()
        forked.wait(30)
thread = threading.Thread(target=work)
thread.start()
inside.wait(30)
child = os.fork()
if not child:
    after = blas()
    with one_blas_thread:
        limited = set(blas())
    os._exit(0 if (after, limited, blas()) == (before, {1}, before) else 3)
status = os.waitpid(child, 0)[1]
forked.set()
thread.join()
print(os.waitstatus_to_exitcode(status), blas() == before)
"""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("0 True\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_fork_within_limits_of_blas_keeps_them_to_their_end():
    code = """
import os
from threadpoolctl import threadpool_info
from classifiers._threads import one_blas_thread

def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

before = blas()
with one_blas_thread, one_blas_thread:
    child = os.fork()
    limited = set(blas())
if not child:
    os._exit(0 if (limited, blas()) == ({1}, before) else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command, environment = [sys.executable, "-W", "ignore", "-c", code], os.environ | {"OMP_NUM_THREADS": "2"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("0\n", "")


def test_a_hash_that_two_labels_share_merges_nothing(monkeypatch):
    X = repeated(data_of(MANY_FIELDS, 300), 20).X
    row_keys = duplicates._row_keys
    monkeypatch.setattr(duplicates, "_row_keys", lambda X, y: row_keys(X, None))
    assert distinct_rows(X) is not None
    assert distinct_rows(X, np.arange(len(X)) % 3) is None
