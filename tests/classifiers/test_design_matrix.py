"""All formats of X: the same products, the same gradient in the same rows, and no batch that costs O(V)."""

import numpy as np
import pytest
from scipy import sparse

from classifiers._scaled_table import ScaledTable
from classifiers.design_matrix import DenseMatrix, DesignMatrix, SparseMatrix, sums_of_squares
from classifiers.mixed_matrix import MixedMatrix
from classifiers.optimizers import SGD, Adagrad, Adam, Momentum, RMSProp
from onehot import OneHot, RowGradient
from tests.classifiers.oracle import DESIGNS
from tests.onehot.oracle import assert_product, one_hot, peak_memory
from tests.tolerance import assert_close

D = 3


@pytest.fixture
def numbers(problem, dtype):
    N = np.random.default_rng(1).normal(size=(len(problem.codes), 2)).astype(dtype)
    N[::3, 1] = 0
    return N


@pytest.fixture(params=[*DESIGNS, "mixed"])
def design(request, problem, numbers, dtype):
    if request.param == "mixed":
        return MixedMatrix(OneHot(problem.codes, problem.n_categories, dtype=dtype), numbers)
    return DESIGNS[request.param](problem.codes, problem.n_categories, dtype)


@pytest.fixture
def dense(design, problem, numbers):
    codes = one_hot(problem.codes, problem.n_categories)
    return np.hstack([codes, numbers]) if isinstance(design, MixedMatrix) else codes


@pytest.mark.parametrize("wrap", [np.asarray, ScaledTable])
def test_the_product_is_the_dense_one(design, dense, dtype, wrap):
    W = np.random.default_rng(0).normal(size=(design.shape[1], D)).astype(dtype)
    assert design.shape == dense.shape
    assert_product(design @ wrap(W.copy()), dense, W, terms=len(W))


@pytest.mark.parametrize("rows", [np.array([3, 3, 0, 7]), np.array([0, 3])], ids=["repeated", "a column of zeros"])
def test_the_gradient_is_the_dense_one_in_the_rows_that_occur(design, dense, dtype, rows):
    dZ = np.random.default_rng(0).normal(size=(len(rows), D)).astype(dtype)
    dW = design[rows].T @ dZ
    assert isinstance(dW, RowGradient)
    assert dW.dtype == dtype
    assert_product(dW.toarray(), dense[rows].T, dZ, terms=len(rows))
    assert dW.coalesce()[0].tolist() == np.flatnonzero(dense[rows].any(axis=0)).tolist()


@pytest.mark.parametrize("rows", [slice(5, 30), np.array([4, 4, 88]), np.arange(0)], ids=["slice", "repeated", "none"])
def test_a_batch_and_its_size(design, dense, rows):
    batch, expected = design[rows], dense[rows]
    assert batch.shape == expected.shape
    assert batch.nnz == np.count_nonzero(expected)
    assert (batch @ np.eye(expected.shape[1], dtype=np.float32) == expected).all()
    assert (batch.tocsr().toarray() == expected).all()


def test_the_sums_of_squares_are_those_of_the_dense_columns(design, dense):
    weight = np.random.default_rng(0).uniform(0, 2, len(dense))
    sums = sums_of_squares(design.astype(np.float64), weight)
    assert_close(sums, weight @ np.asarray(dense, np.float64) ** 2, terms=len(dense))


def test_the_precision_can_be_changed(design, dense):
    wide = design.astype(np.float64)
    assert (wide @ np.eye(wide.shape[1])).dtype == np.float64
    assert (wide.T @ np.ones((len(dense), 1))).dtype == np.float64


@pytest.mark.parametrize("matrix", [DenseMatrix, lambda X: SparseMatrix(sparse.csr_array(X))])
def test_any_numbers_will_do(matrix):
    X = np.array([[0.5, 0, -2, 0, -3], [0, 0, 2, 0, 0], [3, 0, 0, 0, 0]])
    dZ = np.array([[1.0], [1.0], [0.0]])
    dW = matrix(X).T @ dZ
    assert matrix(X).nnz == 5
    assert sums_of_squares(matrix(X), np.array([4.0, 1.0, 2.0])).tolist() == [19, 0, 20, 0, 36]
    assert dW.toarray().ravel().tolist() == [0.5, 0, 0, 0, -3]
    assert dW.coalesce()[0].tolist() == [0, 2, 4], "also a row whose gradient happens to be zero"


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adagrad(0.1), RMSProp(0.1), Adam(0.1)], ids=repr)
@pytest.mark.parametrize("name", ["OneHot", "csr", "mixed"])
def test_a_minibatch_step_allocates_nothing_of_size_V(name, optimizer):
    n, f, V, B = 2000, 4, 1_000_000, 64
    X = OneHot(np.random.default_rng(0).integers(0, V // f, size=(n, f)), V // f)
    design: DesignMatrix = X
    if name != "OneHot":
        design = SparseMatrix(X.tocsr()) if name == "csr" else MixedMatrix(X, np.ones((n, 3), np.float32))
    W, optimizer = ScaledTable(np.ones((design.shape[1], 2), np.float32)), optimizer.fresh(weight_decay=0.01)
    dZ = np.ones((B, 2), np.float32)

    def step(rows):
        batch = design[rows]
        batch @ W
        optimizer.step([W], [batch.T @ dZ])

    step(np.arange(B))  # the optimizer makes its state, of size V, in the first step
    assert peak_memory(lambda: step(np.arange(B, 2 * B))) < V / 4


def test_the_precision_asked_for_is_that_of_the_entries(design):
    assert design.astype(np.float64).tocsr().dtype == np.float64
    assert design.astype(np.float32).tocsr().dtype == np.float32


@pytest.mark.parametrize("matrix", [DenseMatrix, lambda X: SparseMatrix(sparse.csr_array(X))])
def test_a_sparse_copy_has_the_same_numbers(matrix):
    X = np.array([[0.5, 0, -2], [0, 3, 0]])
    assert matrix(X).tocsr().toarray().tolist() == X.tolist()


@pytest.mark.parametrize("design", ["dense", "csr", "mixed"], indirect=True)
def test_numpy_does_not_take_it_for_a_sequence(design):
    with pytest.raises(TypeError, match="unsupported operand type"):
        np.ones((2, design.shape[0])) @ design
