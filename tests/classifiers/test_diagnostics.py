import math
import re
from functools import partial

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from classifiers import MLPClassifier, SoftmaxRegression, plots
from classifiers._gradient_check import _Differences
from classifiers.activations import Activation, relu
from classifiers.dataset import Dataset
from classifiers.design_matrix import SparseMatrix
from classifiers.diagnostics import (
    GradientCheck,
    GradientReport,
    dead_units,
    gradient_check,
    gradient_norms,
    sample_losses,
    worst_predictions,
)
from classifiers.initializers import normal
from classifiers.loss_landscape import loss_landscape
from classifiers.network import Network
from onehot import OneHot
from tests.tolerance import assert_close

N_CATEGORIES = [3, 4, 2]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, N_CATEGORIES, (40, 3))
    y = np.array(["low", "mid", "high"])[(codes[:, 0] + codes[:, 1] + rng.integers(0, 2, 40)) % 3]
    return codes, y


@pytest.fixture(scope="module")
def fitted(data):
    model = MLPClassifier((6, 5), "tanh", n_categories=N_CATEGORIES, max_iter=20, learning_rate=0.01, random_state=0)
    return model.fit(*data)


def untrained(estimator, codes, y):
    """Return the estimator with the weights that it starts from."""
    return estimator.set_params(solver="sgd", max_iter=0, n_categories=N_CATEGORIES).fit(codes, y)


@pytest.mark.parametrize(
    "diagnose",
    [
        sample_losses,
        worst_predictions,
        gradient_norms,
        gradient_check,
        lambda model, X, y: dead_units(model, X),
        loss_landscape,
        lambda model, X, y: plots.learning_curves(model),
        lambda model, X, y: plots.decision_regions(model, X),
    ],
)
def test_what_holds_a_model_is_none(data, diagnose):
    pipeline = make_pipeline(OrdinalEncoder(dtype=int), SoftmaxRegression(solver="sgd", max_iter=1, tol=0)).fit(*data)
    with pytest.raises(TypeError, match=r"got a Pipeline; pass pipeline\[-1\], and pipeline\[:-1\].transform\(X\)"):
        diagnose(pipeline, *data)
    search = GridSearchCV(SoftmaxRegression(), {"alpha": [0.1]}, cv=2).fit(*data)
    with pytest.raises(TypeError, match=r"got a GridSearchCV; pass search\.best_estimator_"):
        diagnose(search, *data)


def test_sample_losses_are_minus_log_probability(data, fitted):
    codes, y = data
    losses = sample_losses(fitted, codes, y)
    P = fitted.predict_proba(codes)
    of_true = P[np.arange(40), np.searchsorted(fitted.classes_, y)]
    assert losses.shape == (40,)
    assert losses.dtype == np.float64
    assert_close(losses, -np.log(of_true), np.float32, terms=16)
    assert_close(losses.mean(), log_loss(y, P, labels=fitted.classes_), np.float32, terms=16)


def test_sample_losses_of_a_model_that_knows_nothing(data):
    model = untrained(SoftmaxRegression(), *data)
    assert_close(sample_losses(model, *data), np.full(40, math.log(3)))


def test_a_nearly_certain_sample_has_a_loss_all_the_same():
    model = untrained(SoftmaxRegression(), np.zeros((2, 3), int), [0, 1])
    model.intercept_[:] = [30.0, 0.0]
    assert_close(sample_losses(model, np.zeros((1, 3), int), [0]), [math.log1p(math.exp(-30))], scale=30.0)
    assert sample_losses(model, np.zeros((1, 3), int), [0]) > 0


def test_worst_predictions_are_the_largest_losses(data, fitted):
    codes, y = data
    losses = sample_losses(fitted, codes, y)
    worst = worst_predictions(fitted, codes, y, k=4)
    assert [p.index for p in worst] == np.argsort(-losses, kind="stable")[:4].tolist()
    P = fitted.predict_proba(codes)
    for p in worst:
        assert p.loss == losses[p.index]
        assert p.true == y[p.index]
        assert p.predicted == fitted.predict(codes)[p.index]
        assert_close(p.probability_of_predicted, P[p.index].max(), np.float32, terms=8)
        assert_close(p.probability_of_true, math.exp(-p.loss))


