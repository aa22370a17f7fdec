import builtins
import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from classifiers import MLPClassifier, SoftmaxRegression, plots
from classifiers.activations import Activation, gelu, relu, sigmoid
from classifiers.diagnostics import sample_losses
from classifiers.loss_landscape import loss_landscape
from classifiers.plots._axes import class_colors
from classifiers.stopping import EpochRecord
from onehot import OneHot
from tests.tolerance import assert_close

N_CATEGORIES = [4, 3]


@pytest.fixture(autouse=True)
def drawn():
    """Draw what a test has made, which finds errors that making it does not, and close it."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, N_CATEGORIES, (60, 2))
    return codes, np.array(["no", "yes"])[(codes.sum(axis=1) + (rng.random(60) < 0.1)) % 2]


@pytest.fixture(scope="module")
def model(data):
    codes, y = data
    model = MLPClassifier((8, 6), "tanh", n_categories=N_CATEGORIES, learning_rate=0.03, max_iter=12, random_state=0)
    return model.fit(codes[:40], y[:40], X_val=codes[40:], y_val=y[40:])


def records(losses, val_losses=None, norms=(1.0,), learning_rate=0.1):
    return [
        EpochRecord(k + 1, loss, 0.5, None if val_losses is None else val_losses[k], None, norms, learning_rate, 0.0)
        for k, loss in enumerate(losses)
    ]


def lines_of(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def xy(line):
    return list(line.get_xdata()), list(line.get_ydata())


def pixels(ax):
    """Return the data of the picture in `ax`."""
    return ax.get_images()[0].get_array()


def widths(ax):
    """Return the lengths of the horizontal bars in `ax`."""
    return [bar.get_width() for bar in ax.patches]


def dots(ax):
    """Return the positions and the colors of the points in `ax`."""
    return np.asarray(ax.collections[0].get_offsets()), np.asarray(ax.collections[0].get_facecolor())[:, :3]


def levels(ax):
    """Return the levels of the filled contours in `ax`."""
    return ax.collections[0].levels


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


SEARCH = {
    "param_alpha": [0.1, 0.1, 0.01, 0.01],
    "param_batch_size": [8, 16, 8, 16],
    "mean_test_score": np.array([0.5, 0.75, 0.625, 0.875]),
    "std_test_score": np.array([0.0, 0.125, 0.25, 0.0625]),
}
DRAW = {
    "learning_curves": lambda model, data, ax: plots.learning_curves(model, ax=ax),
    "gradient_flow": lambda model, data, ax: plots.gradient_flow(model, ax=ax),
    "activations": lambda model, data, ax: plots.activations(ax=ax),
    "loss_landscape": lambda model, data, ax: plots.loss_landscape(model, *data, resolution=5, ax=ax),
    "worst_predictions": lambda model, data, ax: plots.worst_predictions(model, data[0], data[1], 3, ax=ax),
    "decision_regions": lambda model, data, ax: plots.decision_regions(model, *data, ax=ax),
    "hyperparameter_grid": lambda model, data, ax: plots.hyperparameter_grid(SEARCH, ax=ax),
}


def test_the_table_lists_every_plot():
    assert sorted(DRAW) == plots.__all__


@pytest.mark.parametrize("name", DRAW)
def test_every_plot_draws_on_the_given_axes_and_returns_them(name, model, data):
    figure, (_, ax) = plt.subplots(1, 2, layout="constrained")
    assert DRAW[name](model, data, ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("name", DRAW)
def test_every_plot_makes_axes_where_none_are_given(name, model, data):
    ax = DRAW[name](model, data, None)
    assert len(plt.get_fignums()) == 1
    assert ax.get_xlabel()
    assert ax.get_ylabel() or name == "worst_predictions", "whose bars are named by the ticks"


@pytest.mark.parametrize("name", DRAW)
def test_without_matplotlib_the_error_names_the_extra(name, model, data, monkeypatch):
    real = builtins.__import__

    def without_matplotlib(module, *args, **kwargs):
        if module.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'")
        return real(module, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(ImportError, match=r"pip install 'onehot-lookup\[plots\]'"):
        DRAW[name](model, data, None)


def test_learning_curves_show_the_history(model):
    lines = lines_of(plots.learning_curves(model))
    epochs = list(range(1, 13))
    assert xy(lines["training"]) == (epochs, [record.loss for record in model.history_])
    assert xy(lines["validation"]) == (epochs, [record.val_loss for record in model.history_])


def test_learning_curves_of_accuracy(model):
    ax = plots.learning_curves(model, metric="accuracy")
    assert xy(lines_of(ax)["training"])[1] == [record.accuracy for record in model.history_]
    assert xy(lines_of(ax)["validation"])[1] == [record.val_accuracy for record in model.history_]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")


def test_learning_curves_mark_the_best_epoch():
    ax = plots.learning_curves(records([3.0, 2.0, 1.0], [3.0, 1.5, 2.0]))
    assert xy(lines_of(ax)["best, 1.5 in epoch 2"]) == ([2], [1.5])
    assert legend_of(ax) == ["training", "validation", "best, 1.5 in epoch 2"]


def test_learning_curves_without_validation():
    assert legend_of(plots.learning_curves(records([3.0, 2.0]))) == ["training"]


@pytest.mark.parametrize(("last", "scale"), [(0.01, "log"), (1.0, "linear"), (0.0, "linear")])
def test_the_loss_is_on_a_log_axis_where_it_falls_far(last, scale):
    ax = plots.learning_curves(records([2.0, last]))
    assert ax.get_yscale() == scale
    assert ax.get_ylabel() == "cross-entropy [nats]"


def test_lbfgs_counts_iterations():
    assert plots.learning_curves(records([2.0, 1.0], learning_rate=None)).get_xlabel() == "iteration"


def test_one_epoch_is_a_point():
    assert lines_of(plots.learning_curves(records([2.0])))["training"].get_marker() == "."


def test_learning_curves_refuse_other_metrics_and_an_empty_history(model):
    with pytest.raises(ValueError, match="metric='f1' must be 'loss' or 'accuracy'"):
        plots.learning_curves(model, metric="f1")
    with pytest.raises(ValueError, match="has not made an epoch"):
        plots.learning_curves([])


@pytest.mark.parametrize("plot", [plots.learning_curves, plots.gradient_flow, plots.hyperparameter_grid])
def test_a_model_that_is_not_fitted_has_nothing_to_show(plot):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        plot(GridSearchCV(SoftmaxRegression(), {}) if plot is plots.hyperparameter_grid else SoftmaxRegression())


def test_gradient_flow_has_a_line_a_layer(model):
    ax = plots.gradient_flow(model)
    assert ax.get_yscale() == "log"
    assert legend_of(ax) == ["3 (output)", "2", "1 (input)"]
    for layer, line in enumerate(ax.get_lines()):
        assert xy(line)[1] == [record.gradient_norms[layer] for record in model.history_]


def test_gradient_flow_leaves_zeros_out():
    assert plots.gradient_flow(records([2.0, 1.0], norms=(0.0, 1.0))).get_ylim()[0] > 0


def test_activations_and_their_derivatives():
    own = Activation("square", np.square, lambda z: 2 * z)
    ax = plots.activations(["sigmoid", own, gelu], limit=2.0)
    assert legend_of(ax) == ["sigmoid", "square", "gelu", "derivative"]
    curves = ax.get_lines()
    z = np.array(xy(curves[0])[0])
    assert (z[0], z[-1]) == (-2.0, 2.0)
    for k, function in enumerate([sigmoid, own, gelu]):
        value, derivative = curves[2 * k], curves[2 * k + 1]
        assert np.array_equal(xy(value)[1], function(z))
        assert np.array_equal(xy(derivative)[1], function.derivative(z))
        assert value.get_color() == derivative.get_color()
        assert (value.get_linestyle(), derivative.get_linestyle()) == ("-", "--")


class Halved:
    """An activation that is known by its `forward` only, as the guide allows."""

    def forward(self, z):
        return z / 2, lambda da: da / 2


HALF = Activation("half", lambda z: z / 2, lambda z: np.array(0.5))


@pytest.mark.parametrize(
    ("functions", "name"),
    [("relu", "relu"), (relu, "relu"), (Halved(), "Halved"), (HALF, "half")],
    ids=["a name", "an activation", "forward only", "a slope that is one number"],
)
def test_one_activation_needs_no_list(functions, name):
    curve, slope, legend = plots.activations(functions).lines
    assert (curve.get_label(), legend.get_label()) == (name, "derivative")
    assert np.shape(curve.get_ydata()) == np.shape(slope.get_ydata()) == np.shape(curve.get_xdata())


def test_softmax_has_no_curve():
    with pytest.raises(TypeError, match="no elementwise derivative"):
        plots.activations(["softmax"])


def test_the_landscape_has_the_model_in_its_middle(model, data):
    steps, loss = loss_landscape(model, *data, extent=0.5, resolution=5)
    assert steps.tolist() == [-0.5, -0.25, 0.0, 0.25, 0.5]
    assert_close(loss[2, 2], sample_losses(model, *data).mean(), np.float32, terms=64)
    assert loss.min() > 0


def test_the_landscape_moves_every_filter_by_its_norm(data):
    """With one filter a class and two classes, the logits' difference moves as far as the directions say."""
    codes, y = data
    model = SoftmaxRegression(n_categories=N_CATEGORIES, dtype=np.float64, alpha=0.1).fit(codes, y)
    steps, loss = loss_landscape(model, codes, y, resolution=3, seed=5)
    rng = np.random.default_rng(5)
    W = model.coef_.T
    delta, eta = rng.standard_normal(W.shape), rng.standard_normal(W.shape)
    for direction in (delta, eta):
        direction *= np.linalg.norm(W, axis=0) / np.linalg.norm(direction, axis=0)
    moved = SoftmaxRegression(n_categories=N_CATEGORIES, dtype=np.float64, solver="sgd", max_iter=0).fit(codes, y)
    moved._network.weights[0] = np.ascontiguousarray(W + steps[2] * delta + steps[0] * eta)
    moved.intercept_[:] = model.intercept_
    assert_close(loss[0, 2], sample_losses(moved, codes, y).mean(), terms=256)


