"""The kernels compiled by Numba.

Row i of ``onehot(I) @ W`` is a sum of f rows of W, and ``W += onehot(I).T @ G`` adds row i of G to f rows. Both loops
load, add and store rows and do nothing else, so a row of d numbers is made a type of the compiler: vector registers,
as many as the constant d needs. Every d has its own machine code, compiled when first met and kept on disk. Columns
never mix and no sum is reordered: the bits are those of the plain loop, for any number of threads.

The softmax takes exp(x) = 2^k e^r with k = round(x / log 2), r = x - k log 2 and the Taylor series of e^r: a few
products and sums, which run in vector registers too, as a call of the C library would not.
"""

# Numba compiles a language of its own, which mypy takes for Python.
# mypy: ignore-errors

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import overload

from onehot._codes import Array
from onehot._kernels._numba_row import fetch, fill, load, plus, store, times

__all__ = ["coalesce", "gather_sum", "scatter_add", "softmax_cross_entropy"]

STRIP = 128  # columns held in registers at once: wider tables go strip by strip
BLOCK = 64  # samples whose logits stay in the first-level cache between the passes of the softmax
HUGE = 1e250  # a product that one more denominator, at most K, does not make infinite
CHUNK = 1 << 14  # samples behind one partial sum of the loss, whoever computes it
WORTH_THREADS = 1 << 21  # numbers to move: with fewer, waking threads costs more than they save
OUT_OF_CACHE = 1 << 18  # numbers in a table: a smaller one gains nothing from threads, nor from asking for rows ahead
WIDE = 128  # bytes of a row: a shorter one is there as soon as asked for ahead
AHEAD = 16  # selections between asking for a row and using it
MAX_THREADS = config.NUMBA_NUM_THREADS


