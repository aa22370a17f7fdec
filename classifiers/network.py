"""Layers composed: forward, loss and gradients. Softmax regression is the network without a hidden layer.

    A_0 = X,   Z_l = A_(l-1) @ W_l + b_l,   A_l = h(Z_l),   P = softmax(Z_L)

    dZ_L = (P - Y) / n
    dW_l = A_(l-1).T @ dZ_l,   db_l = sum_i dZ_l[i],   dZ_(l-1) = h'(Z_(l-1)) * (dZ_l @ W_l.T)

The first product is whatever the type of X makes it: see `design_matrix`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classifiers._scaled_table import ScaledTable
from classifiers.activations import SupportsForward
from classifiers.design_matrix import DesignMatrix
from classifiers.initializers import Initializer
from onehot import OneHot, RowGradient
from onehot import _kernels as kernels

__all__ = ["ROWS_PER_CHUNK", "Gradients", "Network", "affine", "chunks", "initialize"]

Array = npt.NDArray[Any]
ROWS_PER_CHUNK = 1 << 14  # of fewer, threads wait for the interpreter's lock more than they compute


class Gradients(NamedTuple):
    """Gradients of the mean loss, by layer: the first of `weights` is a `RowGradient`, or of a full batch an array."""

    weights: list[Any]
    biases: list[Array]

    @property
    def parameters(self) -> list[Any]:
        """In the order of `Network.parameters`."""
        return [*self.weights, *self.biases]

    def norms(self) -> tuple[float, ...]:
        """Return the Euclidean norm of each layer's gradient, its weights and bias together."""
        return tuple(
            float(np.hypot(dW.norm() if isinstance(dW, RowGradient) else np.linalg.norm(dW), np.linalg.norm(db)))
            for dW, db in zip(self.weights, self.biases, strict=True)
        )


class Network:
    """A multilayer perceptron on a design matrix, with softmax output.

    Parameters
    ----------
    weights : list of array
        (V, H_1), (H_1, H_2), ..., (H_(L-1), K). The first may be a `ScaledTable`.
    biases : list of array
        (H_1,), ..., (H_(L-1),), (K,).
    activation : activation
        Of all hidden layers.
    """

    def __init__(self, weights: list[Any], biases: list[Array], activation: SupportsForward) -> None:
        self.weights = weights
        self.biases = biases
        self.activation = activation

    @property
    def parameters(self) -> list[Any]:
        """Weights, then biases, as `loss_and_gradients` orders their gradients."""
        return [*self.weights, *self.biases]

    def forward(self, X: DesignMatrix | Array) -> Array:
        """Return the logits, (n, K)."""
        A: Any = X
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            A, _ = self.activation.forward(affine(A, W, b))
        return affine(A, self.weights[-1], self.biases[-1])

    def loss_and_gradients(
        self, X: DesignMatrix, y: Array, sample_weight: Array | None = None, *, total: float | None = None
    ) -> tuple[float, float, Gradients]:
        """Return loss, accuracy and gradients: weighted sums over the n samples, divided by n or by `total`.

        Parameters
        ----------
        X : design matrix, (n, V)
        y : array of int, (n,), labels in [0, K)
        sample_weight : array of float, (n,), optional
            Of mean 1 over the whole training data, not over this batch: so every batch's gradient is an unbiased
            estimate of the whole one.
        total : float, optional
            What to divide by in place of n, where these samples are a part of those that are summed over.

        Notes
        -----
        Not checked, as it runs once a batch: that the lengths are equal and the labels in [0, K). `Dataset.check` does.
        """
        inputs: list[Any] = [X]
        backprops = []
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            A, backprop = self.activation.forward(affine(inputs[-1], W, b))
            inputs.append(A)
            backprops.append(backprop)
        logits = affine(inputs[-1], self.weights[-1], self.biases[-1])

        dZ = logits  # overwritten by its gradient
        loss, accuracy = kernels.active.softmax_cross_entropy(logits, y, sample_weight, float(total or len(y)), dZ)

        dW, db = [], []
        for layer in reversed(range(len(self.weights))):
            dW.append(inputs[layer].T @ dZ)
            db.append(_column_sums(dZ))
            if layer > 0:
                dZ = backprops[layer - 1](dZ @ self.weights[layer].T)
        return loss, accuracy, Gradients(dW[::-1], db[::-1])

    def evaluate(self, X: DesignMatrix, y: Array, sample_weight: Array | None = None) -> tuple[float, float]:
        """Return the mean loss and the accuracy, a chunk of rows at a time."""
        total = float(len(y)) if sample_weight is None else float(sample_weight.sum())
        loss = accuracy = 0.0
        for rows in chunks(len(y)):
            weight = None if sample_weight is None else sample_weight[rows]
            Z = self.forward(X[rows])
            part = kernels.active.softmax_cross_entropy(Z, y[rows], weight, total, Z)
            loss, accuracy = loss + part[0], accuracy + part[1]
        return loss, accuracy

    def logits(self, X: DesignMatrix) -> Array:
        """Return the logits, (n, K), a chunk of rows at a time: hidden layers of all rows never exist at once."""
        Z = np.empty((X.shape[0], len(self.biases[-1])), self.biases[-1].dtype)
        for rows in chunks(len(Z)):
            Z[rows] = self.forward(X[rows])
        return Z

    def with_table(self, table: Any) -> Network:
        """Return the network with another first layer's W; it shares all other parameters."""
        return Network([table, *self.weights[1:]], self.biases, self.activation)

    def copy(self) -> Network:
        """Return a network whose parameters are its own."""
        return Network(copy.deepcopy(self.weights), copy.deepcopy(self.biases), self.activation)

    @property
    def is_read_only(self) -> bool:
        """Whether an array of its parameters is, as those are that joblib maps into memory."""
        arrays = [each.values if isinstance(each, ScaledTable) else each for each in self.parameters]
        return not all(array.flags.writeable for array in arrays)

    def assign(self, other: Network) -> None:
        """Take over the numbers of `other`, in place."""
        for mine, theirs in zip(self.parameters, other.parameters, strict=True):
            if isinstance(mine, ScaledTable):
                mine.values[...], mine.scale = theirs.values, theirs.scale
            else:
                mine[...] = theirs

    def fold(self) -> None:
        """Fold the scale of a `ScaledTable` into its values, for those who read it from now on."""
        if isinstance(self.weights[0], ScaledTable):
            self.weights[0].fold()


