"""The training step as the textbook writes it, on the three formats of X.

Softmax regression on one field: the step is the same lines in every format, and only with `OneHot` is it free of V.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from benchmarks.data import FORMATS, Array, B, draw_table, in_format, one_hot

K = 10
LEARNING_RATE = np.float32(1e-3)

number = 1  # W is changed in place
repeat = (5, 200, 1.0)


def textbook_step(X: Any, y: Array, W: Array, b: Array) -> None:
    """Take one step of gradient descent on the mean cross-entropy: X (B, V), y (B,), W (V, K), b (K,)."""
    Z = X @ W + b
    dZ = np.exp(Z - Z.max(axis=1, keepdims=True))
    dZ /= dZ.sum(axis=1, keepdims=True)
    dZ[np.arange(len(y)), y] -= 1
    dZ /= len(y)
    W -= LEARNING_RATE * (X.T @ dZ)
    b -= LEARNING_RATE * dZ.sum(axis=0)


@cache
def batch(format: str, V: int, f: int = 1) -> tuple[Any, Array, Array, Array]:
    """Return X, y, W and b."""
    return in_format(format, one_hot(B, f, V)), np.arange(B) % K, draw_table(V, K).copy(), np.zeros(K, np.float32)


class _Step:
    param_names = ("V", "format")

    def setup(self, V: int, format: str) -> None:
        self.batch = batch(format, V)
        textbook_step(*self.batch)  # compiles

    def time_step(self, V: int, format: str) -> None:
        textbook_step(*self.batch)


class SmallTable(_Step):
    params = ([10, 100, 1_000, 10_000], FORMATS)


class LargeTable(_Step):
    params = ([100_000, 1_000_000, 10_000_000], FORMATS)
