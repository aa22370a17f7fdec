"""The compiled updates of table rows against the formulas of the optimizers, bit by bit."""

import numpy as np
import pytest

import onehot
from classifiers._scaled_table import ScaledTable
from classifiers.optimizers import Adagrad, Adam, RMSProp, _update_in_place
from onehot import RowGradient

NO_NUMBA = "the extra is not installed: pip install 'onehot-lookup[numba]'"
pytest.importorskip("classifiers._compiled_updates", reason=NO_NUMBA)
DTYPES = [np.float32, np.float64]


@pytest.fixture(autouse=True)
def _numba_backend():
    before = onehot.get_backend()
    onehot.set_backend("numba")
    yield
    onehot.set_backend(before)


def train(backend, optimizer, d, dtype, *, n_steps=30, V=50):
    """Return the table and the states after some steps, with repeated rows and rows of zero gradient."""
    onehot.set_backend(backend)
    rng, optimizer = np.random.default_rng(0), optimizer.fresh()
    table = ScaledTable(rng.normal(size=(V, d)).astype(dtype))
    for _ in range(n_steps):
        g = rng.normal(size=(40, d)).astype(dtype) * rng.choice([0, 1e-20, 1, 1e10], size=(40, 1)).astype(dtype)
        optimizer.step([table], [RowGradient(rng.integers(0, V - 1, 40), g, n_rows=V)])
    return np.asarray(table), optimizer.states[0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 3, 16, 33])
@pytest.mark.parametrize(
    "optimizer",
    [Adam(0.1), Adam(0.01, 0.5, beta1=0.5, beta2=0.7, epsilon=0.1), Adagrad(0.1), Adagrad(0.3, epsilon=0.01)],
    ids=repr,
)
def test_both_backends_give_the_same_bits(optimizer, d, dtype):
    fast, fast_state = train("numba", optimizer, d, dtype)
    slow, slow_state = train("scipy", optimizer, d, dtype)
    np.testing.assert_array_equal(fast, slow, strict=True)
    assert list(fast_state) == list(slow_state) == list(optimizer.state_names)
    for name, values in slow_state.items():
        np.testing.assert_array_equal(fast_state[name], values, strict=True)


def is_compiled(optimizer, g, *, like=None):
    """Whether a step for these gradients, (2, d), is made in compiled code."""
    optimizer.n_steps = 1
    state = {name: np.ones((5, g.shape[-1]), (g if like is None else like).dtype) for name in optimizer.state_names}
    done = _update_in_place(optimizer, np.array([1, 4]), g, state)
    assert done or ((g == 1).all() and all((values == 1).all() for values in state.values())), "nothing is half done"
    return done


@pytest.mark.parametrize("optimizer", [Adam(), Adagrad()], ids=repr)
def test_adam_and_adagrad_are_compiled(optimizer):
    assert is_compiled(optimizer, np.ones((2, 3)))


class Cautious(Adam):
    """An optimizer of a user's own."""

    def _update(self, rows, g, state):
        return 0.5 * super()._update(rows, g, state)


@pytest.mark.parametrize("optimizer", [Cautious(), Adagrad(row_wise=True), RMSProp()], ids=repr)
def test_others_are_left_to_their_formula(optimizer):
    assert not is_compiled(optimizer, np.ones((2, 3)))


def test_arrays_of_several_types_or_of_another_layout_are_left_to_the_formula():
    assert not is_compiled(Adam(), np.ones((2, 3)), like=np.float32(1))
    assert not is_compiled(Adam(), np.ones((3, 2)).T)
    assert not is_compiled(Adam(), np.ones(3))


def test_the_gradient_of_a_step_keeps_its_values():
    g = RowGradient([1, 4, 1], np.arange(6.0).reshape(3, 2), n_rows=5)
    before = g.toarray()
    Adam().step([np.zeros((5, 2))], [g])
    np.testing.assert_array_equal(g.toarray(), before)
