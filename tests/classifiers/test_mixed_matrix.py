"""Fields beside numbers: the products of the dense matrix [C | N], and no batch that costs O(V)."""

import numpy as np
import pytest

from classifiers._scaled_table import ScaledTable
from classifiers.mixed_matrix import MixedMatrix
from onehot import OneHot, RowGradient
from tests.onehot.oracle import assert_product, one_hot

D, M = 3, 2


@pytest.fixture
def numbers(problem):
    N = np.random.default_rng(1).normal(size=(len(problem.codes), M))
    N[::3, 1] = 0
    return N


@pytest.fixture
def design(problem, numbers, dtype):
    return MixedMatrix(OneHot(problem.codes, problem.n_categories, dtype=dtype), numbers.astype(dtype))


@pytest.fixture
def dense(problem, numbers, dtype):
    return np.hstack([one_hot(problem.codes, problem.n_categories), numbers.astype(dtype)])


@pytest.mark.parametrize("wrap", [np.asarray, ScaledTable])
def test_the_product_is_the_dense_one(design, dense, dtype, wrap):
    W = np.random.default_rng(0).normal(size=(design.shape[1], D)).astype(dtype)
    assert design.shape == dense.shape
    assert_product(design @ wrap(W.copy()), dense, W, terms=len(W))


@pytest.mark.parametrize("rows", [np.array([4, 4, 1, 7]), np.array([0, 3])], ids=["repeated", "a column of zeros"])
def test_the_gradient_is_the_dense_one_in_the_rows_that_occur(design, dense, dtype, rows):
    dZ = np.random.default_rng(0).normal(size=(len(rows), D)).astype(dtype)
    dW = design[rows].T @ dZ
    assert isinstance(dW, RowGradient)
    assert dW.dtype == dtype
    assert_product(dW.toarray(), dense[rows].T, dZ, terms=len(rows))
    assert dW.coalesce()[0].tolist() == np.flatnonzero(dense[rows].any(axis=0)).tolist()


def test_a_missing_field_selects_nothing(dtype):
    X = MixedMatrix(OneHot([[0, -1], [1, 2]], [2, 3], missing="zero", dtype=dtype), np.array([[2], [3]], dtype))
    assert X.tocsr().toarray().tolist() == [[1, 0, 0, 0, 0, 2], [0, 1, 0, 0, 1, 3]]
    assert (X @ np.arange(6, dtype=dtype)[:, None]).ravel().tolist() == [10, 20]
    assert (X.T @ np.ones((2, 1), dtype)).toarray().ravel().tolist() == [1, 1, 0, 0, 1, 5]
    assert X.nnz == 5


@pytest.mark.parametrize("rows", [slice(5, 30), np.array([4, 4, 88]), np.arange(0)], ids=["slice", "repeated", "none"])
def test_a_batch_and_its_size(design, dense, rows):
    batch, expected = design[rows], dense[rows]
    assert len(batch) == len(expected)
    assert batch.shape == expected.shape
    assert batch.nnz == np.count_nonzero(expected)
    assert (batch.tocsr().toarray() == expected).all()


def test_the_precision_can_be_changed(design, dense):
    wide = design.astype(np.float64)
    assert (wide @ np.eye(wide.shape[1])).dtype == np.float64
    assert (wide.T @ np.ones((len(dense), 1))).dtype == np.float64


def test_the_gradient_of_numbers_of_which_some_are_zero(dtype):
    X = MixedMatrix(OneHot([0, 1], 2, dtype=dtype), np.array([[2, 0], [0, 0]], dtype))
    dW = X.T @ np.ones((2, 1), dtype)
    assert dW.toarray().ravel().tolist() == [1, 1, 2, 0]
    assert dW.coalesce()[0].tolist() == [0, 1, 2]


def test_both_parts_change_their_precision(dtype):
    X = MixedMatrix(OneHot([0, 1], 2, dtype=dtype), np.ones((2, 1), dtype)).astype(np.float64)
    assert X.codes.dtype == X.numbers.dtype == np.float64
