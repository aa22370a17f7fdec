"""The distinct rows of a batch, compiled: counted where the table is hardly taller than the batch, else sorted."""

from __future__ import annotations

import numpy as np

from onehot._arrays import Array
from onehot._kernels._numba_loops import compiled

__all__ = ["coalesce"]


def coalesce(indices: Array, n_rows: int) -> tuple[Array, Array]:
    """Return the sorted distinct `rows`, and `positions` with ``rows[positions] == indices``; -1 stays -1."""
    flat = indices.ravel()
    positions = np.empty_like(flat)
    if n_rows <= 4 * flat.size:
        place, rows = np.full(n_rows, -1, flat.dtype), np.empty(min(n_rows, flat.size), flat.dtype)
        u = _coalesce_by_counting(flat, place, rows, positions)
        rows = rows[:u].copy()
    else:
        rows = _coalesce_by_sorting(flat, n_rows, positions)
    positions.flags.writeable = False  # as the indices of a matrix are, so that they are of one type to the compiler
    return rows, positions.reshape(indices.shape)


@compiled
def _coalesce_by_counting(flat: Array, place: Array, rows: Array, positions: Array) -> int:
    for index in flat:
        if index >= 0:
            place[index] = 0
    u = 0
    for index in range(len(place)):
        if place[index] == 0:
            place[index] = u
            rows[u] = index
            u += 1
    for p, index in enumerate(flat):
        positions[p] = place[index] if index >= 0 else -1
    return u


@compiled
def _coalesce_by_sorting(flat: Array, n_rows: int, positions: Array) -> Array:
    """Sort by digits, the lowest first; each pass keeps the order of the one before (Knuth, TAOCP 3, 5.2.5, R)."""
    positions[:] = -1
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
    return keys[: u + 1].copy()
