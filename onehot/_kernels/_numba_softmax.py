"""The softmax and its loss, as functions that compiled code can call.

exp(x) is 2^k e^r with k = round(x / log 2), r = x - k log 2 and the Taylor series of e^r: a few products and sums,
which run in vector registers, as a call of the C library would not.

As in `_numba_loops`, each function is a stub with its `overload` below it. There the number of classes is a constant
where it is small.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from onehot._arrays import Array
from onehot._kernels._numba_loops import AS_NUMPY

__all__ = ["constant_classes", "softmax", "softmax_cross_entropy"]

BLOCK = 64  # samples whose logits stay in the first-level cache between the passes of the softmax
HUGE = 1e250  # a product that one more denominator, at most K, does not make infinite
FEW_CLASSES = 4


def constant_classes(K: int) -> int:
    """Return K where it is so small that the loops over classes are to be unrolled, else 0."""
    return K if K <= FEW_CLASSES else 0


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


def softmax(logits: Array, probabilities: Array, n_classes: int) -> None:
    """Write ``exp(z) / sum exp(z)`` of each row; `n_classes` is K where that is a constant, else 0."""
    raise NotImplementedError


@overload(softmax, AS_NUMPY, prefer_literal=True)
def _softmax(logits, probabilities, n_classes):
    constant_K = n_classes.literal_value

    def loop(logits, probabilities, n_classes):
        K = constant_K or logits.shape[1]
        for start in range(0, len(logits), BLOCK):
            block = slice(start, start + BLOCK)
            z, p = logits[block], probabilities[block]
            for i in range(len(p)):
                top = z[i, 0]
                for c in range(1, K):
                    top = max(top, z[i, c])
                for c in range(K):
                    p[i, c] = z[i, c] - top
            flat = p.reshape(-1)
            for q in range(flat.size):
                flat[q] = _exp(flat[q])
            for i in range(len(p)):
                denominator = _sum(p, i, K)
                for c in range(K):
                    p[i, c] /= denominator

    return loop


def softmax_cross_entropy(
    logits: Array, y: Array, weight: Array | None, total: float, dlogits: Array, n_classes: int
) -> tuple[float, float]:
    """Write ``w_i (softmax(z_i) - onehot(y_i)) / total`` to `dlogits`; return the weighted mean loss and accuracy.

    `n_classes` is K where that is a constant, else 0.
    """
    raise NotImplementedError


# "contract": a * b + c in one rounding.
@overload(softmax_cross_entropy, AS_NUMPY | {"fastmath": {"contract"}}, prefer_literal=True)
def _softmax_cross_entropy(logits, y, weight, total, dlogits, n_classes):
    constant_K = n_classes.literal_value

    def loop(logits, y, weight, total, dlogits, n_classes):
        K = constant_K or logits.shape[1]
        number = logits.dtype.type
        loss = accuracy = 0.0
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
                accuracy += share * (best == label[i])
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
        return loss, accuracy

    return loop