def test_the_landscape_leaves_the_model_alone(model, data):
    before = [W.copy() for W in model.coefs_]
    loss_landscape(model, *data, resolution=3)
    assert all(np.array_equal(W, old) for W, old in zip(model.coefs_, before, strict=True))


@pytest.mark.parametrize("resolution", [1, 4])
def test_the_landscape_needs_a_middle(resolution, model, data):
    with pytest.raises(ValueError, match=f"resolution={resolution} must be odd"):
        loss_landscape(model, *data, resolution=resolution)


def test_the_picture_of_the_landscape(model, data):
    ax = plots.loss_landscape(model, *data, extent=0.5, resolution=5)
    (cross,) = ax.get_lines()
    assert xy(cross) == ([0], [0])
    assert ax.get_xlim() == (-0.5, 0.5)
    assert ax.get_aspect() == 1
    _, loss = loss_landscape(model, *data, extent=0.5, resolution=5)
    assert levels(ax)[0] == pytest.approx(loss.min())
    assert levels(ax)[-1] == pytest.approx(loss.max())
    assert ax.figure.axes[1].get_ylabel() == "cross-entropy [nats]"


def test_a_flat_landscape_is_drawn(data):
    model = SoftmaxRegression(solver="sgd", max_iter=0, n_categories=N_CATEGORIES).fit(*data)
    ax = plots.loss_landscape(model, *data, resolution=3)
    assert levels(ax)[0] == pytest.approx(math.log(2))


