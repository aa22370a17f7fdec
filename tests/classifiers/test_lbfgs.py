"""The full-batch solver: the objective it minimises, when it stops, and what it leaves behind."""

import time

import numpy as np
import pytest
from scipy import optimize

from classifiers.activations import softmax, tanh
from classifiers.dataset import Dataset
from classifiers.design_matrix import DenseMatrix
from classifiers.full_batch import FullBatch
from classifiers.initializers import glorot_uniform, zeros
from classifiers.lbfgs import _Objective, _reason, _row_units, add_penalty, fit_lbfgs
from classifiers.network import Network, initialize
from classifiers.stopping import AnyOf, DivergenceError, EpochRecord, GradientNorm, MaxEpochs, ValidationLoss
from onehot import OneHot
from tests.classifiers.oracle import DESIGNS, make_problem, slow_loss_and_gradients
from tests.onehot.oracle import one_hot, peak_memory
from tests.tolerance import assert_close

ALPHA, TOL = 0.02, 1e-6


def build(problem, hidden=(), dtype=np.float64):
    sizes = (sum(problem.n_categories), *hidden, problem.K)
    rng = np.random.default_rng(0)
    return initialize(sizes, [glorot_uniform] * (len(sizes) - 1), tanh, fan_in=4, rng=rng, dtype=dtype)


def dataset(problem, name="OneHot", dtype=np.float64, weighted=False):
    weight = (problem.weight / problem.weight.mean()).astype(dtype) if weighted else None
    return Dataset(DESIGNS[name](problem.codes, problem.n_categories, dtype), problem.y, weight)


def fit(network, data, **changes):
    settings = {"alpha": ALPHA, "max_iter": 500, "tol": TOL, "stopping": AnyOf(()), **changes}
    return fit_lbfgs(network, data, **settings)


def slow_objective(problem, shapes, weight, activation):
    """Return the objective and its gradient as functions of all parameters end to end, on the dense one-hot matrix."""
    X, n_layers = one_hot(problem.codes, problem.n_categories), len(shapes) // 2
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])

    def objective(theta):
        parts = [p.reshape(s) for p, s in zip(np.split(theta, ends[:-1]), shapes, strict=True)]
        weights, biases = parts[:n_layers], parts[n_layers:]
        loss, _, dW, db = slow_loss_and_gradients(X, problem.y, weights, biases, activation, weight)
        loss += ALPHA / 2 * sum((W**2).sum() for W in weights)
        gradients = [*(g + ALPHA * W for g, W in zip(dW, weights, strict=True)), *db]
        return loss, np.concatenate([gradient.ravel() for gradient in gradients])

    return objective


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("name", DESIGNS)
def test_it_finds_the_minimum_of_the_convex_objective(problem, name, weighted):
    network, data = build(problem), dataset(problem, name, weighted=weighted)
    history, reason, converged = fit(network, data)
    objective = slow_objective(problem, [p.shape for p in network.parameters], data.sample_weight, "identity")
    reached = np.concatenate([np.asarray(p).ravel() for p in network.parameters])
    loss, gradient = objective(reached)
    assert converged
    assert reason == "no component of the gradient exceeds 1e-06"
    assert abs(gradient).max() <= 1.01 * TOL
    best = optimize.minimize(objective, np.zeros_like(reached), jac=True, method="BFGS", options={"gtol": TOL})
    # Strong convexity bounds the distance to the minimum, in value, by |gradient|^2 / (2 alpha).
    assert loss - best.fun <= np.vdot(gradient, gradient) / (2 * ALPHA) + 1e-12
    penalty = ALPHA / 2 * (np.asarray(network.weights[0]) ** 2).sum()
    assert_close(history[-1].loss, loss - penalty, terms=1000)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("name", DESIGNS)
def test_in_its_units_every_row_is_curved_alike(problem, name, weighted):
    network, data = build(problem), dataset(problem, name, weighted=weighted)
    network.weights[0].values[...] = 0
    objective = _Objective(network, data, ALPHA)
    counts = np.bincount(problem.y, data.sample_weight)
    shares = counts / counts.sum()
    b = objective.network.biases[0]
    assert_close(softmax(b[None])[0], shares, terms=20)
    assert_close(b.sum(), 0.0, scale=np.abs(b).max(), terms=20)

    u, step, V = objective.start(), 1e-4, sum(problem.n_categories)
    difference = [objective(u + move)[1] - objective(u - move)[1] for move in step * np.eye(len(u))]
    curvature = np.diag(difference)[: V * problem.K].reshape(V, problem.K) / (2 * step)
    kappa = (shares * (1 - shares)).mean()
    np.testing.assert_allclose(curvature.mean(axis=1), kappa, rtol=1e-6)


