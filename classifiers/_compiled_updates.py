"""The updates of the optimizers for the rows that a batch selects, in one pass of compiled code.

NumPy makes an array of every operation in a formula and reads it again for the next one; here each number is read once,
and rows are prefetched. The formulas are those of `optimizers`, with the same bits. Imported only where the kernels are
Numba's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from onehot._kernels._numba_loops import compiled
from onehot._kernels._numba_row import prefetch_row

__all__ = ["adagrad", "adam", "momentum", "rmsprop"]

Array = npt.NDArray[Any]
AHEAD = 8  # rows between prefetching one and using it


@compiled
def momentum(rows: Array, g: Array, velocity: Array, factors: tuple[float, ...]) -> None:
    """Update the velocity in `rows`, and write the steps over their gradients `g`, (u, d)."""
    lr, mu, nesterov = factors
    for k in range(len(rows)):
        if k + AHEAD < len(rows):
            prefetch_row(velocity, rows[k + AHEAD])
        dw, v = g[k], velocity[rows[k]]
        for c in range(len(dw)):
            v[c] = mu * v[c] + dw[c]
            dw[c] = lr * (dw[c] + mu * v[c] if nesterov else v[c])


@compiled
def adagrad(rows: Array, g: Array, sum_of_squares: Array, factors: tuple[float, ...]) -> None:
    """Update the sum in `rows`, and write the steps over their gradients `g`, (u, d)."""
    lr, epsilon = factors
    for k in range(len(rows)):
        if k + AHEAD < len(rows):
            prefetch_row(sum_of_squares, rows[k + AHEAD])
        dw, G = g[k], sum_of_squares[rows[k]]
        for c in range(len(dw)):
            G[c] += dw[c] * dw[c]
            dw[c] = lr * dw[c] / (np.sqrt(G[c]) + epsilon)


@compiled
def rmsprop(rows: Array, g: Array, mean_of_squares: Array, factors: tuple[float, ...]) -> None:
    """Update the average in `rows`, and write the steps over their gradients `g`, (u, d)."""
    lr, rho, rest, epsilon = factors  # rest = 1 - rho
    for k in range(len(rows)):
        if k + AHEAD < len(rows):
            prefetch_row(mean_of_squares, rows[k + AHEAD])
        dw, v = g[k], mean_of_squares[rows[k]]
        for c in range(len(dw)):
            v[c] = rho * v[c] + rest * (dw[c] * dw[c])
            dw[c] = lr * dw[c] / (np.sqrt(v[c]) + epsilon)


@compiled
def adam(rows: Array, g: Array, mean: Array, mean_of_squares: Array, factors: tuple[float, ...]) -> None:
    """Update both averages in `rows`, and write the steps over their gradients `g`, (u, d)."""
    lr, b1, rest1, b2, rest2, correction1, correction2, epsilon = factors  # rest = 1 - b, correction = 1 - b^t
    for k in range(len(rows)):
        if k + AHEAD < len(rows):
            prefetch_row(mean, rows[k + AHEAD])
            prefetch_row(mean_of_squares, rows[k + AHEAD])
        dw, m, v = g[k], mean[rows[k]], mean_of_squares[rows[k]]
        for c in range(len(dw)):
            m[c] = b1 * m[c] + rest1 * dw[c]
            v[c] = b2 * v[c] + rest2 * (dw[c] * dw[c])
            m_hat, v_hat = m[c] / correction1, v[c] / correction2
            dw[c] = lr * m_hat / (np.sqrt(v_hat) + epsilon)
