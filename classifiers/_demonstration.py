"""Handwritten digits as categorical data, in three formats, by two models."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from classifiers.activations import relu
from classifiers.dataset import Dataset
from classifiers.design_matrix import DenseMatrix, DesignMatrix, SparseMatrix
from classifiers.diagnostics import sample_losses, worst_predictions
from classifiers.initializers import he_normal
from classifiers.mlp import MLPClassifier
from classifiers.network import Network, initialize
from classifiers.optimizers import SGD
from classifiers.softmax_regression import SoftmaxRegression
from classifiers.training import train_epoch
from onehot import OneHot, get_backend

Array = npt.NDArray[Any]
LEVELS, PIXELS, CLASSES = 17, 64, 10
PICTURE = "learning_curves.png"


def main() -> None:
    """Run the demonstration."""
    images, digit = load_digits(return_X_y=True)
    codes = images.astype(int)
    train, test, y_train, y_test = train_test_split(codes, digit, test_size=0.25, stratify=digit, random_state=0)
    V = PIXELS * LEVELS
    print(
        f"Data: {len(codes)} handwritten digits of 8 x 8 pixels, read as {PIXELS} categorical columns of {LEVELS} "
        "levels:\n"
        f"      V = {V} one-hot columns, {CLASSES} classes, {len(train)} digits to train on and {len(test)} to test.\n"
    )

    compare_formats(OneHot(train, LEVELS), y_train)
    models = [
        SoftmaxRegression(solver="adagrad", learning_rate=0.1, alpha=1e-3, max_iter=30, batch_size=32, random_state=0),
        MLPClassifier((64,), solver="adam", alpha=1.0, max_iter=30, batch_size=32, random_state=0),
    ]
    for model in models:
        model.set_params(n_categories=[LEVELS] * PIXELS)
        start = time.perf_counter()
        model.fit(train, y_train, X_val=test, y_val=y_test)
        seconds = time.perf_counter() - start
        nll = float(sample_losses(model, test, y_test).mean())
        print(f"{type(model).__name__}, solver {model.solver}, {model.n_iter_} epochs in {seconds:.2f} s")
        print(f"  test accuracy {model.score(test, y_test):.3f}, test NLL {nll:.3f} nats; the five worst predictions:")
        print("  " + str(worst_predictions(model, test, y_test, k=5)).replace("\n", "\n  ") + "\n")
    draw_learning_curves(models)


def compare_formats(X: OneHot, y: Array) -> None:
    """Print loss, gradient and the time of an epoch for the three formats of one X."""
    formats: dict[str, DesignMatrix] = {
        "dense one-hot": DenseMatrix(X.toarray()),
        "sparse one-hot": SparseMatrix(X.tocsr()),
        "integer codes": X,
    }
    results = {}
    for name, design in formats.items():
        loss, _, gradients = _network().loss_and_gradients(design, y)
        results[name] = loss, np.asarray(gradients.weights[0]), _seconds_an_epoch(design, y)
    loss, gradient, fastest = results["integer codes"]
    print(f"An MLP with 64 hidden units, before training, on each format (backend {get_backend()}):")
    print(
        f"  {'':16s}{'loss':>12s}{'difference':>13s}{'|gradient|':>13s}{'difference':>13s}{'epoch':>12s}{'ratio':>8s}"
    )
    for name, (its_loss, its_gradient, seconds) in results.items():
        difference = float(np.abs(its_gradient - gradient).max())
        print(
            f"  {name:16s}{its_loss:12.6f}{abs(its_loss - loss):13.1e}{np.linalg.norm(its_gradient):13.6f}"
            f"{difference:13.1e}{seconds * 1e3:9.1f} ms{seconds / fastest:8.1f}"
        )
    print("  Differences are the largest from integer codes; an epoch is SGD in batches of 32.\n")


def _network() -> Network:
    sizes = (PIXELS * LEVELS, 64, CLASSES)
    rng = np.random.default_rng(0)
    return initialize(sizes, [he_normal, he_normal], relu, fan_in=PIXELS, rng=rng, dtype=np.float32)


def _seconds_an_epoch(design: DesignMatrix, y: Array) -> float:
    """Return the best of three, after one that warms up."""
    network, optimizer, rng = _network(), SGD(learning_rate=0.01), np.random.default_rng(0)
    records = [train_epoch(network, Dataset(design, y), optimizer, batch_size=32, rng=rng, epoch=k) for k in range(4)]
    return min(record.seconds for record in records[1:])


def draw_learning_curves(models: list[Any]) -> None:
    """Write the picture, or say how to get it."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        print(f"For {PICTURE}, install matplotlib: python -m pip install 'onehot-lookup[plots]'")
        return
    from classifiers.plots import learning_curves

    figure = Figure(figsize=(9, 6.5), layout="constrained")
    axes = figure.subplots(2, len(models), sharex="col")
    for column, model in zip(axes.T, models, strict=True):
        learning_curves(model, metric="loss", ax=column[0]).set_title(type(model).__name__)
        learning_curves(model, metric="accuracy", ax=column[1])
    figure.savefig(PICTURE, dpi=150)
    print(f"Wrote {PICTURE}.")