def test_it_starts_from_the_weights_that_there_are(problem):
    network = build(problem, (4,))
    network.weights[0].values[...] = 0
    network.biases[0][...] = [1, -2, 3, -4]
    objective = _Objective(network, dataset(problem), ALPHA)
    again = objective.network_at(objective.start())
    for parameter, expected in zip(again.parameters, network.parameters, strict=True):
        assert_close(parameter, np.asarray(expected), terms=2)


def test_units_are_one_where_there_is_no_curvature_to_go_by():
    units = _row_units(np.array([0.25, 0.0, np.inf]), np.array([0.5, 0.5]), 0.0)
    assert units.tolist() == [[2.0], [1.0], [1.0]]


def test_gradient_norms_are_by_the_weights_themselves(problem):
    network = build(problem)
    history, *_ = fit(network, dataset(problem), max_iter=2)
    shapes = [parameter.shape for parameter in network.parameters]
    _, gradient = slow_objective(problem, shapes, None, "identity")(
        np.concatenate([np.asarray(parameter).ravel() for parameter in network.parameters])
    )
    assert history[-1].gradient_norms == pytest.approx((np.linalg.norm(gradient),))


def test_the_units_of_columns_do_not_matter_without_a_penalty():
    rng = np.random.default_rng(0)
    X, y, powers = rng.standard_normal((200, 3)), rng.integers(0, 3, 200), np.array([1, 1024, 2**-10])
    plain, scaled = (initialize((3, 3), [zeros], tanh, fan_in=3, rng=rng, dtype=np.float64) for _ in range(2))
    history, *_ = fit(plain, Dataset(DenseMatrix(X), y), alpha=0)
    other, *_ = fit(scaled, Dataset(DenseMatrix(X * powers), y), alpha=0)
    assert [record.loss for record in other] == [record.loss for record in history]
    assert (np.asarray(scaled.weights[0]) * powers[:, None] == np.asarray(plain.weights[0])).all()


def zipf(n=20_000, V=500):
    """Codes of very different frequencies, and labels that depend on them."""
    rng = np.random.default_rng(0)
    codes = np.minimum(rng.zipf(1.3, (n, 3)) - 1, V - 1)
    logits = one_hot(codes, (V,) * 3) @ rng.normal(size=(3 * V, 3))
    return OneHot(codes, V, dtype=np.float64), np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)


def test_categories_of_very_different_frequencies_take_few_iterations():
    X, y = zipf()
    network = initialize((X.shape[1], 3), [zeros], tanh, fan_in=3, rng=np.random.default_rng(0), dtype=np.float64)
    full_batch = FullBatch(Dataset(X, y))

    def objective(theta):  # as it would be without units of rows and a start of the biases
        W, b = theta[:-3].reshape(-1, 3), theta[-3:]
        gradients = [np.zeros_like(W), np.zeros_like(b)]
        loss, _ = full_batch.add_gradients(Network([W], [b], tanh), gradients)
        penalty = add_penalty([W], gradients[:1], 1e-5)
        return loss + penalty, np.concatenate([gradient.ravel() for gradient in gradients])

    start = np.zeros(3 * X.shape[1] + 3)
    plain = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-4, "ftol": 0})
    assert plain.success
    history, _, converged = fit(network, Dataset(X, y), alpha=1e-5, tol=1e-4)
    assert converged
    assert 3 * len(history) < plain.nit
    reached, _ = objective(np.concatenate([np.asarray(p).ravel() for p in network.parameters]))
    assert reached <= plain.fun


@pytest.mark.parametrize("alpha", [0.0, ALPHA])
def test_columns_and_classes_without_any_weight_stay_finite(problem, alpha):
    X = OneHot(problem.codes, np.add(problem.n_categories, 1), dtype=np.float64)  # one more, which does not occur
    K = 4  # of which the last has no sample, and the second no weight
    network = initialize((X.shape[1], K), [zeros], tanh, fan_in=4, rng=np.random.default_rng(0), dtype=np.float64)
    history, *_ = fit(network, Dataset(X, problem.y, (problem.y != 1) * 1.0), alpha=alpha, max_iter=20)
    W, b = np.asarray(network.weights[0]), network.biases[0]
    assert history
    assert np.isfinite(W).all()
    assert not W[X.offsets + problem.n_categories].any()
    P = softmax(X @ W + b)
    assert P[:, [1, 3]].max() < 1e-9


@pytest.mark.parametrize("hidden", [(4,), (4, 3)], ids=str)
def test_with_hidden_layers_it_finds_a_stationary_point(problem, hidden):
    network = build(problem, hidden)
    history, _, converged = fit(network, dataset(problem))
    objective = slow_objective(problem, [p.shape for p in network.parameters], None, "tanh")
    _, gradient = objective(np.concatenate([np.asarray(p).ravel() for p in network.parameters]))
    assert converged
    assert abs(gradient).max() <= 2 * TOL
    assert history[-1].loss < history[0].loss
    assert [len(record.gradient_norms) for record in history] == [len(hidden) + 1] * len(history)


