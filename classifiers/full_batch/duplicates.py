"""Equal rows have equal logits, so a data set is its distinct rows with each label, and how often each occurs.

    mean_i nll(x_i, y_i)  =  sum over distinct (x, y) of count(x, y) nll(x, y) / n

With one field the distinct pairs are the cells of a V x K contingency table. Every evaluation of a full-batch
objective then costs as many rows as there are distinct pairs, not n.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.dataset import Dataset
from onehot import OneHot

__all__ = ["collapse", "distinct_rows"]

Array = npt.NDArray[Any]
SAMPLE = 4  # times sqrt(n) rows are looked at: where n/2 are distinct, about sixteen of these repeat another
WORTH_IT = 0.5  # distinct rows per row
EXACT = 2**63  # keys below are codes in mixed radix, keys above are hashes


def collapse(data: Dataset) -> Dataset:
    """Return the distinct (row, label) pairs with their summed weights, or `data` where that would not halve it.

    The weights of the result add up to those of `data`; without weights, to n.
    """
    X, y, weight = data
    distinct = distinct_rows(X, y) if isinstance(X, OneHot) else None
    if distinct is None:
        return data
    representatives, inverse = distinct
    return Dataset(X[representatives], y[representatives], np.bincount(inverse, weight).astype(np.float64))


def distinct_rows(X: OneHot, y: Array | None = None) -> tuple[Array, Array] | None:
    """Return one row of each kind, and of which kind each row is; None where that is not worth it.

    Row i equals row ``representatives[inverse[i]]`` for the two arrays returned.

    A sample is looked at first, so that the answer None costs next to nothing. With y, labels count as part of a row.
    """
    n = len(X)
    sample = np.unique(np.random.default_rng(0).integers(0, n, SAMPLE * math.isqrt(n)))
    keys, _ = _row_keys(X[sample], None if y is None else y[sample])
    repetitions = len(keys) - len(np.unique(keys))
    if len(keys) ** 2 > 2 * repetitions * WORTH_IT * n:  # m draws of D distinct ones give m^2 / 2D repetitions
        return None
    keys, n_keys = _row_keys(X, y)
    if n_keys <= 4 * n:  # few enough for an array with a place for each
        row_of_key = np.full(n_keys, -1)
        row_of_key[keys] = np.arange(n)
        occurs = row_of_key >= 0
        representatives, inverse = row_of_key[occurs], (np.cumsum(occurs) - 1)[keys]
    else:
        _, representatives, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(representatives) > WORTH_IT * n or (n_keys >= EXACT and not _are_equal(X, y, representatives[inverse])):
        return None
    return representatives, inverse


def _row_keys(X: OneHot, y: Array | None) -> tuple[Array, int]:
    """Return an integer per row, equal for equal rows, and a bound that all keys are below.

    Codes are digits of a number of mixed radix where that fits 63 bits; otherwise they are hashed, and different rows
    may, very rarely, have one key.
    """
    digits, radices = X.indices - X.offsets, list(X.n_categories)
    if (X.indices < 0).any():
        digits = np.where(X.indices < 0, 0, digits + 1)
        radices = [radix + 1 for radix in radices]
    if y is not None:
        digits, radices = np.column_stack((digits, y)), [*radices, int(y.max()) + 1]
    n_keys = math.prod(radices)
    if n_keys < EXACT:
        return digits @ np.cumprod([1, *radices[:-1]], dtype=np.int64), n_keys
    odd = np.random.default_rng(0).integers(0, 2**62, len(radices)) * 2 + 1
    return digits @ odd, n_keys  # wraps around: the hash is modulo 2**64


def _are_equal(X: OneHot, y: Array | None, of_each: Array) -> bool:
    same_label = y is None or bool((y == y[of_each]).all())
    return same_label and bool((X.indices == X.indices[of_each]).all())
