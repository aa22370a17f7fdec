"""The kernels on NumPy and SciPy alone.

With A the (n, V) one-hot matrix in CSR form, a gather-sum is ``out = A @ table``, and a scatter-add is
``out += A.T @ values``. SciPy's compiled products do both in place: ``csr_matvecs`` adds A @ X to Y, and
``csc_matvecs``, on the same three arrays read as columns, adds A.T @ X to Y. They are private to SciPy, so this one
file tries them on a 2 x 2 example at import, and computes with public SciPy if they are not what they were.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from onehot._arrays import Array, index_dtype
from onehot._kernels._cache_size import OUT_OF_CACHE, is_far
from onehot._kernels._numpy_codes import add_row, shift_codes
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

# SciPy's index pointers are of the indices' type: more entries than this do not fit 32 bits.
MAX_ENTRIES = np.iinfo(np.int32).max

MOST_KEPT = 1 << 16  # numbers in an array that is kept for the next batch of this size
MANY_ROWS = 4096  # samples from which on any gather may go field by field, and short rows are worth joining
WORTH_COPYING = 128  # samples from which on a gather from a far table goes field by field
SUMS_IN_CACHE = 1 << 16  # numbers in a block of sums
# Below each of these amounts of work, waking threads costs more than they save.
WORTH_THREADS = 1 << 19  # numbers moved by a gather that goes field by field
WORTH_SHARED_GATHERING = 1 << 21  # numbers added by any other gather, where each row selected costs SELECTING more
WORTH_SHARED_ADDING = 1 << 21  # numbers added by a scatter-add
SELECTING = 20  # numbers that could be added in the time that it takes to find a row in the cache
HEAD_START = 1 << 17  # of a shared gather, what the caller's thread does while another one wakes
MANY_CLASSES = 32
NARROW = 4  # columns


def gather_codes(table: Array, codes: Array, n_categories: Array, offsets: Array, out: Array, bias: Array) -> bool:
    """Set ``out[i] = sum_j table[codes[i, j] + offsets[j]] + bias``; return whether all codes are in range."""
    indices = np.empty(codes.shape, index_dtype(len(table)))
    if not shift_codes(codes, n_categories, offsets, indices):
        return False
    gather_sum(table, indices, out, False, bias)
    return True


def gather_sum(table: Array, indices: Array, out: Array, has_missing: bool, bias: Array | None = None) -> None:
    """Set ``out[i] = sum_j table[indices[i, j]] + bias``: (V, d), (n, f), (d,) -> (n, d)."""
    n, d = out.shape
    cost = indices.size * (d + SELECTING)
    if indices.shape[1] == 1 and not has_missing:
        table.take(indices[:, 0], 0, out, "clip")
    elif _goes_by_field(table, out) and not has_missing:
        step = SUMS_IN_CACHE // max(d, 1) or 1
        blocks = [slice(start, start + step) for start in range(0, n, step)]
        share_out = map_in_order if indices.size * d >= WORTH_THREADS else map
        list(share_out(lambda rows: _gather_by_field(table, indices[rows], out[rows]), blocks))
    elif cost >= WORTH_SHARED_GATHERING and n_threads() > 1:
        n_parts = min(n_threads(), 2 * cost // WORTH_SHARED_GATHERING)
        parts = uneven_parts(n, n_parts, HEAD_START * n // cost)
        map_in_order(lambda rows: _gather(table, indices[rows], out[rows], has_missing), parts)
    else:
        _gather(table, indices, out, has_missing)
    if bias is not None and n >= MANY_ROWS:
        add_row(out, bias)
    elif bias is not None:
        out += bias


def scatter_add(values: Array, indices: Array, scale: float, out: Array, has_missing: bool) -> None:
    """Add ``scale * values[i]`` to ``out[indices[i, j]]`` for every i, j in order: (n, d), (n, f) -> (V, d)."""

    def add(group: Array) -> None:
        for rows in _chunks(group):
            _add_scattered(values[rows], group[rows], scale, out, has_missing)

    if indices.size * out.shape[1] >= WORTH_SHARED_ADDING and out.size > OUT_OF_CACHE:
        map_in_order(add, _fields_apart(indices, n_threads()))
    else:
        add(indices)


def coalesce(indices: Array, n_rows: int) -> tuple[Array, Array]:
    """Return the sorted distinct `rows`, and `positions` with ``rows[positions] == indices``; -1 stays -1."""
    if n_rows <= 4 * indices.size:  # counting is linear, where sorting is not
        occurs = np.zeros(n_rows + 1, dtype=bool)
        occurs[indices] = True  # -1 marks the extra last place
        occurs[n_rows] = False
        rows = np.flatnonzero(occurs).astype(indices.dtype)
        place = np.full(n_rows + 1, -1, dtype=indices.dtype)
        place[rows] = np.arange(len(rows), dtype=indices.dtype)
        return rows, place[indices]
    rows, positions = np.unique(indices, return_inverse=True)
    positions = positions.reshape(indices.shape).astype(indices.dtype)
    if len(rows) and rows[0] < 0:
        return rows[1:], positions - 1
    return rows, positions


def softmax(logits: Array, probabilities: Array) -> None:
    """Set ``probabilities = exp(logits) / sum exp(logits)`` of each row: (n, K) -> (n, K)."""
    # Reducing a short contiguous axis costs more than the exponentials: such an axis comes first, in memory as well,
    # whereas order "K" leaves the memory of a long one as it is.
    P: Array = np.array(logits.T, order="C" if logits.shape[1] < MANY_CLASSES else "K")
    P -= P.max(axis=0)
    with np.errstate(under="ignore"):
        np.exp(P, out=P)
        P /= P.sum(axis=0)
    probabilities[...] = P.T


def softmax_cross_entropy(
    logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array
) -> tuple[float, float]:
    """Write ``w_i (softmax(z_i) - onehot(y_i)) / total`` to `dlogits`; return the weighted mean loss and accuracy.

    Classes come first inside: over the short last axis of (n, K), NumPy's ``max`` costs many times its ``exp``.
    """
    n = len(logits)
    labels = y.astype(np.intp, casting="same_kind", copy=False) * n  # places of Z[y[i], i]
    labels += _range(n, 1, labels.dtype)
    share = logits.dtype.type(1 / total) if weight is None else weight / logits.dtype.type(total)
    Z = logits.T.copy()
    Z -= np.maximum.reduce(Z, axis=0)
    flat = Z.reshape(-1)  # where one index is found in half the time of two
    at_label = flat.take(labels)
    one_best_each = np.count_nonzero(Z == 0) == n  # else the first of equal classes, at many times the cost
    hit = at_label == 0 if one_best_each else logits.argmax(axis=1) == y
    with np.errstate(under="ignore"):
        np.exp(Z, out=Z)
        denominator = np.add.reduce(Z, axis=0)
        nll = np.log(denominator)
        nll -= at_label
        Z *= share / denominator
    flat[labels] -= share
    dlogits[...] = Z.T
    if weight is None:
        return float(np.add.reduce(nll, dtype=np.float64)) / total, int(np.count_nonzero(hit)) / total
    return float(np.add.reduce(share * nll, dtype=np.float64)), float(np.add.reduce(share * hit, dtype=np.float64))


def _goes_by_field(table: Array, out: Array) -> bool:
    """Whether it is faster to copy rows and add the copies: where many are, and narrow or from beyond the cache.

    A copy does not wait for the copy before it, whereas a product waits for nearly every row that it adds.
    """
    n, d = out.shape
    enough = WORTH_COPYING if is_far(table) else MANY_ROWS
    return n >= enough and (d <= NARROW or table.size > OUT_OF_CACHE)


def _gather(table: Array, indices: Array, out: Array, has_missing: bool) -> None:
    out[...] = 0
    for rows in _chunks(indices):
        _add_gathered(table, indices[rows], out[rows], has_missing)


def _gather_by_field(table: Array, indices: Array, out: Array) -> None:
    first, *others = np.asarray(indices.T, dtype=np.intp, order="C")  # as `take` would copy each
    table.take(first, 0, out, "clip")
    selected = np.empty_like(out)
    for index in others:
        out += table.take(index, 0, selected, "clip")


def _fields_apart(indices: Array, most: int) -> list[Array]:
    """Return `most` groups of columns at most: one of all columns, where two groups might have an index in common.

    Rows of one group are no rows of another: groups can be added at the same time, each in its order.
    """
    f = indices.shape[1]
    cuts = sorted({f * k // most for k in range(most + 1)})
    groups = [np.ascontiguousarray(indices[:, start:stop]) for start, stop in pairwise(cuts)]
    are_apart = all(group.max() < after.min() for group, after in pairwise(groups))
    return groups if are_apart else [indices]


def _chunks(indices: Array) -> list[slice]:
    n, f = indices.shape
    step = max(MAX_ENTRIES // f, 1)
    return [slice(start, start + step) for start in range(0, n, step)]


def _as_csr(indices: Array, has_missing: bool, value: float, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Return pointers, indices and data of the rows of a one-hot matrix whose ones are `value`."""
    n, f = indices.shape
    if not has_missing:
        return _range(n * f + 1, f, indices.dtype), indices.ravel(), _full(n * f, value, dtype)
    present = indices >= 0
    pointers = np.concatenate(([0], np.cumsum(np.count_nonzero(present, axis=1)))).astype(indices.dtype)
    flat = indices[present]
    return pointers, flat, np.full(len(flat), value, dtype)


