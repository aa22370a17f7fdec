"""Softmax regression against closed forms and scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from classifiers import MLPClassifier, SoftmaxRegression
from classifiers.stopping import MaxEpochs
from tests.classifiers.oracle import FORMATS
from tests.onehot.oracle import one_hot
from tests.tolerance import assert_close

COUNTS = np.array([[3, 1, 4], [1, 5, 9], [2, 6, 5], [30, 5, 8]])  # samples of each category and class
V, K = COUNTS.shape
FREQUENCIES = COUNTS / COUNTS.sum(axis=1, keepdims=True)
EVERY_CATEGORY = np.arange(V)[:, None]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_on_one_field_without_penalty_it_learns_the_class_frequencies(name, weighted):
    categories, classes = np.divmod(np.repeat(np.arange(V * K), 1 if weighted else COUNTS.ravel()), K)
    weight = COUNTS.ravel() if weighted else None
    tol = 1e-7
    model = SoftmaxRegression(alpha=0, tol=tol, n_categories=[V], dtype=np.float64)
    model.fit(FORMATS[name](categories[:, None], (V,)), classes, weight)
    # The gradient for W[v, k] is n_v / n times this error, and none of its components exceeds tol.
    error = abs(model.predict_proba(EVERY_CATEGORY) - FREQUENCIES)
    assert (error <= tol * COUNTS.sum() / COUNTS.sum(axis=1, keepdims=True)).all()


@pytest.mark.parametrize("solver", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
def test_minibatch_solvers_approach_the_class_frequencies(solver):
    categories, classes = np.divmod(np.repeat(np.arange(V * K), COUNTS.ravel()), K)
    model = SoftmaxRegression(solver=solver, alpha=0, learning_rate=0.3, batch_size=20, random_state=0)
    model.set_params(schedule="cosine", stopping=MaxEpochs(200)).fit(categories[:, None], classes)
    assert model.predict_proba(EVERY_CATEGORY) == pytest.approx(FREQUENCIES, abs=0.02)


@pytest.mark.parametrize("alpha", [1.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_it_is_the_one_hot_logistic_regression_of_scikit_learn(problem, alpha, weighted):
    weight = problem.weight if weighted else None
    total = len(problem.y) if weight is None else weight.sum()
    tol = 1e-9
    settings = {"n_categories": problem.n_categories, "dtype": np.float64, "max_iter": 1000}
    ours = SoftmaxRegression(alpha=alpha, tol=tol, **settings).fit(problem.codes, problem.y, weight)
    theirs = LogisticRegression(C=1 / (alpha * total), tol=tol, max_iter=10_000)
    theirs.fit(one_hot(problem.codes, problem.n_categories), problem.y, weight)
    # The penalty makes the objective strongly convex: the distance to its minimum is at most |gradient| / alpha.
    nearest = 2 * tol * np.sqrt(ours.coef_.size + ours.intercept_.size) / min(alpha, 1)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=nearest)
    proba = theirs.predict_proba(one_hot(problem.codes, problem.n_categories))
    assert ours.predict_proba(problem.codes) == pytest.approx(proba, abs=10 * nearest)


@pytest.mark.parametrize("alpha", [1.0, 0.01])
def test_of_two_classes_scikit_learn_keeps_the_difference_alone(problem, alpha):
    y, total, tol = problem.y > 0, problem.weight.sum(), 1e-9
    settings = {"n_categories": problem.n_categories, "dtype": np.float64, "max_iter": 1000}
    ours = SoftmaxRegression(alpha=alpha, tol=tol, **settings).fit(problem.codes, y, problem.weight)
    theirs = LogisticRegression(C=2 / (alpha * total), tol=tol, max_iter=10_000)
    theirs.fit(one_hot(problem.codes, problem.n_categories), y, problem.weight)
    nearest = 4 * tol * np.sqrt(ours.coef_.size + 2) / min(alpha, 1)  # as above, for a difference of two
    assert ours.coef_[1:] - ours.coef_[:1] == pytest.approx(theirs.coef_, abs=nearest)
    assert ours.coef_[1] == pytest.approx(-ours.coef_[0], abs=nearest)


def test_its_weights_read_as_those_of_scikit_learn(problem):
    model = SoftmaxRegression(n_categories=problem.n_categories, dtype=np.float64).fit(problem.codes, problem.y)
    X = one_hot(problem.codes, problem.n_categories)
    assert model.coef_.shape == (problem.K, sum(problem.n_categories))
    assert model.intercept_.shape == (problem.K,)
    assert_close(model.decision_function(problem.codes), X @ model.coef_.T + model.intercept_, terms=16)


def test_it_is_the_perceptron_without_a_hidden_layer(problem):
    settings = {"solver": "sgd", "learning_rate": 0.1, "n_categories": problem.n_categories, "random_state": 0}
    one = SoftmaxRegression(**settings).fit(problem.codes, problem.y)
    other = MLPClassifier((), initializer="zeros", **settings).fit(problem.codes, problem.y)
    assert (one.coef_ == other.coefs_[0].T).all()
    assert (one.intercept_ == other.intercepts_[0]).all()