def test_it_computes_in_double_precision_and_stores_single(problem):
    single = build(problem, dtype=np.float32)
    wide = [np.asarray(parameter).astype(np.float64) for parameter in single.parameters]
    double = Network(wide[:1], wide[1:], tanh)
    fit(single, dataset(problem, dtype=np.float32))
    fit(double, dataset(problem))
    for parameter, other in zip(single.parameters, double.parameters, strict=True):
        assert parameter.dtype == np.float32
        assert_close(parameter, other, np.float32)


@pytest.mark.parametrize(
    ("changes", "reason", "converged", "length"),
    [
        ({"max_iter": 3}, "reached 3 iterations", False, 3),
        ({"max_iter": 0}, "reached 0 iterations", False, 0),
        ({"stopping": MaxEpochs(4)}, "reached 4 epochs", True, 4),
        ({"stopping": MaxEpochs(0)}, "reached 0 epochs", True, 0),
        ({"stopping": GradientNorm(1e9)}, "gradient norm", True, 1),
        ({"tol": 0.0}, "the objective no longer falls", True, None),
    ],
    ids=str,
)
def test_it_says_why_it_stopped(problem, changes, reason, converged, length):
    history, why, done = fit(build(problem), dataset(problem), **changes)
    assert why.startswith(reason)
    assert done is converged
    assert length in (None, len(history))
    assert [record.epoch for record in history] == list(range(1, len(history) + 1))
    assert {record.learning_rate for record in history} <= {None}


def test_it_returns_to_the_best_weights_on_validation_data(problem):
    network, other = build(problem), make_problem(seed=5)
    validation = dataset(other)
    seen: list[EpochRecord] = []
    history, reason, converged = fit(
        network, dataset(problem), validation=validation, stopping=ValidationLoss(3), alpha=0.0, report=seen.append
    )
    val_losses = [record.val_loss for record in history]
    assert seen == history
    assert (reason, converged) == ("validation loss did not improve by 0 in 3 epochs", True)
    assert val_losses[-4] == min(val_losses) < val_losses[-1]
    assert_close(network.evaluate(*validation)[0], min(val_losses), terms=1000)


def test_the_penalty_and_its_gradient():
    weights, gradients = [np.array([[1.0, 2.0]]), np.array([[3.0]])], [np.ones((1, 2)), np.zeros((1, 1))]
    assert add_penalty(weights, gradients, 0.5) == 0.25 * 14
    assert [gradient.tolist() for gradient in gradients] == [[[1.5, 2.0]], [[1.5]]]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"success": True, "jac": np.array([-1.0, 0.0])}, "the objective no longer falls"),
        ({"success": True, "jac": np.array([-1e-7, 0.0])}, "no component of the gradient exceeds 1e-06"),
        ({"success": True, "jac": np.array([-1e-6, 0.0])}, "no component of the gradient exceeds 1e-06"),
        ({"success": False, "nit": 3, "nfev": 100}, "the line search found no lower point"),
        ({"success": False, "nit": 5, "nfev": 9}, "reached 5 iterations"),
        ({"success": False, "nit": 3, "nfev": 9}, "the line search found no lower point"),
        ({"success": False, "nit": 3, "nfev": 101}, "evaluated the objective 101 times"),
    ],
    ids=str,
)
def test_the_reason_is_that_of_scipy(result, reason):
    assert _reason(optimize.OptimizeResult(**result), 1e-6, 5) == reason


def test_the_iterations_take_no_longer_than_the_fit(problem):
    start = time.perf_counter()
    history, *_ = fit(build(problem), dataset(problem))
    assert len(history) > 3
    assert sum(record.seconds for record in history) <= time.perf_counter() - start


class NoSlope:
    """Finite outputs, without a derivative."""

    name = "no slope"

    def forward(self, z):
        return z, lambda da: da * np.nan


def test_a_gradient_that_is_nan_before_the_first_step_is_refused(problem):
    network = build(problem, (4,))
    network.activation = NoSlope()
    with pytest.raises(DivergenceError, match="the loss is nan before the first step"):
        fit(network, dataset(problem))


def test_it_takes_the_memory_of_forty_tables():
    V, K = 50_000, 4
    codes = np.random.default_rng(0).integers(0, V, (5000, 1))
    network = initialize((V, K), [glorot_uniform], tanh, fan_in=1, rng=np.random.default_rng(0), dtype=np.float64)
    data = Dataset(OneHot(codes, V, dtype=np.float64), codes[:, 0] % K)
    assert 30 < peak_memory(lambda: fit(network, data, max_iter=15)) / (8 * V * K) < 50