def test_worst_predictions_are_bars_of_loss(model, data):
    codes, y = data
    ax = plots.worst_predictions(model, codes, y, 4)
    losses = sample_losses(model, codes, y)
    worst = np.argsort(-losses, kind="stable")[:4]
    assert widths(ax) == losses[worst].tolist()
    predicted = model.predict(codes)
    beside = ax.child_axes[0].get_yticklabels()
    for tick, text, loss, row in zip(ax.get_yticklabels(), beside, losses[worst], worst, strict=True):
        assert tick.get_text() == f"row {row}: {y[row]}"
        taken = f", taken for {predicted[row]}" if predicted[row] != y[row] else ""
        assert text.get_text() == f"P = {math.exp(-loss):.2g}{taken}"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the worst on top"
    assert xy(ax.get_lines()[0])[0] == [math.log(2)] * 2
    assert ax.get_xlabel() == "loss [nats]"
    assert ax.texts[-1].get_text() == "guessing, ln 2"


@pytest.mark.parametrize("what", ["worst_predictions", "decision_regions"])
def test_names_of_usual_length_neither_overlap_nor_leave_the_figure(what):
    rng = np.random.default_rng(0)
    cities = ["Oslo", "Bergen", "Trondheim", "Stavanger", "Kristiansand", "Lillehammer"]
    groups = ["comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "soc.religion.christian"]
    X = pd.DataFrame({"city": rng.choice(cities, 90), "ticket": rng.choice(["single", "season"], 90)})
    y = rng.choice(groups, 90)
    ax = getattr(plots, what)(SoftmaxRegression().fit(X, y), X, y)
    ax.figure.canvas.draw()
    labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts]
    labels += [text for child in ax.child_axes for text in child.get_yticklabels()]
    labels += [] if ax.get_legend() is None else ax.get_legend().get_texts()
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    assert sum(box.width * box.height > 0 for box in boxes) >= len(groups)
    whole = ax.figure.bbox
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 for box in boxes)
    overlapping = [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    assert not overlapping
    assert min(ax.bbox.width, ax.bbox.height) > 100, "pixels are left for the data"


def region_classes(image, K):
    """Return the class of each pixel: every color lies between white and that of its class."""
    darkness = (1 - np.asarray(image))[:, :, None, :]
    colors = (1 - class_colors(K))[None, None]
    cosine = (darkness * colors).sum(-1) / np.linalg.norm(darkness, axis=-1) / np.linalg.norm(colors, axis=-1)
    return cosine.argmax(axis=-1)


def test_decision_regions_show_what_is_predicted(model, data):
    ax = plots.decision_regions(model, *data)
    image = pixels(ax)
    cells = np.array([[(a, b) for a in range(4)] for b in range(3)])
    predicted = model.predict(cells.reshape(-1, 2)).reshape(3, 4)
    assert np.array_equal(model.classes_[region_classes(image, 2)], predicted)
    assert [*ax.get_images()[0].get_extent()] == [-0.5, 3.5, -0.5, 2.5]
    assert legend_of(ax) == ["no", "yes"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("field 0 [code]", "field 1 [code]")


def test_decision_regions_spread_the_samples_in_their_cells(model, data):
    codes, y = data
    positions, colors = dots(plots.decision_regions(model, codes, y))
    assert np.array_equal(np.round(positions), codes)
    assert np.array_equal(colors, class_colors(2)[(y == "yes").astype(int)])
    assert not plots.decision_regions(model, codes).collections


def test_the_certain_is_darker_than_the_uncertain(model, data):
    image = pixels(plots.decision_regions(model, *data))
    cells = np.array([(a, b) for b in range(3) for a in range(4)])
    P = model.predict_proba(cells)
    paleness = np.asarray(image).sum(axis=-1).ravel()
    for k in range(2):
        chosen = P.argmax(axis=1) == k
        assert np.array_equal(np.argsort(paleness[chosen]), np.argsort(-P[chosen].max(axis=1)))


@pytest.mark.parametrize("make", [lambda X: X.toarray(), lambda X: X.tocsr(), lambda X: X])
def test_decision_regions_are_of_fields_in_every_format(make, model, data):
    codes, y = data
    expected = pixels(plots.decision_regions(model, codes, y))
    image = pixels(plots.decision_regions(model, make(OneHot(codes, N_CATEGORIES)), y))
    assert np.array_equal(image, expected)


def test_other_fields_are_at_their_most_frequent_code():
    codes = np.array([[0, 2, 0], [1, 2, 1], [0, 2, 1], [1, 0, 0], [0, 1, 1]])
    model = SoftmaxRegression(n_categories=[2, 3, 2]).fit(codes, codes[:, 1] == 2)
    image = pixels(plots.decision_regions(model, codes, fields=(2, 0)))
    assert (region_classes(image, 2) == 1).all(), "of field 1, code 2 is the most frequent, and makes the class"


def test_decision_regions_of_a_design_matrix():
    X = np.random.default_rng(0).uniform(-1, 1, (80, 2))
    y = X[:, 0] > 0
    model = SoftmaxRegression(alpha=1e-3).fit(X, y)
    ax = plots.decision_regions(model, X, y)
    image = region_classes(pixels(ax), 2)
    assert image.shape == (200, 200)
    assert (image[:, :80] == 0).all()
    assert (image[:, 120:] == 1).all()
    assert np.array_equal(dots(ax)[0], X.astype(np.float32))
    assert ax.get_xlabel() == "column 0"


def ticks(axis):
    """Return the labels of the ticks within the picture."""
    low, high = axis.get_view_interval()
    return [
        label.get_text() for label in axis.get_ticklabels() if low < label.get_position()[axis.axis_name == "y"] < high
    ]


def test_decision_regions_of_a_table_name_its_categories():
    X = pd.DataFrame({"city": ["Oslo", "Voss", "Oslo", None], "sky": ["sun", "rain", "rain", "sun"]})
    ax = plots.decision_regions(SoftmaxRegression(handle_missing="zero").fit(X, [0, 1, 1, 0]), X, [0, 1, 1, 0])
    assert (ticks(ax.xaxis), ticks(ax.yaxis)) == (["Oslo", "Voss"], ["rain", "sun"])
    assert len(dots(ax)[0]) == 3, "a city that is missing has no place"
    ax = plots.decision_regions(SoftmaxRegression(handle_missing="own").fit(X, [0, 1, 1, 0]), X, [0, 1, 1, 0])
    assert ticks(ax.xaxis) == ["Oslo", "Voss", "<missing>"]
    assert len(dots(ax)[0]) == 4


def test_decision_regions_of_a_table_have_its_units():
    X = pd.DataFrame({"age": [20.0, 30, 40, 80], "km": [1.0, 2, 3, 5]})
    model = SoftmaxRegression(categorical_features=None).fit(X, [0, 0, 1, 1])
    ax = plots.decision_regions(model, X, [0, 0, 1, 1], fields=(1, 0))
    np.testing.assert_allclose(dots(ax)[0], X[["km", "age"]])
    left, right, bottom, top = ax.images[0].get_extent()
    assert 0 < left < 1 < 5 < right < 6
    assert 10 < bottom < 20 < 80 < top < 90


@pytest.mark.parametrize("fields", [(0, 5), (-1, 0), (1, 1), ("city", "sky")])
def test_decision_regions_are_of_two_columns(fields, model, data):
    with pytest.raises(ValueError, match=r"must be two of the positions 0 to \d"):
        plots.decision_regions(model, data[0], data[1], fields)


def test_decision_regions_need_a_label_for_each_row(model, data):
    with pytest.raises(ValueError, match=r"y has shape \(3,\), but X has \d+ rows"):
        plots.decision_regions(model, data[0], data[1][:3])


def test_many_classes_have_a_color_each():
    for K in (2, 8, 9, 26):
        assert len(np.unique(class_colors(K), axis=0)) == K


def test_a_grid_is_a_heat_map():
    ax = plots.hyperparameter_grid(SEARCH)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.01", "0.1"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["8", "16"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("alpha", "batch_size")
    assert pixels(ax).tolist() == [[0.625, 0.875], [0.5, 0.75]]
    assert [text.get_text() for text in ax.texts] == [
        "0.625\n± 0.250",
        "0.875\n± 0.062",
        "0.500\n± 0.000",
        "0.750\n± 0.125",
    ]


def test_the_best_cell_has_a_frame():
    (frame,) = plots.hyperparameter_grid(SEARCH).get_lines()
    corners = np.transpose(xy(frame))
    assert corners.mean(axis=0)[:2] == pytest.approx([1, 0], abs=0.2)
    assert np.round(corners).max(axis=0).tolist() == [1, 0]


def test_parameters_choose_the_axes_and_others_are_at_their_best():
    three = {
        "param_a": [1, 1, 2, 2, 1, 1, 2, 2],
        "param_b": ["x", "y"] * 4,
        "param_c": [0] * 4 + [1] * 4,
        "mean_test_score": np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.1, 0.9]),
        "std_test_score": np.arange(8) / 10,
    }
    ax = plots.hyperparameter_grid(three, ("b", "a"))
    assert pixels(ax).tolist() == [[0.5, 0.3], [0.2, 0.9]]
    assert ax.texts[0].get_text() == "0.500\n± 0.400"
    with pytest.raises(ValueError, match=r"3 parameters vary: \['a', 'b', 'c'\]; pass parameters="):
        plots.hyperparameter_grid(three)


