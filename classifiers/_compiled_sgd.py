"""Gradient descent on softmax regression and on ReLU networks, many steps in one call of compiled code.

With the learning rate lr and the L2 penalty alpha, the step for a batch of B samples is

    Z  = X @ W + b
    dZ = (softmax(Z) - Y) / B
    W  = (1 - lr alpha) W - lr X.T @ dZ,    b = b - lr sum_i dZ[i]

Hidden layers come before the second line on the way forward, and after it on the way back, where each makes its step.
The loops are the ones that `network` and `optimizers` call. For a batch of 256 samples, the interpreter takes longer
from one loop to the next than the loops take; here there is none between them, and samples are prefetched.
Imported only where the kernels are Numba's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from classifiers._scaled_table import SMALLEST_SCALE, ScaledTable
from classifiers.activations import relu
from classifiers.network import Network
from classifiers.optimizers import SGD, Optimizer
from onehot import OneHot
from onehot._kernels._cache_size import is_far
from onehot._kernels._numba_loops import compiled, gather_sum, scatter_add
from onehot._kernels._numba_row import fill, load, plus, prefetch, prefetch_row, store, times
from onehot._kernels._numba_softmax import constant_classes, softmax_cross_entropy

__all__ = ["can_step", "make_steps"]

Array = npt.NDArray[Any]
MOST_UNITS = 128  # of a layer: a row of the first fits into registers, and the others are too small for BLAS threads
NUMBERS_PER_CALL = 1 << 27  # a tenth of a second of work: an interrupt is heard only between two calls
AHEAD = 16  # samples between prefetching one and copying it


def can_step(network: Network, X: Any, optimizer: Optimizer) -> bool:
    """Whether the steps of this training are those above."""
    W, *weights = network.weights
    return (
        type(X) is OneHot
        and type(optimizer) is SGD
        and type(W) is ScaledTable
        and max(map(len, network.biases)) <= MOST_UNITS
        and W.values.flags.carray
        and {each.dtype for each in (*weights, *network.biases)} == {W.dtype}
        and (not weights or network.activation == relu)
    )


def make_steps(
    network: Network, data: tuple[OneHot, Array, Array | None], optimizer: SGD, order: Array, batch_size: int
) -> tuple[float, float]:
    """Make a step for each batch of the samples `order`, and return the sums, as `training._make_steps` does."""
    X, y, weight = data
    (W, *weights), (b, *biases) = network.weights, network.biases
    steps = _steps(len(b), constant_classes(len(network.biases[-1])), is_far(W.values), len(weights) > 0)
    lr, decay = optimizer.learning_rate, 1 - optimizer.learning_rate * optimizer.weight_decay
    numbers_per_batch = batch_size * (X.indices.shape[1] * len(b) + sum(each.size for each in weights))
    samples_per_call = batch_size * max(1, NUMBERS_PER_CALL // numbers_per_batch)
    y, scale = np.ascontiguousarray(y), np.array([W.scale])
    batch = _memory_of_a_batch(min(batch_size, len(order)), X.indices, y, weight, b)
    loss = correct = 0.0
    try:
        for start in range(0, len(order), samples_per_call):
            samples = order[start : start + samples_per_call]
            more_loss, more_correct = steps(
                X.indices, y, weight, samples, batch, W.values, scale, b, tuple(weights), tuple(biases), lr, decay
            )
            loss, correct = loss + more_loss, correct + more_correct
            optimizer.n_steps += math.ceil(len(samples) / batch_size)
    finally:  # an interrupt is heard when a call has ended: the values are already those of the new scale
        W.scale = float(scale[0])
    return loss, correct


def _memory_of_a_batch(size: int, indices: Array, y: Array, weight: Array | None, b: Array) -> tuple[Array, ...]:
    """Return room for samples, labels, weights and sums, and a bias of zeros: made here, it need not be compiled."""
    rows, labels = np.empty((size, indices.shape[1]), indices.dtype), np.empty(size, y.dtype)
    shares = np.empty(size, (b if weight is None else weight).dtype)
    return rows, labels, shares, np.empty((size, len(b)), b.dtype), np.zeros_like(b)


@cache
def _steps(d: int, n_classes: int, far: bool, is_deep: bool) -> Callable[..., tuple[float, float]]:
    @compiled
    def steps(
        indices: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        batch: tuple[Array, ...],
        values: Array,
        scale_of_values: Array,
        b: Array,
        weights: tuple[Array, ...],
        biases: tuple[Array, ...],
        lr: float,
        decay: float,
    ) -> tuple[float, float]:
        rows, labels, shares, sums, no_bias = batch
        batch_size, bias = len(rows), b.reshape((1, d))
        loss, correct, scale = 0.0, 0.0, scale_of_values[0]
        for start in range(0, len(order), batch_size):
            B = min(batch_size, len(order) - start)
            X, label, share, Z = rows[:B], labels[:B], None if weight is None else shares[:B], sums[:B]
            _copy_samples(indices, y, weight, order, start, X, label, share)

            # Z = X @ W + b
            gather_sum(values, X, no_bias, Z, 0, d, far)
            factor, bias_row = fill(Z, scale, d), load(bias, 0, 0, d)
            for i in range(B):
                store(Z, i, 0, plus(times(factor, load(Z, i, 0, d)), bias_row))

            # dZ = (softmax(Z) - Y) / B, written over Z
            if is_deep:
                activations = _forward(Z, weights, biases)
                logits = activations[-1]
            else:
                logits = Z
            batch_loss, batch_accuracy = softmax_cross_entropy(logits, label, share, float(B), logits, n_classes)
            loss += batch_loss * B
            correct += batch_accuracy * B
            dZ = _backward(activations, logits, weights, biases, lr, decay) if is_deep else logits

            # W = (1 - lr alpha) W - lr X.T @ dZ
            scale *= decay
            if scale < SMALLEST_SCALE:
                shrink = fill(values, scale, d)
                for row in range(len(values)):
                    store(values, row, 0, times(shrink, load(values, row, 0, d)))
                scale = 1.0
            scatter_add(dZ, X, -1 / scale * lr, values, 0, 0, len(values), d, False, far)

            # b = b - lr sum_i dZ[i]
            db = fill(dZ, 0, d)
            for i in range(B):
                db = plus(db, load(dZ, i, 0, d))
            store(bias, 0, 0, plus(bias_row, times(fill(dZ, -lr, d), db)))
        scale_of_values[0] = scale
        return loss, correct

    return steps


@njit
def _forward(Z: Array, weights: tuple[Array, ...], biases: tuple[Array, ...]) -> list[Array]:
    """Return ``A = relu(Z)`` of each hidden layer, the first written over `Z`, and the logits."""
    activations = [Z]
    for layer in range(len(weights)):
        A, W, b = activations[layer], weights[layer], biases[layer]
        np.maximum(A, A.dtype.type(0), A)
        Z = np.empty((len(A), len(b)), A.dtype)
        np.dot(A, W, Z)
        Z += b
        activations.append(Z)
    return activations


@njit
def _backward(
    activations: list[Array],
    dZ: Array,
    weights: tuple[Array, ...],
    biases: tuple[Array, ...],
    lr: float,
    decay: float,
) -> Array:
    """Make the step of every layer but the first; return dZ of that one."""
    for layer in range(len(weights) - 1, -1, -1):
        A, W, b = activations[layer], weights[layer], biases[layer]
        dW, dA = np.empty_like(W), np.empty_like(A)
        np.dot(A.T, dZ, dW)
        np.dot(dZ, W.T, dA)
        number, db = W.dtype.type, np.zeros_like(b)
        for dz in dZ:
            db += dz
        W *= number(decay)
        W -= number(lr) * dW
        b -= number(lr) * db
        dA *= A > 0
        dZ = dA
    return dZ


@njit
def _copy_samples(
    indices: Array,
    y: Array,
    weight: Array | None,
    order: Array,
    start: int,
    X: Array,
    label: Array,
    share: Array | None,
) -> None:
    """Set ``X, label, share = indices[batch], y[batch], weight[batch]``, and prefetch the samples that come after."""
    n_left = len(order) - start
    for i in range(len(X)):
        if i + AHEAD < n_left:
            later = order[start + i + AHEAD]
            prefetch_row(indices, later)
            prefetch(y.reshape((-1, 1)), later, 0, 1)
        sample = order[start + i]
        for j in range(indices.shape[1]):
            X[i, j] = indices[sample, j]
        label[i] = y[sample]
        if weight is not None:
            share[i] = weight[sample]
