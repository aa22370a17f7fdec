"""What only the multilayer perceptron can do, and how its layers are built."""

from itertools import pairwise

import numpy as np
import pytest

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.activations import Activation, leaky_relu_with
from tests.classifiers.oracle import SMOOTH, slow_forward
from tests.onehot.oracle import one_hot
from tests.tolerance import assert_close

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def _square(z):
    return z**2


def _twice(z):
    return 2 * z


@pytest.mark.parametrize("solver", ["adam", "sgd", "momentum", "rmsprop", "adagrad", "lbfgs"])
@pytest.mark.parametrize("hidden", [(16,), (16, 16)], ids=str)
def test_exclusive_or_is_learned(solver, hidden):
    rates = {"adam": 0.01, "sgd": 0.5, "momentum": 0.05, "rmsprop": 0.01}
    model = MLPClassifier(hidden, "tanh", solver=solver, learning_rate=rates.get(solver, 0.1), random_state=0)
    assert model.fit(XOR, [0, 1, 1, 0]).score(XOR, [0, 1, 1, 0]) == 1
    assert SoftmaxRegression().fit(XOR, [0, 1, 1, 0]).predict_proba(XOR) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("hidden", [(5,), (6, 4)], ids=str)
def test_its_weights_are_those_of_the_textbook(problem, hidden, activation):
    V, dtype = sum(problem.n_categories), np.float64
    model = MLPClassifier(hidden, activation, n_categories=problem.n_categories, dtype=dtype, max_iter=3)
    model.fit(problem.codes, problem.y)
    sizes = [V, *hidden, problem.K]
    assert [W.shape for W in model.coefs_] == list(pairwise(sizes))
    assert [b.shape for b in model.intercepts_] == [(size,) for size in sizes[1:]]
    Z = slow_forward(one_hot(problem.codes, problem.n_categories), model.coefs_, model.intercepts_, activation)
    assert_close(model.decision_function(problem.codes), Z, terms=100)


@pytest.mark.parametrize("activation", [leaky_relu_with(slope=0.2), Activation("square", _square, _twice)], ids=str)
def test_an_activation_of_ones_own_will_do(activation):
    model = MLPClassifier((16,), activation, learning_rate=0.01, random_state=0).fit(XOR, [0, 1, 1, 0])
    assert model.predict(XOR).tolist() == [0, 1, 1, 0]


def test_the_fan_in_of_the_first_layer_is_the_number_of_fields(problem):
    V = 10_000
    codes = np.column_stack([problem.codes, problem.codes])
    model = MLPClassifier((64,), solver="sgd", max_iter=0, n_categories=V, random_state=0).fit(codes, problem.y)
    assert model.coefs_[0].shape == (8 * V, 64)
    assert model.coefs_[0].std() == pytest.approx(np.sqrt(2 / 8), rel=0.01), "He: 2 / fan_in, of 8 ones a row"


def test_random_state_decides_weights_and_batches(problem):
    def coefficients(seed):
        model = MLPClassifier((5,), max_iter=2, random_state=seed).fit(problem.codes, problem.y)
        return np.concatenate([W.ravel() for W in model.coefs_])

    assert (coefficients(0) == coefficients(0)).all()
    assert (coefficients(0) != coefficients(1)).mean() > 0.9
    assert (coefficients(np.random.RandomState(3)) == coefficients(np.random.RandomState(3))).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_layer_sizes": 64}, r"hidden_layer_sizes=64 must be a sequence of positive integers, like \(64,\)"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes=None must be a sequence of positive integers"),
        ({"hidden_layer_sizes": 64.0}, r"hidden_layer_sizes=64\.0 must be a sequence of positive integers"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes=\(8, 0\) must be a sequence of positive integers"),
        ({"hidden_layer_sizes": (8, 2.5)}, r"hidden_layer_sizes=\(8, 2\.5\) must be a sequence of positive integers"),
        ({"activation": "swish"}, r"activation 'swish' is not one of elu, gelu"),
        ({"initializer": "xavier"}, r"initializer 'xavier' is not one of auto, "),
    ],
)
def test_a_bad_layer_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**changes).fit(XOR, [0, 1, 1, 0])