def test_worst_predictions_print_as_a_table(data, fitted):
    codes, y = data
    table = str(worst_predictions(fitted, codes, y, k=2)).splitlines()
    assert table[0].split() == ["row", "loss", "true", "P(true)", "predicted", "P(predicted)"]
    assert len({len(line) for line in table}) == 1
    assert len(table) == 3


def test_worst_predictions_of_few_samples(data, fitted):
    codes, y = data
    assert len(worst_predictions(fitted, codes[:3], y[:3], k=10)) == 3
    assert worst_predictions(fitted, codes, y, k=1) == worst_predictions(fitted, codes, y, k=2)[:1]
    for k in (0, 2.5, "3"):
        with pytest.raises(ValueError, match=re.escape(f"k={k!r} must be an integer of at least 1")):
            worst_predictions(fitted, codes, y, k=k)  # type: ignore[arg-type]


def test_equal_losses_come_in_the_order_of_rows(data):
    codes, y = data
    model = untrained(SoftmaxRegression(), codes, y)
    assert [p.index for p in worst_predictions(model, codes, y, k=3)] == [0, 1, 2]


@pytest.mark.parametrize("function", [sample_losses, worst_predictions, gradient_norms])
def test_a_model_that_is_not_fitted_is_refused(function, data):
    with pytest.raises(NotFittedError):
        function(MLPClassifier(), *data)


def test_an_unknown_label_is_refused(data, fitted):
    codes, _ = data
    with pytest.raises(ValueError, match=r"row 1: class .*'none'.* is not one of"):
        sample_losses(fitted, codes[:2], ["low", "none"])


def test_gradient_norms_are_those_of_differences(data, fitted):
    """The norm of a gradient is its slope along itself."""
    codes, y = data
    model = MLPClassifier((6, 5), "tanh", dtype=np.float64, random_state=0, alpha=0)
    model = untrained(model, codes, y)
    norms = gradient_norms(model, codes, y)
    assert len(norms) == 3

    bias, h = model.intercepts_[2], 1e-6
    slopes = []
    for k in range(3):
        bias[k] += h
        above = sample_losses(model, codes, y).mean()
        bias[k] -= 2 * h
        slopes.append((above - sample_losses(model, codes, y).mean()) / (2 * h))
        bias[k] += h
    weights_only = math.sqrt(norms[2] ** 2 - np.linalg.norm(slopes) ** 2)
    P, H = model.predict_proba(codes), hidden(model, codes)
    P[np.arange(40), np.searchsorted(model.classes_, y)] -= 1
    assert_close(weights_only, np.linalg.norm(H.T @ P / 40), np.float64, terms=2**24)  # differences keep 1e-9


def hidden(model, codes):
    A = OneHot(codes, N_CATEGORIES, dtype=np.float64)
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        A = np.tanh(A @ W + b)
    return A


def test_gradient_norms_are_what_the_history_records(data):
    model = MLPClassifier((6,), "tanh", n_categories=N_CATEGORIES, batch_size=40, max_iter=1, random_state=0)
    before = untrained(MLPClassifier((6,), "tanh", random_state=0), *data)
    recorded = model.fit(*data).history_[0].gradient_norms
    assert_close(gradient_norms(before, *data), recorded, np.float32, terms=64)


def test_gradient_norms_do_not_depend_on_the_format(data, fitted):
    codes, y = data
    X = OneHot(codes, N_CATEGORIES)
    norms = gradient_norms(fitted, X, y)
    assert_close(gradient_norms(fitted, X.toarray(), y), norms, terms=64)
    assert_close(gradient_norms(fitted, sparse.csr_array(X.tocsr()), y), norms, terms=64)


