"""Optimizers, for plain arrays and for tables of which a batch selects a few rows.

With g the gradient, and every operation elementwise, one step is

    SGD        W -= lr g                                                      exact
    Adagrad    G += g^2;                W -= lr g / (sqrt(G) + eps)           exact
    Momentum   v = mu v + g;            W -= lr v                             lazy
    RMSProp    v = rho v + (1-rho) g^2; W -= lr g / (sqrt(v) + eps)           lazy
    Adam       m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2;
               W -= lr mhat / (sqrt(vhat) + eps)                              lazy

A `onehot.RowGradient` is zero outside the rows that the batch selects. Where a zero gradient changes nothing, the
update of those rows is the textbook's: *exact*. The others would move and decay every row in every step, at O(V); they
are *lazy*: a row, with its v and m, moves only in batches in which it occurs, as in torch.optim.SparseAdam.

Weight decay is decoupled from the gradient and holds for all rows in every step, ``W *= 1 - lr weight_decay``. For SGD
that is the L2 penalty. For momentum it is too, with ``lr / (1 - mu)`` in place of lr, since under a constant gradient
the steps grow to that length. For the others it is AdamW: Loshchilov and Hutter, "Decoupled Weight Decay
Regularization", 2019. It applies to parameters of two dimensions: biases do not decay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from classifiers import _aligned_arrays
from classifiers._optimizer import Array, Bounds, Optimizer, State

__all__ = ["SGD", "Adagrad", "Adam", "Momentum", "Optimizer", "RMSProp", "get_optimizer"]

TINY = float(np.finfo(np.float32).tiny)  # a smaller epsilon has no effect: 0 / 0 where a gradient is zero


@dataclass
class SGD(Optimizer):
    """Gradient descent, ``W -= lr g``. Exact for a `onehot.RowGradient`.

    Reference: Robbins and Monro, "A Stochastic Approximation Method", 1951.

    Examples
    --------
    The minimum of x^2, whose gradient is 2 x:

    >>> x, optimizer = np.array([10.0]), SGD(learning_rate=0.1)
    >>> for _ in range(3):
    ...     optimizer.step([x], [2 * x])
    ...     print(round(float(x[0]), 2))
    8.0
    6.4
    5.12
    """

    def _step_of(self, dW: Any, state: State) -> Any:
        return self.update(..., dW, state)  # linear: repeated rows need no sum first

    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Return ``lr g``."""
        return self.learning_rate * g


@dataclass
class Momentum(Optimizer):
    """Heavy ball, ``v = mu v + g``, ``W -= lr v``; Nesterov's, ``W -= lr (g + mu v)``. Lazy for a `onehot.RowGradient`.

    Parameters
    ----------
    learning_rate, weight_decay : as for `Optimizer`
    momentum : float
        mu, in [0, 1).
    nesterov : bool
        W then holds the look-ahead point, theta + mu v in the notation of Sutskever et al., as in PyTorch.

    Reference: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever et al.,
    "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> x, optimizer = np.array([10.0]), Momentum(learning_rate=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.step([x], [2 * x])
    >>> x.round(2)
    array([5.4])
    """

    momentum: float = 0.9
    nesterov: bool = False

    state_names: ClassVar[tuple[str, ...]] = ("velocity",)
    compiled_update: ClassVar[str | None] = "momentum"
    bounds: ClassVar[Bounds] = Optimizer.bounds | {"momentum": (0, 1)}

    def _decay_rate(self) -> float:
        return self.learning_rate * self.weight_decay / (1 - self.momentum)  # its steps grow by the same factor

    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Return ``lr v``, or Nesterov's ``lr (g + mu v)``."""
        v = self.momentum * state["velocity"][rows] + g
        state["velocity"][rows] = v
        step: Array = self.learning_rate * (g + self.momentum * v if self.nesterov else v)
        return step

    def _factors(self) -> tuple[float, ...]:
        return self.learning_rate, self.momentum, self.nesterov