def test_a_grid_of_other_names_says_which_there_are():
    with pytest.raises(ValueError, match=r"parameters=\('alpha', 'tol'\): the search has alpha, batch_size"):
        plots.hyperparameter_grid(SEARCH, ("alpha", "tol"))
    with pytest.raises(ValueError, match="metric='f1': the search has score"):
        plots.hyperparameter_grid(SEARCH, metric="f1")


def test_a_fit_that_failed_is_said_to_have():
    failed = {**SEARCH, "mean_test_score": np.array([0.5, np.nan, 0.625, 0.875])}
    texts = [text.get_text() for text in plots.hyperparameter_grid(failed).texts]
    assert texts[3] == "failed"


def test_what_is_no_search_is_refused():
    with pytest.raises(TypeError, match="search is 3; pass a fitted GridSearchCV, or its cv_results_"):
        plots.hyperparameter_grid(3)


def test_a_search_without_a_score_is_refused():
    with pytest.raises(ValueError, match="every mean_test_score is NaN: no fit succeeded"):
        plots.hyperparameter_grid({**SEARCH, "mean_test_score": np.full(4, np.nan)})


@pytest.mark.parametrize("scores", [[0.9, np.nan], [np.nan, 0.9]], ids=str)
def test_of_the_fits_in_a_cell_one_that_failed_is_not_the_best(scores):
    search = {
        "param_alpha": [0.1] * 4 + [0.01] * 4,
        "param_batch_size": [8, 8, 16, 16] * 2,
        "param_tol": [1, 2] * 4,
        "mean_test_score": [*scores, *[0.5] * 6],
        "std_test_score": [0.0] * 8,
    }
    ax = plots.hyperparameter_grid(search, parameters=("alpha", "batch_size"))
    assert sorted(pixels(ax).ravel().tolist()) == [0.5, 0.5, 0.5, 0.9]