def test_a_relu_that_is_always_off_is_dead(data):
    codes, y = data
    model = untrained(MLPClassifier((6,), random_state=0), codes, y)
    model.intercepts_[0][:] = 10
    assert [units.tolist() for units in dead_units(model, codes)] == [[]]
    model.intercepts_[0][[1, 4]] = -10
    assert [units.tolist() for units in dead_units(model, codes)] == [[1, 4]]


def test_dead_units_are_found_in_their_layer(data):
    codes, y = data
    model = untrained(MLPClassifier((6, 5), "tanh", random_state=0), codes, y)
    model.intercepts_[1][2] = -100
    assert [units.tolist() for units in dead_units(model, codes)] == [[], [2]]


def test_a_saturated_sigmoid_is_dead(data):
    codes, y = data
    model = untrained(MLPClassifier((4,), "sigmoid", random_state=0), codes, y)
    model.intercepts_[0][3] = 100
    assert [units.tolist() for units in dead_units(model, codes)] == [[3]]


def test_dead_units_need_hidden_layers_and_rows(data, fitted):
    codes, y = data
    assert dead_units(untrained(SoftmaxRegression(), codes, y), codes) == []
    with pytest.raises(ValueError, match="X has 1 row"):
        dead_units(fitted, codes[:1])


def test_dead_units_across_chunks(data, monkeypatch):
    codes, y = data
    model = untrained(MLPClassifier((6,), random_state=0), codes, y)
    model.intercepts_[0][:] = [10, -10, 10, 10, 10, 10]
    monkeypatch.setattr("classifiers.network.ROWS_PER_CHUNK", 7)
    assert [units.tolist() for units in dead_units(model, codes)] == [[1]]


