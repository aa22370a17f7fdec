"""The full-batch solver: L-BFGS on the whole objective, in float64.

    objective(W, b) = mean cross-entropy + alpha / 2 * sum of all W^2

SciPy's L-BFGS-B does the optimisation (Byrd, Lu, Nocedal and Zhu, 1995); this file lays the parameters end to end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from classifiers._scaled_table import ScaledTable
from classifiers._threads import one_blas_thread
from classifiers.dataset import Dataset
from classifiers.full_batch import FullBatch
from classifiers.gradient_flow import GradientFlowMonitor
from classifiers.network import Gradients, Network
from classifiers.stopping import EpochRecord, StoppingRule, check_divergence, check_start

__all__ = ["add_penalty", "fit_lbfgs"]

Array = npt.NDArray[Any]
FLAT = 64 * np.finfo(np.float64).eps  # relative change of the objective that rounding alone could make
EVALUATIONS = 20  # an iteration, at most, on average


def fit_lbfgs(
    network: Network,
    data: Dataset,
    *,
    alpha: float,
    max_iter: int,
    tol: float,
    stopping: StoppingRule,
    validation: Dataset | None = None,
    report: Callable[[EpochRecord], None] = lambda record: None,
) -> tuple[list[EpochRecord], str, bool]:
    """Fit `network` in place; return the history, one record an iteration, the reason to stop, and whether converged.

    Converged means that no component of the gradient exceeds `tol`, that the objective no longer falls in float64, or
    that `stopping` says so.
    """
    at_once = stopping([])
    if at_once is not None or max_iter == 0:
        return [], at_once or "reached 0 iterations", at_once is not None
    theta = np.concatenate([np.asarray(p, np.float64).ravel() for p in network.parameters])
    dtheta = np.empty_like(theta)
    shapes = [p.shape for p in network.parameters]
    parameters, derivatives = _views(theta, shapes), _views(dtheta, shapes)
    n_layers = len(network.weights)
    work = Network(parameters[:n_layers], parameters[n_layers:], network.activation)
    gradients = Gradients(derivatives[:n_layers], derivatives[n_layers:])
    full_batch = FullBatch(data)
    validation = None if validation is None else validation.astype(np.float64)

    history: list[EpochRecord] = []
    latest: dict[str, Any] = {}
    best: tuple[float, Array] | None = None
    reason: str | None = None
    watch = GradientFlowMonitor()
    clock = time.perf_counter()

    def objective(at: Array) -> tuple[float, Array]:
        theta[...] = at
        dtheta[...] = 0
        loss, accuracy = full_batch.add_gradients(work, gradients.parameters)
        penalty = add_penalty(work.weights, gradients.weights, alpha)
        if not latest:
            check_start(loss if np.isfinite(dtheta).all() else math.nan)
        latest.update(loss=loss, accuracy=accuracy, gradient_norms=gradients.norms())
        return loss + penalty, dtheta.copy()

    def after_iteration(xk: Array) -> None:  # SciPy tells by the name how to call it
        nonlocal best, reason, clock
        val_loss = val_accuracy = None
        if validation is not None:
            theta[...] = xk
            val_loss, val_accuracy = work.evaluate(*validation)
        now = time.perf_counter()
        epoch, seconds, clock = len(history) + 1, now - clock, now
        validated: dict[str, Any] = {"val_loss": val_loss, "val_accuracy": val_accuracy}
        record = EpochRecord(
            epoch, **latest, **validated, learning_rate=None, seconds=seconds, n_rows=full_batch.n_rows
        )
        history.append(record)
        report(record)
        check_divergence(history, None)
        watch(record)
        if stopping.restores_best and val_loss is not None and (best is None or val_loss < best[0]):
            best = val_loss, xk.copy()
        reason = stopping(history)
        if reason is not None:
            raise StopIteration

    with one_blas_thread:
        result = optimize.minimize(
            objective,
            theta.copy(),
            jac=True,
            method="L-BFGS-B",
            callback=after_iteration,
            options={"maxiter": max_iter, "maxfun": EVALUATIONS * max_iter, "gtol": tol, "ftol": FLAT, "maxls": 50},
        )
    theta[...] = result.x if best is None else best[1]
    network.weights = [_like(W, old) for W, old in zip(work.weights, network.weights, strict=True)]
    network.biases = [b.astype(old.dtype) for b, old in zip(work.biases, network.biases, strict=True)]
    return history, reason or _reason(result, tol, max_iter), bool(result.success) or reason is not None


def add_penalty(weights: list[Array], gradients: list[Array], alpha: float) -> float:
    """Add the gradient of alpha / 2 * sum of all W^2, which is alpha * W, to arrays; return the penalty."""
    penalty = 0.0
    for W, dW in zip(weights, gradients, strict=True):
        penalty += alpha / 2 * float(np.vdot(W, W))
        dW += alpha * W
    return penalty


def _reason(result: Any, tol: float, max_iter: int) -> str:
    """Return why SciPy stopped, in words that do not depend on its version."""
    if result.success:
        is_flat = np.abs(result.jac).max() > tol
        return "the objective no longer falls" if is_flat else f"no component of the gradient exceeds {tol:g}"
    if result.nit == max_iter:
        return f"reached {max_iter} iterations"
    many = result.nfev > EVALUATIONS * max_iter
    return f"evaluated the objective {result.nfev} times" if many else "the line search found no lower point"


def _like(W: Array, old: Any) -> Any:
    return ScaledTable(W.astype(old.dtype)) if isinstance(old, ScaledTable) else W.astype(old.dtype)


def _views(theta: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """Return arrays of these shapes that are consecutive parts of theta."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends), shapes, strict=True)]
