"""A small problem in every format, and what its fits are held to: the slow, obvious network, and each other."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from classifiers.design_matrix import DenseMatrix, SparseMatrix
from onehot import OneHot
from tests.onehot.oracle import one_hot
from tests.tolerance import assert_close

# What a user may pass, and what the network sees of it, from codes and their n_categories.
FORMATS: dict[str, Any] = {
    "codes": lambda codes, n_categories: codes,
    "OneHot": OneHot,
    "dense": one_hot,
    "csr": lambda codes, n_categories: sparse.csr_array(one_hot(codes, n_categories)),
}
DESIGNS: dict[str, Any] = {
    "OneHot": lambda codes, n_categories, dtype: OneHot(codes, n_categories, dtype=dtype),
    "dense": lambda codes, n_categories, dtype: DenseMatrix(one_hot(codes, n_categories).astype(dtype)),
    "csr": lambda codes, n_categories, dtype: SparseMatrix(sparse.csr_array(one_hot(codes, n_categories), dtype=dtype)),
}


class Problem(NamedTuple):
    """Labels that depend on the codes, with noise, and whole-numbered weights, some zero; the arrays are read-only."""

    codes: np.ndarray  # (n, f)
    n_categories: tuple[int, ...]
    y: np.ndarray  # (n,) in [0, K)
    weight: np.ndarray  # (n,)
    K: int

    def to(self, name: str) -> Any:
        """Return X in one of `FORMATS`."""
        return FORMATS[name](self.codes, self.n_categories)


def make_problem(n: int = 90, n_categories: tuple[int, ...] = (4, 1, 3, 6), K: int = 3, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_categories, size=(n, len(n_categories)))
    codes[0] = np.subtract(n_categories, 1)  # the largest codes occur, so that counting finds n_categories
    logits = one_hot(codes, n_categories) @ rng.normal(scale=2, size=(sum(n_categories), K))
    y = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    y[:K] = np.arange(K)
    weight = rng.integers(0, 4, size=n).astype(float)
    for array in (codes, y, weight):
        array.flags.writeable = False
    return Problem(codes, tuple(n_categories), y, weight, K)


SMOOTH: dict[str, tuple[Any, Any]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "identity": (lambda z: z, np.ones_like),
}


def slow_forward(X, weights, biases, activation):
    """Return the logits, by dense products."""
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        X = SMOOTH[activation][0](X @ W + b)
    return X @ weights[-1] + biases[-1]


def slow_loss_and_gradients(X, y, weights, biases, activation, sample_weight=None):
    """Return loss, accuracy, dW and db as the textbook has them, with a one-hot y and a logarithm of probabilities."""
    h, dh = SMOOTH[activation]
    n, w = len(y), np.ones(len(y)) if sample_weight is None else sample_weight
    A: list[Any] = [X]
    Z: list[Any] = []
    for W, b in zip(weights, biases, strict=True):
        Z.append(A[-1] @ W + b)
        A.append(h(Z[-1]))
    P = np.exp(Z[-1]) / np.exp(Z[-1]).sum(axis=1, keepdims=True)
    Y = np.eye(P.shape[1])[y]
    loss = -(w * np.log((P * Y).sum(axis=1))).sum() / n
    accuracy = (w * (P.argmax(axis=1) == y)).sum() / n
    dZ = w[:, None] * (P - Y) / n
    dW: list[Any] = []
    db: list[Any] = []
    for layer in reversed(range(len(weights))):
        dW.insert(0, A[layer].T @ dZ)
        db.insert(0, dZ.sum(axis=0))
        if layer:
            dZ = dh(Z[layer - 1]) * (dZ @ weights[layer].T)
    return loss, accuracy, dW, db


def assert_same_trajectory(model, expected, terms, dtype=np.float64):
    """Assert that two fits went through the same losses, gradients and accuracies to the same parameters."""
    for field in ("loss", "accuracy", "gradient_norms"):
        one, other = ([getattr(record, field) for record in m.history_] for m in (model, expected))
        assert_close(one, other, dtype, terms=terms)
    for parameter, other in zip(model._network.parameters, expected._network.parameters, strict=True):
        assert_close(parameter, other, dtype, terms=terms)
