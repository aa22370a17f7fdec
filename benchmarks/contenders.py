"""Who trains: this library and what a user would pick instead, each given the data in the form it likes best.

Every contender is two functions: one more epoch, on batches of B in random order; and the mean loss on all the data.
All do plain gradient descent at one learning rate and without a penalty, except `SGDClassifier`, which has a schedule
and a penalty of its own, updates sample by sample, and trains one against the rest: its loss is not comparable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.data import B, Problem, optional
from onehot import OneHot

LIBRARIES = ["onehot", "torch", "scikit-learn"]
H = 64  # hidden units
SGD: dict[str, Any] = {"solver": "sgd", "batch_size": B, "alpha": 0.0, "random_state": 0}
SOFTMAX_RATE, MLP_RATE = 0.5, 0.1


class Contender(NamedTuple):
    """Somebody who can be trained."""

    epoch: Callable[[], object]
    loss: Callable[[], float]


def softmax_regression(library: str, problem: Problem, format: str = "codes") -> Contender:
    """Return softmax regression, from zero weights."""
    if library == "torch":
        return _torch(problem, SOFTMAX_RATE, hidden=False)
    if library == "scikit-learn":
        from sklearn.linear_model import SGDClassifier

        return _estimator(SGDClassifier(loss="log_loss", random_state=0), problem, "CSR")
    from classifiers import SoftmaxRegression

    return _estimator(SoftmaxRegression(learning_rate=SOFTMAX_RATE, **SGD), problem, format)


def mlp(library: str, problem: Problem) -> Contender:
    """Return a perceptron with one hidden layer of rectified units."""
    if library == "torch":
        return _torch(problem, MLP_RATE, hidden=True)
    if library == "scikit-learn":
        from sklearn.neural_network import MLPClassifier as Peer

        return _estimator(Peer((H,), momentum=0.0, learning_rate_init=MLP_RATE, **SGD), problem, "CSR")
    from classifiers import MLPClassifier

    return _estimator(MLPClassifier((H,), learning_rate=MLP_RATE, **SGD), problem, "codes")


def _estimator(model: Any, problem: Problem, format: str) -> Contender:
    one_hot, y = OneHot(problem.codes, problem.n_categories), problem.y
    X = one_hot.tocsr() if format == "CSR" else one_hot
    classes = np.unique(y)
    return Contender(
        lambda: model.partial_fit(X, y, classes=classes),
        lambda: -float(model.predict_log_proba(X)[np.arange(len(y)), y].mean()),
    )


def _torch(problem: Problem, learning_rate: float, *, hidden: bool) -> Contender:
    torch = optional("torch")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    nn, cross_entropy = torch.nn, torch.nn.functional.cross_entropy
    X = OneHot(problem.codes, problem.n_categories)
    V, K, f = X.shape[1], int(problem.y.max()) + 1, X.indices.shape[1]
    indices, y = torch.from_numpy(X.indices.astype(np.int64)), torch.from_numpy(problem.y)
    table = nn.EmbeddingBag(V, H if hidden else K, mode="sum", sparse=True)
    nn.init.normal_(table.weight, std=(2 / f) ** 0.5 if hidden else 0.0)
    bias = nn.Parameter(torch.zeros(H if hidden else K))
    top = nn.Identity()
    if hidden:
        linear = nn.Linear(H, K)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        top = nn.Sequential(nn.ReLU(), linear)
    optimizer = torch.optim.SGD([*table.parameters(), bias, *top.parameters()], lr=learning_rate)

    def epoch() -> None:
        order = torch.randperm(len(y))
        for batch in order.split(B):
            optimizer.zero_grad()
            cross_entropy(top(table(indices[batch]) + bias), y[batch]).backward()
            optimizer.step()

    def loss() -> float:
        with torch.no_grad():
            return float(cross_entropy(top(table(indices) + bias), y))

    return Contender(epoch, loss)
