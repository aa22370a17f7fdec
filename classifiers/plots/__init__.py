"""Pictures of training, of the network and of what it has learned.

Every function draws on `ax`, or on a new figure, and returns the Axes, so that labels and limits can be changed after.
Legends that would cover data stand beside the axes; a figure with ``layout="constrained"`` makes room for them.
Colours are Okabe and Ito's, or viridis: both can be told apart by colour-blind readers, and viridis in print.

Matplotlib is imported when something is drawn, not before: ``pip install 'onehot-lookup[plots]'``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from classifiers import diagnostics
from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers.activations import Activation, SupportsForward, get_activation
from classifiers.plots._axes import BESIDE, BLUE, COLORS, GREY, VERMILLION, integer_ticks, line_axes_of, short
from classifiers.plots._maps import decision_regions, hyperparameter_grid, loss_landscape
from classifiers.stopping import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "activations",
    "decision_regions",
    "gradient_flow",
    "hyperparameter_grid",
    "learning_curves",
    "loss_landscape",
    "worst_predictions",
]


def learning_curves(model: CategoricalClassifier | History, *, metric: str = "loss", ax: Axes | None = None) -> Axes:
    """Draw loss or accuracy by epoch, on training and, where there are, validation data.

    Parameters
    ----------
    model : fitted model, or a history
    metric : {"loss", "accuracy"}
        One panel each; for both, draw on the axes of ``plt.subplots(2, sharex=True)``.
    ax : Axes, optional

    Notes
    -----
    A dot marks the best epoch on validation data. The loss is on a logarithmic axis where it falls by a factor of
    20 or more.

    Raises
    ------
    ValueError
        If `metric` is another one, or the model has made no epoch.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> model = SoftmaxRegression(n_categories=2).fit([[0], [1]], [0, 1])
    >>> learning_curves(model, metric="accuracy").get_xlabel()
    'iteration'
    """
    if metric not in ("loss", "accuracy"):
        raise ValueError(f"metric={metric!r} must be 'loss' or 'accuracy'")
    history = _history(model)
    ax = line_axes_of(ax)
    epochs = [record.epoch for record in history]
    training = np.array([getattr(record, metric) for record in history])
    validation = np.array([getattr(record, f"val_{metric}") for record in history], dtype=float)
    ax.plot(epochs, training, color=BLUE, marker=_marker(history), label="training")
    if np.isfinite(validation).any():
        ax.plot(epochs, validation, color=VERMILLION, ls="--", label="validation")
        best = int(np.nanargmin(validation) if metric == "loss" else np.nanargmax(validation))
        text = f"best, {validation[best]:.3g} in {_step_name(history)} {epochs[best]}"
        ax.plot(epochs[best], validation[best], "o", color=VERMILLION, label=text)
    ax.set_xlabel(_step_name(history))
    ax.set_ylabel("cross-entropy [nats]" if metric == "loss" else "accuracy")
    integer_ticks(ax.xaxis)
    if metric == "loss" and 0 < np.nanmin(training) < np.nanmax(training) / 20:
        ax.set_yscale("log")
    ax.legend(fontsize="small", handlelength=1.5, framealpha=0.85, edgecolor="none")  # a small axes has no empty corner
    return ax


def gradient_flow(model: CategoricalClassifier | History, *, ax: Axes | None = None) -> Axes:
    """Draw the norm of each layer's gradient by epoch, on a logarithmic axis.

    Lines that fall by orders of magnitude from the last layer to the first are a vanishing gradient.

    Parameters
    ----------
    model : fitted model, or a history
    ax : Axes, optional

    Raises
    ------
    ValueError
        If the model has made no epoch.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> model = SoftmaxRegression(solver="sgd", max_iter=2, n_categories=2).fit([[0], [1]], [0, 1])
    >>> gradient_flow(model).get_ylabel()
    'norm of the loss gradient'
    """
    history = _history(model)
    ax = line_axes_of(ax)
    from matplotlib import colormaps

    epochs = [record.epoch for record in history]
    norms = np.array([record.gradient_norms for record in history])
    n_layers = norms.shape[1]
    colors = colormaps["viridis"](np.linspace(0, 0.85, n_layers))
    for layer in range(n_layers):
        role = " (input)" if layer == 0 else " (output)" if layer == n_layers - 1 else ""
        ax.plot(epochs, norms[:, layer], color=colors[layer], marker=_marker(history), label=f"{layer + 1}{role}")
    ax.set_yscale("log", nonpositive="mask")
    ax.set_xlabel(_step_name(history))
    ax.set_ylabel("norm of the gradient, with penalty" if _is_full_batch(history) else "norm of the loss gradient")
    integer_ticks(ax.xaxis)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], title="layer", **BESIDE)
    return ax


def activations(
    functions: str | SupportsForward | Sequence[str | SupportsForward] = ("sigmoid", "tanh", "relu", "gelu"),
    *,
    limit: float = 4.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw elementwise activations, and dashed their derivatives.

    Parameters
    ----------
    functions : name or activation, or a sequence of them
    limit : float
        z goes from -limit to limit.
    ax : Axes, optional

    Raises
    ------
    ValueError, TypeError
        For what is neither the name of an activation nor one.

    Examples
    --------
    >>> left, right = activations(["relu", "gelu"], limit=3).get_xlim()
    >>> float(right)
    3.0
    """
    ax = line_axes_of(ax)
    z = np.linspace(-limit, limit, 801)
    several = [functions] if isinstance(functions, str) or hasattr(functions, "forward") else functions
    for each, color in zip(several, COLORS * len(several), strict=False):
        function = get_activation(each)
        a, backprop = function.forward(z)
        ax.plot(z, a, color=color, label=getattr(function, "name", type(function).__name__))
        slope = function.derivative(z) if isinstance(function, Activation) else backprop(np.ones_like(z))
        ax.plot(z, np.broadcast_to(slope, z.shape), color=color, ls="--", lw=1.2)
    ax.plot([], [], color=GREY, ls="--", lw=1.2, label="derivative")
    ax.set_xlabel("z")
    ax.set_ylabel("φ(z) and its derivative")
    ax.set_xlim(-limit, limit)
    ax.legend(**BESIDE)
    return ax


