"""The kernels compiled by Numba: the loops of `_numba_loops` and `_numba_softmax` for each width, and their threads.

Every number of columns has its own machine code, compiled when first met and kept on disk. Results have the same bits
for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from onehot._arrays import Array, index_dtype
from onehot._kernels import _numba_loops as loops
from onehot._kernels import _numba_softmax as softmax_loops
from onehot._kernels import _numpy_codes
from onehot._kernels._cache_size import OUT_OF_CACHE, is_far
from onehot._kernels._numba_coalesce import coalesce
from onehot._kernels._numba_loops import compiled
from onehot._kernels._numba_row import fill, load, plus, store
from onehot._kernels._numba_softmax import constant_classes
from onehot._kernels._numpy_codes import as_unsigned
from onehot._threads import map_in_order, n_threads, uneven_parts

__all__ = [
    "coalesce",
    "gather_codes",
    "gather_sum",
    "scatter_add",
    "shift_codes",
    "softmax",
    "softmax_cross_entropy",
]

STRIP = 128  # columns held in registers at once: wider tables are taken strip by strip
CHUNK = 1 << 14  # samples in one partial sum of the loss, fixed so that the number of threads changes no bit
WORTH_THREADS = 1 << 21  # numbers to move: with fewer, waking threads costs more than they save
HEAD_START = 1 << 18  # numbers that the caller's thread moves while another one wakes


def shift_codes(codes: Array, n_categories: Array, offsets: Array, indices: Array) -> bool:
    """Set ``indices = codes + offsets``: (n, f), (f,) -> (n, f); return whether all codes are in [0, n_categories)."""
    if not _is_plain(codes):
        return _numpy_codes.shift_codes(codes, n_categories, offsets, indices)
    unsigned, largest = as_unsigned(codes, n_categories)
    return _shift_codes(unsigned, largest, offsets.astype(indices.dtype), indices)


def gather_codes(table: Array, codes: Array, n_categories: Array, offsets: Array, out: Array, bias: Array) -> bool:
    """Set ``out[i] = sum_j table[codes[i, j] + offsets[j]] + bias``; return whether all codes are in range."""
    d = out.shape[1]
    if _is_plain(codes) and d <= STRIP and not is_far(table):
        unsigned, largest = as_unsigned(codes, n_categories)
        return _gather_codes(d)(table, unsigned, largest, offsets.astype(np.intp), bias, out)
    indices = np.empty(codes.shape, index_dtype(len(table)))
    if not shift_codes(np.ascontiguousarray(codes), n_categories, offsets, indices):
        return False
    gather_sum(table, indices, out, False, bias)
    return True


def gather_sum(table: Array, indices: Array, out: Array, has_missing: bool, bias: Array | None = None) -> None:
    """Set ``out[i] = sum_j table[indices[i, j]] + bias``: (V, d), (n, f), (d,) -> (n, d)."""
    n, d = out.shape
    if bias is None:
        bias = _no_bias(d, out.dtype)
    parts = _n_parts(indices.size * d)
    for column in range(0, d, STRIP):
        kernel = _gather_sum(min(STRIP, d - column), is_far(table))
        if parts == 1:
            kernel(table, indices, bias, out, column)
        else:
            cuts = uneven_parts(n, parts, HEAD_START // (indices.shape[1] * d))
            _share(kernel, [(table, indices[rows], bias, out[rows], column) for rows in cuts])


def scatter_add(values: Array, indices: Array, scale: float, out: Array, has_missing: bool) -> None:
    """Add ``scale * values[i]`` to ``out[indices[i, j]]`` for every i, j in order: (n, d), (n, f) -> (V, d).

    With threads, each scans the whole batch and adds to its own range of rows, in the order that one alone would.
    """
    V, d = out.shape
    parts = _n_parts(indices.size * d) if out.size > OUT_OF_CACHE else 1
    for column in range(0, d, STRIP):
        kernel = _scatter_add(min(STRIP, d - column), parts > 1, is_far(out))
        if parts == 1:
            kernel(values, indices, scale, out, column, 0, V)
        else:
            # Between the quantiles of some indices, so that about as many selections fall into each range.
            sample = np.sort(np.maximum(indices[:: len(indices) // 128 + 1], 0), axis=None)
            cuts = [0, *(int(sample[len(sample) * part // parts]) for part in range(1, parts)), V]
            _share(kernel, [(values, indices, scale, out, column, a, b) for a, b in pairwise(cuts)])


def softmax(logits: Array, probabilities: Array) -> None:
    """Set ``probabilities = exp(logits) / sum exp(logits)`` of each row: (n, K) -> (n, K)."""
    _softmax(constant_classes(logits.shape[1]))(logits, probabilities)


def softmax_cross_entropy(
    logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array
) -> tuple[float, float]:
    """Write ``w_i (softmax(z_i) - onehot(y_i)) / total`` to `dlogits`; return the weighted mean loss and accuracy."""
    n, K = logits.shape
    kernel = _softmax_cross_entropy(constant_classes(K))
    if n <= CHUNK:
        return kernel(logits, y, weight, total, dlogits)
    chunks = [slice(start, start + CHUNK) for start in range(0, n, CHUNK)]
    calls = [(logits[s], y[s], None if weight is None else weight[s], total, dlogits[s]) for s in chunks]
    loss, accuracy = zip(*_share(kernel, calls), strict=True)
    return sum(loss), sum(accuracy)


@lru_cache(maxsize=16)
def _no_bias(d: int, dtype: np.dtype[Any]) -> Array:
    """Return zeros, so that the machine code is the same with and without a bias."""
    return np.zeros(d, dtype)


def _is_plain(codes: Array) -> bool:
    return codes.flags.c_contiguous and codes.flags.aligned and codes.dtype.isnative


def _n_parts(n_numbers: int) -> int:
    return 1 if n_numbers < WORTH_THREADS else min(n_threads(), 2 * n_numbers // WORTH_THREADS)


def _share(kernel: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:
    """Return what the calls return, in their order; the kernels let go of the interpreter's lock."""
    return map_in_order(lambda call: kernel(*call), calls)


