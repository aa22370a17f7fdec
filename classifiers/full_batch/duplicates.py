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
from classifiers.network import chunks
from onehot import OneHot
from onehot._arrays import index_dtype

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
    if _number_of_kinds(keys, n) > WORTH_IT * n:
        return None
    keys, n_keys = _row_keys(X, y)
    if n_keys <= 4 * n:  # few enough for an array with a place for each
        row_of_key = np.full(n_keys, -1, index_dtype(n))
        row_of_key[keys] = np.arange(n)
        occurs = row_of_key >= 0
        representatives = row_of_key[occurs]
        kind_of_key = row_of_key  # in the same memory
        kind_of_key[occurs] = np.arange(len(representatives))
        inverse = kind_of_key[keys]
    else:
        _, representatives, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(representatives) > WORTH_IT * n or (n_keys >= EXACT and not _are_equal(X, y, representatives, inverse)):
        return None
    return representatives, inverse


def _number_of_kinds(sample: Array, n: int) -> float:
    """Estimate how many different values there are among n, of which `sample` are some.

    With f_k the number of values that occur k times in the sample, f_1^2 / (2 f_2) others are missing from it (Chao):
    a few frequent values do not mislead this estimate, as they would one from all repetitions. The others cannot fill
    more than a share f_1 / len(sample) of the n places (Good).

    Reference: Chao, "Nonparametric Estimation of the Number of Classes in a Population", 1984; Good, "The Population
    Frequencies of Species and the Estimation of Population Parameters", 1953.
    """
    _, counts = np.unique(sample, return_counts=True)
    once, twice = np.count_nonzero(counts == 1), np.count_nonzero(counts == 2)
    return len(counts) + min(once * (once - 1) / (2 * (twice + 1)), once / len(sample) * n)


def _row_keys(X: OneHot, y: Array | None) -> tuple[Array, int]:
    """Return an integer per row, equal for equal rows, and a bound that all keys are below.

    Codes are digits of a number of mixed radix where that fits 63 bits; otherwise they are hashed, and different rows
    may, very rarely, have one key.
    """
    has_missing = bool(len(X)) and int(X.indices.min()) < 0  # a digit of their own: 0
    radices = [count + has_missing for count in X.n_categories]
    labels = 1 if y is None else int(y.max()) + 1
    n_keys = math.prod(radices) * labels
    if n_keys < EXACT:
        place_values = np.cumprod([labels, *radices[:-1]], dtype=np.int64)
    else:
        place_values = np.random.default_rng(0).integers(0, 2**62, len(radices)) * 2 + 1
    keys = np.zeros(len(X), np.int64) if y is None else y.astype(np.int64)
    for rows in chunks(len(X)):
        digits = X.indices[rows] - X.offsets
        if has_missing:
            digits = np.where(X.indices[rows] < 0, 0, digits + 1)
        keys[rows] += digits @ place_values  # where hashed, modulo 2**64: it wraps around
    return keys, n_keys


def _are_equal(X: OneHot, y: Array | None, representatives: Array, inverse: Array) -> bool:
    """Whether the rows that have a key in common are equal."""
    for rows in chunks(len(X)):
        first = representatives[inverse[rows]]
        if (X.indices[rows] != X.indices[first]).any() or (y is not None and (y[rows] != y[first]).any()):
            return False
    return True
