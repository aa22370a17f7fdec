"""Optimizers: facts worked out by hand, exact and lazy updates against slow oracles, weight decay, and the door."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from classifiers._scaled_table import ScaledTable
from classifiers.optimizers import SGD, Adagrad, Adam, Momentum, RMSProp, get_optimizer
from onehot import RowGradient
from tests.tolerance import assert_close

EXACT = [SGD(0.1), Adagrad(0.1), Adagrad(0.1, row_wise=True)]
LAZY = [Momentum(0.1), Momentum(0.1, nesterov=True), RMSProp(0.1), Adam(0.1)]
V, D, STEPS = 8, 3, 12


def batches(dtype=np.float64):
    """Rows, some of them repeated within a batch and some never, and their gradients."""
    rng = np.random.default_rng(0)
    return [(rng.integers(0, V - 1, size=4), rng.normal(size=(4, D)).astype(dtype)) for _ in range(STEPS)]


def summed(rows, g):
    dW = np.zeros((V, D), g.dtype)
    np.add.at(dW, rows, g)
    return dW


def start(dtype=np.float64):
    return np.random.default_rng(1).normal(size=(V, D)).astype(dtype)


def after(optimizer, gradients, W):
    """Return the weights after a step a gradient, by a fresh optimizer."""
    optimizer = optimizer.fresh()
    for dW in gradients:
        optimizer.step([W], [dW])
    return W


def minimize(optimizer, x, steps):
    x = np.array(x, float)
    for _ in range(steps):
        optimizer.step([x], [2 * x])
        yield x.tolist()


def test_descent_on_a_parabola():
    assert_close([*minimize(SGD(0.1), [10], 5)], np.array([[8], [6.4], [5.12], [4.096], [3.2768]]), terms=4)


def test_descent_in_two_dimensions():
    assert_close(list(minimize(SGD(0.1), [5, 3], 2)), [[4, 2.4], [3.2, 1.92]], terms=4)


@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_each_finds_the_minimum_of_a_parabola(optimizer):
    optimizer = optimizer.fresh(learning_rate=0.9 if isinstance(optimizer, Adagrad) else 0.01)
    *_, x = minimize(optimizer, [1, -2], 2000)
    assert np.abs(x).max() < 0.02


# One step each of a textbook update of W, or of a row of it: optimizer o, gradient g, state s, step t = 1, 2, ...


def slow_sgd(o, g, s, t):
    return o.learning_rate * g


def slow_adagrad(o, g, s, t):
    s["G"] = s.get("G", 0) + (np.mean(g**2, axis=-1, keepdims=True) if o.row_wise else g**2)
    return o.learning_rate * g / (np.sqrt(s["G"]) + o.epsilon)


def slow_momentum(o, g, s, t):
    s["v"] = o.momentum * s.get("v", 0) + g
    return o.learning_rate * (g + o.momentum * s["v"] if o.nesterov else s["v"])


def slow_rmsprop(o, g, s, t):
    s["v"] = o.decay * s.get("v", 0) + (1 - o.decay) * g**2
    return o.learning_rate * g / (np.sqrt(s["v"]) + o.epsilon)


def slow_adam(o, g, s, t):
    s["m"] = o.beta1 * s.get("m", 0) + (1 - o.beta1) * g
    s["v"] = o.beta2 * s.get("v", 0) + (1 - o.beta2) * g**2
    return o.learning_rate * s["m"] / (1 - o.beta1**t) / (np.sqrt(s["v"] / (1 - o.beta2**t)) + o.epsilon)


SLOW: dict[Any, Any] = {
    SGD: slow_sgd,
    Adagrad: slow_adagrad,
    Momentum: slow_momentum,
    RMSProp: slow_rmsprop,
    Adam: slow_adam,
}


def slow_lazy(optimizer, steps, W):
    """Update a row, with a state of its own, only in steps in which it occurs; t counts all steps."""
    states: list[dict[str, Any]] = [{} for _ in range(V)]
    W = W.astype(float)
    for t, (rows, g) in enumerate(steps, start=1):
        dW = summed(rows, g.astype(float))
        for row in set(rows.tolist()):
            W[row] -= SLOW[type(optimizer)](optimizer, dW[row], states[row], t)
    return W


def slow_eager(optimizer, steps, W):
    """Update all rows in every step."""
    state: dict[str, Any] = {}
    W = W.astype(float)
    for t, (rows, g) in enumerate(steps, start=1):
        W -= SLOW[type(optimizer)](optimizer, summed(rows, g.astype(float)), state, t)
    return W


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", EXACT, ids=repr)
def test_an_exact_one_is_the_textbook_on_rows_and_on_dense_gradients(optimizer, dtype):
    steps = batches(dtype)
    expected = slow_eager(optimizer, steps, start(dtype))
    by_rows = after(optimizer, [RowGradient(*step, n_rows=V) for step in steps], start(dtype))
    dense = after(optimizer, [summed(*step) for step in steps], start(dtype))
    assert by_rows.dtype == dense.dtype == dtype
    assert_close(by_rows, expected, dtype, terms=8 * STEPS)
    assert_close(dense, expected, dtype, terms=8 * STEPS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", LAZY, ids=repr)
def test_a_lazy_one_moves_only_the_rows_that_occur(optimizer, dtype):
    steps, W = batches(dtype), start(dtype)
    moved = after(optimizer, [RowGradient(*step, n_rows=V) for step in steps], W.copy())
    assert moved.dtype == dtype
    assert_close(moved, slow_lazy(optimizer, steps, W), dtype, terms=16 * STEPS)
    assert (moved[V - 1] == W[V - 1]).all()
    (once, g), (twice, _) = steps[:2]
    optimizer = optimizer.fresh()
    optimizer.step([W], [RowGradient(once, g, n_rows=V)])
    before = W.copy()
    optimizer.step([W], [RowGradient(twice, g, n_rows=V)])
    assert set(np.flatnonzero((W != before).any(axis=1)).tolist()) == set(twice.tolist())


@pytest.mark.parametrize("optimizer", LAZY, ids=repr)
def test_a_lazy_one_is_the_textbook_on_dense_gradients(optimizer):
    steps = batches()
    dense = after(optimizer, [summed(*step) for step in steps], start())
    assert_close(dense, slow_eager(optimizer, steps, start()), terms=16 * STEPS)
    assert abs(dense - slow_lazy(optimizer, steps, start())).max() > 0.01, "or else lazy would be exact"


@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_weights_decay_in_every_row_and_biases_do_not(optimizer):
    W, b, dW = start(), np.ones(D), RowGradient([2], np.ones((1, D)), n_rows=V)
    plain, decaying = W.copy(), W.copy()
    optimizer.fresh().step([plain], [dW])
    optimizer.fresh(weight_decay=0.5).step([decaying, b], [dW, np.zeros(D)])
    decay = 0.5 if isinstance(optimizer, Momentum) else 0.05  # whose steps become ten times as long
    assert_close(decaying, (1 - decay) * W + (plain - W), terms=4)
    assert (b == 1).all()


@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_a_scaled_table_takes_the_same_steps(optimizer):
    steps = [RowGradient(*step, n_rows=V) for step in batches()]
    optimizer = optimizer.fresh(weight_decay=0.5)
    table = after(optimizer, steps, ScaledTable(start()))
    assert_close(np.asarray(table), after(optimizer, steps, start()), terms=16 * STEPS)


def test_row_wise_adagrad_keeps_one_number_a_row():
    optimizer = Adagrad(row_wise=True)
    optimizer.step([np.ones((V, D)), np.ones(D)], [np.ones((V, D)), np.ones(D)])
    assert [state["sum_of_squares"].shape for state in optimizer.states] == [(V, 1), (D,)]


@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_fresh_keeps_the_settings_and_forgets_the_steps(optimizer):
    used = optimizer.fresh()
    after_one = copy.deepcopy(used)
    after_one.step([np.ones(2)], [np.ones(2)])
    assert (after_one.n_steps, len(after_one.states)) == (1, 1)
    assert after_one.fresh() == used == optimizer
    assert used.states == []
    assert optimizer.fresh(learning_rate=7.0).learning_rate == 7
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1)])
@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_float32_weights_stay_float32_whatever_type_the_learning_rate_is(optimizer, rate):
    optimizer = optimizer.fresh(learning_rate=rate, weight_decay=0.1)
    table, b = ScaledTable(start(np.float32)), np.ones(D, np.float32)
    for rows, g in batches(np.float32):
        optimizer.step([table, b], [RowGradient(rows, g, n_rows=V), g[0]])
    types = {array.dtype for state in optimizer.states for array in state.values()}
    assert types | {np.asarray(table).dtype, b.dtype} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
def test_a_name_becomes_an_optimizer_with_these_settings(name):
    optimizer = get_optimizer(name, learning_rate=0.5, momentum=0.7, weight_decay=0.1)
    assert type(optimizer).__name__.lower() == name
    assert (optimizer.learning_rate, optimizer.weight_decay) == (0.5, 0.1)
    assert not isinstance(optimizer, Momentum) or optimizer.momentum == 0.7


def test_an_object_keeps_its_settings_and_is_not_used_up():
    mine = Adam(0.5, beta1=0.8)
    fresh = get_optimizer(mine, learning_rate=0.1, momentum=0.9, weight_decay=0.2)
    assert fresh == Adam(0.5, 0.2, beta1=0.8)
    fresh.step([np.ones(2)], [np.ones(2)])
    assert mine.n_steps == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: given("lbgfs"),
            r"solver='lbgfs' is not known; pass 'lbfgs', 'sgd', .*'adam' or an object of a subclass of",
        ),
        (lambda: given(SGD), r"solver=<class '.*SGD'> is not known; pass .* or an object of a subclass of"),
        (
            lambda: given(SGD(0.1, weight_decay=0.1)),
            r"SGD\(.*\) has a weight_decay of its own; pass it as alpha instead",
        ),
        (lambda: SGD().step([np.ones(2)], []), r"1 parameters need as many gradients, got 0"),
        (lambda: SGD(2.0, 0.5).step([np.ones((2, 2))], [np.ones((2, 2))]), r"decay by 1 in a step, .* in \[0, 1\)"),
        (lambda: SGD(2.0, -0.5), r"SGD: weight_decay=-0\.5 must be a number in \[0, inf\)"),
        (lambda: SGD(-1.0), r"SGD: learning_rate=-1\.0 must be a number in \[0, inf\)"),
        (lambda: Momentum(0.1, momentum=2.0), r"Momentum: momentum=2\.0 must be a number in \[0, 1\)"),
        (lambda: Adam(beta1=1.0), r"Adam: beta1=1\.0 must be a number in \[0, 1\)"),
        (lambda: RMSProp(decay=np.nan), r"RMSProp: decay=nan must be a number in \[0, 1\)"),
        (lambda: Adagrad(epsilon=-1e-8), r"Adagrad: epsilon=-1e-08 must be a number in \[1\.17.*e-38, inf\)"),
    ],
)
def test_bad_settings_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def given(solver: Any):
    return get_optimizer(solver, learning_rate=0.1, momentum=0.9, weight_decay=0.0)


def test_defaults_are_those_of_the_papers():
    assert Adam() == Adam(0.001, 0.0, beta1=0.9, beta2=0.999, epsilon=1e-8)
    assert SGD() == SGD(0.01, 0.0)
    assert Momentum() == Momentum(0.01, 0.0, momentum=0.9, nesterov=False)
    assert RMSProp() == RMSProp(0.01, 0.0, decay=0.9, epsilon=1e-8)
    assert Adagrad() == Adagrad(0.01, 0.0, epsilon=1e-8, row_wise=False)


@pytest.mark.parametrize("optimizer", EXACT + LAZY, ids=repr)
def test_a_used_one_compares_by_its_settings_and_its_fresh_copy_has_no_states(optimizer):
    used = optimizer.fresh()
    used.step([np.ones(2)], [np.ones(2)])
    assert copy.deepcopy(used) == used
    assert used.fresh().states == []


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.1)], ids=["sgd", "adam"])
@pytest.mark.parametrize(
    ("parameters", "gradients", "error", "message"),
    [
        (
            np.ones(1),
            [np.ones(1)],
            TypeError,
            "parameters must be a list of arrays, got one ndarray",
        ),
        ([np.ones(1)], np.ones(1), TypeError, "gradients must be a list of arrays, got one ndarray"),
        ([1.0], [np.ones(1)], TypeError, "parameter 0 and its gradient must be arrays, got float and ndarray"),
        ([np.array(3.0)], [np.float64(6)], TypeError, r"got ndarray and float64; a scalar is np.array\(\[3.0\]\), not"),
        ([np.ones(1, int)], [np.ones(1)], TypeError, "parameter 0 is of int64, .* make it of floats"),
        ([np.ones(1)], [[1.0]], TypeError, "parameter 0 and its gradient must be arrays, got ndarray and list"),
        (
            [np.ones(2), np.ones(3)],
            [np.ones(2), np.ones(1)],
            ValueError,
            r"parameter 1 has shape \(3,\), .* \(1,\)",
        ),
        ([np.ones((4, 2))], [np.ones((1, 2))], ValueError, r"parameter 0 has shape \(4, 2\), but .* \(1, 2\)"),
    ],
)
def test_what_would_not_be_changed_or_be_broadcast_is_refused(optimizer, parameters, gradients, error, message):
    optimizer = optimizer.fresh()
    with pytest.raises(error, match=message):
        optimizer.step(parameters, gradients)
    assert optimizer.n_steps == 0


@pytest.mark.parametrize(
    ("parameter", "gradient"), [(np.float64(2), np.float64(1)), (np.ones((2, 1)), sparse.csr_array(np.ones((2, 1))))]
)
def test_what_is_no_array_is_refused(parameter, gradient):
    with pytest.raises(TypeError, match="parameter 0 and its gradient must be arrays"):
        SGD(0.1).step([parameter], [gradient])


def test_other_parameters_than_before_are_refused_before_any_changes():
    optimizer, W = Adam(0.1), np.ones((3, 2))
    optimizer.step([W], [np.ones((3, 2))])
    before = W.copy()
    with pytest.raises(ValueError, match="this optimizer has made steps of 1 parameters, got 2"):
        optimizer.step([W, W], [W, W])
    with pytest.raises(ValueError, match=r"parameter 0 has shape \(6, 2\), which is not that of earlier steps"):
        optimizer.step([np.ones((6, 2))], [RowGradient([1], np.ones((1, 2)), n_rows=6)])
    assert np.array_equal(W, before)
    assert optimizer.n_steps == 1


def test_a_rate_below_zero_that_was_set_later_is_refused():
    optimizer, W = SGD(0.1, 0.5), np.ones((2, 2))
    optimizer.learning_rate = -0.1
    with pytest.raises(ValueError, match=r"decay by -0\.05 in a step, which must be in \[0, 1\)"):
        optimizer.step([W], [W])
    assert optimizer.n_steps == 0


def test_more_gradients_than_parameters_are_refused():
    with pytest.raises(ValueError, match="0 parameters need as many gradients, got 1"):
        SGD().step([], [np.ones(2)])


def test_a_parameter_of_truth_values_is_refused_before_the_step():
    optimizer = SGD()
    with pytest.raises(TypeError, match="parameter 0 is of bool, which cannot hold a step"):
        optimizer.step([np.ones(1, bool)], [np.ones(1)])
    assert optimizer.n_steps == 0