def _range(stop: int, step: int, dtype: np.dtype[Any]) -> Array:
    return _kept_range(stop, step, dtype) if stop <= step * MOST_KEPT else np.arange(0, stop, step, dtype=dtype)


def _full(size: int, value: float, dtype: np.dtype[Any]) -> Array:
    return _kept_ones(size, dtype) if value == 1 and size <= MOST_KEPT else np.full(size, value, dtype)


@lru_cache(maxsize=16)
def _kept_range(stop: int, step: int, dtype: np.dtype[Any]) -> Array:
    return np.arange(0, stop, step, dtype=dtype)


@lru_cache(maxsize=16)
def _kept_ones(size: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(size, dtype)


def _add_gathered(table: Array, indices: Array, out: Array, has_missing: bool) -> None:
    pointers, flat, ones = _as_csr(indices, has_missing, 1.0, table.dtype)
    (V, d), n = table.shape, len(indices)
    _sparsetools.csr_matvecs(n, V, d, pointers, flat, ones, table.ravel(), out.ravel())


def _add_scattered(values: Array, indices: Array, scale: float, out: Array, has_missing: bool) -> None:
    pointers, flat, scales = _as_csr(indices, has_missing, scale, out.dtype)
    (V, d), n = out.shape, len(indices)
    _sparsetools.csc_matvecs(V, n, d, pointers, flat, scales, values.ravel(), out.ravel())


def _add_gathered_public(table: Array, indices: Array, out: Array, has_missing: bool) -> None:
    pointers, flat, ones = _as_csr(indices, has_missing, 1.0, table.dtype)
    out += sparse.csr_array((ones, flat, pointers), shape=(len(indices), len(table))) @ table


def _add_scattered_public(values: Array, indices: Array, scale: float, out: Array, has_missing: bool) -> None:
    # Over the rows that occur only: the public product would return an array as tall as the table.
    rows, positions = coalesce(indices, len(out))
    pointers, flat, scales = _as_csr(positions, has_missing, scale, out.dtype)
    out[rows] += sparse.csr_array((scales, flat, pointers), shape=(len(indices), len(rows))).T @ values


def _private_products_work() -> bool:
    """Try the private products on a 2 x 2 example, duplicates and accumulation included."""
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    indices = np.array([[1, 1], [0, 1]], dtype=np.int32)
    gathered, scattered = np.zeros((2, 2)), np.ones((2, 2))
    try:
        _add_gathered(table, indices, gathered, False)
        _add_scattered(table, indices, 2.0, scattered, False)
    except (AttributeError, TypeError, ValueError):
        return False
    return gathered.tolist() == [[6, 8], [4, 6]] and scattered.tolist() == [[7, 9], [11, 17]]


try:
    from scipy.sparse import _sparsetools
except ImportError:  # pragma: no cover - no SciPy of today is without it
    _sparsetools = None  # type: ignore[assignment]  # the trial below finds out

if not _private_products_work():  # pragma: no cover - the tests call both ways by name
    _add_gathered, _add_scattered = _add_gathered_public, _add_scattered_public
