"""Laws that hold whatever the input, which Hypothesis chooses.

The numbers are small integers as floats: every sum of them is exact, so that a law holds to the bit or not at all.
Roundings have their contract, in `check_equivalence`.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from onehot import OneHot, RowGradient, lookup, scatter_add
from onehot._codes import Missing
from tests.onehot.oracle import DTYPES, one_hot

pytestmark = pytest.mark.usefixtures("backend")

dtypes = st.sampled_from(DTYPES)
equal = np.testing.assert_array_equal


def numbers(dtype, *shape):
    return arrays(dtype, shape, elements=st.integers(-100, 100).map(float))


@st.composite
def matrices(draw, min_rows=0):
    n_categories = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    n = draw(st.integers(min_rows, 12))
    lowest = draw(st.sampled_from([0, -1]))
    codes = draw(arrays(np.int8, (n, len(n_categories)), elements=st.integers(lowest, 5)))
    codes = np.minimum(codes, np.array(n_categories) - 1)
    return OneHot(codes, n_categories, missing="zero" if lowest else "error")


@st.composite
def steps(draw):
    """Draw X, a table W and an output gradient G of X @ W."""
    X, d, dtype = draw(matrices()), draw(st.integers(0, 3)), draw(dtypes)
    return X, draw(numbers(dtype, X.shape[1], d)), draw(numbers(dtype, X.shape[0], d))


@st.composite
def lookups(draw):
    """Draw a table W, indices of any shape, and an output gradient G of lookup(W, indices)."""
    V, d, dtype = draw(st.integers(1, 9)), draw(st.integers(0, 3)), draw(dtypes)
    shape = draw(st.just(()) | array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4))
    indices = draw(arrays(draw(st.sampled_from([np.int8, np.uint64, np.int64])), shape, elements=st.integers(0, V - 1)))
    return draw(numbers(dtype, V, d)), indices, draw(numbers(dtype, *shape, d))


def inner(A, B):
    return np.vdot(np.asarray(A, np.float64), np.asarray(B, np.float64))


@given(steps())
def test_the_products_are_those_of_the_dense_matrix(step):
    X, W, G = step
    codes = np.where(X.indices < 0, -1, X.indices - X.offsets)
    dense = one_hot(codes, X.n_categories)
    equal(X.toarray(), dense)
    equal(X @ W, dense @ W)
    equal(X.T @ G, dense.T @ G)


@given(lookups())
def test_lookup_and_scatter_add_are_adjoint(drawn):
    W, indices, G = drawn
    assert inner(lookup(W, indices), G) == inner(W, scatter_add(G, indices, n_rows=len(W)))


@given(steps())
def test_forward_and_backward_are_adjoint(step):
    X, W, G = step
    assert inner(X @ W, G) == inner(W, X.T @ G)


@given(steps(), st.integers(-3, 3), st.integers(-3, 3), st.data())
def test_forward_and_backward_are_linear(step, a, b, data):
    X, W, G = step
    U, H = data.draw(numbers(W.dtype, *W.shape)), data.draw(numbers(G.dtype, *G.shape))
    equal(X @ (a * W + b * U), a * (X @ W) + b * (X @ U))
    equal(X.T @ (a * G + b * H), a * (X.T @ G) + b * (X.T @ H))


@given(steps(), st.randoms(use_true_random=False))
def test_the_order_of_a_batch_does_not_matter(step, random):
    X, _, G = step
    order = np.array(random.sample(range(len(X)), len(X)), int)
    equal(X[order].T @ G[order], X.T @ G)


@given(steps(), st.data())
def test_weights_are_repetition(step, data):
    X, _, G = step
    weights = data.draw(arrays(int, len(X), elements=st.integers(0, 3)))
    repeated = np.repeat(np.arange(len(X)), weights)
    equal(X[repeated].T @ G[repeated], X.T @ (weights[:, None] * G))


@given(steps(), st.data())
def test_duplicates_accumulate(step, data):
    X, _, G = step
    H = data.draw(numbers(G.dtype, *G.shape))
    twice = np.tile(np.arange(len(X)), 2)
    equal(X[twice].T @ np.concatenate([G, H]), X.T @ (G + H))


@given(steps(), st.integers(0, 12))
def test_the_gradient_of_a_batch_is_the_sum_over_its_parts(step, k):
    X, _, G = step
    equal(X[:k].T @ G[:k] + X[k:].T @ G[k:], X.T @ G)


@given(steps(), st.data())
def test_selecting_rows_commutes_with_the_product(step, data):
    X, W, _ = step
    n = len(X)
    some = st.lists(st.integers(0, n - 1), max_size=5).map(lambda rows: np.array(rows, int)) if n else st.nothing()
    rows = data.draw(st.slices(n) | arrays(bool, n) | some)
    equal(X[rows] @ W, (X @ W)[rows])


@given(steps())
def test_fields_add_up(step):
    X, W, _ = step
    codes = np.where(X.indices < 0, -1, X.indices - X.offsets)
    blocks = np.split(W, X.offsets[1:])
    fields = zip(codes.T, X.n_categories, blocks, strict=True)
    equal(X @ W, sum(OneHot(column, V, missing="zero") @ block for column, V, block in fields))


@given(steps())
def test_columns_do_not_mix(step):
    X, W, G = step
    for j in range(W.shape[1]):
        equal((X @ W)[:, j], X @ W[:, j])
        equal((X.T @ G).toarray()[:, j], X.T @ G[:, j])


@given(steps())
def test_a_missing_code_is_a_category_whose_row_is_zero(step):
    X, W, G = step
    codes = np.where(X.indices < 0, -1, X.indices - X.offsets)
    own = OneHot(codes, X.n_categories, missing="own")
    absent = np.cumsum(own.n_categories) - 1
    table = np.insert(W, X.offsets + X.n_categories, 0, axis=0)
    equal(own @ table, X @ W)
    equal(np.delete((own.T @ G).toarray(), absent, axis=0), X.T @ G)


@given(steps())
def test_coalesce_is_idempotent_and_equal_to_the_dense_gradient(step):
    X, _, G = step
    g = X.T @ G
    rows, sums = g.coalesce()
    assert (np.diff(rows) > 0).all()
    again, unchanged = RowGradient(rows, sums, n_rows=X.shape[1]).coalesce()
    equal(again, rows)
    equal(unchanged, sums)
    dense = np.zeros_like(g.toarray())
    dense[rows] = sums
    equal(g, dense)


@given(steps(), st.sampled_from([1.0, -0.5, 2]))
def test_in_place_is_the_same_as_out_of_place(step, rate):
    X, W, G = step
    g = rate * (X.T @ G)
    expected = W - g.toarray()
    equal(W - g, expected)
    for table in (W.copy(), np.asfortranarray(W), np.repeat(W, 2, axis=0)[::2]):
        table -= g
        equal(table, expected)


@given(matrices(), dtypes)
def test_it_is_read_back_from_what_it_becomes(X, dtype):
    missing: Missing = "zero" if X.nnz < X.indices.size else "error"
    for build, form in [(OneHot.from_dense, X.toarray()), (OneHot.from_sparse, X.tocsr())]:
        Y = build(form, X.n_categories, missing=missing, dtype=dtype)
        equal(Y.indices, X.indices)
        assert (Y.n_categories, Y.dtype) == (X.n_categories, dtype)
