"""When to stop training: rules that read the history, one record an epoch.

A rule is a function of the history: it returns the reason to stop, or None. ``rule1 | rule2`` stops when either does.
Rules keep no state, so one object serves any number of fits; only `classifiers.ctrl_c.CtrlC` has some: whether it was
pressed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeAlias

__all__ = [
    "AnyOf",
    "DivergenceError",
    "EpochRecord",
    "GradientNorm",
    "History",
    "LossChange",
    "MaxEpochs",
    "StoppingRule",
    "ValidationLoss",
    "check_divergence",
    "check_start",
]


@dataclass(frozen=True)
class EpochRecord:
    """What is known after an epoch, or after an iteration of L-BFGS.

    Attributes
    ----------
    epoch : int
        Counted from 1 in each `fit`; `partial_fit` counts on.
    loss, accuracy : float
        Mean cross-entropy in nats, without the penalty, and fraction correct on the training data, both weighted: for
        minibatch solvers as the batches were met, each before its step.
    val_loss, val_accuracy : float or None
        The same on validation data, after the epoch.
    gradient_norms : tuple of float
        Euclidean norm of the gradient of each layer, input layer first: of the loss on the first batch of the epoch,
        or for L-BFGS of the whole objective.
    learning_rate : float or None
        In this epoch; None for L-BFGS.
    seconds : float
        Time that the epoch took.
    n_rows : int
        Rows that the epoch went over; for L-BFGS, those left after duplicates became weights.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    gradient_norms: tuple[float, ...]
    learning_rate: float | None
    seconds: float
    n_rows: int = 0

    def __str__(self) -> str:
        validation = "" if self.val_loss is None else f"  val_loss {self.val_loss:.4f}  val_acc {self.val_accuracy:.4f}"
        return f"epoch {self.epoch:4d}  loss {self.loss:.4f}  acc {self.accuracy:.4f}{validation}  {self.seconds:.2f} s"


History: TypeAlias = Sequence[EpochRecord]  # what a rule is asked about


class DivergenceError(FloatingPointError):
    """The loss became NaN or infinite, or rose out of bounds."""


class StoppingRule(ABC):
    """Base of the rules; a subclass is called with the history of this fit and returns the reason to stop, or None.

    Attributes
    ----------
    restores_best : bool
        Whether the weights of the epoch with the lowest validation loss come back in the end.

    Examples
    --------
    >>> class GoodEnough(StoppingRule):
    ...     def __call__(self, history):
    ...         return "good enough" if history and history[-1].loss < 0.1 else None
    >>> GoodEnough()([]) is None
    True
    >>> rule = GoodEnough() | MaxEpochs(100)
    """

    restores_best = False

    @abstractmethod
    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None. It is asked before the first epoch too, with an empty history."""

    def __or__(self, other: StoppingRule) -> AnyOf:
        if not isinstance(other, StoppingRule):
            raise TypeError(f"{other!r} is not a stopping rule; subclass StoppingRule and put the function in __call__")
        return AnyOf((self, other))


@dataclass(frozen=True)
class AnyOf(StoppingRule):
    """Stop as soon as one of the rules says so; the first to say so gives the reason. ``rule1 | rule2`` is one.

    Examples
    --------
    >>> (MaxEpochs(5) | MaxEpochs(0))([])
    'reached 0 epochs'
    """

    rules: tuple[StoppingRule, ...]

    @property
    def restores_best(self) -> bool:  # type: ignore[override]  # a property in place of a class attribute
        """Whether one of the rules does."""
        return any(rule.restores_best for rule in self.rules)

    def __call__(self, history: History, /) -> str | None:
        """Return the first reason, or None; raise TypeError for what is neither."""
        for rule in self.rules:
            reason: Any = rule(history)
            if isinstance(reason, str):
                return reason
            if reason is not None:
                raise TypeError(f"{rule!r} returned {reason!r}; a rule returns the reason to stop, a string, or None")
        return None


@dataclass(frozen=True)
class MaxEpochs(StoppingRule):
    """Stop after `n` epochs (iterations, for L-BFGS).

    Raises ValueError unless n is an integer, not negative.

    Examples
    --------
    >>> MaxEpochs(0)([])
    'reached 0 epochs'
    """

    n: int

    def __post_init__(self) -> None:
        """Raise for what is not a number of epochs."""
        _check_whole(self, "n", 0)

    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None."""
        return f"reached {self.n} epochs" if len(history) >= self.n else None


