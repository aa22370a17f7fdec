"""The inner loops, as functions that compiled code can call.

Row i of ``onehot(I) @ W`` is a sum of f rows of W, and ``W += onehot(I).T @ G`` adds row i of G to f rows. Both loops
load, add and store rows and do nothing else, so a row of d numbers is made a type of the compiler: vector registers,
as many as the constant d needs. Columns never mix and no sum is reordered: the bits are those of the plain loop.

Each function is a stub, and the `overload` below it is what the compiler puts in its place. There `d` and the flags are
constants, so that every value of them has machine code of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import config, njit
from numba.extending import overload

from onehot._arrays import Array
from onehot._kernels._numba_row import fill, load, plus, prefetch, store, times

__all__ = ["AS_NUMPY", "compiled", "gather_sum", "scatter_add"]

if config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set, and these loops are machine code or nothing")

AHEAD = 32  # selections between prefetching a row and using it
LISTED = 1 << 14  # selections listed at once; the first AHEAD of each list are not prefetched, so the list is long
COMPILED = [Path(__file__).with_name("_cache_size.py"), *sorted(Path(__file__).parent.glob("_numba*.py"))]
SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in COMPILED)).hexdigest()
AS_NUMPY = {"error_model": "numpy"}  # a division by zero gives inf or NaN, and costs no test


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate what Python calls: compiled when first met, kept on disk, without the interpreter's lock."""
    # The name on disk. Numba asks whether the file of a function has changed, and not those of what the function calls.
    function.__qualname__ += f"_{SOURCES[:8]}"
    options = {"nogil": True, **AS_NUMPY}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # nowhere to write: neither beside the source nor in the user's cache
        return njit(function, **options)


def gather_sum(table: Array, indices: Array, bias: Array, out: Array, column: int, d: int, far: bool) -> None:
    """Set ``out[i] = sum_j table[indices[i, j]] + bias`` in `d` columns from `column` on."""
    raise NotImplementedError


@overload(gather_sum, AS_NUMPY, prefer_literal=True)
def _gather_sum(table, indices, bias, out, column, d, far):
    width, prefetches = d.literal_value, far.literal_value

    def loop(table, indices, bias, out, column, d, far):
        n, f = indices.shape
        ahead = indices.reshape(-1)[AHEAD:]
        bias_row = load(bias.reshape((1, -1)), 0, column, width)
        for i in range(n):
            total = fill(out, 0, width)
            for j in range(f):
                if prefetches and i * f + j < ahead.size:
                    prefetch(table, max(ahead[i * f + j], 0), column, width)
                row = indices[i, j]
                if row >= 0:  # costs nothing, so `has_missing` is not needed
                    total = plus(total, load(table, row, column, width))
            store(out, i, column, plus(total, bias_row))

    return loop


def scatter_add(
    values: Array,
    indices: Array,
    scale: float,
    out: Array,
    column: int,
    first: int,
    stop: int,
    d: int,
    shared: bool,
    far: bool,
) -> None:
    """Add ``scale * values[i]`` to ``out[indices[i, j]]`` in `d` columns; if `shared`, to rows [first, stop) only."""
    raise NotImplementedError


@overload(scatter_add, AS_NUMPY, prefer_literal=True)
def _scatter_add(values, indices, scale, out, column, first, stop, d, shared, far):
    width, is_shared, prefetches = d.literal_value, shared.literal_value, far.literal_value

    def alone(values, indices, scale, out, column, first, stop, d, shared, far):
        n, f = indices.shape
        factor = fill(values, scale, width)
        ahead = indices.reshape(-1)[AHEAD:]
        for i in range(n):
            value = times(factor, load(values, i, column, width))
            for j in range(f):
                if prefetches and i * f + j < ahead.size:
                    prefetch(out, max(ahead[i * f + j], 0), column, width)
                row = indices[i, j]
                if row >= 0:
                    store(out, row, column, plus(load(out, row, column, width), value))

    def share(values, indices, scale, out, column, first, stop, d, shared, far):
        n, f = indices.shape
        factor = fill(values, scale, width)
        block = max(LISTED // f, 1)
        samples, rows = np.empty(block * f, np.intp), np.empty(block * f, indices.dtype)
        for start in range(0, n, block):
            m = 0  # selections in the range are listed first, without a branch: it could not be predicted
            for i in range(start, min(start + block, n)):
                for j in range(f):
                    samples[m], rows[m] = i, indices[i, j]
                    m += first <= indices[i, j] < stop
            for k in range(m):
                if prefetches and k + AHEAD < m:
                    prefetch(out, rows[k + AHEAD], column, width)
                value = times(factor, load(values, samples[k], column, width))
                store(out, rows[k], column, plus(load(out, rows[k], column, width), value))

    return share if is_shared else alone
