"""The lines of the textbook, unchanged, on a dense matrix, a CSR array and `OneHot`."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from onehot import DTypeError, OneHot
from tests.onehot.oracle import CASES, DTYPES, LAYOUTS, peak_memory
from tests.tolerance import assert_close

pytestmark = pytest.mark.usefixtures("backend")

FORMATS: dict[str, Any] = {"dense": OneHot.toarray, "CSR": OneHot.tocsr, "OneHot": lambda X: X}
BATCH = OneHot(np.array([[0, 5], [3, 0], [1, 5], [3, 2], [3, 5]]), [4, 6])
K = 3


def softmax(Z):
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def train(X, W, b, Y, lr, n_steps=5):
    n = X.shape[0]
    for _ in range(n_steps):
        Z = X @ W + b
        dZ = (softmax(Z) - Y) / n
        W -= lr * (X.T @ dZ)
        b -= lr * dZ.sum(axis=0)
    return W, b


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("no rows")])
def test_training_is_the_same_in_every_format(name, dtype):
    X = CASES[name].matrix(dtype)
    n, V = X.shape
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(V, K)).astype(dtype), np.zeros(K, dtype)
    Y = np.eye(K, dtype=dtype)[rng.integers(0, K, n)]
    expected = train(X.toarray().astype(np.float64), W.astype(np.float64), b.astype(np.float64), Y, 0.5)
    for form in FORMATS.values():
        for actual, exact in zip(train(form(X), W.copy(), b.copy(), Y, dtype(0.5)), expected, strict=True):
            assert actual.dtype == dtype
            assert_close(actual, exact, dtype, terms=5 * (n + 2 * K))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("no rows")])
def test_a_factorisation_machine_is_the_same_in_every_format(name, dtype):
    """Rendle, "Factorization Machines", 2010, equation 5, and its gradient."""

    def step(X, w, V, dz, lr):
        S = X @ V
        z = X @ w + (S**2 - X**2 @ V**2).sum(axis=1) / 2
        w -= lr * (X.T @ dz)
        V -= lr * (X.T @ (dz[:, None] * S) - ((X**2).T @ dz)[:, None] * V)
        return z, w, V

    X = CASES[name].matrix(dtype)
    rng = np.random.default_rng(0)
    w, V, dz = (rng.normal(size=shape).astype(dtype) for shape in (X.shape[1], (X.shape[1], K), len(X)))
    D, *wide = (each.astype(np.float64) for each in (X.toarray(), w, V, dz))
    a, A, c = (np.abs(each) for each in wide)  # of which no sum cancels
    scales = (
        D @ a + ((D @ A) ** 2).sum(axis=1),
        a + D.T @ c,
        A + D.T @ (c[:, None] * (D @ A)) + (D.T @ c)[:, None] * A,
    )
    expected = step(D, wide[0], wide[1], wide[2], 0.5)
    for form in FORMATS.values():
        results = step(form(X), w.copy(), V.copy(), dz, dtype(0.5))
        for actual, exact, scale in zip(results, expected, scales, strict=True):
            assert actual.dtype == dtype
            assert_close(actual, exact, dtype, scale=scale, terms=2 * X.indices.size + 2 * K + 10)


# Each gives dW = lr * (X.T @ dZ) / n, for lr = 0.5 and n = 5 written in another way.
GRADIENTS: dict[str, Any] = {
    "lr * (X.T @ dZ) / n": lambda X, dZ: 0.5 * (X.T @ dZ) / 5,
    "lr * X.T @ dZ / n": lambda X, dZ: 0.5 * X.T @ dZ / 5,
    "X.T @ dZ * (lr / n)": lambda X, dZ: X.T @ dZ * (0.5 / 5),
    "X.T / n @ dZ * lr": lambda X, dZ: X.T / 5 @ dZ * 0.5,
    "X.T @ (lr * dZ / n)": lambda X, dZ: X.T @ (0.5 * dZ / 5),
    "X.T.dot(dZ) * lr / n": lambda X, dZ: X.T.dot(dZ) * 0.5 / 5,
    "-(-X.T @ dZ) * lr / n": lambda X, dZ: -(-X.T @ dZ) * 0.5 / 5,
    "X.transpose() @ dZ * lr / n": lambda X, dZ: X.transpose() @ dZ * 0.5 / 5,
}
BY_NUMPY: dict[str, Any] = {  # of which scipy.sparse knows nothing
    "np.dot": lambda X, dZ: 0.5 * np.dot(X.T, dZ) / 5,
    "np.matmul": lambda X, dZ: 0.5 * np.matmul(X.T, dZ) / 5,
    "np.transpose": lambda X, dZ: 0.5 * (np.transpose(X) @ dZ) / 5,
    "np.float32(lr) *": lambda X, dZ: np.float32(0.5) * X.T @ dZ / np.int64(5),
    "np.array(lr) *": lambda X, dZ: np.array(0.5) * (X.T @ dZ) / np.array(5),
}


def subtract_in_place(W, dW):
    W -= dW
    return W


def subtract_into(W, dW):
    return np.subtract(W, dW, out=W)


def add_in_place(W, dW):
    W += -dW
    return W


WRITTEN = [(form, name) for name in GRADIENTS for form in FORMATS]
WRITTEN += [(form, name) for name in BY_NUMPY for form in ("dense", "OneHot")]


@pytest.mark.parametrize(("form", "gradient"), WRITTEN)
@pytest.mark.parametrize("update", [subtract_in_place, subtract_into, add_in_place])
@pytest.mark.parametrize("vector", [False, True], ids=["W (V, K)", "W (V,)"])
def test_however_the_step_is_written(form, gradient, update, vector):
    rng = np.random.default_rng(1)
    W, dZ = rng.normal(size=(10, K)), rng.normal(size=(5, K))
    if vector:
        W, dZ = W[:, 0].copy(), dZ[:, 0]
    X = BATCH.astype(np.float64)
    expected = W - 0.1 * X.toarray().T @ dZ
    table = W
    W = update(W, (GRADIENTS | BY_NUMPY)[gradient](FORMATS[form](X), dZ))
    assert W is table
    assert_close(W, expected, terms=10)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "read-only"])
@pytest.mark.parametrize("dtype_of_dZ", DTYPES)
@pytest.mark.parametrize("dtype_of_W", DTYPES)
@pytest.mark.parametrize("dtype_of_X", DTYPES)
def test_any_mix_of_types_in_any_layout(dtype_of_X, dtype_of_W, dtype_of_dZ, layout):
    X, rng = BATCH.astype(dtype_of_X), np.random.default_rng(2)
    W = LAYOUTS[layout](rng.normal(size=(10, K)).astype(dtype_of_W))
    dZ = LAYOUTS[layout](rng.normal(size=(5, K)).astype(dtype_of_dZ))
    dense = np.array(W)
    assert (X @ W).dtype == (X.toarray() @ dense).dtype
    assert (X.T @ dZ).dtype == (X.toarray().T @ dZ).dtype
    dense -= 0.5 * (X.toarray().T @ dZ)
    table = W
    W -= 0.5 * (X.T @ dZ)
    assert W is table
    assert_close(W, dense, np.float32 if np.float32 in (dtype_of_W, dtype_of_dZ) else np.float64, terms=6)


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_of_integers_is_read_but_not_trained(form):
    X, W = FORMATS[form](BATCH), np.arange(30).reshape(10, 3)
    np.testing.assert_array_equal(X @ W, BATCH.toarray() @ W)
    with pytest.raises(DTypeError if form == "OneHot" else TypeError):
        W -= 0.5 * (X.T @ np.ones((5, 3)))
    np.testing.assert_array_equal(W, np.arange(30).reshape(10, 3))


def test_momentum_weight_decay_and_accumulation_run_unchanged():
    """Not O(1) in V, as the textbook writes them; the same numbers nevertheless."""

    def run(X):
        rng = np.random.default_rng(3)
        W, dZ = rng.normal(size=(10, K)), rng.normal(size=(5, K))
        velocity = np.zeros_like(W)
        for _ in range(3):
            dW = X.T @ dZ
            dW += 0.1 * (X.T @ (X @ W))
            dW /= 5
            dW += 0.01 * W
            velocity = 0.9 * velocity - 0.1 * dW
            W += velocity
        return W

    X = BATCH.astype(np.float64)
    assert_close(run(X), run(X.toarray()), terms=100)


def step(X, W, dZ):
    W -= 0.1 * (X.T @ (dZ + X @ W))


@pytest.mark.parametrize(
    ("form", "layout"),
    [
        ("table", "C"),
        ("table", "Fortran"),
        ("table", "strided"),
        ("table", "misaligned"),
        ("vector", "C"),
        ("vector", "strided"),
    ],
)
@pytest.mark.parametrize("fields", [1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_step_allocates_nothing_as_tall_as_the_table(dtype, fields, form, layout):
    V, n = 300_000, 32
    X = OneHot(np.random.default_rng(4).integers(0, V // fields, (n, fields)), V // fields)
    W = LAYOUTS[layout](np.zeros((V, 4) if form == "table" else V, dtype))
    dZ = np.ones((n, *W.shape[1:]), dtype)
    step(X, W, dZ)  # what is compiled or cached once is not the step's
    assert W.any()
    peak = peak_memory(lambda: step(X, W, dZ))
    assert peak < V / 4, f"{peak} bytes allocated in a step: one byte a row of the table would be {V}"


@pytest.mark.parametrize("wrap", [pd.DataFrame, sparse.csr_array])
def test_an_operand_of_another_library_makes_nothing_dense(wrap):
    V, n, K = 300_000, 32, 2
    X, G = OneHot(np.random.default_rng(4).integers(0, V, n), V), np.ones((n, K))
    if wrap is pd.DataFrame:  # as where Y = pd.get_dummies(y)
        W, expected = np.zeros((V, K)), np.zeros((V, K))
        expected -= 0.1 * (X.T @ G)
        dZ = wrap(G)
        W -= 0.1 * (X.T @ dZ)
        np.testing.assert_array_equal(W, expected)
        assert type(W) is np.ndarray
        assert peak_memory(lambda: X.T @ dZ) < V / 4
    else:
        np.testing.assert_array_equal(X.T @ wrap(G), (X.T @ G).toarray())
        assert peak_memory(lambda: X.T @ wrap(G)) < 10 * 8 * V * K, "dense is only the result, not X"


def test_a_table_is_changed_where_it_is(monkeypatch):
    def copyto(*_, **__):
        raise AssertionError("the whole table is copied")

    X, W = BATCH.astype(np.float64), np.zeros((10, K))
    view = W.view(np.memmap)
    monkeypatch.setattr(np, "copyto", copyto)
    W -= X.T @ np.ones((5, K))
    view -= X.T @ np.ones((5, K))
    np.testing.assert_array_equal(W, -2 * (X.T @ np.ones((5, K))).toarray())
