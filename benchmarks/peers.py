"""Torch and scikit-learn beside this library, on the same data. What is not installed is n/a.

Epochs carry on from where the one before ended, so that what is timed is training and not setting up. A time at another
loss is not a win: `setup` asserts that an epoch brings torch's loss down as far as ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from benchmarks.contenders import LIBRARIES, Contender, mlp, softmax_regression
from benchmarks.data import Array, draw_problem, draw_table, one_hot, optional
from benchmarks.measure import assert_agree
from onehot import OneHot

SAMPLES = 200_000
SOFTMAX = {
    "K=10, f=10, V=1e3": (10, 1_000, 10),
    "K=2, f=10, V=1e5": (10, 100_000, 2),
    "K=10, f=20, V=1e6": (20, 1_000_000, 10),
}
MLP = {"H=64, f=10, V=1e3": (50_000, 10, 1_000, 10), "H=64, f=10, V=1e5": (5_000, 10, 100_000, 10)}
RATE = 1e-3
LOOKUP = {"d=10, V=1e3": (4096, 10, 1_000, 10), "d=64, V=1e6": (4096, 10, 1_000_000, 64)}

number = 1  # every call trains
repeat = (3, 50, 2.0)


@cache
def trained(train: Callable[..., Contender], library: str, n: int, f: int, V: int, K: int) -> Contender:
    """Return a contender after one epoch."""
    problem = draw_problem(n, f, V, K)
    contender = train(library, problem)
    if library == "torch":
        before = contender.loss()
        contender.epoch()
        ours = train("onehot", problem)
        ours.epoch()
        reached, expected = contender.loss(), ours.loss()  # not quite equal: the order of samples is random
        assert abs(reached - expected) < 0.1 * (before - expected), f"torch came from {before} to {reached}"
    else:
        contender.epoch()
    return contender


class SoftmaxEpoch:
    params = (list(SOFTMAX), LIBRARIES)
    param_names = ("case", "library")

    def setup(self, case: str, library: str) -> None:
        self.contender = trained(softmax_regression, library, SAMPLES, *SOFTMAX[case])

    def time_epoch(self, case: str, library: str) -> None:
        self.contender.epoch()


class MLPEpoch:
    params = (list(MLP), LIBRARIES)
    param_names = ("case", "library")

    def setup(self, case: str, library: str) -> None:
        self.contender = trained(mlp, library, *MLP[case])

    def time_epoch(self, case: str, library: str) -> None:
        self.contender.epoch()


@cache
def products(library: str, n: int, f: int, V: int, d: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return ``X @ W``, and the same with a step of SGD; both have been called, and agree with CSR."""
    X, W, G = one_hot(n, f, V), draw_table(V, d).copy(), draw_table(n, d)
    forward, step = _products_of_torch(X, W, G) if library == "torch" else _products(X, W, G)
    csr = X.tocsr()
    assert_agree(forward(), csr @ W, terms=f)
    expected = W - RATE * (csr.T @ G)
    step()
    assert_agree(W, expected, terms=int(np.bincount(X.indices.ravel()).max()) + 2)
    return forward, step


def _products(X: OneHot, W: Array, G: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    def step() -> None:
        nonlocal W
        X @ W
        W -= RATE * (X.T @ G)

    return lambda: X @ W, step


def _products_of_torch(X: OneHot, W: Array, G: Array) -> tuple[Callable[[], Any], Callable[[], Any]]:
    torch = optional("torch")
    torch.set_num_threads(1)
    indices = torch.from_numpy(X.indices.astype(np.int64))
    table, dZ = torch.from_numpy(W).requires_grad_(), torch.from_numpy(G)  # in the same memory
    optimizer = torch.optim.SGD([table], lr=RATE)

    def forward() -> Array:
        with torch.no_grad():
            result: Array = torch.nn.functional.embedding_bag(indices, table, mode="sum").numpy()
            return result

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.embedding_bag(indices, table, mode="sum", sparse=True).backward(dZ)
        optimizer.step()

    return forward, step


class Lookup:
    """The products alone: `X @ W` beside `embedding_bag`, and with the gradient and a step of SGD."""

    params = (list(LOOKUP), ["onehot", "torch"])
    param_names = ("case", "library")

    def setup(self, case: str, library: str) -> None:
        self.forward, self.step = products(library, *LOOKUP[case])

    def time_forward(self, case: str, library: str) -> None:
        self.forward()

    def time_forward_backward_update(self, case: str, library: str) -> None:
        self.step()


@cache
def fitted(library: str) -> tuple[Any, Any, Array]:
    """Return a model that L-BFGS has fitted, X as it takes it, and y; the objectives have been compared."""
    from classifiers import SoftmaxRegression

    codes, n_categories, y = draw_problem(50_000, 10, 1_000, 10)
    alpha = 1e-4
    ours = SoftmaxRegression(alpha=alpha, max_iter=500, n_categories=n_categories).fit(codes, y)
    ours.predict_proba(codes[:512])  # compiles
    if library == "onehot":
        return ours, codes, y
    from sklearn.linear_model import LogisticRegression

    X = OneHot(codes, n_categories, dtype=np.float64).tocsr()
    peer = LogisticRegression(C=1 / (alpha * len(y)), max_iter=500).fit(X, y)
    best, reached = (
        -model.predict_log_proba(inputs)[np.arange(len(y)), y].mean() + alpha / 2 * (model.coef_**2).sum()
        for model, inputs in ((peer, X), (ours, codes))
    )
    assert reached < best * (1 + 1e-4), f"our objective {reached} is worse than that of scikit-learn, {best}"
    return peer, X, y


class Estimator:
    """L-BFGS to convergence and prediction, beside `LogisticRegression` on CSR."""

    params = (["onehot", "scikit-learn"],)
    param_names = ("library",)
    timeout = 300.0

    def setup(self, library: str) -> None:
        self.model, self.X, self.y = fitted(library)

    def time_fit_lbfgs(self, library: str) -> None:
        self.model.fit(self.X, self.y)

    def time_predict_proba(self, library: str) -> None:
        self.model.predict_proba(self.X)
