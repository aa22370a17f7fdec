"""Pictures of training, of the network and of what it has learned.

Every function draws on `ax`, or on a new figure, and returns the Axes, so that labels and limits can be changed after.
Legends that would cover data stand beside the axes; a figure with ``layout="constrained"`` makes room for them.
Colours are Okabe and Ito's, or viridis: both can be told apart by colour-blind readers, and viridis in print.

Matplotlib is imported when something is drawn, not before: ``pip install 'onehot-lookup[plots]'``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from classifiers import diagnostics
from classifiers._decision_grid import decision_grid
from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers._search_grid import search_grid
from classifiers.activations import Activation, get_activation
from classifiers.loss_landscape import loss_landscape as evaluate_landscape
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

Array = npt.NDArray[Any]

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLORS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, "#000000", "#F0E442")
GREY = "0.45"
JITTER = 827364  # a seed that nobody draws data with, or the points would line up
SMALLEST_LOSS = 1e-6  # a logarithmic axis ends somewhere
# A legend that covers no data.
BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False, "alignment": "left"}


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
    A dot marks the best epoch on validation data. The loss is on a logarithmic axis where it falls by 20 or more.
    """
    if metric not in ("loss", "accuracy"):
        raise ValueError(f"metric={metric!r} must be 'loss' or 'accuracy'")
    history = _history(model)
    ax = _line_axes(ax)
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
    _integer_ticks(ax.xaxis)
    if metric == "loss" and 0 < np.nanmin(training) < np.nanmax(training) / 20:
        ax.set_yscale("log")
    ax.legend(frameon=False)
    return ax


def gradient_flow(model: CategoricalClassifier | History, *, ax: Axes | None = None) -> Axes:
    """Draw the norm of each layer's gradient by epoch, on a logarithmic axis.

    Lines that fall by orders of magnitude from the last layer to the first are a vanishing gradient.

    Parameters
    ----------
    model : fitted model, or a history
    ax : Axes, optional
    """
    history = _history(model)
    ax = _line_axes(ax)
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
    ax.set_ylabel("norm of the loss gradient")
    _integer_ticks(ax.xaxis)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], title="layer", **BESIDE)
    return ax


def activations(
    functions: Sequence[str | Activation] = ("sigmoid", "tanh", "relu", "gelu"),
    *,
    limit: float = 4.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw elementwise activations, and dashed their derivatives.

    Parameters
    ----------
    functions : sequence of name or Activation
    limit : float
        z goes from -limit to limit.
    ax : Axes, optional
    """
    ax = _line_axes(ax)
    z = np.linspace(-limit, limit, 801)
    for each, color in zip(functions, COLORS * len(functions), strict=False):
        function: Any = get_activation(each)
        ax.plot(z, function(z), color=color, label=function.name)
        ax.plot(z, function.derivative(z), color=color, ls="--", lw=1.2)
    ax.plot([], [], color=GREY, ls="--", lw=1.2, label="derivative")
    ax.set_xlabel("z")
    ax.set_ylabel("φ(z) and its derivative")
    ax.set_xlim(-limit, limit)
    ax.legend(**BESIDE)
    return ax


def loss_landscape(
    model: CategoricalClassifier,
    X: Any,
    y: npt.ArrayLike,
    *,
    extent: float = 1.0,
    resolution: int = 25,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss on a plane through the model's weights, the cross.

    The parameters are those of `classifiers.loss_landscape`, which says how the plane is chosen. Contours are equally
    far apart in the logarithm of the loss.
    """
    steps, loss = evaluate_landscape(model, X, y, extent=extent, resolution=resolution, seed=seed)
    low, high = max(float(np.nanmin(loss)), SMALLEST_LOSS), float(loss[np.isfinite(loss)].max())
    levels = np.geomspace(low, max(high, 1.1 * low), 15)
    loss = np.clip(np.nan_to_num(loss, nan=levels[-1]), levels[0], levels[-1])
    ax = _axes(ax, figsize=(5.7, 4.2))
    filled = ax.contourf(steps, steps, loss, levels=levels, cmap="viridis", norm="log")
    labelled = levels[2:-1:2]
    if high > labelled[0]:
        lines = ax.contour(steps, steps, loss, levels=labelled, colors=["white"] * 4 + ["black"] * 2, linewidths=0.6)
        ax.clabel(lines, fmt="%.2g", fontsize=8)
    ax.plot(0, 0, "+", color="white", ms=10, mew=2)
    ax.set_aspect("equal")
    ax.set_xlabel("step along δ [filter norms]")
    ax.set_ylabel("step along η [filter norms]")
    bar = ax.figure.colorbar(filled, ax=ax, label="cross-entropy [nats]", format="%.2g")
    bar.set_ticks(labelled.tolist())
    bar.minorticks_off()
    return ax


def worst_predictions(
    model: CategoricalClassifier, X: Any, y: npt.ArrayLike, k: int = 10, *, ax: Axes | None = None
) -> Axes:
    """Draw the losses of the `k` worst predictions as bars, with P(true class) and what each was taken for.

    A dotted line is the loss of guessing, ln K. Bars of samples that are right nevertheless are blue.
    """
    worst = diagnostics.worst_predictions(model, X, y, k)
    ax = _line_axes(ax, figsize=(6.4, 1.2 + 0.32 * len(worst)), grid="x")
    rows = np.arange(len(worst))
    losses = [p.loss for p in worst]
    ax.barh(rows, losses, color=[BLUE if p.true == p.predicted else VERMILLION for p in worst])
    ax.set_yticks(rows, [f"row {p.index}: {p.true}" for p in worst])
    for row, p in enumerate(worst):
        taken = f", taken for {p.predicted}" if p.true != p.predicted else ""
        text = f"P = {p.probability_of_true:.2g}{taken}"
        ax.annotate(text, (p.loss, row), xytext=(4, 0), textcoords="offset points", va="center")
    guessing = math.log(len(model.classes_))
    ax.axvline(guessing, color="black", ls=":", lw=1.2)
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    ax.annotate(f"guessing, ln {len(model.classes_)}", (guessing, 1), xytext=(3, 2), **above)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.3 * max(*losses, guessing))
    ax.set_xlabel("loss [nats]")
    return ax


