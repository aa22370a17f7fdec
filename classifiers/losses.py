"""Losses, each returned with its gradient.

For logits z of K classes and the label y,

    nll(z, y) = logsumexp(z) - z_y,        d nll / d z = softmax(z) - onehot(y).

The logarithm is never taken of a probability: that would lose everything below the smallest float, and ``log(p + eps)``
hides the loss. And the one-hot label is never built: subtracting it is ``P[arange(n), y] -= 1``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._floats import as_floats
from onehot import _kernels as kernels
from onehot._arrays import as_array

__all__ = ["accuracy", "cross_entropy", "log_softmax", "mse", "sample_nll", "softmax"]

Array = npt.NDArray[Any]


def softmax(logits: npt.ArrayLike, /) -> Array:
    """Return ``exp(z) / sum exp(z)`` over the last axis, stable for any finite z.

    Parameters
    ----------
    logits : array of float, shape (..., K)

    Returns
    -------
    array, shape (..., K)
        Probabilities; each row sums to 1.

    Raises
    ------
    ValueError
        If there is no axis of classes, or no class.

    Examples
    --------
    >>> softmax([[0.0, 0.0], [0.0, 1e4]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    Z = _logits(logits)
    P = np.empty(Z.shape, Z.dtype)
    rows = (-1, Z.shape[-1])
    kernels.active.softmax(np.ascontiguousarray(Z).reshape(rows), P.reshape(rows))
    return P


def log_softmax(logits: npt.ArrayLike, /) -> Array:
    """Return ``z - logsumexp(z)`` over the last axis: the logarithm of `softmax`, exact where that underflows.

    Raises ValueError where `softmax` does.

    Examples
    --------
    >>> log_softmax([[0.0, 1e4]])
    array([[-10000.,      0.]])
    """
    Z = np.moveaxis(_logits(logits), -1, 0).copy()
    Z -= Z.max(axis=0)
    with np.errstate(under="ignore"):
        Z -= np.log(np.exp(Z).sum(axis=0))
    return np.moveaxis(Z, 0, -1)


def sample_nll(logits: npt.ArrayLike, y: npt.ArrayLike, /) -> Array:
    """Return the negative log-likelihood of each sample, in nats: ``logsumexp(z_i) - z_i[y_i]``.

    Parameters
    ----------
    logits : array of float, shape (n, K)
    y : array of int, shape (n,)
        Labels in [0, K).

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is not in [0, K).

    Examples
    --------
    Ten equal logits say nothing, which costs ln 10:

    >>> sample_nll(np.zeros((1, 10)), [3]).round(3)
    array([2.303])
    """
    logits, labels = _checked(logits, y)
    return -log_softmax(logits)[np.arange(len(labels)), labels]


def cross_entropy(
    logits: npt.ArrayLike, y: npt.ArrayLike, /, sample_weight: npt.ArrayLike | None = None
) -> tuple[float, Array]:
    """Return the mean cross-entropy of integer labels and its gradient.

    loss = sum_i w_i nll(z_i, y_i) / sum_i w_i, and dlogits_i = w_i (softmax(z_i) - onehot(y_i)) / sum_i w_i.

    Parameters
    ----------
    logits : array of float, shape (n, K)
    y : array of int, shape (n,)
        Labels in [0, K).
    sample_weight : array of float, shape (n,), optional
        Not negative; a weight of 2 is the sample twice.

    Returns
    -------
    loss : float
        In nats.
    dlogits : array, shape (n, K)
        Each row sums to 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is not in [0, K), or the weights are negative or all zero.

    Notes
    -----
    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109. Not checked: that the
    logits are finite; a NaN makes the loss NaN.

    Examples
    --------
    >>> loss, dlogits = cross_entropy([[0.0, 0.0]], [1])
    >>> round(loss, 3), dlogits
    (0.693, array([[ 0.5, -0.5]]))
    """
    logits, labels = _checked(logits, y)
    logits = np.ascontiguousarray(logits)
    weight, total = None, float(len(labels))
    if sample_weight is not None:
        given = as_array(sample_weight, "sample_weight").astype(np.float64)
        largest = given.max(initial=0)
        if given.shape != labels.shape:
            raise ValueError(f"sample_weight has shape {given.shape}, expected {labels.shape}, one weight per sample")
        for row in np.flatnonzero(~((given >= 0) & (given < np.inf)))[:1]:
            raise ValueError(f"sample_weight, row {row}: {given[row]:g} is not a weight; weights are numbers from 0")
        if not largest:
            raise ValueError("all of sample_weight is zero")
        with np.errstate(under="ignore"):
            weight = (given / largest).astype(logits.dtype)  # or the sum of large weights would be infinite
        total = float(weight.sum(dtype=np.float64))
    dlogits = np.empty_like(logits)
    with np.errstate(under="ignore", invalid="ignore"):
        loss, _ = kernels.active.softmax_cross_entropy(logits, labels, weight, total, dlogits)
    return loss, dlogits


def mse(prediction: npt.ArrayLike, target: npt.ArrayLike, /) -> tuple[float, Array]:
    """Return the mean of squared errors and its gradient ``2 (prediction - target) / size``.

    Parameters
    ----------
    prediction, target : array of float, of one shape

    Raises
    ------
    ValueError
        If the shapes differ or are empty.

    Examples
    --------
    >>> loss, dprediction = mse([480_000, 310_000, 690_000], [500_000, 300_000, 700_000])
    >>> round(loss)
    200000000
    """
    prediction, target = as_floats(prediction, "prediction"), as_floats(target, "target")
    if prediction.shape != target.shape or not prediction.size:
        raise ValueError(
            f"prediction and target must have one shape, not empty; got {prediction.shape}, {target.shape}"
        )
    error = prediction - target
    return float(np.mean(np.square(error, dtype=np.float64))), 2 * error / error.size


def accuracy(logits: npt.ArrayLike, y: npt.ArrayLike, /) -> float:
    """Return the fraction of samples whose largest logit is the label's; of equal logits the first counts.

    Shapes are (n, K) and (n,). Raises ValueError where `sample_nll` does.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    logits, labels = _checked(logits, y)
    return float(np.mean(logits.argmax(axis=1) == labels))


def _logits(logits: npt.ArrayLike) -> Array:
    Z = as_floats(logits, "logits")
    if not Z.ndim or not Z.shape[-1]:
        raise ValueError(f"logits must have shape (..., K) with a class or more, got {Z.shape}")
    return Z


def _checked(logits: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    logits, y = as_floats(logits, "logits"), as_array(y, "y")
    if logits.ndim != 2 or y.shape != logits.shape[:1] or not y.size:
        hint = "; of one-hot labels, pass y.argmax(axis=1)" if y.ndim == 2 else ""
        raise ValueError(f"logits (n, K) and y (n,) do not fit or are empty; got {logits.shape} and {y.shape}{hint}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"y must be integer labels, got {y.dtype}; np.unique(y, return_inverse=True) makes them")
    for row in np.flatnonzero((y < 0) | (y >= logits.shape[1]))[:1]:
        raise ValueError(f"row {row}: label {y[row]} is not in [0, {logits.shape[1]})")
    return logits, y.astype(np.intp, copy=False)
