"""The exactness contract, and a check of it on one's own codes.

With u the unit roundoff, ``gamma_k = k u / (1 - k u)``, and sums of absolute values |W|, |G| as scale:

    forward    one field: all formats give the same bits (the sign of zero aside), for finite W
               f fields: each is within gamma_(f-1) * sum_j |W[indices[i, j]]| of the exact sum
    backward   CSR and lookup give the same bits; dense differs from them by at most 2 gamma_n * sum |G|
    SGD step   each is within gamma_(m+2) * (|W| + lr sum |G|) of the exact step, for m additions into the row

Sums of f terms are taken in another order by the dense product, hence the bounds (Higham, "Accuracy and Stability of
Numerical Algorithms", 2002, section 4.2). With NaN or Inf in W the formats differ by nature: the dense product
computes 0 * Inf = NaN for rows that no code selects; CSR and lookup never read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from onehot import _kernels as kernels
from onehot._arrays import Array
from onehot._codes import Categories
from onehot._matrix import OneHot
from onehot._row_gradient import RowGradient

__all__ = ["EquivalenceReport", "check_equivalence"]

LEARNING_RATE = 0.5
SECONDS_PER_TIMING = 0.02


@dataclass(frozen=True)
class Comparison:
    """One stage in one format, held against CSR; `ulp` and `bound` are in units of 2 u times the scale above."""

    stage: str
    format: str
    ulp: float
    bound: float
    seconds: float
    n_bytes: int

    @property
    def ok(self) -> bool:
        """Whether the difference is within the contract's bound."""
        return self.ulp <= self.bound


@dataclass(frozen=True)
class EquivalenceReport:
    """What `check_equivalence` found, and a table of it by `str`.

    Attributes
    ----------
    comparisons : tuple
        One for each stage and format: its `stage`, `format`, `ulp`, `bound`, `seconds`, `n_bytes` (of X) and `ok`.
    """

    comparisons: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """Whether every stage of every format is within the contract."""
        return all(comparison.ok for comparison in self.comparisons)

    def __str__(self) -> str:
        head = f"{'stage':10s}{'format':18s}{'difference':>12s}{'allowed':>10s}{'time':>13s}{'X in memory':>15s}"
        rows = [
            f"{c.stage:10s}{c.format:18s}{c.ulp:8.2f} ULP{c.bound:6.0f} ULP{c.seconds * 1e6:10.1f} us{c.n_bytes:13,d} B"
            + ("" if c.ok else "   <- outside the contract")
            for c in self.comparisons
        ]
        return "\n".join([head, *rows])


def check_equivalence(
    codes: npt.ArrayLike,
    n_categories: Categories | None = None,
    *,
    d: int = 8,
    dtype: npt.DTypeLike = np.float32,
    seed: int = 0,
) -> EquivalenceReport:
    """Compare dense one-hot, CSR and `OneHot` on these codes: forward, backward and one SGD step.

    Parameters
    ----------
    codes, n_categories, dtype
        As for `OneHot`.
    d : int
        Columns of the random table.
    seed : int
        Of the table and the output gradient.

    Returns
    -------
    EquivalenceReport
        Per stage and format, and per backend of `OneHot`: the largest difference from CSR in ULP (units in the last
        place of the summed magnitudes), the bound of the contract, seconds, and the bytes of X. ``report.ok`` says
        whether all hold; ``print(report)`` shows a table.

    Raises
    ------
    CodeError, DTypeError, ShapeError
        As `OneHot` does.
    ValueError
        If d is no number of columns.

    Notes
    -----
    The dense matrix is built: n * V numbers. The contract and its bounds are in the docstring of this module. Not
    checked: tables with NaN or Inf, on which the formats differ by nature (0 * Inf is NaN in the dense product).

    Examples
    --------
    >>> report = check_equivalence([[0, 2], [1, 2], [0, 0]], [2, 3])
    >>> report.ok
    True
    """
    if not (isinstance(d, Integral) and d >= 0):
        raise ValueError(f"d={d!r} must be a number of columns, an integer from 0")
    X = OneHot(codes, n_categories, dtype=dtype)
    (n, V), f = X.shape, X.indices.shape[1]
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((V, d)).astype(X.dtype)
    G = rng.standard_normal((n, d)).astype(X.dtype)
    dense, csr = X.toarray(), X.tocsr()
    n_bytes = {"dense": dense.nbytes, "CSR": csr.data.nbytes + csr.indices.nbytes + csr.indptr.nbytes}

    magnitude = {"forward": csr @ abs(W), "backward": csr.T @ abs(G)}
    magnitude["SGD step"] = abs(W) + X.dtype.type(LEARNING_RATE) * magnitude["backward"]
    additions = int(np.bincount(X.indices.ravel(), minlength=1).max(initial=0))
    tolerated = {"forward": f - 1.0, "backward": float(n), "SGD step": additions + 2.0}

    comparisons = []
    reference = _results(csr, W, G)
    present = kernels.get_backend()
    lookups = [(f"OneHot, {backend}", X, backend) for backend in kernels.available_backends()]
    for name, matrix, backend in [("dense", dense, present), ("CSR", csr, present), *lookups]:
        with _backend(backend):
            result = _results(matrix, W, G)
            seconds = {stage: _seconds_of(run) for stage, run in _timed(matrix, W, G).items()}
        for stage, value in result.items():
            unit = np.finfo(X.dtype).eps * magnitude[stage]
            error = np.abs(value.astype(np.float64) - reference[stage])
            ulp = float(np.max(error / np.where(unit > 0, unit, 1), initial=0.0))
            bound = 0.0 if stage == "backward" and name != "dense" else tolerated[stage]
            n_bytes_of_X = n_bytes.get(name, X.indices.nbytes)
            comparisons.append(Comparison(stage, name, ulp, bound, seconds[stage], n_bytes_of_X))
    comparisons.sort(key=lambda comparison: list(tolerated).index(comparison.stage))
    return EquivalenceReport(tuple(comparisons))


def _results(X: Any, W: Array, G: Array) -> dict[str, Array]:
    """Return what the lines of the textbook give; X is whichever of the formats."""
    stepped = W.copy()
    stepped -= LEARNING_RATE * (X.T @ G)
    return {"forward": X @ W, "backward": np.asarray(X.T @ G), "SGD step": stepped}


def _timed(X: Any, W: Array, G: Array) -> dict[str, Callable[[], object]]:
    """Return the same lines to be timed. A `RowGradient` must form its sums too, or it would have done nothing yet."""
    stepped = W.copy()

    def backward() -> None:
        dW = X.T @ G
        if isinstance(dW, RowGradient):
            dW.coalesce()

    def step() -> None:
        nonlocal stepped
        stepped -= LEARNING_RATE * (X.T @ G)

    return {"forward": lambda: X @ W, "backward": backward, "SGD step": step}


@contextmanager
def _backend(name: str) -> Iterator[None]:
    before = kernels.get_backend()
    kernels.set_backend(name)
    try:
        yield
    finally:
        kernels.set_backend(before)


def _seconds_of(run: Callable[[], object]) -> float:
    """Return the best time of one call, of as many as fit into `SECONDS_PER_TIMING`, after one that warms up."""
    run()
    best, end = float("inf"), time.perf_counter() + SECONDS_PER_TIMING
    while best == float("inf") or time.perf_counter() < end:  # one at least, however busy the machine is
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best