def decision_regions(
    model: CategoricalClassifier,
    X: Any,
    y: npt.ArrayLike | None = None,
    fields: tuple[int, int] = (0, 1),
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the predicted class over two fields, paler where the model is less certain, and the samples on top.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier, fitted
    X : as for `fit`
        Fields other than the two are held at their most frequent code (columns of an ordinary design matrix: median).
    y : array, shape (n,), optional
        With it the samples are drawn, as points in the colour of their own class; in a cell of codes they are spread
        at random. Samples that select nothing in one of the two fields have no place in the picture.
    fields : pair of int
        Horizontal and vertical axis: positions of fields, or of columns of an ordinary design matrix.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If `fields` are not two columns that there are, if y is not of n labels, or if the model was fitted to a table
        with fields and numbers beside them.
    """
    across, up, P, samples, of_codes = decision_grid(model, X, fields)
    if y is not None and np.shape(y) != samples.shape[1:]:
        raise ValueError(f"y has shape {np.shape(y)}, but X has {samples.shape[1]} rows")
    ax = _axes(ax, figsize=(5.2, 4.2))
    K = P.shape[-1]
    colors = _class_colors(K)
    certainty = (P.max(axis=-1, keepdims=True) - 1 / K) / (1 - 1 / K)
    image = 1 - (0.15 + 0.55 * certainty) * (1 - colors[P.argmax(axis=-1)])  # between white and the color of the class
    (left, right), (bottom, top) = _edges(across), _edges(up)
    ax.imshow(image, origin="lower", extent=(left, right, bottom, top), aspect="auto", interpolation="nearest")
    if y is not None:
        spread = np.random.default_rng(JITTER).uniform(-0.3, 0.3, samples.shape) if of_codes else 0
        shown = (samples >= 0).all(axis=0) if of_codes else slice(None)  # a missing code is in no cell
        x0, x1 = (samples + spread)[:, shown]
        ax.scatter(x0, x1, c=colors[model._index_of(np.asarray(y))][shown], s=18, edgecolors="white", linewidths=0.5)
    for name, color in zip(model.classes_.tolist(), colors, strict=True):
        ax.plot([], [], "s", color=color, label=str(name))
    ax.legend(title="class", **BESIDE)
    for axis, field in zip((ax.xaxis, ax.yaxis), fields, strict=True):
        axis.set_label_text(_field_name(model, field, of_codes))
        if of_codes:
            _integer_ticks(axis)
        if of_codes and model._encoder is not None:
            _name_ticks(axis, [*map(str, model._encoder.categories[field]), "<missing>"])
    return ax


def hyperparameter_grid(
    search: Any, parameters: tuple[str, str] | None = None, *, metric: str = "score", ax: Axes | None = None
) -> Axes:
    """Draw the cross-validated score of a grid search over two hyper-parameters as a heat map.

    Parameters
    ----------
    search : fitted GridSearchCV, or its ``cv_results_``
    parameters : pair of str, optional
        Vertical and horizontal axis, named as in `param_grid`; by default the two that vary. Where others vary too, a
        cell shows its best score over them.
    metric : str
        Which one, where the search has several: "score" stands for ``mean_test_score``.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If `parameters` is not given and not exactly two vary, naming those that do; if the search has no parameter or
        no metric of a given name, naming those that it has.
    NotFittedError
        If the search is not fitted.

    Notes
    -----
    A cell says mean and standard deviation over the folds; the best cell has a frame.
    """
    mean, std, parameters, row_names, column_names, score_name = search_grid(search, parameters, metric)
    ax = _axes(ax, figsize=(1.9 + 1.1 * len(column_names), 1.4 + 0.75 * len(row_names)))
    image = ax.imshow(mean, cmap="viridis", aspect="auto")
    middle = (np.nanmin(mean) + np.nanmax(mean)) / 2
    for (i, j), score in np.ndenumerate(mean):
        text = f"{score:.3f}\n± {std[i, j]:.3f}" if np.isfinite(score) else "failed"
        ax.annotate(text, (j, i), ha="center", va="center", color="black" if not score <= middle else "white")
    i, j = divmod(int(np.nanargmax(mean)), mean.shape[1])
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * 0.47
    ax.plot(j + corners[:, 0], i + corners[:, 1], color="black", lw=2)
    ax.set_xticks(range(len(column_names)), column_names)
    ax.set_yticks(range(len(row_names)), row_names)
    ax.set_ylabel(parameters[0])
    ax.set_xlabel(parameters[1])
    ax.figure.colorbar(image, ax=ax, label=f"mean cross-validated {score_name}")
    return ax


def _axes(ax: Axes | None, figsize: tuple[float, float] = (5.2, 3.6)) -> Axes:
    """Return `ax`, or that of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'onehot-lookup[plots]'") from error
    return plt.subplots(figsize=figsize, layout="constrained")[1]


def _line_axes(ax: Axes | None, grid: Literal["both", "x"] = "both", **options: Any) -> Axes:
    ax = _axes(ax, **options)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="0.9", lw=0.8)
    ax.set_axisbelow(True)
    return ax


