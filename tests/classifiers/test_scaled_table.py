"""The table under lazy L2 decay, held to the eager decay of every row in every step."""

import copy
import pickle

import numpy as np
import pytest

from classifiers._scaled_table import SMALLEST_SCALE, ScaledTable
from classifiers.optimizers import SGD
from onehot import OneHot, RowGradient
from tests.onehot.oracle import peak_memory
from tests.tolerance import assert_close

V, D = 20, 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("alpha", [1e-3, 0.3, 5.0])
def test_lazy_decay_is_eager_decay_over_thousands_of_steps(alpha, dtype):
    rng, lr, steps = np.random.default_rng(0), 0.1, 3000
    eager = rng.normal(size=(V, D))
    table, optimizer, folds = ScaledTable(eager.astype(dtype)), SGD(lr, alpha), 0
    for _ in range(steps):
        rows, g = rng.integers(0, V, size=5), rng.normal(size=(5, D)).astype(dtype)
        eager *= 1 - lr * alpha
        np.subtract.at(eager, rows, lr * g)
        before = table.scale
        optimizer.step([table], [RowGradient(rows, g, n_rows=V)])
        folds += table.scale > before
    # A step rounds a few times, and what it rounds decays: of all steps, the last 1 / (lr alpha) count.
    assert_close(np.asarray(table), eager, dtype, terms=4 * min(steps, round(1 / (lr * alpha))))
    assert folds == int(steps * -np.log1p(-lr * alpha) / -np.log(SMALLEST_SCALE))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_reads_as_the_array_that_it_stands_for(dtype):
    W = np.random.default_rng(0).normal(size=(V, D)).astype(dtype)
    table, X = ScaledTable(W.copy()), OneHot(np.arange(V), V, dtype=dtype)
    table *= np.float64(0.25)
    assert (table.shape, table.ndim, table.dtype) == (W.shape, 2, np.dtype(dtype))
    assert (X @ table == W / 4).all()
    assert np.asarray(table).dtype == dtype
    assert not np.asarray(table).flags.writeable, "what is written into it would be lost"
    assert np.array(table, copy=True).flags.writeable
    assert (np.eye(V, dtype=dtype) @ table == W / 4).all()
    table -= np.ones((V, D), dtype)
    assert_close(X @ table, W / 4 - 1, dtype, terms=4)
    assert (X @ table).dtype == dtype
    assert (copy.deepcopy(table).scale, pickle.loads(pickle.dumps(table)).scale) == (0.25, 0.25)
    table.values.flags.writeable = False
    assert_close(np.asarray(table), W / 4 - 1, dtype, terms=4)
    assert table.scale == 0.25, "reading changes nothing: it may be done by many threads, or on a read-only memory map"
    table.values.flags.writeable = True
    table.fold()
    assert table.scale == 1
    assert np.asarray(table) is table.values
    assert not np.shares_memory(np.array(table), table.values)


def test_a_scale_stays_away_from_underflow():
    table = ScaledTable(np.ones((V, D), np.float32))
    for _ in range(100):
        table *= 0.5
        assert SMALLEST_SCALE <= table.scale <= 1
        assert np.isfinite(table.values).all()
    assert_close(np.asarray(table), np.full((V, D), 2.0**-100), np.float32)


@pytest.mark.parametrize("rows", [1, 300])
def test_a_step_allocates_nothing_of_size_V(rows):
    V = 1_000_000
    table, optimizer = ScaledTable(np.ones((V, 2), np.float32)), SGD(0.1, 1e-3)
    X = OneHot(np.arange(rows), V)
    dZ = np.ones((rows, 2), np.float32)

    def step():
        X @ table
        optimizer.step([table], [X.T @ dZ])

    step()
    assert peak_memory(step) < 40_000 + 100 * rows


def test_a_large_step_after_much_decay_does_not_overflow():
    table = ScaledTable(np.ones((V, D), np.float32))
    table *= 1e-25
    table -= np.full((V, D), 1e20, np.float32)
    assert_close(np.asarray(table), np.full((V, D), -1e20), np.float32)


def test_another_type_is_a_read_only_copy_too():
    table = ScaledTable(np.ones((V, D), np.float32))
    table *= 0.5
    wide = np.asarray(table, np.float64)
    assert wide.dtype == np.float64
    assert not wide.flags.writeable
