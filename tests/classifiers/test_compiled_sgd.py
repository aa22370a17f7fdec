"""The compiled steps against the textbook's, which are made in Python one by one."""

import numpy as np
import pytest

import onehot
from classifiers import SoftmaxRegression, training
from classifiers.activations import identity
from classifiers.initializers import normal
from classifiers.network import initialize
from classifiers.optimizers import SGD, Momentum
from classifiers.training import Dataset, train_epoch
from onehot import OneHot
from tests.classifiers.oracle import DESIGNS, make_problem
from tests.tolerance import assert_close

NO_NUMBA = "the extra is not installed: pip install 'onehot-lookup[numba]'"
compiled_sgd = pytest.importorskip("classifiers._compiled_sgd", reason=NO_NUMBA)


@pytest.fixture(autouse=True)
def _numba_backend():
    before = onehot.get_backend()
    onehot.set_backend("numba")
    yield
    onehot.set_backend(before)


@pytest.fixture(params=[np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def dtype(request):
    return request.param


class Textbook(SGD):
    """Gradient descent that is not known to the compiled code."""


def new_network(X, K, dtype, layers=()):
    rng = np.random.default_rng(1)
    sizes = (X.shape[1], *layers, K)
    return initialize(sizes, [normal] * (len(sizes) - 1), identity, fan_in=4, rng=rng, dtype=dtype)


def train_epochs(optimizer, data, K, dtype, batch_size, n_epochs=3):
    network, rng = new_network(data.X, K, dtype), np.random.default_rng(0)
    records = [
        train_epoch(network, data, optimizer, batch_size=batch_size, rng=rng, epoch=epoch)
        for epoch in range(1, n_epochs + 1)
    ]
    return network, records, rng


def assert_same_training(data, K, dtype, *, batch_size=20, **settings):
    """Train both ways and compare all that is left behind."""
    fast, slow = SGD(0.3, **settings), Textbook(0.3, **settings)
    (network, records, rng), (expected, expected_records, expected_rng) = (
        train_epochs(optimizer, data, K, dtype, batch_size) for optimizer in (fast, slow)
    )
    n_roundings = len(data.y) * 3  # every sample moves the weights in each epoch, and with them all later logits
    assert_close(np.asarray(network.weights[0]), np.asarray(expected.weights[0]), dtype, terms=n_roundings)
    assert_close(network.biases[0], expected.biases[0], dtype, terms=n_roundings, scale=1)
    for record, expected_record in zip(records, expected_records, strict=True):
        assert_close(record.loss, expected_record.loss, dtype, terms=n_roundings)
        assert_close(record.accuracy, expected_record.accuracy, dtype, terms=n_roundings)
        assert_close(record.gradient_norms, expected_record.gradient_norms, dtype, terms=n_roundings)
    assert fast.n_steps == slow.n_steps > 0
    assert rng.random() == expected_rng.random()


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("K", [2, 3, 10, 128])
def test_they_are_the_steps_of_the_textbook(K, weighted, dtype):
    problem = make_problem(n=210, n_categories=(4, 1, 3, 30), K=K)
    weight = (problem.weight / problem.weight.mean()).astype(dtype) if weighted else None
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y, weight)
    assert compiled_sgd.can_step(new_network(data.X, K, dtype), data.X, SGD())
    assert_same_training(data, K, dtype)


@pytest.mark.parametrize("batch_size", [1, 7, 90, 1000])
def test_for_any_size_of_the_batches(problem, batch_size, dtype):
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y)
    assert_same_training(data, problem.K, dtype, batch_size=batch_size)


@pytest.mark.parametrize("weight_decay", [1e-4, 0.5, 3.0])
def test_the_penalty_shrinks_all_weights_in_every_step(problem, weight_decay, dtype):
    # 0.1 of the weights left after each of them, the scale of the table is folded into its values every sixth step.
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y)
    assert_same_training(data, problem.K, dtype, weight_decay=weight_decay)


def test_missing_codes_select_nothing(problem, dtype):
    codes = problem.codes.copy()
    codes[::3, 2] = -1
    data = Dataset(OneHot(codes, problem.n_categories, missing="zero", dtype=dtype), problem.y)
    assert_same_training(data, problem.K, dtype)


def test_a_call_may_end_after_any_batch(problem, monkeypatch, dtype):
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y)
    at_once, *_ = train_epochs(SGD(0.3, weight_decay=0.1), data, problem.K, dtype, 20)
    monkeypatch.setattr(compiled_sgd, "BATCHES_A_CALL", 2)
    in_parts, *_ = train_epochs(SGD(0.3, weight_decay=0.1), data, problem.K, dtype, 20)
    np.testing.assert_array_equal(in_parts.weights[0], at_once.weights[0])
    np.testing.assert_array_equal(in_parts.biases[0], at_once.biases[0])


def test_nothing_else_is_taken_for_it(problem):
    X = {name: make(problem.codes, problem.n_categories, np.float32) for name, make in DESIGNS.items()}
    network = new_network(X["OneHot"], problem.K, np.float32)
    assert compiled_sgd.can_step(network, X["OneHot"], SGD())
    assert not compiled_sgd.can_step(network, X["dense"], SGD())
    assert not compiled_sgd.can_step(network, X["csr"], SGD())
    assert not compiled_sgd.can_step(network, X["OneHot"], Textbook())
    assert not compiled_sgd.can_step(network, X["OneHot"], Momentum())
    for K, layers in ((problem.K, (5,)), (129, ())):
        assert not compiled_sgd.can_step(new_network(X["OneHot"], K, np.float32, layers), X["OneHot"], SGD())


@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_an_estimator_makes_them_where_the_backend_is_numba(problem, monkeypatch, backend):
    n_calls, make_steps = 0, compiled_sgd.make_steps

    def counted(*args):
        nonlocal n_calls
        n_calls += 1
        return make_steps(*args)

    monkeypatch.setattr(compiled_sgd, "make_steps", counted)
    onehot.set_backend(backend)
    settings = {"solver": "sgd", "batch_size": 20, "max_iter": 4, "tol": 0, "n_categories": problem.n_categories}
    model = SoftmaxRegression(**settings, random_state=0).fit(problem.codes, problem.y)
    assert n_calls == (4 if backend == "numba" else 0)
    monkeypatch.setattr(training, "_compiled_steps", lambda *args: None)
    expected = SoftmaxRegression(**settings, random_state=0).fit(problem.codes, problem.y)
    assert_close(model.coef_, expected.coef_, np.float32, terms=360)