def worst_predictions(
    model: CategoricalClassifier, X: Any, y: npt.ArrayLike, k: int = 10, *, ax: Axes | None = None
) -> Axes:
    """Draw the losses of the `k` worst predictions as bars, with P(true class) and what each was taken for.

    A dotted line is the loss of guessing, ln K. Bars of samples that are right nevertheless are blue.

    Parameters
    ----------
    model, X, y, k : as for `classifiers.diagnostics.worst_predictions`, which raises what it raises
    ax : Axes, optional

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> X, y = [[0], [1], [1]], ["no", "yes", "no"]
    >>> ax = worst_predictions(SoftmaxRegression(n_categories=2).fit(X, y), X, y, k=2)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['row 1: yes', 'row 2: no']
    """
    worst = diagnostics.worst_predictions(model, X, y, k)
    ax = line_axes_of(ax, figsize=(7.2, 1.2 + 0.32 * len(worst)), grid="x")
    rows = np.arange(len(worst))
    losses = [p.loss for p in worst]
    ax.barh(rows, losses, color=[BLUE if p.true == p.predicted else VERMILLION for p in worst])
    ax.set_yticks(rows, [f"row {p.index}: {short(p.true)}" for p in worst])
    beside = ax.secondary_yaxis("right")
    taken = [f", taken for {short(p.predicted)}" if p.true != p.predicted else "" for p in worst]
    beside.set_yticks(rows, [f"P = {p.probability_of_true:.2g}{what}" for p, what in zip(worst, taken, strict=True)])
    beside.tick_params(length=0)
    beside.spines["right"].set_visible(False)
    guessing = math.log(len(model.classes_))
    ax.axvline(guessing, color="black", ls=":", lw=1.2)
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    ax.annotate(f"guessing, ln {len(model.classes_)}", (guessing, 1), xytext=(3, 2), **above)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.05 * max(*losses, guessing))
    ax.set_xlabel("loss [nats]")
    return ax


def _history(model: CategoricalClassifier | History) -> History:
    if not isinstance(model, Sequence):
        check_is_model(model)
    history: History = getattr(model, "history_", model)
    if not len(history):
        raise ValueError("the history is empty: the model has not made an epoch")
    return history


def _marker(history: History) -> str:
    return "." if len(history) == 1 else ""  # of one point there is no line


def _is_full_batch(history: History) -> bool:
    return history[0].learning_rate is None  # which L-BFGS does not have


def _step_name(history: History) -> str:
    return "iteration" if _is_full_batch(history) else "epoch"
