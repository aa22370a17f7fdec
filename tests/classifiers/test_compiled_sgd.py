"""The compiled steps against the textbook's, which are made in Python one by one."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import onehot
from classifiers import MLPClassifier, SoftmaxRegression, training
from classifiers.activations import relu, tanh
from classifiers.dataset import Dataset
from classifiers.initializers import normal
from classifiers.network import initialize
from classifiers.optimizers import SGD, Momentum
from classifiers.training import train_epoch
from onehot import OneHot
from tests.classifiers.oracle import DESIGNS, make_problem
from tests.onehot.oracle import run_python
from tests.tolerance import assert_close

NO_NUMBA = "the extra is not installed: pip install 'onehot-lookup[numba]'"
compiled_sgd = pytest.importorskip("classifiers._compiled_sgd", reason=NO_NUMBA)
pytestmark = pytest.mark.usefixtures("numba_backend")


class Textbook(SGD):
    """Gradient descent that is not known to the compiled code."""


class Named(OneHot):
    """A matrix of a user's own, whose products may be others."""


def new_network(X, K, dtype, layers=(), activation=relu):
    rng = np.random.default_rng(1)
    sizes = (X.shape[1], *layers, K)
    initializers = [partial(normal, std=0.3)] * (len(sizes) - 1)
    return initialize(sizes, initializers, activation, fan_in=4, rng=rng, dtype=dtype)


def train_epochs(optimizer, data, K, dtype, batch_size, layers=(), n_epochs=3):
    network, rng = new_network(data.X, K, dtype, layers), np.random.default_rng(0)
    records = [
        train_epoch(network, data, optimizer, batch_size=batch_size, rng=rng, epoch=epoch)
        for epoch in range(1, n_epochs + 1)
    ]
    return network, records, rng


def assert_same_training(data, K, dtype, *, batch_size=20, layers=(), **settings):
    """Train both ways and compare all that is left behind."""
    fast, slow = SGD(0.3, **settings), Textbook(0.3, **settings)
    (network, records, rng), (expected, expected_records, expected_rng) = (
        train_epochs(optimizer, data, K, dtype, batch_size, layers) for optimizer in (fast, slow)
    )
    n_roundings = len(data.y) * 3  # every sample moves the weights in each epoch, and with them all later logits
    for W, expected_W in zip(network.weights, expected.weights, strict=True):
        assert_close(np.asarray(W), np.asarray(expected_W), dtype, terms=n_roundings)
    for b, expected_b in zip(network.biases, expected.biases, strict=True):
        assert_close(b, expected_b, dtype, terms=n_roundings, scale=1)
    for record, expected_record in zip(records, expected_records, strict=True):
        assert_close(record.loss, expected_record.loss, dtype, terms=n_roundings)
        assert_close(record.accuracy, expected_record.accuracy, dtype, terms=n_roundings)
        assert_close(record.gradient_norms, expected_record.gradient_norms, dtype, terms=n_roundings)
    assert fast.n_steps == slow.n_steps > 0
    assert rng.random() == expected_rng.random()


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("K", [2, 10, 128])
def test_they_are_the_steps_of_the_textbook(K, weighted, dtype):
    problem = make_problem(n=210, n_categories=(4, 1, 3, 30), K=K)
    weight = (problem.weight / problem.weight.mean()).astype(dtype) if weighted else None
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y, weight)
    assert compiled_sgd.can_step(new_network(data.X, K, dtype), data.X, SGD())
    assert_same_training(data, K, dtype)


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
@pytest.mark.parametrize("layers", [(2,), (5,), (128,), (16, 7)], ids=str)
def test_with_hidden_layers_too(problem, layers, weight_decay, dtype):
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y)
    assert compiled_sgd.can_step(new_network(data.X, problem.K, dtype, layers), data.X, SGD())
    assert_same_training(data, problem.K, dtype, layers=layers, weight_decay=weight_decay)


def test_what_is_no_number_is_not_lost_in_a_hidden_layer(problem):
    data = Dataset(OneHot(problem.codes, problem.n_categories), problem.y)
    network = new_network(data.X, problem.K, np.float32, (5,))
    network.weights[0].values[:, 0] = np.nan
    loss, *_ = compiled_sgd.make_steps(network, data, SGD(0.1), np.arange(60), 20)
    assert np.isnan(loss)


@pytest.mark.parametrize("layers", [(), (5,), (5, 4)], ids=str)
def test_small_steps_of_a_large_bias_are_not_rounded_off(layers):
    problem = make_problem(n=1000, n_categories=(4, 3), K=2)
    data, samples = Dataset(OneHot(problem.codes, problem.n_categories), problem.y), np.arange(1000)
    networks = [new_network(data.X, 2, np.float32, layers) for _ in range(2)]
    for network, make_steps in zip(networks, (compiled_sgd.make_steps, training._make_steps), strict=True):
        network.biases[-1][:] = 8
        make_steps(network, data, SGD(1e-3), samples, 1000)
    assert (networks[0].biases[-1] != 8).any()
    assert_close(networks[0].biases[-1], networks[1].biases[-1], terms=2)


