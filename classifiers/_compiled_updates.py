"""The updates of Adam and of Adagrad for the rows that a batch selects, in one pass of compiled code.

NumPy makes an array of every operation in a formula and reads it again for the next one; here each number is read once,
and rows are asked for before it is their turn. The formulas are those of `optimizers`, with the same bits. Imported
only where the kernels are Numba's.
"""

# Numba compiles a language of its own, which mypy takes for Python.
# mypy: ignore-errors

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from onehot._kernels._numba_loops import compiled
from onehot._kernels._numba_row import fetch

__all__ = ["update_in_place"]

Array = npt.NDArray[Any]
AHEAD = 8  # rows between asking for one and using it
LINE = 16  # numbers in a cache line


def update_in_place(kind: str, optimizer: Any, rows: Array, g: Array, state: dict[str, Array]) -> bool:
    """Update `state` in `rows`, and make steps of their gradients `g`, (u, d); return whether that is done here.

    `kind` is "adam" or "adagrad", of which `optimizer` has the settings.
    """
    if g.ndim != 2 or not all(each.dtype == g.dtype and each.flags.carray for each in (g, *state.values())):
        return False
    number = g.dtype.type
    if kind == "adam":
        lr, b1, b2, t = optimizer.learning_rate, optimizer.beta1, optimizer.beta2, optimizer.n_steps
        factors = lr, b1, 1 - b1, b2, 1 - b2, 1 - b1**t, 1 - b2**t, optimizer.epsilon
        _adam(rows, g, state["mean"], state["mean_of_squares"], tuple(map(number, factors)))
        return True
    if kind == "adagrad" and not optimizer.row_wise:
        _adagrad(rows, g, state["sum_of_squares"], number(optimizer.learning_rate), number(optimizer.epsilon))
        return True
    return False


@compiled
def _adam(rows: Array, g: Array, mean: Array, mean_of_squares: Array, factors: tuple[float, ...]) -> None:
    lr, b1, rest1, b2, rest2, sum1, sum2, epsilon = factors
    for k in range(len(rows)):
        _ask_for(mean, rows, k + AHEAD)
        _ask_for(mean_of_squares, rows, k + AHEAD)
        dw, m, v = g[k], mean[rows[k]], mean_of_squares[rows[k]]
        for c in range(len(dw)):
            m[c] = b1 * m[c] + rest1 * dw[c]
            v[c] = b2 * v[c] + rest2 * (dw[c] * dw[c])
            m_hat, v_hat = m[c] / sum1, v[c] / sum2
            dw[c] = lr * m_hat / (np.sqrt(v_hat) + epsilon)


@compiled
def _adagrad(rows: Array, g: Array, sum_of_squares: Array, lr: float, epsilon: float) -> None:
    for k in range(len(rows)):
        _ask_for(sum_of_squares, rows, k + AHEAD)
        dw, squares = g[k], sum_of_squares[rows[k]]
        for c in range(len(dw)):
            squares[c] += dw[c] * dw[c]
            dw[c] = lr * dw[c] / (np.sqrt(squares[c]) + epsilon)


@njit
def _ask_for(table: Array, rows: Array, k: int) -> None:
    if k < len(rows):
        for column in range(0, table.shape[1], LINE):
            fetch(table, rows[k], column, 1)
        fetch(table, rows[k], table.shape[1] - 1, 1)