MODELS = {
    "softmax": SoftmaxRegression(alpha=0.1),
    "relu": MLPClassifier((7, 5), random_state=0),
    "tanh": MLPClassifier((5,), "tanh", alpha=1.0, random_state=0),
    "gelu": MLPClassifier((5, 4, 3), "gelu", random_state=0),
    "balanced": MLPClassifier((5,), "elu", class_weight="balanced", random_state=0),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("max_parameters", [0, 2000])
def test_the_gradients_of_every_model_are_right(name, max_parameters, data):
    report = gradient_check(MODELS[name], *data, max_parameters=max_parameters)
    assert report.ok, str(report)
    assert {check.format for check in report.checks} == {"OneHot", "dense", "sparse"}
    assert report.skipped == ()
    assert ("random direction" in {check.where for check in report.checks}) == (max_parameters == 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # L-BFGS cannot settle on a kink
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradients_of_a_fitted_model_are_right(solver, dtype, data):
    """Where L-BFGS stops in float64, samples are within 1e-9 of the kink of a ReLU."""
    model = MLPClassifier((16, 8), solver=solver, dtype=dtype, n_categories=N_CATEGORIES, tol=1e-3, random_state=0)
    report = gradient_check(model.fit(*data), *data)
    assert report.ok, str(report)


def test_a_relu_without_input_does_not_stand_on_its_kink(data):
    """A layer whose units are all off leaves the next one at its bias, and that is 0 as long as nothing moves it."""
    model = untrained(MLPClassifier((4, 4), random_state=0), *data)
    model.intercepts_[0][:] = -100
    assert gradient_check(model, *data).ok


def test_parameters_are_called_as_the_model_calls_them(data):
    assert [c.parameter for c in gradient_check(MODELS["softmax"], *data).checks[:2]] == ["coef_", "intercept_"]
    names = [c.parameter for c in gradient_check(MODELS["tanh"], *data).checks[:4]]
    assert names == ["coefs_[0]", "coefs_[1]", "intercepts_[0]", "intercepts_[1]"]


def test_the_model_stays_as_it_was(data, fitted):
    before = [W.copy() for W in [*fitted.coefs_, *fitted.intercepts_]]
    gradient_check(fitted, *data)
    for W, old in zip([*fitted.coefs_, *fitted.intercepts_], before, strict=True):
        assert np.array_equal(W, old)
    unfitted = MLPClassifier((3,), random_state=0)
    gradient_check(unfitted, *data)
    assert not hasattr(unfitted, "coefs_")


def half_wrong(z):
    return np.where(z > 0, 0.9, 1.0) * (1 - np.tanh(z) ** 2)


@pytest.mark.parametrize("max_parameters", [0, 2000])
@pytest.mark.parametrize("fit", [False, True])
def test_a_wrong_derivative_is_found(max_parameters, fit, data):
    wrong = Activation("wrong tanh", np.tanh, half_wrong)
    model = MLPClassifier((5,), wrong, n_categories=N_CATEGORIES, max_iter=5, random_state=0)
    report = gradient_check(model.fit(*data) if fit else model, *data, max_parameters=max_parameters)
    assert not report.ok
    bad = [check for check in report.checks if check.error > report.tolerance]
    assert {check.parameter for check in bad} == {"coefs_[0]", "intercepts_[0]"}, "the last layer has no activation"
    assert all(check.error > 1e-3 for check in bad)
    text = str(report)
    assert text.count("WRONG") == 6
    assert text.endswith("a gradient is wrong: tolerance 1e-05")
    assert f"{bad[0].numeric:.6e}" in text
    assert f"{bad[0].analytic:.6e}" in text


def test_a_wrong_slope_beside_a_kink_is_found(data):
    leaky = Activation("leaky", lambda z: np.maximum(z, 0.1 * z), lambda z: np.where(z > 0, 1.0, 0.11))
    assert not gradient_check(MLPClassifier((5,), leaky, random_state=0), *data).ok


def test_a_wrong_derivative_is_found_where_gradients_are_tiny(data):
    """Four layers of small weights leave the first a gradient of about 1e-7."""

    def check(slope):
        activation = Activation("tanh", np.tanh, lambda z: slope * (1 - np.tanh(z) ** 2))
        small = partial(normal, std=0.02)
        model = MLPClassifier((4, 4), activation, initializer=small, alpha=0, random_state=0)
        return gradient_check(model, *data)

    wrong = check(1.01)
    first = wrong.checks[0]
    assert first.parameter == "coefs_[0]"
    assert abs(first.analytic) < 1e-3
    assert first.error > wrong.tolerance
    assert check(1.0).ok


def test_a_wrong_scatter_add_is_found_in_its_format(data, monkeypatch):
    right = SparseMatrix.gradient
    monkeypatch.setattr(SparseMatrix, "gradient", lambda self, dZ: right(self, dZ) * 1.001)
    report = gradient_check(MODELS["softmax"], *data)
    assert [(c.format, c.parameter) for c in report.checks if c.error > report.tolerance] == [("sparse", "coef_")]


def test_a_forgotten_penalty_is_found(data, monkeypatch):
    monkeypatch.setattr("classifiers._gradient_check.add_penalty", lambda weights, gradients, alpha: 0.0)
    report = gradient_check(MODELS["softmax"], *data)
    assert {c.parameter for c in report.checks if c.error > report.tolerance} == {"coef_"}


@pytest.mark.parametrize("kind", ["OneHot", "dense", "sparse"])
def test_every_format_comes_from_every_format(kind, data):
    codes, y = data
    X = OneHot(codes, N_CATEGORIES)
    given = {"OneHot": X, "dense": X.toarray(), "sparse": sparse.csr_array(X.tocsr())}[kind]
    report = gradient_check(SoftmaxRegression(n_categories=N_CATEGORIES), given, y)
    assert report.ok
    assert [check.format for check in report.checks] == ["OneHot"] * 2 + ["dense"] * 2 + ["sparse"] * 2


def test_missing_codes_are_checked_too(data):
    codes, y = data
    X = OneHot(np.where(codes == 1, -1, codes), N_CATEGORIES, missing="zero")
    assert gradient_check(MODELS["relu"], X, y).ok


def test_a_format_that_x_does_not_have_is_named(data):
    codes, y = data
    report = gradient_check(SoftmaxRegression(), codes / 3.0, y)
    assert report.ok
    assert {check.format for check in report.checks} == {"dense", "sparse"}
    assert report.skipped[0].startswith("OneHot  not checked: X is not one-hot (")
    assert report.skipped[0] in str(report)


class Rounding:
    """A right ReLU in float32."""

    def forward(self, z):
        a, backprop = relu.forward(z.astype(np.float32))
        return a, backprop


def test_a_network_that_has_no_differences_is_not_called_wrong(data):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="the objective is nan here: look at the acti"):
        gradient_check(MLPClassifier((5,), Activation("root", np.sqrt, np.sqrt), random_state=0), *data)
    with pytest.raises(ValueError, match="returns float32 for float64, too coarse for differences"):
        gradient_check(MLPClassifier((5,), Rounding(), random_state=0), *data)


@pytest.mark.parametrize("tolerance", [0, -1e-5, np.nan])
def test_a_tolerance_that_nothing_can_meet_is_refused(tolerance, data):
    with pytest.raises(ValueError, match=r"must be positive: differences are never exact"):
        gradient_check(MODELS["softmax"], *data, tolerance=tolerance)


def test_a_dense_matrix_that_is_too_large_is_not_made(monkeypatch):
    monkeypatch.setattr("classifiers._gradient_check.LARGEST_DENSE", 10**4)
    codes = np.array([[0], [1], [40_000]])
    report = gradient_check(MLPClassifier((3,), random_state=0), codes, [0, 1, 1])
    assert report.ok
    assert report.skipped == ("dense   not checked: 3 x 40001 numbers are too many",)


def test_a_report_with_nan_is_not_ok():
    check = GradientCheck("OneHot", "coef_", "[0, 0]", 1.0, math.nan, math.nan)
    assert not GradientReport((check,), (), 1e-5).ok


@pytest.mark.parametrize("label", [0, 1])
def test_a_kink_is_left_behind_whichever_way_it_bends(label):
    network = Network([np.zeros((1, 1)), np.array([[1.0, -1.0]])], [np.array([1e-6]), np.zeros(2)], relu)
    differences = _Differences(network, Dataset(OneHot([0], 1, dtype=np.float64), np.array([label])), 0.0, 1e-5)
    b = network.biases[0]
    _, _, error = differences.compare(b, differences.gradients()[2], np.ones(1))
    assert error <= 1e-5
    assert b.tolist() == [1e-6]


def test_large_negative_logits_are_no_wrong_gradient(data):
    codes, y = data
    model = SoftmaxRegression(solver="sgd", max_iter=0, alpha=0, dtype=np.float64).fit(codes, y)
    model.coef_[:, 0] = -1e8
    assert gradient_check(model, codes, y).ok


def test_differences_are_exact_to_many_digits(data):
    report = gradient_check(MLPClassifier((4,), "tanh", random_state=0), *data)
    assert max(abs(check.numeric - check.analytic) for check in report.checks) < 1e-9


def test_a_derivative_that_is_nan_is_found_where_it_is(data):
    def derivative(z):
        slope = 1 - np.tanh(z) ** 2
        slope[:, 2] = np.nan
        return slope

    report = gradient_check(MLPClassifier((4,), Activation("tanh", np.tanh, derivative), random_state=0), *data)
    wrong = [check for check in report.checks if check.parameter == "intercepts_[0]"]
    assert [check.where for check in wrong] == ["[2]"] * len(wrong)


def test_five_worst_by_default(data):
    model = SoftmaxRegression(solver="sgd", max_iter=0).fit(*data)
    assert len(worst_predictions(model, *data)) == 5