def test_an_interrupt_leaves_whole_steps(problem, monkeypatch):
    data = Dataset(OneHot(problem.codes, problem.n_categories), problem.y)
    networks = [new_network(data.X, problem.K, np.float32) for _ in range(2)]
    samples, optimizer = np.arange(60), SGD(0.3, weight_decay=1.0)
    compiled_sgd.make_steps(networks[0], data, optimizer, samples, 20)
    made = compiled_sgd._steps

    def interrupted(*constants):
        def steps(*args):
            made(*constants)(*args)
            raise KeyboardInterrupt  # which is heard when a call has ended

        return steps

    monkeypatch.setattr(compiled_sgd, "_steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compiled_sgd.make_steps(networks[1], data, optimizer, samples, 20)
    for network in networks:
        assert network.weights[0].scale < 0.5
    np.testing.assert_array_equal(networks[0].weights[0], networks[1].weights[0])


@pytest.mark.parametrize("layers", [(), (5,)], ids=str)
def test_labels_of_any_layout_are_taken(problem, layers):
    labels = np.repeat(problem.y, 2)[::2]
    assert not labels.flags.c_contiguous
    data = Dataset(OneHot(problem.codes, problem.n_categories), labels)
    assert_same_training(data, problem.K, np.float32, layers=layers)


def test_blas_has_one_thread_meanwhile(problem, monkeypatch):
    seen: list[int] = []
    make_steps = compiled_sgd.make_steps

    def watched(*args):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return make_steps(*args)

    monkeypatch.setattr(compiled_sgd, "make_steps", watched)
    data = Dataset(OneHot(problem.codes, problem.n_categories), problem.y)
    with threadpool_limits(2, user_api="blas"):
        train_epochs(SGD(0.3), data, problem.K, np.float32, 20, (5,))
    assert set(seen) == {1}


@pytest.mark.parametrize("batch_size", [1, 7, 90, 1000, 10**12])
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
    monkeypatch.setattr(compiled_sgd, "INDICES_PER_CALL", 1)
    in_parts, *_ = train_epochs(SGD(0.3, weight_decay=0.1), data, problem.K, dtype, 20)
    np.testing.assert_array_equal(in_parts.weights[0], at_once.weights[0])
    np.testing.assert_array_equal(in_parts.biases[0], at_once.biases[0])


def test_nothing_else_is_taken_for_it(problem):
    X = {name: make(problem.codes, problem.n_categories, np.float32) for name, make in DESIGNS.items()}
    network = new_network(X["OneHot"], problem.K, np.float32)
    assert compiled_sgd.can_step(network, X["OneHot"], SGD())
    assert not compiled_sgd.can_step(network, X["dense"], SGD())
    assert not compiled_sgd.can_step(network, X["csr"], SGD())
    assert not compiled_sgd.can_step(network, Named(problem.codes, problem.n_categories), SGD())
    assert not compiled_sgd.can_step(network, X["OneHot"], Textbook())
    assert not compiled_sgd.can_step(network, X["OneHot"], Momentum())
    for K, layers, activation in ((129, (), relu), (problem.K, (5, 129), relu), (problem.K, (5,), tanh)):
        network = new_network(X["OneHot"], K, np.float32, layers, activation)
        assert not compiled_sgd.can_step(network, X["OneHot"], SGD())
    for layer, values in enumerate(new_network(X["OneHot"], problem.K, np.float64, (5,)).weights):
        network = new_network(X["OneHot"], problem.K, np.float32, (5,))
        network.weights[layer] = values  # of another type
        assert not compiled_sgd.can_step(network, X["OneHot"], SGD())
    network = new_network(X["OneHot"], problem.K, np.float32)
    network.weights[0].values = np.asfortranarray(network.weights[0].values)
    assert not compiled_sgd.can_step(network, X["OneHot"], SGD())
    network.weights[0] = np.zeros(network.weights[0].shape, np.float32)
    assert not compiled_sgd.can_step(network, X["OneHot"], SGD())


@pytest.mark.parametrize("backend", ["numba", "scipy"])
def test_numbers_of_any_type_are_settings(problem, backend):
    onehot.set_backend(backend)
    small: dict[str, Any] = {"batch_size": np.int8(20), "learning_rate": np.float16(0.5), "max_iter": np.uint8(3)}
    usual = {"batch_size": 20, "learning_rate": 0.5, "max_iter": 3}
    settings = {
        "hidden_layer_sizes": np.array([100, 7], np.int8),
        "n_categories": problem.n_categories,
        "random_state": 0,
    }
    fits = [MLPClassifier(solver="sgd", **settings, **each).fit(problem.codes, problem.y) for each in (small, usual)]
    assert [record.loss for record in fits[0].history_] == [record.loss for record in fits[1].history_]


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


def test_nothing_is_out_of_bounds_in_a_checked_process(tmp_path):
    files = [Path(__file__), Path(__file__).with_name("test_compiled_updates.py")]
    a_few = "float32 and (10-weighted or (hidden and 7) or (same_bits and not -16-))"
    tests = [*map(str, files), "-k", a_few, "-p", "no:cacheprovider"]
    output = run_python("-m", "pytest", "-q", *tests, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert " passed" in output


def test_the_scale_is_folded_in_within_a_call(problem, dtype):
    # 89 steps in one call, each of which leaves 0.1 of the weights: their product is no float32 number.
    data = Dataset(OneHot(problem.codes, problem.n_categories, dtype=dtype), problem.y)
    assert_same_training(data, problem.K, dtype, batch_size=1, weight_decay=3.0)
