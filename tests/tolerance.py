"""Where every tolerance in the tests comes from.

A sum of k floating-point numbers or products, added in any order, is off by at most γ_k · Σ|x_i|, where
γ_k = k·u / (1 − k·u) and u is the unit roundoff (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed.,
sections 3.1 and 4.2). Here eps = 2u stands in for u, so that one bound covers two results that were both rounded:
|actual − expected| <= γ_k · scale, with scale >= Σ|x_i|.
"""

import numpy as np
import numpy.typing as npt


def gamma(terms: int, dtype: npt.DTypeLike) -> float:
    """Return k·eps / (1 − k·eps), the relative error of a sum of k = ``terms`` numbers of ``dtype``."""
    k_eps = terms * float(np.finfo(dtype).eps)
    if not 0 <= k_eps < 1:
        raise ValueError(f"a chain of {terms} roundings in {np.dtype(dtype)} leaves no correct digit to compare")
    return k_eps / (1 - k_eps)


def assert_close(
    actual: npt.ArrayLike,
    expected: npt.ArrayLike,
    dtype: npt.DTypeLike | None = None,
    *,
    scale: npt.ArrayLike | None = None,
    terms: int = 1,
) -> None:
    """Assert that two results differ by no more than the rounding of ``terms`` operations in ``dtype`` explains.

    Parameters
    ----------
    actual, expected
        Of the same shape; nothing is broadcast. NaN equals NaN, and an infinity equals itself only.
    dtype
        The precision of the computation: the coarser of both dtypes unless given. Say it where the computation was
        coarser than its result, as with a float32 loss that is returned as a Python float.
    scale
        A bound on Σ|x_i|, the summed magnitudes behind each result: a number, or an array that broadcasts to the
        result, such as ``abs(X) @ abs(W)`` for ``X @ W``. It must be given where terms cancel. By default it is the
        largest finite ``abs(expected)``, right where the result is as large as what it was made from; never a
        constant such as 1, which would let any gradient of 1e-8 pass.
    terms
        The roundings behind one result: the terms of its sum, times the steps where such sums follow each other.

    Underflow is granted one smallest subnormal a term, since hypothesis finds it.
    """
    a, e = np.asarray(actual), np.asarray(expected)
    if a.shape != e.shape:
        raise AssertionError(f"shape {a.shape}, expected {e.shape}")
    if dtype is None:
        inexact = [x.dtype for x in (a, e) if np.issubdtype(x.dtype, np.inexact)]
        dtype = max(inexact, key=lambda t: np.finfo(t).eps, default=np.dtype(np.float64))
    a, e = a.astype(np.float64), e.astype(np.float64)
    finite = np.isfinite(e)
    if scale is None:
        scale = np.abs(e).max(initial=0.0, where=finite)
    bound = np.broadcast_to(np.asarray(scale, np.float64), e.shape)
    if not np.isfinite(bound[finite]).all():
        raise ValueError("scale is not finite where the expected value is: nothing would be compared")
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(a - e)
        allowed = gamma(terms, dtype) * bound + terms * float(np.finfo(dtype).smallest_subnormal)
        good = np.where(finite, error <= allowed, (a == e) | (np.isnan(a) & np.isnan(e)))
    if not good.all():
        raise AssertionError(_report(a, e, error, allowed, good, f"{terms} rounding(s) in {np.dtype(dtype)}"))


def _report(a: npt.NDArray[np.float64], e: npt.NDArray[np.float64], error, allowed, good, allowance: str) -> str:
    excess = np.where(good, -np.inf, np.nan_to_num(error - allowed, nan=np.inf))
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(excess), a.shape))
    return (
        f"{np.count_nonzero(~good)} of {a.size} differ by more than {allowance}; the worst, at {worst}: "
        f"actual {a[worst]!r}, expected {e[worst]!r}, difference {error[worst]:.3g}, allowed {allowed[worst]:.3g}"
    )
