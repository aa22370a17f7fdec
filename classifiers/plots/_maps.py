"""Pictures of what depends on two variables: a plane of weights, two fields, two hyper-parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from classifiers._estimator import CategoricalClassifier
from classifiers.loss_landscape import loss_landscape as evaluate_landscape
from classifiers.plots._axes import BESIDE, axes_of, class_colors, integer_ticks, short
from classifiers.plots._decision_grid import decision_grid
from classifiers.plots._search_grid import search_grid
from classifiers.reading.labels import read_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decision_regions", "hyperparameter_grid", "loss_landscape"]

Array = npt.NDArray[Any]
JITTER = 827364  # a seed that nobody draws data with, or the points would line up
MANY_NAMES = 14  # at the ticks of an axis
FIT_SIDE_BY_SIDE = 30  # characters, under the axes
SMALLEST_LOSS = 1e-6  # a logarithmic axis ends somewhere


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

    Contours are equally far apart in the logarithm of the loss.

    Parameters
    ----------
    model, X, y, extent, resolution, seed : as for `classifiers.loss_landscape`
        Which says how the plane is chosen, and raises what it raises.
    ax : Axes, optional

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> X, y = [[0], [1], [1]], [0, 1, 0]
    >>> ax = loss_landscape(SoftmaxRegression(n_categories=2).fit(X, y), X, y, resolution=5)
    >>> ax.get_aspect()
    1.0
    """
    steps, loss = evaluate_landscape(model, X, y, extent=extent, resolution=resolution, seed=seed)
    low, high = max(float(np.nanmin(loss)), SMALLEST_LOSS), float(loss[np.isfinite(loss)].max())
    levels = np.geomspace(low, max(high, 1.1 * low), 15)
    loss = np.clip(np.nan_to_num(loss, nan=levels[-1]), levels[0], levels[-1])
    ax = axes_of(ax, figsize=(5.7, 4.2))
    filled = ax.contourf(steps, steps, loss, levels=levels, cmap="viridis", norm="log")
    labelled = levels[2:-1:2]
    digits = next((n for n in range(2, 8) if len({f"{level:.{n}g}" for level in labelled}) == len(labelled)), 8)
    if high > labelled[0]:
        lines = ax.contour(steps, steps, loss, levels=labelled, colors=["white"] * 4 + ["black"] * 2, linewidths=0.6)
        ax.clabel(lines, fmt=f"%.{digits}g", fontsize=8)
    ax.plot(0, 0, "+", color="white", ms=10, mew=2)
    ax.set_aspect("equal")
    ax.set_xlabel("step along δ [filter norms]")
    ax.set_ylabel("step along η [filter norms]")
    bar = ax.figure.colorbar(filled, ax=ax, label="cross-entropy [nats]", format=f"%.{digits}g")
    bar.set_ticks(labelled.tolist())
    bar.minorticks_off()
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

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> X, y = [[0, 2], [1, 0], [1, 1]], [0, 1, 0]
    >>> ax = decision_regions(SoftmaxRegression(n_categories=[2, 3]).fit(X, y), X, y)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('field 0 [code]', 'field 1 [code]')
    """
    across, up, P, samples, of_codes = decision_grid(model, X, fields)
    if y is not None and np.shape(y) != samples.shape[1:]:
        raise ValueError(f"y has shape {np.shape(y)}, but X has {samples.shape[1]} rows")
    y_index = None if y is None else model._index_of(read_labels(X, y))
    ax = axes_of(ax, figsize=(6.4, 4.2))
    K = P.shape[-1]
    colors = class_colors(K)
    certainty = (P.max(axis=-1, keepdims=True) - 1 / K) / (1 - 1 / K)
    image = 1 - (0.15 + 0.55 * certainty) * (1 - colors[P.argmax(axis=-1)])  # between white and the colour of the class
    (left, right), (bottom, top) = _edges(across), _edges(up)
    ax.imshow(image, origin="lower", extent=(left, right, bottom, top), aspect="auto", interpolation="nearest")
    if y_index is not None:
        spread = np.random.default_rng(JITTER).uniform(-0.3, 0.3, samples.shape) if of_codes else 0
        shown = (samples >= 0).all(axis=0) if of_codes else slice(None)  # a missing code is in no cell
        x0, x1 = (samples + spread)[:, shown]
        ax.scatter(x0, x1, c=colors[y_index][shown], s=18, edgecolors="white", linewidths=0.5)
    for name, color in zip(model.classes_.tolist(), colors, strict=True):
        ax.plot([], [], "s", color=color, label=short(name))
    ax.legend(title="class", **BESIDE)
    for axis, field, places in zip((ax.xaxis, ax.yaxis), fields, (across, up), strict=True):
        axis.set_label_text(_field_name(model, field, of_codes))
        if of_codes:
            integer_ticks(axis)
        if of_codes and model._encoder is not None:
            _name_ticks(axis, places, [*model._encoder.categories[field], "<missing>"])
    return ax


def hyperparameter_grid(
    search: Any, parameters: tuple[str, str] | None = None, *, metric: str = "score", ax: Axes | None = None
) -> Axes:
    """Draw the cross-validated score of a grid search over two hyper-parameters as a heat map.

    Parameters
    ----------
    search : fitted GridSearchCV, or its ``cv_results_``, also as a DataFrame
    parameters : pair of str, optional
        Vertical and horizontal axis, named as in `param_grid`; by default the two that vary. Where others vary too, a
        cell shows its best score over them.
    metric : str
        Which one, where the search has several: "score" stands for ``mean_test_score``.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If `parameters` are not two, or not given and not exactly two vary, naming those that do; if the search has no
        parameter or no metric of a given name, naming those that it has; if none of its scores is a number.
    NotFittedError
        If the search is not fitted.

    Notes
    -----
    A cell says mean and standard deviation over the folds, or that the fits failed; the best cell has a frame. A cell
    that was not tried is empty. Of a search by halving, a candidate's score is that of its last round, and the best is
    one of those that are left.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from classifiers import SoftmaxRegression
    >>> grid = {"alpha": [0.01, 1.0], "class_weight": [None, "balanced"]}
    >>> search = GridSearchCV(SoftmaxRegression(n_categories=2), grid, cv=2).fit([[0], [1], [0], [1]], [0, 1, 0, 1])
    >>> ax = hyperparameter_grid(search)
    >>> ax.get_ylabel(), ax.get_xlabel()
    ('alpha', 'class_weight')
    """
    grid = search_grid(search, parameters, metric)
    ax = axes_of(ax, figsize=(1.9 + 1.1 * len(grid.column_names), 1.4 + 0.75 * len(grid.row_names)))
    image = ax.imshow(grid.mean, cmap="viridis", aspect="auto")
    middle = (np.nanmin(grid.mean) + np.nanmax(grid.mean)) / 2
    for (i, j), score in np.ndenumerate(grid.mean):
        if not grid.was_tried[i, j]:
            continue
        text = f"{score:.3f}\n± {grid.std[i, j]:.3f}" if np.isfinite(score) else "failed"
        ax.annotate(text, (j, i), ha="center", va="center", color="black" if not score <= middle else "white")
    i, j = grid.best
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * 0.47
    ax.plot(j + corners[:, 0], i + corners[:, 1], color="black", lw=2)
    ax.set_xticks(range(len(grid.column_names)), grid.column_names)
    ax.set_yticks(range(len(grid.row_names)), grid.row_names)
    ax.set_ylabel(grid.parameters[0])
    ax.set_xlabel(grid.parameters[1])
    ax.figure.colorbar(image, ax=ax, label=f"mean cross-validated {grid.score_name}")
    return ax


def _name_ticks(axis: Any, places: Array, names: Sequence[Any]) -> None:
    """Write the names of categories at their places: at all of them, unless these are too many."""
    axis.set_major_formatter(lambda place, _: short(names[int(place)]) if place in places else "")
    if len(places) <= MANY_NAMES:
        axis.set_ticks(places)
    if axis.axis_name == "x" and sum(len(short(names[int(place)])) for place in places) > FIT_SIDE_BY_SIDE:
        axis.set_tick_params(labelrotation=90)


def _edges(centers: Array) -> tuple[float, float]:
    """Return where a row of equal cells begins and ends."""
    half = float(centers[1] - centers[0]) / 2 if len(centers) > 1 else 0.5
    return float(centers[0]) - half, float(centers[-1]) + half


def _field_name(model: CategoricalClassifier, field: int, of_codes: bool) -> str:
    names = model._learned_names(len(model.n_categories_ or ()) if of_codes else model.n_features_in_)
    if names is not None:
        return str(names[field])
    return f"field {field} [code]" if of_codes else f"column {field}"
