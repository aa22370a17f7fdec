"""The data of all benchmarks, drawn from one seed.

Codes are (n, f), with V categories in all, V / f in each field. Everything is cached: asv calls `setup` again before
every timed call, and generating data in between would turn the processor's caches over.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import onehot

Array = npt.NDArray[Any]

B = 256  # samples in a batch
BACKENDS = ["numba", "scipy"]
FORMATS = ["dense", "CSR", "OneHot"]
LARGEST_DENSE = 2**30  # bytes; a larger matrix is n/a

# Load the compiler once, here, before asv forks a process for every case.
onehot.OneHot([[0, 0]], 1) @ np.zeros((2, 1), np.float32)


class Problem(NamedTuple):
    """What a classifier learns from: codes (n, f), the categories of each field, labels (n,) in [0, K)."""

    codes: Array
    n_categories: list[int]
    y: Array


@cache
def draw_codes(n: int, f: int, V: int, *, skew: str = "uniform", distinct: int | None = None) -> Array:
    """Return codes (n, f): uniform, by Zipf's law, or all of one row; `distinct` limits how many rows differ."""
    rng = np.random.default_rng(0)
    size, shape = V // f, (distinct or n, f)
    if skew == "one row":
        codes = np.zeros(shape, np.int32)
    elif skew == "zipf":
        frequent_first = (rng.zipf(1.2, shape) - 1) % size
        codes = rng.permutation(size)[frequent_first].astype(np.int32)
    else:
        codes = rng.integers(0, size, shape, np.int32)
    return codes if distinct is None else codes[rng.integers(0, distinct, n)]


@cache
def draw_table(V: int, d: int, dtype: str = "float32") -> Array:
    """Return a table (V, d) of numbers in [-1/2, 1/2)."""
    some = np.random.default_rng(1).random(99_991, np.float32) - 0.5  # a prime: for no d do rows repeat before long
    return np.resize(some, (V, d)).astype(dtype, copy=False)


@cache
def draw_problem(n: int, f: int, V: int, K: int, *, distinct: int | None = None) -> Problem:
    """Return a problem whose labels come from a softmax model: there is something to learn, but not all of it."""
    codes = draw_codes(n, f, V, distinct=distinct)
    X = onehot.OneHot(codes, [V // f] * f)
    logits = X @ (4 * draw_table(V, K))
    return Problem(codes, [V // f] * f, (logits + np.random.default_rng(2).gumbel(size=(n, K))).argmax(axis=1))


@cache
def one_hot(n: int, f: int, V: int, *, skew: str = "uniform", dtype: str = "float32") -> onehot.OneHot:
    """Return the lazy one-hot matrix of `draw_codes`, (n, V)."""
    return onehot.OneHot(draw_codes(n, f, V, skew=skew), [V // f] * f, dtype=dtype)


def in_format(format: str, X: onehot.OneHot) -> Any:
    """Return X as a dense matrix, as CSR, or as it is."""
    if format == "dense":
        return to_dense(X)
    return X.tocsr() if format == "CSR" else X


def to_dense(X: onehot.OneHot) -> Array:
    """Return X as an array, (n, V), all of it really in memory."""
    n, V = X.shape
    if n * V * X.dtype.itemsize > LARGEST_DENSE:
        raise NotImplementedError(f"a dense matrix of {n} x {V} is too large")
    dense = np.full(X.shape, 0, X.dtype)  # np.zeros maps one page of zeros, over and over, and reads it from the cache
    dense[np.arange(n)[:, None], X.indices] = 1
    return dense


def use_backend(name: str) -> None:
    """Run the kernels on this backend; n/a where it is not installed."""
    try:
        onehot.set_backend(name)
    except ImportError as error:
        raise NotImplementedError(str(error)) from None


def optional(module: str) -> Any:
    """Import a package that may be missing; n/a where it is."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NotImplementedError(str(error)) from None
