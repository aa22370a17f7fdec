"""The compiled updates of table rows against the formulas of the optimizers, bit by bit."""

import numpy as np
import pytest

import onehot
from classifiers import SoftmaxRegression
from classifiers._scaled_table import ScaledTable
from classifiers.optimizers import Adagrad, Adam, Momentum, RMSProp
from onehot import RowGradient

NO_NUMBA = "the extra is not installed: pip install 'onehot-lookup[numba]'"
_compiled_updates = pytest.importorskip("classifiers._compiled_updates", reason=NO_NUMBA)
pytestmark = pytest.mark.usefixtures("numba_backend")
DTYPES = [np.float32, np.float64]


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
    [
        Momentum(0.1),
        Momentum(0.3, 0.5, momentum=0.7, nesterov=True),
        Adagrad(0.1),
        Adagrad(0.3, epsilon=0.01),
        RMSProp(0.1),
        RMSProp(0.3, 0.5, decay=0.7, epsilon=0.1),
        Adam(0.1),
        Adam(0.01, 0.5, beta1=0.5, beta2=0.7, epsilon=0.1),
    ],
    ids=repr,
)
def test_both_backends_give_the_same_bits(optimizer, d, dtype, monkeypatch):
    fast, fast_state = train("numba", optimizer, d, dtype)
    monkeypatch.setattr(_compiled_updates, type(optimizer).__name__.lower(), None)
    with pytest.raises(TypeError, match="not callable"):
        train("numba", optimizer, d, dtype)
    slow, slow_state = train("scipy", optimizer, d, dtype)
    np.testing.assert_array_equal(fast, slow, strict=True)
    assert list(fast_state) == list(slow_state) == list(optimizer.state_names)
    for name, values in slow_state.items():
        np.testing.assert_array_equal(fast_state[name], values, strict=True)


def is_compiled(optimizer, g, *, like=None):
    """Whether a step for the gradients of two rows of a table, (5, d), is made in compiled code."""
    optimizer.n_steps = 1
    like = np.ones((5, g.shape[-1]), g.dtype) if like is None else like
    state = {name: like.copy(order="K") for name in optimizer.state_names}
    done = optimizer._update_in_place(np.array([1, 4]), g, state, (5, *g.shape[1:]))
    assert done or ((g == 1).all() and all((values == 1).all() for values in state.values())), "nothing is half done"
    return done


@pytest.mark.parametrize("optimizer", [Momentum(), Adagrad(), RMSProp(), Adam()], ids=repr)
def test_every_formula_is_compiled(optimizer):
    assert is_compiled(optimizer, np.ones((2, 3)))


class Cautious(Adam):
    """An optimizer of a user's own."""

    def update(self, rows, g, state):
        return 0.5 * super().update(rows, g, state)


def test_a_subclass_is_left_to_its_formula():
    assert not is_compiled(Cautious(), np.ones((2, 3)))


def test_a_state_of_another_type_layout_or_shape_is_left_to_the_formula():
    assert not is_compiled(Adam(), np.ones((2, 3)), like=np.ones((5, 3), np.float32))
    assert not is_compiled(Adam(), np.ones((2, 3)), like=np.ones((3, 5)).T)
    assert not is_compiled(Adam(), np.ones((2, 3)), like=np.ones((5, 4)))
    assert not is_compiled(Adam(), np.ones((2, 3)), like=np.ones((4, 3)))
    assert not is_compiled(Adagrad(row_wise=True), np.ones((2, 3)), like=np.ones((5, 1)))
    assert not is_compiled(Adam(), np.ones(2), like=np.ones(5))


@pytest.mark.parametrize("shape", [(9, 3), (5, 4)])
def test_a_table_that_has_grown_is_refused_as_by_the_formula(shape):
    optimizer = Adam()
    optimizer.step([np.zeros((5, 3))], [RowGradient([4], np.ones((1, 3)), n_rows=5)])
    n_rows, d = shape
    with pytest.raises((ValueError, IndexError)):
        optimizer.step([np.zeros(shape)], [RowGradient([n_rows - 1], np.ones((1, d)), n_rows=n_rows)])


def test_another_kind_of_adagrad_between_two_calls_of_partial_fit_begins_anew():
    codes, y = np.array([[0], [1], [2]]), [0, 1, 2]
    model = SoftmaxRegression(solver=Adagrad(row_wise=True)).partial_fit(codes, y, classes=[0, 1, 2])
    assert [state["sum_of_squares"].shape for state in model._optimizer.states] == [(3, 1), (3,)]
    model.set_params(solver=Adagrad()).partial_fit(codes, y)
    assert [state["sum_of_squares"].shape for state in model._optimizer.states] == [(3, 3), (3,)]
    assert model._optimizer.n_steps == 1


def test_the_gradient_of_a_step_keeps_its_values():
    g = RowGradient([1, 4, 1], np.arange(6.0).reshape(3, 2), n_rows=5)
    before = g.toarray()
    Adam().step([np.zeros((5, 2))], [g])
    np.testing.assert_array_equal(g.toarray(), before)