def test_integers_of_a_search_are_in_ascending_order(data):
    grid = {"alpha": [0.1, 1.0], "batch_size": [64, 8, 16]}
    search = GridSearchCV(SoftmaxRegression(n_categories=N_CATEGORIES), grid, cv=2).fit(*data)
    ax = plots.hyperparameter_grid(search)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["8", "16", "64"]


def test_the_grid_of_a_search(data):
    grid = {"alpha": [1.0, 0.1], "class_weight": [None, "balanced"]}  # drawn in ascending order, and as they come
    search = GridSearchCV(SoftmaxRegression(n_categories=N_CATEGORIES), grid, cv=2).fit(*data)
    ax = plots.hyperparameter_grid(search)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)[::-1]
    assert np.array_equal(pixels(ax), scores)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["None", "balanced"]
    assert ax.figure.axes[1].get_ylabel() == "mean cross-validated accuracy"


def test_a_cell_that_was_not_tried_is_empty():
    grids = {"param_a": [1, 2], "param_b": [3, 4], "mean_test_score": [0.5, np.nan], "std_test_score": [0.1, np.nan]}
    assert sorted(text.get_text() for text in plots.hyperparameter_grid(grids).texts) == ["0.500\n± 0.100", "failed"]


def test_the_results_of_a_search_may_be_a_frame():
    pd = pytest.importorskip("pandas", reason="in the test extra")
    ax, expected = plots.hyperparameter_grid(pd.DataFrame(SEARCH)), plots.hyperparameter_grid(SEARCH)
    assert [text.get_text() for text in ax.texts] == [text.get_text() for text in expected.texts]


