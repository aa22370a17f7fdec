"""Is the gradient the derivative of the objective? Central differences tell.

    (F(θ + h v) - F(θ - h v)) / 2h  =  ⟨∇F(θ), v⟩ + O(h²),      F = mean cross-entropy + alpha/2 ‖W‖²

The left side needs nothing but forward passes, the right side is what training uses. In float64 and with h = ε^(1/3),
about 6e-6, truncation and rounding balance at some 1e-10 (Nocedal and Wright, "Numerical Optimization", 2006, §8.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers.dataset import Dataset
from classifiers.design_matrix import DenseMatrix, DesignMatrix, SparseMatrix
from classifiers.lbfgs import add_penalty
from classifiers.losses import sample_nll
from classifiers.mixed_matrix import MixedMatrix
from classifiers.network import Network
from onehot import OneHot, OneHotError

__all__ = ["GradientCheck", "GradientReport", "gradient_check"]

Array = npt.NDArray[Any]
EPSILON = float(np.finfo(np.float64).eps)
STEPS = [EPSILON ** (1 / 3) / shrink for shrink in (1, 10, 100)]
NOISE = 0.01
N_DIRECTIONS = 8
LARGEST_DENSE = 10**7


@dataclass(frozen=True)
class GradientCheck:
    """One parameter in one format of X, at the entry, or along the direction, where both derivatives differ most.

    Attributes
    ----------
    format : {"OneHot", "mixed", "dense", "sparse"}
    parameter : str
        Like ``"coefs_[0]"``.
    where : str
        The entry, or "random direction".
    numeric, analytic : float
        The two derivatives there.
    error : float
        ``|numeric - analytic| / max(|numeric|, |analytic|, floor)``, see `gradient_check`.
    """

    format: str
    parameter: str
    where: str
    numeric: float
    analytic: float
    error: float


@dataclass(frozen=True)
class GradientReport:
    """What `gradient_check` found; ``str`` makes it a table.

    Attributes
    ----------
    checks : tuple of GradientCheck
        One per format and parameter.
    skipped : tuple of str
        Formats that X cannot be converted to, and why.
    tolerance : float
    ok : bool
        Whether no error exceeds the tolerance.
    """

    checks: tuple[GradientCheck, ...]
    skipped: tuple[str, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether no error exceeds the tolerance; a NaN does."""
        return all(check.error <= self.tolerance for check in self.checks)

    def __str__(self) -> str:
        lines = [f"{'format':8}{'parameter':16}{'error':>9}  {'numeric':>13}{'analytic':>14}  at"]
        for c in self.checks:
            verdict = "" if c.error <= self.tolerance else "   WRONG"
            lines.append(
                f"{c.format:8}{c.parameter:16}{c.error:9.1e}  {c.numeric:13.6e}{c.analytic:14.6e}  {c.where}{verdict}"
            )
        lines += self.skipped
        lines.append(f"{'every gradient is right' if self.ok else 'a gradient is wrong'}: tolerance {self.tolerance:g}")
        return "\n".join(lines)