def affine(A: Any, W: Any, b: Array) -> Array:
    """Return ``A @ W + b``."""
    is_scaled = isinstance(W, ScaledTable)
    if isinstance(A, OneHot) and not (is_scaled and W.scale != 1):
        return A.affine(W.values if is_scaled else W, b)
    Z: Array = A @ W + b
    return Z


def _column_sums(dZ: Array) -> Array:
    """Return ``dZ.sum(axis=0)`` as a product, several times faster: NumPy's inner loop would run along short rows."""
    sums: Array = _ones(len(dZ), dZ.dtype) @ dZ
    return sums


@lru_cache(maxsize=4)
def _ones(n: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(n, dtype)


def initialize(
    sizes: Sequence[int],
    initializers: Sequence[Initializer],
    activation: SupportsForward,
    *,
    fan_in: int,
    rng: np.random.Generator,
    dtype: npt.DTypeLike,
) -> Network:
    """Return a network with layers of `sizes`, (V, H_1, ..., K), each with its initializer; biases are zero.

    `fan_in` of the input layer is the number of its active inputs, f, not V.

    Raises
    ------
    ValueError
        If an initializer returns an array of another shape.
    """
    weights: list[Any] = []
    for layer, initializer in enumerate(initializers):
        rows, columns = sizes[layer : layer + 2]
        active = fan_in if layer == 0 else rows
        W = initializer((rows, columns), fan_in=active, fan_out=columns, rng=rng, dtype=dtype)
        if np.shape(W) != (rows, columns):
            raise ValueError(f"the initializer returned shape {np.shape(W)}; it must return ({rows}, {columns})")
        is_ours = getattr(initializer, "__module__", None) == Initializer.__module__
        # Training changes weights in place: an array from a user's initializer may be needed elsewhere, and is copied.
        weights.append(np.ascontiguousarray(W, dtype) if is_ours else np.array(W, dtype, order="C"))
    weights[0] = ScaledTable(weights[0])
    return Network(weights, [np.zeros(columns, dtype) for columns in sizes[1:]], activation)


def chunks(n: int) -> Iterator[slice]:
    """Return slices of `ROWS_PER_CHUNK` rows that cover n rows: their arrays stay in cache."""
    return (slice(start, start + ROWS_PER_CHUNK) for start in range(0, n, ROWS_PER_CHUNK))