@pytest.mark.parametrize("parameters", ["alpha", ("alpha",), ("alpha", "alpha")])
def test_a_heat_map_has_two_axes(parameters):
    with pytest.raises(ValueError, match="must be a pair of two names"):
        plots.hyperparameter_grid(SEARCH, parameters)


@pytest.mark.parametrize("fields", [1, (0, 1, 2), (0,), (0, 0), (0, 9)])
def test_decision_regions_are_of_two_fields(fields, model, data):
    with pytest.raises(ValueError, match="must be two of the positions 0 to"):
        plots.decision_regions(model, data[0], fields=fields)


def test_decision_regions_name_the_row_of_a_missing_label():
    model = SoftmaxRegression().fit([[0, 0], [1, 0], [1, 1]], ["yes", "no", "no"])
    labels: Any = ["yes", None, "no"]
    with pytest.raises(ValueError, match="y, row 1: the label is missing"):
        plots.decision_regions(model, [[0, 0], [1, 0], [1, 1]], labels)


@pytest.mark.parametrize("setting", [{"extent": 0}, {"extent": np.nan}, {"resolution": 5.0}])
def test_a_landscape_needs_a_square_of_points(setting, model, data):
    with pytest.raises(ValueError, match=f"{next(iter(setting))}=.* must be"):
        plots.loss_landscape(model, *data, **setting)