def gradient_check(
    model: CategoricalClassifier,
    X: Any,
    y: npt.ArrayLike,
    *,
    tolerance: float = 1e-5,
    max_parameters: int = 2000,
    seed: int = 0,
) -> GradientReport:
    """Hold the gradient by backpropagation to central differences, in float64, for every format X can have.

    Parameters
    ----------
    model : SoftmaxRegression or MLPClassifier
        Fitted, or else a clone is initialised on these data; `model` itself is not changed. The gradient is checked
        beside its weights, moved by normal noise of 0.01: zeros, where the penalty has no slope, and minima, which
        often lie on kinks of the ReLU, tell less.
    X, y : as for `fit`
        Some ten to a hundred rows are enough; the cost is two forward passes per parameter and format.
    tolerance : float
        Of the relative error.
    max_parameters : int
        Up to this many parameters in all every single one is checked; beyond, each layer's weights and each bias
        along 8 random directions.
    seed : int
        Of the noise and the directions.

    Returns
    -------
    GradientReport
        ``report.ok``, and a table by ``str``.

    Raises
    ------
    ValueError
        If X or y do not fit to the model, the tolerance is not positive, the loss is not finite, or the activation
        rounds to another type than float64: then there are no differences to tell.

    Notes
    -----
    The error is ``|numeric - analytic| / max(|numeric|, |analytic|, floor)``. The floor is what rounding of F alone
    makes uncertain, divided by the tolerance, so that a derivative of 1e-12 is not asked for digits that differences do
    not have. A good error is below 1e-6; 1e-2 and more is a wrong derivative. In between stand kinks: where a sample is
    within h of the kink of a ReLU, the slopes of the two sides differ and the difference takes their mean. Where that
    could explain an error, h is made 10 and 100 times smaller, which leaves a kink behind and a wrong derivative where
    it is.

    The numeric side is an implementation of its own, `classifiers.losses.sample_nll`, not the kernel of the training.

    Examples
    --------
    >>> from classifiers import MLPClassifier
    >>> codes, y = [[0, 1], [1, 0], [2, 1]], [0, 1, 1]
    >>> report = gradient_check(MLPClassifier((4,), "tanh", random_state=0), codes, y)
    >>> report.ok, len(report.checks)
    (True, 12)
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance={tolerance!r} must be positive: differences are never exact")
    if not hasattr(model, "_network"):
        model = _initialized(model, X, y)
    network = _in_float64(model._network)
    _check_activation(network)
    rng = np.random.default_rng(seed)
    for parameter in network.parameters:
        parameter += NOISE * rng.standard_normal(parameter.shape)
    names = _parameter_names(model)
    every = sum(parameter.size for parameter in network.parameters) <= max_parameters
    data = model._dataset(X, y).astype(np.float64)

    checks, skipped = [], []
    for format, X_or_reason in _formats(data.X, model.n_categories_):
        if isinstance(X_or_reason, str):
            skipped.append(f"{format:8}not checked: {X_or_reason}")
            continue
        differences = _Differences(network, data._replace(X=X_or_reason), float(model.alpha), tolerance)
        for parameter, gradient, name in zip(network.parameters, differences.gradients(), names, strict=True):
            directions = _entries(parameter, name) if every else _random_directions(parameter, seed)
            compared = (
                GradientCheck(format, name, where, *differences.compare(parameter, gradient, v))
                for where, v in directions
            )
            checks.append(max(compared, key=lambda check: np.nan_to_num(check.error, nan=np.inf)))
    return GradientReport(tuple(checks), tuple(skipped), tolerance)


def _initialized(model: CategoricalClassifier, X: Any, y: npt.ArrayLike) -> CategoricalClassifier:
    """Return a clone with the weights that training would start from."""
    check_is_model(model, fitted=False)
    fresh: CategoricalClassifier = clone(model)
    fresh.set_params(solver="sgd", max_iter=0, early_stopping=False, stopping=None)
    return fresh.fit(X, y)


def _in_float64(network: Network) -> Network:
    weights = [np.array(W, np.float64) for W in network.weights]
    return Network(weights, [b.astype(np.float64) for b in network.biases], network.activation)


def _check_activation(network: Network) -> None:
    """Raise where the forward pass would not be in float64."""
    if len(network.weights) > 1 and (dtype := network.activation.forward(np.zeros((1, 1)))[0].dtype) != np.float64:
        raise ValueError(f"{network.activation!r} returns {dtype} for float64, too coarse for differences")


def _parameter_names(model: CategoricalClassifier) -> list[str]:
    """Return the model's names of its network's parameters."""
    if hasattr(model, "coef_"):
        return ["coef_", "intercept_"]
    layers = range(len(model._network.weights))
    return [f"{name}[{layer}]" for name in ("coefs_", "intercepts_") for layer in layers]


def _formats(X: DesignMatrix, n_categories: Any) -> Iterator[tuple[str, DesignMatrix | str]]:
    """Yield the name of each format with X in that format, or with the reason why X cannot be converted to it."""
    csr = X.tocsr()
    if isinstance(X, MixedMatrix):
        yield "mixed", X
    try:
        codes = X if isinstance(X, OneHot) else OneHot.from_sparse(csr, n_categories, missing="zero", dtype=np.float64)
        yield "OneHot", codes
    except OneHotError as error:
        yield "OneHot", f"X is not one-hot ({error})"
    n, V = X.shape
    if n * V > LARGEST_DENSE:
        yield "dense", f"{n} x {V} numbers are too many"
    else:
        yield "dense", X if isinstance(X, DenseMatrix) else DenseMatrix(csr.toarray())
    yield "sparse", X if isinstance(X, SparseMatrix) else SparseMatrix(csr)


class _Differences:
    """F of a network on data, its gradient, and its differences."""

    def __init__(self, network: Network, data: Dataset, alpha: float, tolerance: float) -> None:
        self.network, self.data, self.alpha, self.tolerance = network, data, alpha, tolerance
        Z = network.logits(data.X)
        self.here = self.objective()
        if not math.isfinite(self.here):
            raise ValueError(f"the objective is {self.here} here: look at the activation, the initializer and X")
        self.rounding = 4 * EPSILON * (abs(self.here) + float(np.abs(Z).max()))

    def objective(self) -> float:
        """Return F."""
        X, y, weight = self.data
        nll = sample_nll(self.network.logits(X), y)
        penalty = self.alpha / 2 * sum(float(np.sum(np.square(W))) for W in self.network.weights)
        return float(np.mean(nll if weight is None else weight * nll)) + penalty

    def gradients(self) -> list[Array]:
        """Return the gradient of F as training makes it, an array per parameter."""
        _, _, (weights, biases) = self.network.loss_and_gradients(*self.data)
        weights = [np.array(dW) for dW in weights]
        add_penalty(self.network.weights, weights, self.alpha)
        return [*weights, *biases]

    def compare(self, parameter: Array, gradient: Array, v: Array) -> tuple[float, float, float]:
        """Return the slope along v by differences and by the gradient, and the relative error."""
        along = v != 0  # elsewhere even a NaN is of no concern
        analytic = float(np.vdot(gradient[along], v[along]))
        start = parameter.copy()
        for h in STEPS:
            parameter[...] = start + h * v
            forward = self.objective() - self.here
            parameter[...] = start - h * v
            backward = self.here - self.objective()
            parameter[...] = start
            numeric = (forward + backward) / (2 * h)
            difference = abs(numeric - analytic)
            error = difference / max(abs(numeric), abs(analytic), self.rounding / h / self.tolerance)
            could_be_a_kink = difference <= abs(forward - backward) / h
            if error <= self.tolerance or not could_be_a_kink:
                break
        return numeric, analytic, error


def _entries(parameter: Array, name: str) -> Iterator[tuple[str, Array]]:
    """Yield the name and the unit vector of every entry: one array, changed between."""
    v = np.zeros_like(parameter)
    for index in np.ndindex(v.shape):
        v[index] = 1
        yield str([*(index[::-1] if name == "coef_" else index)]), v  # coef_ is (K, V), the network's weights (V, K)
        v[index] = 0


def _random_directions(parameter: Array, seed: int) -> Iterator[tuple[str, Array]]:
    rng = np.random.default_rng(seed)  # the same directions for every format, so that their lines compare
    for _ in range(N_DIRECTIONS):
        yield "random direction", rng.standard_normal(parameter.shape)
