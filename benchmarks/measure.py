"""Two sides of a ratio: that they agree, and how their times compare."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

SECONDS_PER_TURN = 0.02
TURNS = 9


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Return the median over several turns of our best time over theirs, to three digits.

    They take turns, so that a busy machine slows both.
    """
    ours(), theirs()
    return float(f"{np.median([_best(ours) / _best(theirs) for _ in range(TURNS)]):.3g}")


def _best(run: Callable[[], object]) -> float:
    best, end = float("inf"), time.perf_counter() + SECONDS_PER_TURN
    while (start := time.perf_counter()) < end:
        run()
        best = min(best, time.perf_counter() - start)
    return best


def assert_agree(ours: npt.NDArray[Any], theirs: npt.NDArray[Any], *, terms: int) -> None:
    """Assert that results differ by no more than sums of so many terms, added in another order, may."""
    scale = float(np.abs(theirs).max())
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=terms * float(np.finfo(theirs.dtype).eps) * scale)
