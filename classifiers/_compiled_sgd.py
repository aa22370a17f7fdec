"""Gradient descent on softmax regression and on ReLU networks, many steps in one call of compiled code.

With the learning rate lr and the L2 penalty alpha, the step for a batch of B samples is

    Z  = X @ W + b
    dZ = (softmax(Z) - Y) / B
    W  = (1 - lr alpha) W - lr X.T @ dZ,    b = b - lr sum_i dZ[i]

Hidden layers come before the second line on the way forward, and after it on the way back, where each makes its step.
The loops are the ones that `network` and `optimizers` call. For a batch of 256 samples, the interpreter takes longer
from one loop to the next than the loops take; here there is none between them.
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
from classifiers.dataset import Dataset
from classifiers.network import Network
from classifiers.optimizers import SGD, Optimizer
from onehot import OneHot
from onehot._kernels._cache_size import is_far
from onehot._kernels._numba_loops import compiled, gather_sum, scatter_add
from onehot._kernels._numba_row import fill, load, plus, store, times
from onehot._kernels._numba_softmax import constant_classes, softmax_cross_entropy

__all__ = ["can_step", "make_steps"]

Array = npt.NDArray[Any]
MOST_UNITS = 128  # of a layer: a row of the first fits into registers, and the others are too small for BLAS threads
INDICES_PER_CALL = 1 << 16  # selected at once for several batches; an interrupt is heard only between two calls


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


def make_steps(network: Network, data: Dataset, optimizer: SGD, order: Array, batch_size: int) -> tuple[float, float]:
    """Make a step for each batch of the samples `order`, and return the sums, as `training._make_steps` does."""
    (W, *weights), (b, *biases) = network.weights, network.biases
    steps = _steps(len(b), constant_classes(len(network.biases[-1])), is_far(W.values), len(weights) > 0)
    lr, decay = optimizer.learning_rate, 1 - optimizer.learning_rate * optimizer.weight_decay
    samples_per_call = batch_size * max(1, INDICES_PER_CALL // (batch_size * data.X.indices.shape[1]))
    layers = _room_for_layers(min(batch_size, len(order)), b, weights)
    no_bias, scale = np.zeros_like(b), np.array([W.scale])
    loss = correct = 0.0
    try:
        for start in range(0, len(order), samples_per_call):
            X, y, weight = data.rows(order[start : start + samples_per_call])
            more_loss, more_correct = steps(
                X.indices, y, weight, layers, no_bias, W.values, scale, b, tuple(weights), tuple(biases), lr, decay
            )
            loss, correct = loss + more_loss, correct + more_correct
            optimizer.n_steps += math.ceil(len(y) / batch_size)
    finally:  # an interrupt is heard when a call has ended: the values are already those of the new scale
        W.scale = float(scale[0])
    return loss, correct


def _room_for_layers(size: int, b: Array, weights: list[Array]) -> tuple[tuple[Array, ...], ...]:
    """Return A and dA of each layer for a batch, dW and db: made here, their making need not be compiled."""
    activations = [np.empty((size, units), b.dtype) for units in (len(b), *(W.shape[1] for W in weights))]
    dactivations = [*map(np.empty_like, activations[:-1]), activations[-1]]  # dlogits are written over the logits
    dweights, dbiases = [np.empty(W.shape, W.dtype) for W in weights], [np.empty(W.shape[1], W.dtype) for W in weights]
    return tuple(activations), tuple(dactivations), tuple(dweights), tuple(dbiases)


@cache
def _steps(d: int, n_classes: int, far: bool, is_deep: bool) -> Callable[..., tuple[float, float]]:
    @compiled
    def steps(
        indices: Array,
        y: Array,
        weight: Array | None,
        layers: tuple[tuple[Array, ...], ...],
        no_bias: Array,
        values: Array,
        scale_of_values: Array,
        b: Array,
        weights: tuple[Array, ...],
        biases: tuple[Array, ...],
        lr: float,
        decay: float,
    ) -> tuple[float, float]:
        sums, bias = layers[0][0], b.reshape((1, d))
        batch_size = len(sums)
        loss, correct, scale = 0.0, 0.0, scale_of_values[0]
        for start in range(0, len(y), batch_size):
            batch = slice(start, start + batch_size)
            X, label, share = indices[batch], y[batch], None if weight is None else weight[batch]
            B = len(X)
            Z = sums[:B]

            # Z = X @ W + b
            gather_sum(values, X, no_bias, Z, 0, d, far)
            factor, bias_row = fill(Z, scale, d), load(bias, 0, 0, d)
            for i in range(B):
                store(Z, i, 0, plus(times(factor, load(Z, i, 0, d)), bias_row))

            # dZ = (softmax(Z) - Y) / B, written over Z
            logits = _forward(layers, B, weights, biases) if is_deep else Z
            batch_loss, batch_accuracy = softmax_cross_entropy(logits, label, share, float(B), logits, n_classes)
            loss += batch_loss * B
            correct += batch_accuracy * B
            dZ = _backward(layers, B, weights, biases, lr, decay) if is_deep else logits

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
def _forward(
    layers: tuple[tuple[Array, ...], ...], B: int, weights: tuple[Array, ...], biases: tuple[Array, ...]
) -> Array:
    """Write the activations of each hidden layer over its Z, and return the logits."""
    activations = layers[0]
    for layer in range(len(weights)):
        A, Z, W, b = activations[layer][:B], activations[layer + 1][:B], weights[layer], biases[layer]

        # A = relu(Z) of this layer, Z = A @ W + b of the next
        for i in range(B):
            for j in range(len(W)):
                if A[i, j] < 0:  # NaN stays
                    A[i, j] = 0
        np.dot(A, W, Z)
        for i in range(B):
            for j in range(len(b)):
                Z[i, j] += b[j]
    return activations[-1][:B]


@njit
def _backward(
    layers: tuple[tuple[Array, ...], ...],
    B: int,
    weights: tuple[Array, ...],
    biases: tuple[Array, ...],
    lr: float,
    decay: float,
) -> Array:
    """Make the step of every layer but the first; return dZ of that one."""
    activations, dactivations, dweights, dbiases = layers
    for layer in range(len(weights) - 1, -1, -1):
        A, W, b = activations[layer][:B], weights[layer], biases[layer]
        dZ, dA, dW, db = dactivations[layer + 1][:B], dactivations[layer][:B], dweights[layer], dbiases[layer]
        number = W.dtype.type

        # dW = A.T @ dZ, db = sum_i dZ[i], dA = dZ @ W.T * (A > 0)
        np.dot(A.T, dZ, dW)
        np.dot(dZ, W.T, dA)
        for k in range(len(b)):
            db[k] = 0
        for i in range(B):
            for k in range(len(b)):
                db[k] += dZ[i, k]
            for j in range(len(W)):
                dA[i, j] *= A[i, j] > 0

        # W = (1 - lr alpha) W - lr dW, b = b - lr db
        for j in range(len(W)):
            for k in range(len(b)):
                W[j, k] = number(decay) * W[j, k] - number(lr) * dW[j, k]
        for k in range(len(b)):
            b[k] -= number(lr) * db[k]
    return dactivations[0][:B]
