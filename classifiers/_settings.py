"""What an estimator's parameters mean for its training: their bounds, its optimizer and its stopping rule."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from classifiers.optimizers import Optimizer, get_optimizer
from classifiers.reading.policies import check_policies
from classifiers.schedules import Schedule, get_schedule
from classifiers.stopping import AnyOf, LossChange, StoppingRule, ValidationLoss

__all__ = ["Settings"]

LARGEST = float(np.finfo(np.float64).max)  # an integer may be larger and yet not infinite


class Settings(BaseEstimator):
    """The side of an estimator that its constructor fills; nothing here is learned."""

    if TYPE_CHECKING:
        solver: Any
        alpha: float
        learning_rate: float
        momentum: float
        schedule: Any
        batch_size: int
        max_iter: int
        tol: float
        early_stopping: bool
        validation_fraction: float
        n_iter_no_change: int
        stopping: StoppingRule | None
        class_weight: Any
        warm_start: bool
        random_state: Any
        verbose: int

        handle_unknown: str
        handle_missing: str
        dtype: Any

    def _stopping_rule(self) -> StoppingRule:
        """Return the rule that the parameters describe, beside `max_iter`."""
        if self.stopping is not None:
            return AnyOf((self.stopping,))  # which checks what it returns
        if self.early_stopping:
            return ValidationLoss(patience=self.n_iter_no_change, tol=self.tol)
        if self.solver == "lbfgs":
            return AnyOf(())  # its own criteria are enough
        return LossChange(tol=self.tol, patience=self.n_iter_no_change)

    def _new_optimizer(self) -> Optimizer:
        return get_optimizer(
            self.solver, learning_rate=self.learning_rate, momentum=self.momentum, weight_decay=self.alpha
        )

    def _new_schedule(self) -> Schedule:
        return get_schedule(self.schedule, max_iter=max(self.max_iter, 1))

    def _base_learning_rate(self) -> float:
        return float(self.solver.learning_rate if isinstance(self.solver, Optimizer) else self.learning_rate)

    def _check_parameters(self) -> None:
        """Raise for the first parameter that has no meaning."""
        bounds: list[tuple[str, Any, float, float]] = [
            ("alpha", Real, 0, np.inf),
            ("learning_rate", Real, 0, np.inf),
            ("momentum", Real, 0, 1),
            ("batch_size", Integral, 1, np.inf),
            ("max_iter", Integral, 0, np.inf),
            ("tol", Real, 0, np.inf),
            ("n_iter_no_change", Integral, 1, np.inf),
            ("validation_fraction", Real, 0, 1),
        ]
        for name, kind, low, high in bounds:
            value = getattr(self, name)
            is_in_bounds = isinstance(value, kind) and low <= value < high and not isinstance(value, bool)
            if not is_in_bounds or (isinstance(value, int) and value > LARGEST):
                sort = "a number" if kind is Real else "an integer"
                raise ValueError(f"{name}={value!r} must be {sort} in [{low}, {high})")
        if self._base_learning_rate() == 0:
            raise ValueError("learning_rate=0 must be positive: at 0 nothing is learned")
        for name in ("early_stopping", "standardize", "warm_start"):
            if not isinstance(value := getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name}={value!r} must be True or False")
        if not isinstance(self.verbose, Integral) or int(self.verbose) < 0:
            raise ValueError(f"verbose={self.verbose!r} must be 0, 1, 2 or more")
        check_policies(self.handle_unknown, self.handle_missing)
        if not _is_float_type(self.dtype):
            raise ValueError(f"dtype={self.dtype!r} must be numpy.float32 or numpy.float64")
        if not isinstance(self.stopping, StoppingRule | None):
            raise ValueError(
                f"stopping={self.stopping!r} must be a rule of classifiers.stopping, like LossChange(1e-4)"
            )
        self._new_schedule()
        weights = self.class_weight
        if not (weights is None or isinstance(weights, dict) or (isinstance(weights, str) and weights == "balanced")):
            raise ValueError(f"class_weight={weights!r} must be None, 'balanced', or a dict from classes to weights")
        if self.solver != "lbfgs":
            self._new_optimizer()


def _is_float_type(dtype: Any) -> bool:
    try:
        return dtype is not None and np.dtype(dtype) in (np.float32, np.float64)
    except TypeError:
        return False
