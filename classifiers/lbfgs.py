"""The full-batch solver: L-BFGS on the whole objective, in float64.

    objective(W, b) = mean cross-entropy + alpha / 2 * sum of all W^2

SciPy's L-BFGS-B does the optimisation (Byrd, Lu, Nocedal and Zhu, 1995); this file lays the parameters end to end.

L-BFGS begins as if the objective were curved alike in all directions, and needs many iterations to learn better. But a
category that one sample in a thousand has is curved a thousandth as much as a bias: where W = 0 and the biases give
each class k its share p_k, the second derivative by W_vk is

    p_k (1 - p_k) mean_i x_iv^2 + alpha,        and by b_k it is p_k (1 - p_k).

So row v of the first layer is optimised in units of s_v,

    W_v = s_v U_v,        s_v^2 = kappa / (kappa mean_i x_iv^2 + alpha),        kappa = mean_k p_k (1 - p_k),

in which it is curved about as the biases are: diagonal scaling (Nocedal and Wright, "Numerical Optimization", 2006,
section 2.2). The gradient by U_v is s_v times that by W_v, so that `tol` counts rare categories for as much as others.
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
EVALUATIONS = 20  # of the objective per iteration, on average: SciPy stops beyond


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

    Converged means that no component of the gradient by U and the other parameters exceeds `tol`, that the objective no
    longer falls in float64, or that `stopping` says so. Softmax regression whose W is 0 starts with the biases that are
    best for it, the logarithms of the classes' shares. Raises DivergenceError where the loss is not finite at the start
    or after an iteration.
    """
    at_once = stopping([])
    if at_once is not None or max_iter == 0:
        return [], at_once or "reached 0 iterations", at_once is not None
    objective = _Objective(network, data, alpha)
    validation = None if validation is None else validation.astype(np.float64)
    history: list[EpochRecord] = []
    best: tuple[float, Array] | None = None
    reason: str | None = None
    watch = GradientFlowMonitor()
    clock = time.perf_counter()

    def after_iteration(xk: Array) -> None:  # SciPy tells by the name how to call it
        nonlocal best, reason, clock
        val_loss, val_accuracy = (None, None) if validation is None else objective.network_at(xk).evaluate(*validation)
        now = time.perf_counter()
        seconds, clock = now - clock, now
        record = EpochRecord(
            epoch=len(history) + 1,
            loss=objective.loss,
            accuracy=objective.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            gradient_norms=objective.gradient_norms,
            learning_rate=None,
            seconds=seconds,
            n_rows=objective.full_batch.n_rows,
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
            objective.start(),
            jac=True,
            method="L-BFGS-B",
            callback=after_iteration,
            options={"maxiter": max_iter, "maxfun": EVALUATIONS * max_iter, "gtol": tol, "ftol": FLAT, "maxls": 50},
        )
    fitted = objective.network_at(result.x if best is None else best[1])
    network.weights = [_like(W, old) for W, old in zip(fitted.weights, network.weights, strict=True)]
    network.biases = [b.astype(old.dtype) for b, old in zip(fitted.biases, network.biases, strict=True)]
    return history, reason or _reason(result, tol, max_iter), bool(result.success) or reason is not None


class _Objective:
    """The objective and its gradient as a function of u: all parameters end to end in float64, of the first layer U.

    The arrays of `network` are views of `theta`, those of `gradients` views of `dtheta`. After a call `loss`,
    `accuracy` and `gradient_norms` tell of the network there.
    """

    def __init__(self, network: Network, data: Dataset, alpha: float) -> None:
        shapes = [p.shape for p in network.parameters]
        n_layers = len(network.weights)
        self.theta = np.concatenate([np.asarray(p, np.float64).ravel() for p in network.parameters])
        self.dtheta = np.empty_like(self.theta)
        parameters, derivatives = _views(self.theta, shapes), _views(self.dtheta, shapes)
        self.network = Network(parameters[:n_layers], parameters[n_layers:], network.activation)
        self.gradients = Gradients(derivatives[:n_layers], derivatives[n_layers:])
        self.full_batch = FullBatch(data)
        self.alpha = alpha
        self.has_begun = False
        shares = _class_shares(data, len(network.biases[-1]))
        self.units = _row_units(self.full_batch.mean_squares(), shares, alpha)
        if n_layers == 1 and not self.network.weights[0].any():
            self.network.biases[-1][...] = np.log(shares) - np.log(shares).mean()

    def start(self) -> Array:
        """Return u of the network that the objective was made for."""
        u = self.theta.copy()
        u[: self.network.weights[0].size] = (self.network.weights[0] / self.units).ravel()
        return u

    def __call__(self, u: Array) -> tuple[float, Array]:
        """Return the objective and its gradient."""
        network = self.network_at(u)
        self.dtheta[...] = 0
        self.loss, self.accuracy = self.full_batch.add_gradients(network, self.gradients.parameters)
        penalty = add_penalty(network.weights, self.gradients.weights, self.alpha)
        if not self.has_begun:  # later the line search turns back from what is not finite
            check_start(self.loss if np.isfinite(self.dtheta).all() else math.nan)
            self.has_begun = True
        self.gradient_norms = self.gradients.norms()
        self.gradients.weights[0] *= self.units
        return self.loss + penalty, self.dtheta.copy()

    def network_at(self, u: Array) -> Network:
        """Return the network with these parameters; it is the same object at every call."""
        self.theta[...] = u
        self.network.weights[0] *= self.units
        return self.network


def _class_shares(data: Dataset, K: int) -> Array:
    """Return each class's share of the samples by weight; none is 0, for their logarithms."""
    counts = np.bincount(data.y, data.sample_weight, minlength=K)
    shares: Array = np.maximum(counts / counts.sum(), np.finfo(np.float64).eps)
    return shares


def _row_units(mean_squares: Array, shares: Array, alpha: float) -> Array:
    """Return s, (V, 1); it is 1 for a column of zeros without a penalty, and for numbers whose squares overflow."""
    kappa = np.mean(shares * (1 - shares))
    curvature = mean_squares + alpha / kappa
    curvature[(curvature == 0) | (curvature == np.inf)] = 1
    units: Array = 1 / np.sqrt(curvature)[:, np.newaxis]
    return units


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