@dataclass
class Adagrad(Optimizer):
    """``G += g^2``, ``W -= lr g / (sqrt(G) + eps)``: frequent rows slow down, rare ones keep their pace. Exact.

    Parameters
    ----------
    learning_rate, weight_decay : as for `Optimizer`
    epsilon : float
        eps, positive.
    row_wise : bool
        Whether a table row has one accumulator, of the mean of g^2 over its columns: 1/d of the memory.

    Reference: Duchi, Hazan and Singer, "Adaptive Subgradient Methods", 2011.

    Examples
    --------
    The first step has length lr, whatever the gradient:

    >>> x, optimizer = np.array([10.0]), Adagrad(learning_rate=0.1)
    >>> optimizer.step([x], [2 * x])
    >>> x.round(6)
    array([9.9])
    """

    epsilon: float = 1e-8
    row_wise: bool = False

    state_names: ClassVar[tuple[str, ...]] = ("sum_of_squares",)
    compiled_update: ClassVar[str | None] = "adagrad"
    bounds: ClassVar[Bounds] = Optimizer.bounds | {"epsilon": (TINY, np.inf)}

    def goes_on_from(self, other: Optimizer) -> bool:
        """Tell whether `other` keeps as many sums, one per row or one per weight."""
        return isinstance(other, Adagrad) and super().goes_on_from(other) and other.row_wise == self.row_wise

    def _new_state(self, W: Any) -> State:
        one_a_row = self.row_wise and W.ndim == 2
        return {"sum_of_squares": _aligned_arrays.zeros((W.shape[0], 1) if one_a_row else W.shape, W.dtype)}

    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Return ``lr g / (sqrt(G) + eps)``."""
        G = np.mean(g**2, axis=1, keepdims=True) if self.row_wise and g.ndim == 2 else g**2
        G += state["sum_of_squares"][rows]
        state["sum_of_squares"][rows] = G
        step: Array = self.learning_rate * g / (np.sqrt(G) + self.epsilon)
        return step

    def _factors(self) -> tuple[float, ...]:
        return self.learning_rate, self.epsilon


@dataclass
class RMSProp(Optimizer):
    """``v = rho v + (1 - rho) g^2``, ``W -= lr g / (sqrt(v) + eps)``. Lazy for a `onehot.RowGradient`.

    Parameters
    ----------
    learning_rate, weight_decay : as for `Optimizer`
    decay : float
        rho, in [0, 1).
    epsilon : float
        eps, positive.

    Reference: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.

    Examples
    --------
    >>> x, optimizer = np.array([10.0]), RMSProp(learning_rate=0.1, decay=0.75)
    >>> optimizer.step([x], [2 * x])
    >>> x.round(6)
    array([9.8])
    """

    decay: float = 0.9
    epsilon: float = 1e-8

    state_names: ClassVar[tuple[str, ...]] = ("mean_of_squares",)
    compiled_update: ClassVar[str | None] = "rmsprop"
    bounds: ClassVar[Bounds] = Optimizer.bounds | {"decay": (0, 1), "epsilon": (TINY, np.inf)}

    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Return ``lr g / (sqrt(v) + eps)``."""
        v = self.decay * state["mean_of_squares"][rows] + (1 - self.decay) * g**2
        state["mean_of_squares"][rows] = v
        step: Array = self.learning_rate * g / (np.sqrt(v) + self.epsilon)
        return step

    def _factors(self) -> tuple[float, ...]:
        return self.learning_rate, self.decay, 1 - self.decay, self.epsilon


@dataclass
class Adam(Optimizer):
    """Adam, and with `weight_decay` AdamW. Lazy for a `onehot.RowGradient`.

    ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``, ``W -= lr mhat / (sqrt(vhat) + eps)``, where
    ``mhat = m / (1 - b1^t)`` and ``vhat = v / (1 - b2^t)`` undo the pull of the zeros they start from, t counting all
    steps.

    Parameters
    ----------
    learning_rate, weight_decay : as for `Optimizer`
    beta1, beta2 : float
        b1 and b2, in [0, 1).
    epsilon : float
        eps, positive.

    Reference: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

    Examples
    --------
    >>> x, optimizer = np.array([10.0]), Adam(learning_rate=0.1)
    >>> optimizer.step([x], [2 * x])
    >>> x.round(6)
    array([9.9])
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    state_names: ClassVar[tuple[str, ...]] = ("mean", "mean_of_squares")
    compiled_update: ClassVar[str | None] = "adam"
    bounds: ClassVar[Bounds] = Optimizer.bounds | {"beta1": (0, 1), "beta2": (0, 1), "epsilon": (TINY, np.inf)}

    def update(self, rows: Any, g: Array, state: State) -> Array:
        """Return ``lr mhat / (sqrt(vhat) + eps)``."""
        m = self.beta1 * state["mean"][rows] + (1 - self.beta1) * g
        v = self.beta2 * state["mean_of_squares"][rows] + (1 - self.beta2) * g**2
        state["mean"][rows], state["mean_of_squares"][rows] = m, v
        m_hat = m / (1 - self.beta1**self.n_steps)
        v_hat = v / (1 - self.beta2**self.n_steps)
        step: Array = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
        return step

    def _factors(self) -> tuple[float, ...]:
        b1, b2, t = self.beta1, self.beta2, self.n_steps
        return self.learning_rate, b1, 1 - b1, b2, 1 - b2, 1 - b1**t, 1 - b2**t, self.epsilon


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "adagrad": Adagrad,
    "rmsprop": RMSProp,
    "adam": Adam,
}


def get_optimizer(solver: Any, /, *, learning_rate: float, momentum: float, weight_decay: float) -> Optimizer:
    """Return a fresh optimizer by name, or one with the settings of an object.

    An object keeps its own learning rate; `weight_decay` holds for both, so that the objective is stated in one place.

    Raises
    ------
    ValueError
        If the name is not known, or an object has a weight decay of its own.

    Examples
    --------
    >>> get_optimizer("sgd", learning_rate=0.5, momentum=0.9, weight_decay=0.0)
    SGD(learning_rate=0.5, weight_decay=0.0, n_steps=0)
    """
    if isinstance(solver, Optimizer):
        if solver.weight_decay:
            raise ValueError(f"solver={solver!r} has a weight_decay of its own; pass it as alpha instead")
        return solver.fresh(weight_decay=weight_decay)
    if not isinstance(solver, str) or solver not in OPTIMIZERS:
        names = ", ".join(map(repr, OPTIMIZERS))
        own = "an object of a subclass of classifiers.optimizers.Optimizer"
        raise ValueError(f"solver={solver!r} is not known; pass 'lbfgs', {names} or {own}")
    settings = {"momentum": momentum} if solver == "momentum" else {}
    return OPTIMIZERS[solver](learning_rate=learning_rate, weight_decay=weight_decay, **settings)