def _integer_ticks(axis: Any) -> None:
    axis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def _name_ticks(axis: Any, names: Sequence[str]) -> None:
    axis.set_major_formatter(lambda place, _: names[int(place)] if place in range(len(names)) else "")


def _class_colors(K: int) -> Array:
    """Return RGB in [0, 1], (K, 3)."""
    from matplotlib import colormaps, colors

    rgba = colors.to_rgba_array(COLORS[:K]) if K <= len(COLORS) else colormaps["viridis"](np.linspace(0, 1, K))
    return np.asarray(rgba[:, :3])


def _history(model: CategoricalClassifier | History) -> History:
    if not isinstance(model, Sequence):
        check_is_model(model)
    history: History = getattr(model, "history_", model)
    if not len(history):
        raise ValueError("the history is empty: the model has not made an epoch")
    return history


def _marker(history: History) -> str:
    return "." if len(history) == 1 else ""  # of one point there is no line


def _step_name(history: History) -> str:
    return "iteration" if history[0].learning_rate is None else "epoch"  # L-BFGS has no learning rate


def _edges(centers: Array) -> tuple[float, float]:
    """Return where a row of equal cells begins and ends."""
    half = float(centers[1] - centers[0]) / 2 if len(centers) > 1 else 0.5
    return float(centers[0]) - half, float(centers[-1]) + half


def _field_name(model: CategoricalClassifier, field: int, of_codes: bool) -> str:
    names = getattr(model, "feature_names_in_", ())
    if len(names) == (len(model.n_categories_ or ()) if of_codes else model.n_features_in_):
        return str(names[field])
    return f"field {field} [code]" if of_codes else f"column {field}"
