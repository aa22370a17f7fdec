"""The loss around the weights θ of a model, on a plane through them.

    L(a, b) = loss(θ + a δ + b η),        δ, η normal directions, filter by filter of the length of θ

A filter is the weights that feed one unit: a column of W. Without normalisation a picture says more about the scale of
the weights than about the loss: multiplying one ReLU layer by 10 and dividing the next by 10 is the same function.

Reference: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the loss landscape of neural nets", 2018, section 4.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers.network import Network

__all__ = ["LossLandscape", "loss_landscape"]

Array = npt.NDArray[Any]


class LossLandscape(NamedTuple):
    """`loss[i, j]`, in nats, at ``θ + steps[j] δ + steps[i] η``; the model itself is in the middle."""

    steps: Array  # (r,)
    loss: Array  # (r, r)


def loss_landscape(
    model: CategoricalClassifier,
    X: Any,
    y: npt.ArrayLike,
    *,
    extent: float = 1.0,
    resolution: int = 25,
    seed: int = 0,
) -> LossLandscape:
    """Return the mean loss, without the penalty, on a square of the plane that two random directions span.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
    X, y : as for `fit`
        It costs ``resolution ** 2`` evaluations of the loss: pass a part of large data.
    extent : float
        Half the side of the square; at 1 every filter is moved by its own length.
    resolution : int
        Points a side, odd, so that the model is one of them.
    seed : int
        Of the directions.

    Raises
    ------
    NotFittedError, ValueError, TypeError
        If the model is not fitted or not of this package, X or y do not fit to it, the resolution is not odd, or the
        extent not positive.

    Notes
    -----
    Biases stay as they are, as in the reference. Filters that are zero stay zero. One plane of many: a model that lies
    in a round bowl here may lie in a narrow valley of another plane.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> codes, y = [[0], [1]], [0, 1]
    >>> model = SoftmaxRegression(alpha=0.1).fit(codes, y)
    >>> steps, loss = loss_landscape(model, codes, y, resolution=3)
    >>> steps, loss.shape
    (array([-1.,  0.,  1.]), (3, 3))
    """
    check_is_model(model)
    if not isinstance(resolution, Integral) or resolution < 3 or resolution % 2 == 0:
        raise ValueError(f"resolution={resolution!r} must be odd and at least 3, so that the model is in the middle")
    if not 0 < extent < np.inf:
        raise ValueError(f"extent={extent!r} must be a positive number")
    data = model._dataset(X, y)
    network = model._network
    weights = [np.array(W) for W in network.weights]
    rng = np.random.default_rng(seed)
    delta, eta = [[_like_filters(W, rng) for W in weights] for _ in range(2)]
    steps = np.linspace(-extent, extent, resolution)
    steps[resolution // 2] = 0
    loss = np.empty((resolution, resolution))
    with np.errstate(all="ignore"):  # far out the loss may overflow, and is inf in the picture's data
        for i, b in enumerate(steps):
            for j, a in enumerate(steps):
                moved = [
                    W + W.dtype.type(a) * d + W.dtype.type(b) * e for W, d, e in zip(weights, delta, eta, strict=True)
                ]
                loss[i, j], _ = Network(moved, network.biases, network.activation).evaluate(*data)
    return LossLandscape(steps, loss)


def _like_filters(W: Array, rng: np.random.Generator) -> Array:
    """Return a normal direction whose columns are as long as those of W."""
    direction = rng.standard_normal(W.shape)
    direction *= np.linalg.norm(W, axis=0) / np.linalg.norm(direction, axis=0)
    return direction.astype(W.dtype)