def gather_sum(table: Array, indices: Array, out: Array, has_missing: bool, bias: Array | None = None) -> None:
    """Set ``out[i] = sum_j table[indices[i, j]] + bias``: (V, d), (n, f), (d,) -> (n, d)."""
    n, d = out.shape
    parts = _n_threads(indices.size * d)
    for column in range(0, d, STRIP):
        kernel = _gather_sum(min(STRIP, d - column), _is_far(table))
        if parts == 1:
            kernel(table, indices, bias, out, column)
        else:
            cuts = [n * part // parts for part in range(parts + 1)]
            _share(kernel, [(table, indices[a:b], bias, out[a:b], column) for a, b in pairwise(cuts)])


def scatter_add(values: Array, indices: Array, scale: float, out: Array, has_missing: bool) -> None:
    """Add ``scale * values[i]`` to ``out[indices[i, j]]`` for every i, j in order: (n, d), (n, f) -> (V, d).

    With threads, each scans the whole batch and adds to its own range of rows, in the order that one alone would.
    """
    V, d = out.shape
    parts = _n_threads(indices.size * d) if out.size > OUT_OF_CACHE else 1
    for column in range(0, d, STRIP):
        kernel = _scatter_add(min(STRIP, d - column), parts > 1, _is_far(out))
        if parts == 1:
            kernel(values, indices, scale, out, column, 0, V)
        else:
            sample = np.sort(np.maximum(indices[:: len(indices) // 512 + 1], 0), axis=None)
            cuts = [0, *(int(sample[len(sample) * part // parts]) for part in range(1, parts)), V]
            _share(kernel, [(values, indices, scale, out, column, a, b) for a, b in pairwise(cuts)])


def coalesce(indices: Array, n_rows: int, has_missing: bool) -> tuple[Array, Array]:
    """Return the sorted distinct `rows`, and `positions` with ``rows[positions] == indices``; -1 stays -1."""
    kernel = _coalesce_by_counting if n_rows <= 4 * indices.size else _coalesce_by_sorting
    rows, positions = kernel(indices.ravel(), n_rows)
    return rows, positions.reshape(indices.shape)


def softmax_cross_entropy(
    logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array
) -> tuple[float, float]:
    """Write ``w_i (softmax(z_i) - onehot(y_i)) / total`` to `dlogits`; return the weighted mean loss and accuracy."""
    n, K = logits.shape
    kernel = _softmax_cross_entropy(K if K <= 4 else 0)
    if n <= CHUNK:
        return kernel(logits, y, weight, total, dlogits)
    chunks = [slice(start, start + CHUNK) for start in range(0, n, CHUNK)]
    calls = [(logits[s], y[s], None if weight is None else weight[s], total, dlogits[s]) for s in chunks]
    loss, correct = zip(*_share(kernel, calls), strict=True)
    return sum(loss), sum(correct)


def _is_far(table: Array) -> bool:
    """Whether the rows of a table are worth asking for before they are used."""
    return table.size > OUT_OF_CACHE and table.strides[0] >= WIDE


def _n_threads(n_numbers: int) -> int:
    return 1 if n_numbers < WORTH_THREADS else min(MAX_THREADS, 2 * n_numbers // WORTH_THREADS)


def _share(kernel: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:
    """Return what the calls return, in their order; the kernels let go of the interpreter's lock."""
    if MAX_THREADS == 1:
        return [kernel(*call) for call in calls]
    return list(_threads().map(kernel, *zip(*calls, strict=True)))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_THREADS, "onehot")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not survive a fork


def _compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # nowhere to write: neither beside the source nor in the user's cache
        return njit(function, **options)


@cache
def _gather_sum(d: int, far: bool) -> Callable[..., Any]:
    @_compiled
    def gather_sum(table: Array, indices: Array, bias: Array | None, out: Array, column: int) -> None:
        n, f = indices.shape
        ahead = indices.reshape(-1)[AHEAD:]
        last = fill(out, 0, d) if bias is None else load(bias.reshape((1, -1)), 0, column, d)
        for i in range(n):
            total = fill(out, 0, d)
            for j in range(f):
                if far and i * f + j < ahead.size:
                    fetch(table, max(ahead[i * f + j], 0), column, d)
                row = indices[i, j]
                if row >= 0:  # as fast as without asking, so `has_missing` has nothing to say
                    total = plus(total, load(table, row, column, d))
            store(out, i, column, plus(total, last))

    return gather_sum


@cache
def _scatter_add(d: int, shared: bool, far: bool) -> Callable[..., Any]:
    @_compiled
    def scatter_add(
        values: Array, indices: Array, scale: float, out: Array, column: int, first: int, last: int
    ) -> None:
        n, f = indices.shape
        factor = fill(values, scale, d)
        ahead = indices.reshape(-1)[AHEAD:]
        for i in range(n):
            value = times(factor, load(values, i, column, d))
            for j in range(f):
                if far and i * f + j < ahead.size and first <= ahead[i * f + j] < last:
                    fetch(out, ahead[i * f + j], column, d)
                row = indices[i, j]
                if first <= row < last if shared else row >= 0:
                    store(out, row, column, plus(load(out, row, column, d), value))

    return scatter_add


@_compiled
def _coalesce_by_counting(flat: Array, n_rows: int) -> tuple[Array, Array]:
    place = np.full(n_rows, -1, flat.dtype)
    for index in flat:
        if index >= 0:
            place[index] = 0
    rows = np.empty(min(n_rows, flat.size), flat.dtype)
    u = 0
    for index in range(n_rows):
        if place[index] == 0:
            place[index] = u
            rows[u] = index
            u += 1
    positions = np.empty_like(flat)
    for p, index in enumerate(flat):
        positions[p] = place[index] if index >= 0 else -1
    return rows[:u].copy(), positions


@_compiled
def _coalesce_by_sorting(flat: Array, n_rows: int) -> tuple[Array, Array]:
    """Sort by digits, the lowest first; each pass keeps the order of the one before (Knuth, TAOCP 3, 5.2.5, R)."""
    positions = np.full(flat.size, -1, flat.dtype)
    keys, sources = np.empty_like(flat), np.empty(flat.size, np.intp)
    m = 0
    for p, index in enumerate(flat):
        if index >= 0:
            keys[m], sources[m] = index, p
            m += 1
    next_keys, next_sources = np.empty_like(keys), np.empty_like(sources)
    shift = 0
    while (n_rows - 1) >> shift:
        ends = np.zeros(2049, np.intp)
        for p in range(m):
            ends[(keys[p] >> shift & 2047) + 1] += 1
        for digit in range(2048):
            ends[digit + 1] += ends[digit]
        for p in range(m):
            digit = keys[p] >> shift & 2047
            next_keys[ends[digit]], next_sources[ends[digit]] = keys[p], sources[p]
            ends[digit] += 1
        keys, next_keys, sources, next_sources = next_keys, keys, next_sources, sources
        shift += 11
    u = -1
    for p in range(m):
        if p == 0 or keys[p] != keys[u]:
            u += 1
            keys[u] = keys[p]
        positions[sources[p]] = u
    return keys[: u + 1].copy(), positions


def _exp(x: float) -> float:
    raise NotImplementedError


@overload(_exp)
def _exp_of_nonpositive(x: Any) -> Any:
    number, integer, terms = (np.float32, np.int32, 8) if x == types.float32 else (np.float64, np.int64, 14)
    bits = np.finfo(number).nmant
    lowest = number(math.log(np.finfo(number).smallest_normal))  # below, 2^k has no exponent: 0 will do
    per_log2 = number(1 / math.log(2))
    # log 2 in two parts: k * high is exact, and the last constant is what math.log(2) itself rounds off.
    high = round(math.log(2) * 2 ** (bits - 12)) / 2 ** (bits - 12)
    low = number(math.log(2) - high + 2.3190468138462996e-17)
    high = number(high)
    shift = number(1.5 * 2**bits)  # x + shift has no fraction, and its last bits are those of the rounded x
    one = number(1).view(integer)
    coefficients = tuple(number(1 / math.factorial(term)) for term in range(terms))
    zero = number(0)

    def exp(x: Any) -> Any:
        shifted = x * per_log2 + shift
        k = shifted - shift
        r = (x - k * high) - k * low
        series = coefficients[terms - 1]
        for term in range(terms - 2, -1, -1):
            series = series * r + coefficients[term]
        power = integer((number(shifted).view(integer) << bits) + one).view(number)
        return zero if x < lowest else series * power

    return exp


@njit(fastmath={"reassoc", "nsz"})  # in any order, NaN kept
def _sum(p: Array, i: int, K: int) -> Any:
    total = p.dtype.type(0)
    for c in range(K):
        total += p[i, c]
    return total


@cache
def _softmax_cross_entropy(n_classes: int) -> Callable[..., Any]:
    @partial(_compiled, fastmath={"contract"})  # a * b + c in one rounding
    def softmax_cross_entropy(
        logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array
    ) -> tuple[float, float]:
        K = n_classes or logits.shape[1]
        number = logits.dtype.type
        loss = correct = 0.0
        for start in range(0, len(y), BLOCK):
            block = slice(start, start + BLOCK)
            z, p, label = logits[block], dlogits[block], y[block]
            n = len(label)
            for i in range(n):
                top, best = z[i, 0], 0
                for c in range(1, K):
                    if z[i, c] > top:
                        top, best = z[i, c], c
                share = 1 / total if weight is None else weight[start + i] / total
                loss += share * (top - z[i, label[i]])
                correct += share * (best == label[i])
                for c in range(K):
                    p[i, c] = z[i, c] - top
            flat = p.reshape(-1)
            for q in range(n * K):
                flat[q] = _exp(flat[q])
            product = 1.0
            for i in range(n):
                denominator = _sum(p, i, K)
                share = 1 / total if weight is None else weight[start + i] / total
                if weight is not None:
                    loss += share * math.log(denominator)
                else:  # the logarithm of a product for the sum of logarithms, which cost as much as all the rest
                    product *= denominator
                    if product > HUGE:
                        loss += share * math.log(product)
                        product = 1.0
                factor = number(share / denominator)
                for c in range(K):
                    p[i, c] *= factor
                p[i, label[i]] -= number(share)
            loss += math.log(product) / total
        return loss, correct

    return softmax_cross_entropy