@dataclass(frozen=True)
class GradientNorm(StoppingRule):
    """Stop when the norm of all layers' gradients falls below `epsilon`.

    For L-BFGS that is the objective's gradient, which vanishes at the optimum. For minibatch solvers it is that of the
    loss on the first batch of the epoch, which is noisy and does not count the penalty: choose `epsilon` accordingly.

    Raises ValueError unless epsilon is a number, finite and not negative.

    Examples
    --------
    >>> record = EpochRecord(1, 0.5, 0.9, None, None, (0.003, 0.004), 0.1, 0.0)
    >>> GradientNorm(0.01)([record])
    'gradient norm 0.005 is below 0.01'
    """

    epsilon: float

    def __post_init__(self) -> None:
        """Raise for what no norm can fall below."""
        _check_not_negative(self, "epsilon")

    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None."""
        if not history:
            return None
        norm = math.hypot(*history[-1].gradient_norms)
        return f"gradient norm {norm:.3g} is below {self.epsilon:g}" if norm < self.epsilon else None


@dataclass(frozen=True)
class LossChange(StoppingRule):
    """Stop when the training loss has not come down by `tol`, all in all, for `patience` epochs.

    Raises ValueError unless tol is finite and not negative, and patience an integer of at least 1.

    Examples
    --------
    >>> history = [EpochRecord(k, loss, 0.9, None, None, (), 0.1, 0.0) for k, loss in enumerate([0.5, 0.4, 0.4, 0.4])]
    >>> LossChange(0.01, patience=2)(history)
    'training loss did not improve by 0.01 in 2 epochs'
    """

    tol: float
    patience: int = 10

    def __post_init__(self) -> None:
        """Raise for what would stop at once, or never."""
        _check_not_negative(self, "tol")
        _check_whole(self, "patience", 1)

    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None."""
        waited = _epochs_without_improvement([record.loss for record in history], self.tol)
        if waited < self.patience:
            return None
        return f"training loss did not improve by {self.tol:g} in {self.patience} epochs"


@dataclass(frozen=True)
class ValidationLoss(StoppingRule):
    """Stop when the validation loss has not come down by `tol` for `patience` epochs; the best weights are restored.

    Raises ValueError unless tol is finite and not negative, and patience an integer of at least 1; and in training
    where there are no validation data.

    Examples
    --------
    >>> history = [EpochRecord(k, 0.1, 0.9, val_loss, 0.8, (), 0.1, 0.0) for k, val_loss in enumerate([0.5, 0.6, 0.7])]
    >>> ValidationLoss(patience=2)(history)
    'validation loss did not improve by 0 in 2 epochs'
    """

    patience: int = 10
    tol: float = 0.0

    restores_best = True

    def __post_init__(self) -> None:
        """Raise for what would stop at once, or never."""
        _check_not_negative(self, "tol")
        _check_whole(self, "patience", 1)

    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None."""
        losses = [record.val_loss for record in history if record.val_loss is not None]
        if len(losses) < len(history):
            raise ValueError("ValidationLoss needs validation data: pass X_val and y_val, or early_stopping=True")
        if _epochs_without_improvement(losses, self.tol) < self.patience:
            return None
        return f"validation loss did not improve by {self.tol:g} in {self.patience} epochs"


def _check_whole(rule: StoppingRule, name: str, low: int) -> None:
    value: Any = getattr(rule, name)
    is_whole = isinstance(value, Integral)
    if not (is_whole and value >= low):
        raise ValueError(f"{type(rule).__name__}: {name}={value!r} must be an integer in [{low}, inf)")


def _check_not_negative(rule: StoppingRule, name: str) -> None:
    value: Any = getattr(rule, name)
    is_number = isinstance(value, Real)
    if not (is_number and 0 <= value < math.inf):
        raise ValueError(f"{type(rule).__name__}: {name}={value!r} must be a number in [0, inf)")


def _epochs_without_improvement(losses: Sequence[float], tol: float) -> int:
    best, waited = math.inf, 0
    for loss in losses:
        if loss < best - tol:
            best, waited = loss, 0
        else:  # smaller steps count once they add up to tol
            waited += 1
    return waited


def check_start(loss: float) -> None:
    """Raise `DivergenceError` if the loss is not finite before the first step, which no learning rate can mend."""
    if not math.isfinite(loss):
        raise DivergenceError(
            f"the loss is {loss} before the first step: look at the activation, the initializer and X"
        )


def check_divergence(history: History, learning_rate: float | None) -> None:
    """Raise `DivergenceError` if the last loss is not finite or far above where training began.

    From the second epoch on, the bound is 1000 times the first loss, or 1000 where that is below 1. The first epoch has
    nothing to be compared with: its bound is a million, or for L-BFGS (no `learning_rate`), which never climbs, none.
    """
    last, is_first = history[-1], len(history) == 1
    bound = 1e3 * max(history[0].loss, 1.0)
    if is_first:
        bound = 1e6 if learning_rate is not None else math.nextafter(math.inf, 0)
    if last.loss <= bound:
        return
    advice = f"; try learning_rate={learning_rate / 10:g}, a tenth of the present one" if learning_rate else ""
    if is_first:
        advice += "; columns of X should be scaled to about 1"
    raise DivergenceError(f"training diverged in epoch {last.epoch}: the loss is {last.loss}{advice}")
