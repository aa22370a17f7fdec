"""Gradient descent on softmax regression, many steps in one call of compiled code.

With the learning rate lr and the L2 penalty alpha, the step for a batch of B samples is

    Z  = X @ W + b
    dZ = (softmax(Z) - Y) / B
    W  = (1 - lr alpha) W - lr X.T @ dZ,    b = b - lr sum_i dZ[i]

on the loops that `network` and `optimizers` call for it. Between two of them, for a batch of 256 samples, the
interpreter takes longer than they do; and here the samples to come are asked for while those of this batch are copied.
Imported only where the kernels are Numba's.
"""

# Numba compiles a language of its own, which mypy takes for Python.
# mypy: ignore-errors

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from classifiers._scaled_table import SMALLEST_SCALE
from classifiers.network import Network
from classifiers.optimizers import SGD, Optimizer
from onehot import OneHot
from onehot._kernels._numba_loops import (
    compiled,
    constant_classes,
    gather_sum,
    is_far,
    scatter_add,
    softmax_cross_entropy,
)
from onehot._kernels._numba_row import fetch, fill, load, plus, store, times

__all__ = ["can_step", "make_steps"]

Array = npt.NDArray[Any]
MOST_CLASSES = 128  # whose numbers registers hold at once
BATCHES_A_CALL = 256  # between two of them, an interrupt is heard
AHEAD = 16  # samples between asking for one and copying it
LINE = 16  # indices in a cache line


def can_step(network: Network, X: Any, optimizer: Optimizer) -> bool:
    """Whether the steps of this training are those above."""
    return (
        type(X) is OneHot
        and type(optimizer) is SGD
        and len(network.weights) == 1
        and len(network.biases[0]) <= MOST_CLASSES
        and network.weights[0].values.flags.carray
    )


def make_steps(
    network: Network, data: tuple[OneHot, Array, Array | None], optimizer: SGD, order: Array, batch_size: int
) -> tuple[float, float, tuple[()]]:
    """Make a step for each batch of the samples `order`, as `training` does; return the same, but for the norms."""
    X, y, weight = data
    W, b = network.weights[0], network.biases[0]
    K, lr = len(b), optimizer.learning_rate
    steps = _steps(K, constant_classes(K), is_far(W.values))
    loss = accuracy = 0.0
    for start in range(0, len(order), BATCHES_A_CALL * batch_size):
        samples = order[start : start + BATCHES_A_CALL * batch_size]
        more_loss, more_accuracy, W.scale = steps(
            X.indices, y, weight, samples, batch_size, W.values, W.scale, 1 - lr * optimizer.weight_decay, b, lr
        )
        loss, accuracy = loss + more_loss, accuracy + more_accuracy
        optimizer.n_steps += math.ceil(len(samples) / batch_size)
    return loss, accuracy, ()


@cache
def _steps(K: int, n_classes: int, far: bool) -> Callable[..., tuple[float, float, float]]:
    @compiled
    def steps(
        indices: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        batch_size: int,
        values: Array,
        scale: float,
        decay: float,
        b: Array,
        lr: float,
    ) -> tuple[float, float, float]:
        rows, labels = np.empty((batch_size, indices.shape[1]), indices.dtype), np.empty(batch_size, y.dtype)
        weights = None if weight is None else np.empty(batch_size, weight.dtype)
        logits, bias, nothing = np.empty((batch_size, K), values.dtype), b.reshape((1, K)), np.zeros(K, values.dtype)
        loss = accuracy = 0.0
        for first in range(0, len(order), batch_size):
            B = min(batch_size, len(order) - first)
            X, label, share, Z = rows[:B], labels[:B], None if weights is None else weights[:B], logits[:B]
            _copy_samples(indices, y, weight, order, first, X, label, share)

            # Z = X @ W + b
            gather_sum(values, X, nothing, Z, 0, K, far)
            factor, last = fill(Z, scale, K), load(bias, 0, 0, K)
            for i in range(B):
                store(Z, i, 0, plus(times(factor, load(Z, i, 0, K)), last))

            # dZ = (softmax(Z) - Y) / B, written over Z
            batch_loss, batch_accuracy = softmax_cross_entropy(Z, label, share, float(B), Z, n_classes)
            loss += batch_loss * B
            accuracy += batch_accuracy * B

            # W = (1 - lr alpha) W - lr X.T @ dZ
            scale *= decay
            if scale < SMALLEST_SCALE:
                shrink = fill(values, scale, K)
                for row in range(len(values)):
                    store(values, row, 0, times(shrink, load(values, row, 0, K)))
                scale = 1.0
            scatter_add(Z, X, -1 / scale * lr, values, 0, 0, len(values), K, False, far)

            # b = b - lr sum_i dZ[i]
            db = fill(Z, 0, K)
            for i in range(B):
                db = plus(db, load(Z, i, 0, K))
            store(bias, 0, 0, plus(last, times(fill(Z, -lr, K), db)))
        return loss, accuracy, scale

    return steps


@njit
def _copy_samples(
    indices: Array,
    y: Array,
    weight: Array | None,
    order: Array,
    first: int,
    X: Array,
    label: Array,
    share: Array | None,
) -> None:
    """Set ``X, label, share = indices[batch], y[batch], weight[batch]``, and ask for the samples that come after."""
    n_left = len(order) - first
    for i in range(len(X)):
        if i + AHEAD < n_left:
            later = order[first + i + AHEAD]
            for column in range(0, indices.shape[1], LINE):
                fetch(indices, later, column, 1)
            fetch(y.reshape((-1, 1)), later, 0, 1)
        sample = order[first + i]
        for j in range(indices.shape[1]):
            X[i, j] = indices[sample, j]
        label[i] = y[sample]
        if weight is not None:
            share[i] = weight[sample]
