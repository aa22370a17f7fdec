"""Schedules: the learning rate at time t is ``learning_rate * schedule(t)``.

A schedule is a function of the time t ≥ 0, counted in epochs from 0. A fractional t is allowed, so that it serves once
an epoch (t = 0, 1, 2 …) as well as once a step (t = step / steps per epoch). The factor at 0 is 1, save in a warm-up.

================= ========================================================== =====================================
name              factor                                                     source
================= ========================================================== =====================================
constant          1
step              factor^⌊t / every⌋                                         He, Zhang, Ren and Sun 2016
exponential       decay^t
inverse_scaling   (1 + t)^-power                                             Robbins and Monro 1951
cosine            minimum + (1 - minimum) (1 + cos(π t / horizon)) / 2       Loshchilov and Hutter 2017 (SGDR)
warmup_cosine     the same, times a ramp from start to 1                     Goyal et al. 2017
================= ========================================================== =====================================

Stochastic gradient descent forgets its start and averages out its noise where Σ η_t = ∞ and Σ η_t² < ∞ (Robbins and
Monro). Inverse scaling with 1/2 < power ≤ 1 alone meets both; a constant rate keeps its noise, and the others stop
moving: they are for a budget of epochs that is known. Not checked by any schedule: that t is not negative.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "Schedule",
    "Step",
    "WarmUp",
    "factor_at",
    "get_schedule",
]

Schedule = Callable[[float], float]


def _require(schedule: object, name: str, holds: bool, expected: str) -> None:
    if not holds:
        raise ValueError(f"{type(schedule).__name__}: {name}={getattr(schedule, name)!r}; pass {name} {expected}")


@dataclass(frozen=True)
class Constant:
    """The factor 1 at every time.

    >>> Constant()(1000)
    1.0
    """

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        return 1.0


@dataclass(frozen=True)
class Step:
    """factor^⌊t / every⌋: multiply by ``factor`` once in ``every`` epochs (He, Zhang, Ren and Sun 2016).

    Raises ValueError unless every is positive and 0 < factor ≤ 1.

    >>> [Step(every=2, factor=0.5)(t) for t in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    every: float
    factor: float = 0.1

    def __post_init__(self) -> None:
        _require(self, "every", 0 < self.every < math.inf, "> 0, in epochs")
        _require(self, "factor", 0 < self.factor <= 1, "in (0, 1]")

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        return float(self.factor ** math.floor(t / self.every))


@dataclass(frozen=True)
class Exponential:
    """decay^t: lose the same share of the learning rate in each epoch.

    Raises ValueError unless 0 < decay ≤ 1.

    >>> [Exponential(decay=0.5)(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    decay: float

    def __post_init__(self) -> None:
        _require(self, "decay", 0 < self.decay <= 1, "in (0, 1]")

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        return float(self.decay**t)


@dataclass(frozen=True)
class InverseScaling:
    """(1 + t)^-power: with 1/2 < power ≤ 1 the conditions of Robbins and Monro (1951) hold.

    The default 1/2 is the edge, which suits convex losses of unknown curvature (Nemirovski et al. 2009); 1 suits
    strongly convex losses.

    Raises ValueError unless power is positive and finite.

    >>> [InverseScaling(power=1)(t) for t in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        _require(self, "power", 0 < self.power < math.inf, "> 0, best in [0.5, 1]")

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        return float((1 + t) ** -self.power)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 at t = 0 to ``minimum`` at ``horizon``, and ``minimum`` from then on (SGDR, equation 5).

    The last of ``horizon`` epochs begins at t = horizon - 1 and so still learns, even where the minimum is 0.

    Raises ValueError unless horizon is positive and 0 ≤ minimum ≤ 1.

    >>> [round(Cosine(horizon=4)(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    horizon: float
    minimum: float = 0.0

    def __post_init__(self) -> None:
        _require(self, "horizon", 0 < self.horizon < math.inf, "> 0, in epochs, such as max_iter")
        _require(self, "minimum", 0 <= self.minimum <= 1, "in [0, 1], a share of the learning rate")

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        remaining = (1 + math.cos(math.pi * min(t / self.horizon, 1.0))) / 2
        return float(self.minimum + (1 - self.minimum) * remaining)


@dataclass(frozen=True)
class WarmUp:
    """``schedule`` times a ramp that is linear from ``start`` at t = 0 to 1 at t = ``length`` (Goyal et al. 2017).

    The wrapped schedule keeps its own clock, which starts at t = 0 and not after the ramp. The start is positive,
    because at once an epoch a factor 0 would waste the first one.

    Raises ValueError unless length is positive and 0 < start ≤ 1, TypeError where schedule is not callable.

    >>> [WarmUp(Constant(), length=2, start=0.5)(t) for t in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    schedule: Schedule
    length: float
    start: float = 0.1

    def __post_init__(self) -> None:
        if not callable(self.schedule):
            raise TypeError(
                f"WarmUp: schedule={self.schedule!r} is not callable; pass a schedule such as Cosine(horizon)"
            )
        _require(self, "length", 0 < self.length < math.inf, "> 0, in epochs")
        _require(self, "start", 0 < self.start <= 1, "in (0, 1], a share of the learning rate")

    def __call__(self, t: float, /) -> float:
        """Return the factor at time t."""
        ramp = self.start + (1 - self.start) * min(t / self.length, 1.0)
        return float(ramp * self.schedule(t))


def _named(max_iter: int) -> dict[str, Schedule]:
    """Return the schedules that have names, for `max_iter` epochs."""
    return {
        "constant": Constant(),
        "step": Step(every=max_iter / 3),
        "exponential": Exponential(decay=0.01 ** (1 / max_iter)),
        "inverse_scaling": InverseScaling(),
        "cosine": Cosine(max_iter, minimum=0.01),
        "warmup_cosine": WarmUp(Cosine(max_iter, minimum=0.01), length=max_iter / 20),
    }


def get_schedule(schedule: str | Schedule, /, *, max_iter: int) -> Schedule:
    """Return the schedule of that name for ``max_iter`` epochs, and a callable as it is.

    ================= ============================================= =================================================
    name              schedule                                      because
    ================= ============================================= =================================================
    constant          Constant()
    step              Step(every=max_iter / 3, factor=0.1)          1, 0.1, 0.01: a third of the epochs each
    exponential       Exponential(decay=0.01^(1 / max_iter))        0.01 at the end, as the others
    inverse_scaling   InverseScaling(power=0.5)                     does not depend on max_iter
    cosine            Cosine(max_iter, minimum=0.01)                never 0: training may go on by ``partial_fit``
    warmup_cosine     WarmUp(the same, length=max_iter / 20)        5 epochs of 90 in Goyal et al.
    ================= ============================================= =================================================

    Raises ValueError for an unknown name and for a max_iter that is not positive, TypeError for an object that is not
    callable.

    >>> get_schedule("step", max_iter=30)
    Step(every=10.0, factor=0.1)
    """
    if isinstance(schedule, str):
        if max_iter < 1:
            raise ValueError(f"max_iter={max_iter!r} is not positive; pass the number of epochs")
        schedules = _named(max_iter)
        if schedule not in schedules:
            raise ValueError(f"schedule {schedule!r} is not one of {', '.join(schedules)}")
        return schedules[schedule]
    if isinstance(schedule, type) or not callable(schedule):
        raise TypeError(
            f"schedule {schedule!r} is not a function of time; pass a name, or an object such as Step(every=10)"
        )
    return schedule


def factor_at(schedule: Schedule, t: int) -> float:
    """Return the factor at time t; raise ValueError where a callable of your own returns none.

    >>> factor_at(lambda t: -1, 3)
    Traceback (most recent call last):
        ...
    ValueError: the schedule returned -1 at epoch 3; it must return a finite number that is not negative
    """
    factor: Any = schedule(t)
    is_number = isinstance(factor, Real)
    if not (is_number and 0 <= factor < math.inf):
        raise ValueError(
            f"the schedule returned {factor!r} at epoch {t}; it must return a finite number that is not negative"
        )
    return float(factor)
