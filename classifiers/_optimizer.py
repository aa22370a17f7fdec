"""What all optimizers share: decay, the state of each parameter, and steps for arrays and for rows.

A subclass says what to subtract from a parameter whose gradient is g: see `optimizers` for the formulas.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers import _aligned_arrays
from onehot import RowGradient, get_backend

__all__ = ["Array", "Bounds", "Optimizer", "State"]

Array: TypeAlias = npt.NDArray[Any]
State: TypeAlias = dict[str, Array]
Bounds: TypeAlias = dict[str, tuple[float, float]]  # low <= setting < high
GRADIENTS = (np.ndarray, RowGradient)


@dataclass
class Optimizer(ABC):
    """Base of the optimizers: settings, and the state of each parameter.

    One of your own is a dataclass that names its arrays of state in `state_names` and has an `update`.

    Parameters
    ----------
    learning_rate : float
        lr, not negative.
    weight_decay : float
        Decoupled, not negative; ``learning_rate * weight_decay`` must stay below 1.

    Raises
    ------
    ValueError
        For a setting that is out of `bounds`.

    Examples
    --------
    Sign descent, whose steps have the length lr whatever the gradient:

    >>> class SignDescent(Optimizer):
    ...     def update(self, rows, g, state):
    ...         return self.learning_rate * np.sign(g)
    >>> x, optimizer = np.array([10.0, -5.0]), SignDescent(learning_rate=0.5)
    >>> optimizer.step([x], [2 * x])
    >>> x
    array([ 9.5, -4.5])
    """

    learning_rate: float = 0.01
    weight_decay: float = 0.0
    n_steps: int = field(default=0, init=False)
    states: list[State] = field(default_factory=list, init=False, repr=False, compare=False)

    state_names: ClassVar[tuple[str, ...]] = ()
    compiled_update: ClassVar[str | None] = None  # its name in `_compiled_updates`
    bounds: ClassVar[Bounds] = {"learning_rate": (0, np.inf), "weight_decay": (0, np.inf)}

    def __post_init__(self) -> None:
        """Raise for a setting that is out of bounds; make Python floats of the others."""
        for name, (low, high) in self.bounds.items():
            value: Any = getattr(self, name)
            is_number = isinstance(value, Real)
            if not (is_number and low <= value < high):
                raise ValueError(f"{type(self).__name__}: {name}={value!r} must be a number in [{low}, {high})")
            setattr(self, name, float(value))  # a NumPy scalar of low precision would round what it is multiplied by

    def step(self, parameters: Sequence[Any], gradients: Sequence[Any], /) -> None:
        """Change `parameters` in place by one step.

        Parameters
        ----------
        parameters : sequence of array
            The same ones, in the same order, at every call.
        gradients : sequence of array or RowGradient
            One of the same shape for each.

        Raises
        ------
        TypeError
            If one of them is not an array, a parameter is of integers, or an array is given in place of a sequence of
            arrays.
        ValueError
            If a gradient has another shape than its parameter, their numbers differ, or the decay would flip the sign
            of weights.
        """
        _check_fit(parameters, gradients, self.states)
        if not self.states:
            self.states = [self._new_state(W) for W in parameters]
        decay = 1 - self._decay_rate()
        if not 0 < decay <= 1:
            raise ValueError(
                f"all weights decay by {self._decay_rate():g} in a step, which must be in [0, 1); learning_rate="
                f"{self.learning_rate} or weight_decay={self.weight_decay} (an estimator's alpha) is too large"
            )
        self.n_steps += 1
        for W, dW, state in zip(parameters, gradients, self.states, strict=True):
            if decay < 1 and W.ndim == 2:
                W *= decay
            W -= self._step_of(dW, state)

    def fresh(self, **changes: Any) -> Self:
        """Return an optimizer of the same settings, except for `changes`, that has made no step."""
        return replace(self, **changes)

    def goes_on_from(self, other: Optimizer) -> bool:
        """Tell whether the state of `other` is one that this optimizer can take over."""
        return type(other) is type(self)

    def _decay_rate(self) -> float:
        return self.learning_rate * self.weight_decay

    def _new_state(self, W: Any) -> State:
        return {name: _aligned_arrays.zeros(W.shape, W.dtype) for name in self.state_names}

    def _step_of(self, dW: Any, state: State) -> Any:
        """Return what to subtract, for all of the parameter or for the rows that occur."""
        if not isinstance(dW, RowGradient):
            return self.update(..., dW, state)
        rows, g = dW.coalesce()
        step = g if self._update_in_place(rows, g, state, dW.shape) else self.update(rows, g, state)
        return dW._with_rows(rows, step)

    @abstractmethod
    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Update `state` in `rows`, whose gradient is `g`, and return the step to subtract there.

        Parameters
        ----------
        rows : array of int, shape (u,), or Ellipsis
            Distinct rows of a table, or all of a parameter whose gradient is an array.
        g : array, shape (u, d), or of the parameter's shape
        state : dict of array
            Of the parameter's shape, by the names in `state_names`; zeros before the first step.
        """

    def _update_in_place(self, rows: Array, g: Array, state: State, shape: tuple[int, ...]) -> bool:
        """Do what `update` does in compiled code, writing the step over `g`; return False where that cannot be."""
        compiled = type(self).__dict__.get("compiled_update")  # not inherited: a subclass may have another formula
        fits = all(each.shape == shape and each.dtype == g.dtype and each.flags.carray for each in state.values())
        if get_backend() != "numba" or compiled is None or len(shape) != 2 or not fits:
            return False
        from classifiers import _compiled_updates

        update = getattr(_compiled_updates, compiled)
        update(rows, g, *(state[name] for name in self.state_names), tuple(map(g.dtype.type, self._factors())))
        return True

    def _factors(self) -> tuple[float, ...]:
        """Return the numbers in the formula, in the order in which compiled code takes them."""
        raise NotImplementedError


def _check_fit(parameters: Sequence[Any], gradients: Sequence[Any], states: list[State]) -> None:
    """Raise where parameters could not be changed in place, a gradient be broadcast, or the state is of others."""
    for name, arrays in (("parameters", parameters), ("gradients", gradients)):
        if hasattr(arrays, "dtype"):
            raise TypeError(f"{name} must be a list of arrays, got one {type(arrays).__name__}; pass it in a list")
    if len(parameters) != len(gradients):
        raise ValueError(f"{len(parameters)} parameters need as many gradients, got {len(gradients)}")
    if states and len(states) != len(parameters):
        raise ValueError(f"this optimizer has made steps of {len(states)} parameters, got {len(parameters)}")
    for k, (W, dW) in enumerate(zip(parameters, gradients, strict=True)):
        if not hasattr(W, "__isub__") or not isinstance(dW, GRADIENTS):
            kinds = f"{type(W).__name__} and {type(dW).__name__}"
            hint = "; a scalar is np.array([3.0]), not np.array(3.0)" if np.ndim(dW) == 0 else ""
            raise TypeError(f"parameter {k} and its gradient must be arrays, got {kinds}{hint}")
        if W.dtype.kind in "biu":
            raise TypeError(f"parameter {k} is of {W.dtype}, which cannot hold a step; make it of floats")
        if W.shape != dW.shape:
            raise ValueError(f"parameter {k} has shape {W.shape}, but its gradient {dW.shape}")
        for each in states[k].values() if states else ():
            if each.shape[:1] != W.shape[:1]:
                raise ValueError(f"parameter {k} has shape {W.shape}, which is not that of earlier steps")