@cache
def _gather_sum(d: int, far: bool) -> Callable[..., None]:
    @compiled
    def gather_sum(table: Array, indices: Array, bias: Array, out: Array, column: int) -> None:
        loops.gather_sum(table, indices, bias, out, column, d, far)

    return gather_sum


@cache
def _scatter_add(d: int, shared: bool, far: bool) -> Callable[..., None]:
    @compiled
    def scatter_add(
        values: Array, indices: Array, scale: float, out: Array, column: int, first: int, stop: int
    ) -> None:
        loops.scatter_add(values, indices, scale, out, column, first, stop, d, shared, far)

    return scatter_add


@cache
def _softmax(n_classes: int) -> Callable[..., None]:
    @compiled
    def softmax(logits: Array, probabilities: Array) -> None:
        softmax_loops.softmax(logits, probabilities, n_classes)

    return softmax


@cache
def _softmax_cross_entropy(n_classes: int) -> Callable[..., tuple[float, float]]:
    @compiled
    def softmax_cross_entropy(
        logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array
    ) -> tuple[float, float]:
        return softmax_loops.softmax_cross_entropy(logits, y, weight, total, dlogits, n_classes)

    return softmax_cross_entropy


@compiled
def _shift_codes(codes: Array, largest: Array, offsets: Array, indices: Array) -> bool:
    n, f = codes.shape
    outside = False
    for i in range(n):
        for j in range(f):
            outside |= codes[i, j] > largest[j]
            indices[i, j] = codes[i, j] + offsets[j]
    return not outside


@cache
def _gather_codes(d: int) -> Callable[..., bool]:
    @compiled
    def gather_codes(table: Array, codes: Array, largest: Array, offsets: Array, bias: Array, out: Array) -> bool:
        n, f = codes.shape
        bias_row = load(bias.reshape((1, -1)), 0, 0, d)
        for i in range(0, n, 2):  # two samples at a time: each addition to a sum has to wait for the one before
            k = min(i + 1, n - 1)
            outside = False
            for row in (i, k):
                for j in range(f):
                    outside |= codes[row, j] > largest[j]
            if outside:
                return False
            one = other = fill(out, 0, d)
            for j in range(f):
                one = plus(one, load(table, offsets[j] + np.intp(codes[i, j]), 0, d))
                other = plus(other, load(table, offsets[j] + np.intp(codes[k, j]), 0, d))
            store(out, i, 0, plus(one, bias_row))
            store(out, k, 0, plus(other, bias_row))
        return True

    return gather_codes
