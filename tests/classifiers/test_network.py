"""Networks of no to three hidden layers, held to plain NumPy on the dense one-hot matrix."""

import numpy as np
import pytest

from classifiers import network as network_module
from classifiers._scaled_table import ScaledTable
from classifiers.activations import get_activation, relu, softmax
from classifiers.initializers import he_normal
from classifiers.network import Gradients, Network, initialize
from onehot import RowGradient
from tests.classifiers.oracle import DESIGNS, slow_forward, slow_loss_and_gradients
from tests.onehot.oracle import one_hot
from tests.tolerance import assert_close

HIDDEN = [(), (5,), (6, 4), (5, 4, 6)]
ROUNDINGS = 500  # of about a hundred samples, through layers of about twenty terms


def build(sizes, activation="tanh", dtype=np.float64):
    network = initialize(
        sizes,
        [he_normal] * (len(sizes) - 1),
        get_activation(activation),
        fan_in=4,
        rng=np.random.default_rng(0),
        dtype=dtype,
    )
    for layer, b in enumerate(network.biases):
        b += np.linspace(-0.3, 0.5, len(b)) + layer / 10
    return network


@pytest.fixture(params=DESIGNS)
def design(request, problem):
    return lambda dtype: DESIGNS[request.param](problem.codes, problem.n_categories, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_forward_and_backward_are_the_textbook(problem, design, hidden, weighted, dtype):
    X, sizes = one_hot(problem.codes, problem.n_categories), (sum(problem.n_categories), *hidden, problem.K)
    network, weight = build(sizes, dtype=dtype), problem.weight if weighted else None
    weights, biases = [np.asarray(W, float) for W in network.weights], [b.astype(float) for b in network.biases]
    loss, accuracy, dW, db = slow_loss_and_gradients(X, problem.y, weights, biases, "tanh", weight)

    assert_close(network.forward(design(dtype)), slow_forward(X, weights, biases, "tanh"), dtype, terms=ROUNDINGS)
    weight = None if weight is None else weight.astype(dtype)
    fast = network.loss_and_gradients(design(dtype), problem.y, weight)
    assert_close(fast[:2], (loss, accuracy), dtype, terms=ROUNDINGS)
    assert isinstance(fast[2].weights[0], RowGradient)
    for gradient, expected in zip([*fast[2].weights, *fast[2].biases], [*dW, *db], strict=True):
        assert np.asarray(gradient).dtype == dtype
        assert_close(gradient, expected, dtype, terms=ROUNDINGS)


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity", softmax])
def test_the_gradient_is_the_difference_quotient(problem, activation):
    X = DESIGNS["OneHot"](problem.codes, problem.n_categories, np.float64)
    network = build((X.shape[1], 5, problem.K), activation)
    _, _, gradients = network.loss_and_gradients(X, problem.y, problem.weight)
    for parameter, gradient in zip(network.parameters, [*gradients.weights, *gradients.biases], strict=True):
        at, start = np.asarray(parameter), np.array(parameter)
        direction = np.random.default_rng(1).normal(size=at.shape)
        losses = []
        for step in (1e-6, -1e-6):
            at[...] = start + step * direction
            losses.append(network.loss_and_gradients(X, problem.y, problem.weight)[0])
        at[...] = start
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(np.vdot(np.asarray(gradient), direction), rel=1e-6)


def test_a_total_of_its_own_makes_parts_add_up(problem, design):
    X, n = design(np.float64), len(problem.y)
    network = build((X.shape[1], 5, problem.K))
    whole = network.loss_and_gradients(X, problem.y, problem.weight)
    parts = [
        network.loss_and_gradients(X[rows], problem.y[rows], problem.weight[rows], total=n)
        for rows in (slice(0, 40), slice(40, n))
    ]
    assert_close(np.add(parts[0][:2], parts[1][:2]), whole[:2], terms=ROUNDINGS)
    for one, other, both in zip(*(part[2].biases for part in (*parts, whole)), strict=True):
        assert_close(one + other, both, terms=ROUNDINGS)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_evaluation_by_chunks_is_evaluation_at_once(problem, design, weighted, monkeypatch):
    X = design(np.float64)
    network, weight = build((X.shape[1], 5, problem.K)), problem.weight if weighted else None
    expected, Z = network.evaluate(X, problem.y, weight), network.logits(X)
    assert Z.shape == (len(problem.y), problem.K)
    nll = -np.log(softmax(Z)[np.arange(len(Z)), problem.y])
    assert_close(expected[0], np.average(nll, weights=weight), terms=ROUNDINGS)
    assert_close(expected[1], np.average(Z.argmax(axis=1) == problem.y, weights=weight), terms=ROUNDINGS)
    monkeypatch.setattr(network_module, "ROWS_PER_CHUNK", 7)
    assert_close(network.evaluate(X, problem.y, weight), expected, terms=ROUNDINGS)
    assert_close(network.logits(X), Z, terms=ROUNDINGS)


def test_norms_are_of_each_layer_and_sum_repeated_rows():
    dW = RowGradient([1, 1], np.array([[1.0, 0.0], [2.0, 0.0]]), n_rows=3)
    norms = Gradients([dW, np.zeros((2, 2))], [np.array([4.0, 0.0]), np.array([0.0, 2.0])]).norms()
    assert norms == (5, 2)


def test_a_copy_keeps_its_parameters_when_the_original_moves():
    network = build((4, 3, 2))
    kept, before = network.copy(), [np.array(p) for p in network.parameters]
    for parameter in network.parameters:
        parameter *= 0.5
    for parameter, old in zip(kept.parameters, before, strict=True):
        assert (np.asarray(parameter) == old).all()
    network.assign(kept)
    for parameter, old in zip(network.parameters, before, strict=True):
        assert (np.asarray(parameter) == old).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_are_initialised_by_their_fans(dtype):
    fans = []

    def spy(shape, /, *, fan_in, fan_out, rng, dtype):
        fans.append((shape, fan_in, fan_out))
        return np.zeros(shape, dtype)

    rng = np.random.default_rng(0)
    network = initialize((100, 5, 3), [spy, spy], get_activation("relu"), fan_in=4, rng=rng, dtype=dtype)
    assert fans == [((100, 5), 4, 5), ((5, 3), 5, 3)]
    assert isinstance(network, Network)
    assert isinstance(network.weights[0], ScaledTable)
    assert [b.tolist() for b in network.biases] == [[0] * 5, [0] * 3]
    assert {p.dtype for p in network.parameters} == {np.dtype(dtype)}


def test_one_read_only_array_is_enough():
    network = Network([np.zeros((4, 3)), np.zeros((3, 2))], [np.zeros(3), np.zeros(2)], relu)
    assert not network.is_read_only
    network.weights[0].flags.writeable = False
    assert network.is_read_only
