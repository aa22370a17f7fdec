import dataclasses
import math
import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_digits

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.gradient_flow import GradientFlowMonitor, GradientFlowWarning, gradient_flow_problem
from classifiers.initializers import normal, zeros
from classifiers.stopping import EpochRecord


def record(*norms, epoch=3):
    return EpochRecord(epoch, 2.3, 0.1, None, None, gradient_norms=norms, learning_rate=0.1, seconds=0.0)


def problem_of(*norms):
    """Return what `gradient_flow_problem` says, "" for nothing."""
    return gradient_flow_problem(record(*norms)) or ""


@pytest.fixture(scope="module")
def digits():
    images, y = load_digits(return_X_y=True)
    return images.astype(int)[:500], y[:500]


@pytest.mark.parametrize("norms", [(1.0,), (0.0,), (1e-4, 1.0), (1e4, 1.0), (1.0, 1e-9), (0.0, 0.0), (0.5, 1e-7, 1.0)])
def test_ordinary_norms_are_no_problem(norms):
    assert gradient_flow_problem(record(*norms)) is None


def test_a_vanishing_gradient_is_described():
    problem = problem_of(9e-5, 0.01, 1.0)
    assert problem.startswith("epoch 3: the gradient vanishes, its norm is 9e-05 in layer 1 and 1 in layer 3;")
    for advice in ("activation='relu'", "initializer='auto'", "fewer layers"):
        assert advice in problem


def test_a_first_layer_without_any_gradient_points_to_dead_units():
    problem = problem_of(0.0, 0.2)
    assert "classifiers.diagnostics.dead_units" in problem
    assert "smaller learning_rate" in problem


@pytest.mark.parametrize(("bad", "text"), [(1.01e4, "1.01e+04"), (math.inf, "inf"), (math.nan, "nan")])
def test_an_exploding_gradient_is_described(bad, text):
    problem = problem_of(0.5, bad, 1.0)
    assert problem.startswith(f"epoch 3: the gradient explodes, its norm is {text} in layer 2 of 3;")
    for advice in ("smaller learning_rate", "fewer layers"):
        assert advice in problem


def test_the_monitor_warns_once():
    watch = GradientFlowMonitor()
    watch(record(1.0, 1.0, epoch=1))
    with pytest.warns(GradientFlowWarning, match="epoch 2"):
        watch(record(0.0, 1.0, epoch=2))
    watch(record(0.0, 1.0, epoch=3))


def test_each_fit_has_its_own_warning_at_the_line_that_calls_fit(digits):
    model = MLPClassifier((8,) * 9, "sigmoid", max_iter=4, random_state=0)
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(*digits)
        assert [each.category for each in caught] == [GradientFlowWarning]
        assert "epoch 1: the gradient vanishes" in str(caught[0].message)
        assert "layer 10" in str(caught[0].message)
        assert caught[0].filename == __file__


def test_parts_warn_once_at_the_line_that_calls_partial_fit(digits):
    model = MLPClassifier((8,) * 9, "sigmoid", random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            model.partial_fit(*digits, classes=range(10))
    assert [(each.category, each.filename) for each in caught] == [(GradientFlowWarning, __file__)]


def test_lbfgs_warns_too(digits):
    model = MLPClassifier((8,), "tanh", solver="lbfgs", initializer=zeros, max_iter=3, random_state=0)
    with pytest.warns(GradientFlowWarning, match="its norm is 0 in layer 1") as caught:
        model.fit(*digits)
    assert {each.filename for each in caught} == {__file__}


def test_weights_that_are_too_large_explode(digits):
    large = partial(normal, std=2.0)
    model = MLPClassifier((64,) * 4, initializer=large, learning_rate=1e-9, max_iter=1, random_state=0)
    with pytest.warns(GradientFlowWarning, match="epoch 1: the gradient explodes"):
        model.fit(*digits)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "momentum", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(),
        MLPClassifier((32,)),
        MLPClassifier((32, 32), "tanh"),
        MLPClassifier((32, 32), "sigmoid"),
    ],
    ids=["softmax", "relu", "tanh", "sigmoid"],
)
def test_ordinary_fits_are_silent(model, solver, digits):
    model.set_params(solver=solver, tol=0, max_iter=10, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten iterations are too few for L-BFGS
        warnings.simplefilter("error", GradientFlowWarning)
        model.fit(*digits)
    assert np.isfinite(model.history_[-1].gradient_norms).all()


def test_advice_is_of_what_there_is():
    epoch = dataclasses.replace(record(2e4), learning_rate=None)
    assert str(gradient_flow_problem(epoch)).endswith("layer 1 of 1; try columns of X scaled to about 1")
    assert "initializer" in str(gradient_flow_problem(record(2e4, 1.0)))
    assert "initializer" not in str(gradient_flow_problem(record(2e4)))