def test_of_a_search_by_halving_the_last_round_counts():
    rounds = {
        "param_a": [1, 2, 1],
        "param_b": [3, 4, 3],
        "iter": [0, 0, 1],
        "mean_test_score": [0.4, 0.9, 0.6],
        "std_test_score": [0.1, 0.2, 0.3],
    }
    ax = plots.hyperparameter_grid(rounds)
    assert sorted(text.get_text() for text in ax.texts) == ["0.600\n± 0.300", "0.900\n± 0.200"]
    (frame,) = ax.get_lines()
    assert np.round(np.transpose(xy(frame)).mean(axis=0)).tolist() == [0, 0]


def test_the_levels_of_a_landscape_have_labels_that_differ():
    codes, y = np.arange(40)[:, None] % 4, np.arange(40) % 2
    flat = SoftmaxRegression(alpha=10.0).fit(codes, y)
    bar = plots.loss_landscape(flat, codes, y, resolution=5).figure.axes[-1]
    labels = [tick.get_text() for tick in bar.get_yticklabels()]
    assert len({*labels}) == len(labels) > 1


def test_the_gradient_of_a_full_batch_is_that_of_the_objective(data):
    assert "penalty" in plots.gradient_flow(SoftmaxRegression().fit(*data)).get_ylabel()
    assert "penalty" not in plots.gradient_flow(SoftmaxRegression(solver="sgd", max_iter=2).fit(*data)).get_ylabel()
