"""What to look at when a network does not learn.

    is the gradient right?                     gradient_check     central differences against backpropagation
    does it reach the first layer?             gradient_norms     ‖dW_l, db_l‖ of each layer
    do the units respond?                      dead_units         units whose activation no row changes
    which samples does the model get wrong?    sample_losses, worst_predictions

All take a model of this package and data as `fit` takes them; none changes the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers._gradient_check import GradientCheck, GradientReport, gradient_check
from classifiers._text_table import aligned
from classifiers.losses import sample_nll, softmax
from classifiers.network import affine, chunks
from classifiers.reading.labels import read_labels

__all__ = [
    "GradientCheck",
    "GradientReport",
    "Prediction",
    "Predictions",
    "dead_units",
    "gradient_check",
    "gradient_norms",
    "sample_losses",
    "worst_predictions",
]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Prediction:
    """What a model says of one sample, whose label is known.

    Attributes
    ----------
    index : int
        Row of X.
    true, predicted
        Classes, as in y.
    probability_of_true, probability_of_predicted : float
    loss : float
        In nats, -log of `probability_of_true`.
    """

    index: int
    true: Any
    predicted: Any
    probability_of_true: float
    probability_of_predicted: float
    loss: float


class Predictions(list[Prediction]):
    """A list of predictions that prints as a table."""

    def __str__(self) -> str:
        rows: list[tuple[Any, ...]] = [("row", "loss", "true", "P(true)", "predicted", "P(predicted)")]
        rows += [
            (
                p.index,
                f"{p.loss:.3f}",
                p.true,
                f"{p.probability_of_true:.4f}",
                p.predicted,
                f"{p.probability_of_predicted:.4f}",
            )
            for p in self
        ]
        return aligned(rows)


def sample_losses(model: CategoricalClassifier, X: Any, y: npt.ArrayLike) -> Array:
    """Return the loss of each sample in nats, ``-log P(y_i | x_i)``, without penalty and class weights.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
    X, y : as for `fit`

    Returns
    -------
    array of float64, shape (n,)
        Their mean is `sklearn.metrics.log_loss`.

    Raises
    ------
    NotFittedError, ValueError, TypeError
        If the model is not fitted or not of this package, or X or y do not fit to it.

    See Also
    --------
    classifiers.losses.sample_nll : the same for logits.

    Examples
    --------
    A model that has learned nothing gives both classes one half, which costs ln 2:

    >>> from classifiers import SoftmaxRegression
    >>> codes, y = [[0], [1], [2]], ["a", "b", "b"]
    >>> model = SoftmaxRegression(solver="sgd", max_iter=0).fit(codes, y)
    >>> sample_losses(model, codes, y).round(3)
    array([0.693, 0.693, 0.693])
    """
    return sample_nll(*_logits_and_labels(model, X, y))


def worst_predictions(model: CategoricalClassifier, X: Any, y: npt.ArrayLike, k: int = 5) -> Predictions:
    """Return the `k` samples with the largest loss, the worst first; all of them where there are fewer.

    Wrong labels, and inputs unlike all others, gather here.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
    X, y : as for `fit`
    k : int

    Raises
    ------
    NotFittedError, ValueError, TypeError
        If the model is not fitted or not of this package, X or y do not fit to it, or k is not positive.

    Examples
    --------
    The third label contradicts the first two:

    >>> from classifiers import SoftmaxRegression
    >>> codes, y = [[0], [0], [0], [1]], ["no", "no", "yes", "yes"]
    >>> model = SoftmaxRegression(alpha=0.1).fit(codes, y)
    >>> print(worst_predictions(model, codes, y, k=2))
    row   loss  true  P(true)  predicted  P(predicted)
      2  0.926   yes   0.3961         no        0.6039
      0  0.504    no   0.6039         no        0.6039
    """
    if not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k={k!r} must be an integer of at least 1")
    Z, labels = _logits_and_labels(model, X, y)
    losses, P = sample_nll(Z, labels), softmax(Z)
    predicted = P.argmax(axis=1)
    classes = model.classes_.tolist()
    return Predictions(
        Prediction(
            index=int(row),
            true=classes[labels[row]],
            predicted=classes[predicted[row]],
            probability_of_true=float(P[row, labels[row]]),
            probability_of_predicted=float(P[row, predicted[row]]),
            loss=float(losses[row]),
        )
        for row in np.argsort(-losses, kind="stable")[:k]
    )


def gradient_norms(model: CategoricalClassifier, X: Any, y: npt.ArrayLike) -> tuple[float, ...]:
    """Return the Euclidean norm of each layer's gradient, its weights and bias together, input layer first.

    The gradient is of the mean loss on these data, without the penalty, which the norms in the `history_` of L-BFGS
    count. A gradient whose norms fall by orders of magnitude towards the input vanishes: the first layers do not learn.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
        ``max_iter=0`` with a minibatch solver gives one that is merely initialised.
    X, y : as for `fit`
        All rows are one batch, O(n H) of memory: pass a part of large data.

    Raises
    ------
    NotFittedError, ValueError, TypeError
        If the model is not fitted or not of this package, or X or y do not fit to it.

    Notes
    -----
    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    Examples
    --------
    Of two samples in one category each: dlogits is ±1/4 four times, for the bias they cancel.

    >>> from classifiers import SoftmaxRegression
    >>> model = SoftmaxRegression(solver="sgd", max_iter=0).fit([[0], [1]], [0, 1])
    >>> gradient_norms(model, [[0], [1]], [0, 1])
    (0.5,)
    """
    check_is_model(model)
    data = model._dataset(X, y)
    with np.errstate(all="ignore"):  # what overflows shows as inf or nan in its norm
        _, _, gradients = model._network.loss_and_gradients(*data)
    return gradients.norms()


def dead_units(model: CategoricalClassifier, X: Any) -> list[Array]:
    """Return, for each hidden layer, the units whose activation is the same in every row, up to rounding.

    Such a unit tells the next layer nothing that its bias does not. A ReLU that is 0 everywhere gets no gradient
    either, and will not come back; nor will a sigmoid that is saturated everywhere.

    Parameters
    ----------
    model : MLPClassifier, fitted
    X : as for `fit`, at least two rows

    Returns
    -------
    list of array of int
        Sorted indices of units, one array a hidden layer; an empty list for a model without hidden layers.

    Raises
    ------
    NotFittedError, ValueError, TypeError
        If the model is not fitted or not of this package, X does not fit to it, or has a single row, in which nothing
        could vary.

    Notes
    -----
    Source: Lu, Shin, Su and Karniadakis, "Dying ReLU and initialization", 2020. Not checked: that the rows of X differ.

    Examples
    --------
    >>> from classifiers import MLPClassifier
    >>> model = MLPClassifier((3,), solver="sgd", max_iter=0, random_state=0).fit([[0], [1]], [0, 1])
    >>> model.intercepts_[0][:] = [10, -10, 10]
    >>> dead_units(model, [[0], [1]])
    [array([1])]
    """
    check_is_model(model)
    design, network = model._read(X), model._network
    n = design.shape[0]
    if n < 2:
        raise ValueError(f"X has {n} row; whether a unit responds takes at least two that differ")
    sizes = [len(b) for b in network.biases[:-1]]
    low, high = [np.full(H, np.inf) for H in sizes], [np.full(H, -np.inf) for H in sizes]
    for rows in chunks(n):
        A: Any = design[rows]
        for layer in range(len(sizes)):
            A, _ = network.activation.forward(affine(A, network.weights[layer], network.biases[layer]))
            np.minimum(low[layer], A.min(axis=0), out=low[layer])
            np.maximum(high[layer], A.max(axis=0), out=high[layer])
    rounding = np.finfo(model.dtype).eps
    return [np.flatnonzero(b - a <= rounding * np.maximum(abs(a), abs(b))) for a, b in zip(low, high, strict=True)]


def _logits_and_labels(model: CategoricalClassifier, X: Any, y: npt.ArrayLike) -> tuple[Array, Array]:
    """Return labels in [0, K), and logits in float64: the loss of a nearly certain sample is not to be rounded to 0."""
    check_is_model(model)
    return model._logits(X).astype(np.float64), model._index_of(read_labels(X, y))
