"""`OneHot` in the place of a matrix that SciPy's iterative solvers never look into."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator, lsqr, svds

from onehot import DTypeError, OneHot
from tests.onehot.oracle import CASES, DTYPES
from tests.tolerance import assert_close

pytestmark = pytest.mark.usefixtures("backend")

CODES = np.random.default_rng(0).integers(0, [4, 5, 6], (60, 3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["one row", "skewed", "some missing"])
def test_aslinearoperator(name, dtype):
    case = CASES[name]
    X = case.matrix(dtype)
    operator = aslinearoperator(X)
    assert isinstance(operator, LinearOperator)
    assert operator.shape == X.shape
    assert operator.dtype == dtype
    W, G = (np.random.default_rng(1).integers(-9, 9, (size, 2)).astype(dtype) for size in X.shape[::-1])
    np.testing.assert_array_equal(operator @ W, case.dense @ W)
    np.testing.assert_array_equal(operator @ W[:, 0], case.dense @ W[:, 0])
    np.testing.assert_array_equal(operator.T @ G, case.dense.T @ G)
    np.testing.assert_array_equal(operator.rmatvec(G[:, :1]), case.dense.T @ G[:, :1])
    np.testing.assert_array_equal((2 * operator.T @ operator) @ W, 2 * case.dense.T @ (case.dense @ W))


@pytest.mark.parametrize("dtype", DTYPES)
def test_svds(dtype):
    X: Any = OneHot(CODES, dtype=dtype)
    dense = X.toarray()
    U, s, Vh = svds(X, k=3, v0=np.ones(min(X.shape), dtype))
    expected = np.linalg.svd(dense.astype(np.float64), compute_uv=False)[:3][::-1]
    assert_close(s, expected, dtype, terms=dense.size)
    assert_close(X @ Vh.T, U * s, dtype, terms=dense.size)


def test_lsqr():
    X = OneHot(CODES, dtype=np.float64)
    y = np.random.default_rng(2).normal(size=len(X))
    solution = lsqr(X, y, atol=1e-14, btol=1e-14)[0]
    expected = np.linalg.lstsq(X.toarray(), y, rcond=None)[0]  # both are the solution of least norm
    assert_close(solution, expected, terms=X.nnz)


@pytest.mark.parametrize("scale", [1.0, -2.0])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["one row", "skewed", "some missing"])
def test_aslinearoperator_of_the_transpose(name, dtype, scale):
    case = CASES[name]
    T: Any = scale * case.matrix(dtype).T
    operator, dense = aslinearoperator(T), scale * case.dense.T
    G, W = (np.random.default_rng(1).integers(-9, 9, (size, 2)).astype(dtype) for size in T.shape[::-1])
    np.testing.assert_array_equal(operator @ G, dense @ G)
    np.testing.assert_array_equal(operator @ G[:, 0], dense @ G[:, 0])
    np.testing.assert_array_equal(operator.T @ W, dense.T @ W)
    np.testing.assert_array_equal(operator.rmatvec(W[:, 0]), dense.T @ W[:, 0])


def test_svds_of_the_transpose():
    X: Any = OneHot(CODES, dtype=np.float64)
    start = np.ones(min(X.shape))
    of_matrix, of_transpose = (svds(each, k=3, v0=start, return_singular_vectors=False) for each in (X, X.T))
    assert_close(of_transpose, of_matrix, terms=X.toarray().size)


@pytest.mark.parametrize("lazy", [OneHot([2, 0, 2], 4), OneHot([2, 0, 2], 4).T], ids=["X", "X.T"])
def test_masked_vectors_are_refused_in_either_direction(lazy):
    n, m = lazy.shape
    for product, length in ((lazy.matvec, m), (lazy.rmatvec, n)):
        with pytest.raises(DTypeError, match="masked values would be read"):
            product(np.ma.masked_array(np.ones(length), [True] + [False] * (length - 1)))
