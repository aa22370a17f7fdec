"""One trajectory: the same seed gives the same losses and coefficients, to rounding, whatever format X comes in."""

import numpy as np
import pytest

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.optimizers import Adagrad, Momentum
from classifiers.stopping import MaxEpochs
from onehot import OneHot
from tests.classifiers.oracle import FORMATS, assert_same_trajectory
from tests.tolerance import assert_close

SOLVERS = ["lbfgs", "sgd", "momentum", Momentum(0.1, nesterov=True), "adagrad", Adagrad(0.1, row_wise=True)]
SOLVERS += ["rmsprop", "adam"]
EPOCHS, BATCH = 4, 20
ROUNDINGS = EPOCHS * 5 * 500  # of 5 batches an epoch, each with the sums of a step


def fitted(problem, X, solver, hidden, dtype=np.float64, **changes):
    settings = {
        "solver": solver,
        "alpha": 0.01,
        "learning_rate": 0.1,
        "batch_size": BATCH,
        "stopping": MaxEpochs(EPOCHS),
        "n_categories": problem.n_categories,
        "dtype": dtype,
        "random_state": 0,
        **changes,
    }
    model = MLPClassifier(hidden, "tanh", **settings) if hidden else SoftmaxRegression(**settings)
    return model.fit(X, problem.y, problem.weight)


@pytest.fixture(scope="module")
def on_codes(problem):
    """What the other formats are held to, each fitted once."""
    models = {}

    def fit(solver, hidden):
        key = (str(solver), hidden)
        if key not in models:
            models[key] = fitted(problem, problem.codes, solver, hidden)
        return models[key]

    return fit


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=str)
@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("name", ["OneHot", "dense", "csr"])
def test_weighted_and_penalised_training_is_the_same(problem, on_codes, name, solver, hidden):
    expected = on_codes(solver, hidden)
    assert len(expected.history_) == EPOCHS
    assert_same_trajectory(fitted(problem, problem.to(name), solver, hidden), expected, ROUNDINGS)


@pytest.mark.parametrize("name", ["OneHot", "dense", "csr"])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adagrad"])
def test_single_precision_too(problem, name, solver):
    expected = fitted(problem, problem.codes, solver, (), np.float32)
    other = fitted(problem, problem.to(name), solver, (), np.float32)
    assert_same_trajectory(other, expected, ROUNDINGS, np.float32)


@pytest.mark.parametrize("name", ["dense", "csr"])
def test_a_missing_value_is_a_block_of_zeros_in_every_format(problem, name):
    codes = np.where(np.random.default_rng(0).random(problem.codes.shape) < 0.2, -1, problem.codes)
    X = OneHot(codes, problem.n_categories, missing="zero")
    other = X.toarray() if name == "dense" else X.tocsr()
    assert_same_trajectory(fitted(problem, other, "adam", (6,)), fitted(problem, X, "adam", (6,)), ROUNDINGS)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=str)
@pytest.mark.parametrize("name", FORMATS)
def test_a_model_fitted_on_one_format_predicts_on_all(problem, name, hidden):
    model = fitted(problem, problem.to(name), "sgd", hidden)
    expected = model.predict_log_proba(problem.codes)
    for other in FORMATS:
        assert_close(model.predict_log_proba(problem.to(other)), expected, terms=100)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_learning_by_parts_is_the_same(problem, name, solver):
    models = []
    for X in (problem.codes, problem.to(name)):
        settings = {"solver": solver, "n_categories": problem.n_categories, "dtype": np.float64, "random_state": 0}
        model = MLPClassifier((6,), "tanh", batch_size=BATCH, **settings)
        for part in (slice(0, 40), slice(40, 90), slice(0, 90)):
            model.partial_fit(X[part], problem.y[part], range(problem.K), problem.weight[part])
        models.append(model)
    assert_same_trajectory(models[0], models[1], ROUNDINGS)
