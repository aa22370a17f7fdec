"""The inner loops, as functions that compiled code can call.

Row i of ``onehot(I) @ W`` is a sum of f rows of W, and ``W += onehot(I).T @ G`` adds row i of G to f rows. Both loops
load, add and store rows and do nothing else, so a row of d numbers is made a type of the compiler: vector registers,
as many as the constant d needs. Columns never mix and no sum is reordered: the bits are those of the plain loop.

The softmax takes exp(x) = 2^k e^r with k = round(x / log 2), r = x - k log 2 and the Taylor series of e^r: a few
products and sums, which run in vector registers too, as a call of the C library would not.

Each function stands here as a name without a body, with what the compiler puts in its place below it. There `d`, `K`
and the flags are constants, so that every value of them has machine code of its own.
"""

# Numba compiles a language of its own, which mypy takes for Python.
# mypy: ignore-errors

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import overload

from onehot._arrays import Array
from onehot._kernels._numba_row import fetch, fill, load, plus, store, times

__all__ = [
    "OUT_OF_CACHE",
    "compiled",
    "constant_classes",
    "gather_sum",
    "is_far",
    "scatter_add",
    "softmax",
    "softmax_cross_entropy",
]

if config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set, and these loops are machine code or nothing")

BLOCK = 64  # samples whose logits stay in the first-level cache between the passes of the softmax
HUGE = 1e250  # a product that one more denominator, at most K, does not make infinite
OUT_OF_CACHE = 1 << 18  # numbers in a table: a smaller one gains nothing from threads
WORTH_ASKING_AHEAD = 1 << 23  # bytes of a table: rows of a smaller one come from a cache, soon enough
AHEAD = 32  # selections between asking for a row and using it
LISTED = 1 << 14  # selections looked through at once: the first rows of a list are not asked for ahead
FEW_CLASSES = 4
SOURCES = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("_numba*.py")))).hexdigest()
AS_NUMPY = {"error_model": "numpy"}  # a division by zero is inf, and tested for by nobody


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate what Python calls: compiled when first met, kept on disk, without the interpreter's lock."""
    # The name on disk. Numba asks whether the file of a function has changed, and not those of what the function calls.
    function.__qualname__ += f"_{SOURCES[:8]}"
    options = {"nogil": True, **AS_NUMPY}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # nowhere to write: neither beside the source nor in the user's cache
        return njit(function, **options)


def is_far(table: Array) -> bool:
    """Whether the rows of a table are worth asking for before they are used."""
    return table.nbytes > WORTH_ASKING_AHEAD


def constant_classes(K: int) -> int:
    """Return K where it is so small that the loops over classes are to be unrolled, else 0."""
    return K if K <= FEW_CLASSES else 0


def gather_sum(table: Array, indices: Array, bias: Array, out: Array, column: int, d: int, far: bool) -> None:
    """Set ``out[i] = sum_j table[indices[i, j]] + bias`` in `d` columns from `column` on."""
    raise NotImplementedError


@overload(gather_sum, AS_NUMPY, prefer_literal=True)
def _gather_sum(table, indices, bias, out, column, d, far):
    width, ask_ahead = d.literal_value, far.literal_value

    def loop(table, indices, bias, out, column, d, far):
        n, f = indices.shape
        ahead = indices.reshape(-1)[AHEAD:]
        last = load(bias.reshape((1, -1)), 0, column, width)
        for i in range(n):
            total = fill(out, 0, width)
            for j in range(f):
                if ask_ahead and i * f + j < ahead.size:
                    fetch(table, max(ahead[i * f + j], 0), column, width)
                row = indices[i, j]
                if row >= 0:  # as fast as without asking, so `has_missing` has nothing to say
                    total = plus(total, load(table, row, column, width))
            store(out, i, column, plus(total, last))

    return loop


def scatter_add(
    values: Array,
    indices: Array,
    scale: float,
    out: Array,
    column: int,
    first: int,
    last: int,
    d: int,
    shared: bool,
    far: bool,
) -> None:
    """Add ``scale * values[i]`` to ``out[indices[i, j]]`` in `d` columns; if `shared`, to rows [first, last) only."""
    raise NotImplementedError


@overload(scatter_add, AS_NUMPY, prefer_literal=True)
def _scatter_add(values, indices, scale, out, column, first, last, d, shared, far):
    width, in_range, ask_ahead = d.literal_value, shared.literal_value, far.literal_value

    def alone(values, indices, scale, out, column, first, last, d, shared, far):
        n, f = indices.shape
        factor = fill(values, scale, width)
        ahead = indices.reshape(-1)[AHEAD:]
        for i in range(n):
            value = times(factor, load(values, i, column, width))
            for j in range(f):
                if ask_ahead and i * f + j < ahead.size:
                    fetch(out, max(ahead[i * f + j], 0), column, width)
                row = indices[i, j]
                if row >= 0:
                    store(out, row, column, plus(load(out, row, column, width), value))

    def share(values, indices, scale, out, column, first, last, d, shared, far):
        n, f = indices.shape
        factor = fill(values, scale, width)
        block = max(LISTED // f, 1)
        samples, rows = np.empty(block * f, np.intp), np.empty(block * f, indices.dtype)
        for start in range(0, n, block):
            m = 0  # selections in the range: listed first, without a branch that nobody could predict
            for i in range(start, min(start + block, n)):
                for j in range(f):
                    samples[m], rows[m] = i, indices[i, j]
                    m += first <= indices[i, j] < last
            for k in range(m):
                if ask_ahead and k + AHEAD < m:
                    fetch(out, rows[k + AHEAD], column, width)
                value = times(factor, load(values, samples[k], column, width))
                store(out, rows[k], column, plus(load(out, rows[k], column, width), value))

    return share if in_range else alone


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

    return loop
