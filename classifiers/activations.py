"""Activations a = φ(z), each with the derivative that carries a gradient back through it.

Where φ acts on every element by itself the chain rule is one product, ``dz = da · φ'(z)``, and most of the work of
φ'(z) is done already once a is known:

============ ======================= ============================== ==============================================
name         φ(z)                    φ'(z)                          source
============ ======================= ============================== ==============================================
identity     z                       1
sigmoid      s(z) = 1 / (1 + exp -z) a (1 - a)
tanh         tanh z                  1 - a²
relu         max(z, 0)               [a > 0]                        Glorot, Bordes and Bengio 2011
leaky_relu   max(z, slope z)         1 where a > 0, or slope        Maas, Hannun and Ng 2013
elu          z, or alpha (exp z - 1) 1 where z > 0, or alpha exp z  Clevert, Unterthiner and Hochreiter 2016
gelu         z Φ(z)                  Φ(z) + z exp(-z²/2) / √(2π)    Hendrycks and Gimpel 2016
gelu_tanh    z s(u)                  s(u) + z s(u) (1 - s(u)) u'    the same, with u = √(8/π) (z + 0.044715 z³)
softmax      exp z / Σ exp z         none: J v = a (v - ⟨a, v⟩)     Bridle 1990
============ ======================= ============================== ==============================================

At the kink z = 0 the derivative of relu is 0 and that of leaky_relu its slope. Φ(z) = (1 + erf(z/√2)) / 2 is the
normal distribution function; gelu_tanh, which is also ½ z (1 + tanh(u/2)), keeps within 0.0005 of gelu and costs less.
All keep float32 and float64 (other numbers become float64), and up to ±1e4 none overflows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from classifiers import losses
from classifiers._floats import as_floats

__all__ = [
    "Activation",
    "Softmax",
    "SupportsForward",
    "elu",
    "elu_with",
    "gelu",
    "gelu_tanh",
    "get_activation",
    "identity",
    "leaky_relu",
    "leaky_relu_with",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]

Array = NDArray[np.floating[Any]]
Function = Callable[[Array], Array]
ValueAndDerivative = tuple[Array, Callable[[], Array]]
Rule = Callable[[Array], ValueAndDerivative]
FLAT = 40.0  # |z| from which on the gates of gelu and gelu_tanh are 0 or 1; a z held there makes no 0 · ∞


class SupportsForward(Protocol):
    """All that a network asks of an activation."""

    def forward(self, z: Array, /) -> tuple[Array, Function]:
        """Return ``(a, backprop)``, where ``backprop(da)`` is dz."""


@dataclass(frozen=True, repr=False)
class Activation:
    """An elementwise activation, built from a function and its derivative.

    Parameters
    ----------
    name : str
        What plots and messages call it.
    function, derivative : callable
        Elementwise, array to array of the same shape and dtype; ``derivative`` is a function of z, not of the output.
        Functions of a module can be pickled, lambdas cannot.
    rule : callable, optional
        ``a, da_dz = rule(z)`` for ``forward`` to use, where ``da_dz()`` is the derivative at z made from what the
        function has computed already.

    Notes
    -----
    Not checked: that the derivative is the function's (``scipy.optimize.check_grad`` tells).

    Examples
    --------
    >>> square = Activation("square", np.square, lambda z: 2 * z)
    >>> a, backprop = square.forward(np.array([1.0, 2.0, 3.0]))
    >>> a
    array([1., 4., 9.])
    >>> backprop(np.array([1.0, 1.0, 10.0]))
    array([ 2.,  4., 60.])
    """

    name: str
    function: Function
    derivative: Function
    rule: Rule | None = None

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"

    def __call__(self, z: ArrayLike, /) -> Array:
        """Return φ(z), of the shape of z.

        >>> sigmoid([-np.log(3), 0, np.log(3)])
        array([0.25, 0.5 , 0.75])
        """
        return self.function(as_floats(z))

    def forward(self, z: Array, /) -> tuple[Array, Function]:
        """Return ``(a, backprop)``, where ``backprop(da)`` is the gradient dz, of the same shape.

        ``backprop`` keeps z or a, not a copy: change neither in place before it has run. It leaves ``da`` as it is.

        >>> a, backprop = relu.forward(np.array([-2.0, 0.0, 3.0]))
        >>> backprop(np.array([5.0, 5.0, 5.0]))
        array([0., 0., 5.])
        """
        z = as_floats(z)
        if self.rule is None:
            return self.function(z), lambda da: da * self.derivative(z)
        a, da_dz = self.rule(z)
        return a, lambda da: da * da_dz()


def _identity(z: Array) -> ValueAndDerivative:
    return z, lambda: np.ones_like(z)


def _sigmoid(z: Array) -> ValueAndDerivative:
    # a is held at the smallest normal number, so that exp(-z) cannot overflow. Twice as fast as scipy.special.expit
    # and as exact in the left tail, which (1 + tanh(z/2)) / 2 would round away.
    exp: Array = np.exp(np.minimum(-z, -math.log(np.finfo(z.dtype).tiny)))
    a = 1 / (1 + exp)
    # 1 - a is exp · a, which does not round to 0 in the right tail.
    return a, lambda: exp * a * a


def _tanh(z: Array) -> ValueAndDerivative:
    a: Array = np.tanh(z)
    return a, lambda: 1 - a * a


def _relu(z: Array) -> ValueAndDerivative:
    a: Array = np.zeros(z.shape, z.dtype)  # faster than zeros_like
    np.maximum(z, a, out=a)  # NumPy's maximum with a number leaves vector registers unused
    return a, lambda: (a > 0).astype(a.dtype)


def _gelu(z: Array) -> ValueAndDerivative:
    gate: Array = ndtr(z)
    near = np.clip(z, -FLAT, FLAT)
    return np.maximum(z, -FLAT) * gate, lambda: gate + near * np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi)


def _gelu_tanh(z: Array) -> ValueAndDerivative:
    scale, near = math.sqrt(8 / math.pi), np.clip(z, -FLAT, FLAT)
    gate, dgate_du = _sigmoid(scale * near * (1 + 0.044715 * near * near))
    return np.maximum(z, -FLAT) * gate, lambda: gate + near * dgate_du() * scale * (1 + 3 * 0.044715 * near * near)


# Classes, not closures: an activation can be pickled and compared.
@dataclass(frozen=True)
class _LeakyReLU:
    slope: float

    def __call__(self, z: Array) -> ValueAndDerivative:
        a: Array = np.maximum(z, self.slope * z)
        # A maximum where np.where would pay for mispredicted branches: signs are random.
        return a, lambda: np.maximum((a > 0).astype(a.dtype), self.slope)


@dataclass(frozen=True)
class _ELU:
    alpha: float

    def __call__(self, z: Array) -> ValueAndDerivative:
        negative: Array = np.minimum(z, 0)
        a = self.alpha * np.expm1(negative) + np.maximum(z, 0)
        return a, lambda: np.where(z > 0, 1, self.alpha * np.exp(negative)).astype(z.dtype, copy=False)


@dataclass(frozen=True)
class _Value:
    rule: Rule

    def __call__(self, z: Array) -> Array:
        return self.rule(as_floats(z))[0]


@dataclass(frozen=True)
class _Derivative:
    rule: Rule

    def __call__(self, z: Array) -> Array:
        return self.rule(as_floats(z))[1]()


def _from_rule(name: str, rule: Rule) -> Activation:
    return Activation(name, _Value(rule), _Derivative(rule), rule)


def _softmax_derivative(z: Array) -> NoReturn:
    raise TypeError(
        "softmax has no elementwise derivative, each output depends on every input of its row; "
        "use its Jacobian-vector product, softmax.jvp(z, v), or the backprop of softmax.forward(z)"
    )


def _jacobian_product(a: Array, v: Array) -> Array:
    jv: Array = v - np.vecdot(a, v)[..., np.newaxis]
    return a * jv


class Softmax(Activation):
    """Softmax over the last axis. Its Jacobian, diag(a) - a aᵀ, is applied and never formed.

    >>> softmax([0.0, np.log(3)])
    array([0.25, 0.75])
    """

    def jvp(self, z: ArrayLike, v: ArrayLike, /) -> Array:
        """Return the Jacobian-vector product a (v - ⟨a, v⟩), of the shape (..., K) of z and v.

        >>> softmax.jvp([0.0, 0.0], [4.0, 0.0])
        array([ 1., -1.])
        """
        return _jacobian_product(self(z), as_floats(v))

    def forward(self, z: Array, /) -> tuple[Array, Function]:
        """Return ``(a, backprop)``; the Jacobian is symmetric, so ``backprop(da)`` is the same product as ``jvp``.

        >>> a, backprop = softmax.forward(np.array([0.0, np.log(3)]))
        >>> a
        array([0.25, 0.75])
        >>> backprop(np.array([16.0, 0.0]))
        array([ 3., -3.])
        """
        a = self(z)
        return a, lambda da: _jacobian_product(a, da)


def leaky_relu_with(*, slope: float) -> Activation:
    """Return max(z, slope z); ``leaky_relu`` itself has slope 0.01.

    Raises ValueError unless 0 < slope < 1: 0 is ``relu`` and 1 is ``identity``.

    >>> leaky_relu_with(slope=0.25)([-4.0, 0.0, 4.0])
    array([-1.,  0.,  4.])
    """
    if not 0 < slope < 1:
        raise ValueError(f"slope={slope!r} is not between 0 and 1; for 0 pass relu, for 1 identity")
    return _from_rule(f"leaky_relu(slope={slope:g})", _LeakyReLU(float(slope)))


def elu_with(*, alpha: float) -> Activation:
    """Return z where z > 0 and alpha (exp z - 1) elsewhere; ``elu`` itself has alpha 1.

    Raises ValueError unless alpha is positive and finite.

    >>> elu_with(alpha=2.0)([-np.log(2), 0.0, 4.0])
    array([-1.,  0.,  4.])
    """
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha={alpha!r} is not positive and finite; for 0 pass relu")
    return _from_rule(f"elu(alpha={alpha:g})", _ELU(float(alpha)))


identity = _from_rule("identity", _identity)
sigmoid = _from_rule("sigmoid", _sigmoid)
tanh = _from_rule("tanh", _tanh)
relu = _from_rule("relu", _relu)
leaky_relu = _from_rule("leaky_relu", _LeakyReLU(0.01))
elu = _from_rule("elu", _ELU(1.0))
gelu = _from_rule("gelu", _gelu)
gelu_tanh = _from_rule("gelu_tanh", _gelu_tanh)
softmax = Softmax("softmax", losses.softmax, _softmax_derivative)

_NAMED = {each.name: each for each in (identity, sigmoid, tanh, relu, leaky_relu, elu, gelu, gelu_tanh, softmax)}


def get_activation(activation: str | SupportsForward, /) -> SupportsForward:
    """Return the activation of that name, and an object that has ``forward`` as it is.

    Raises ValueError for a name that is not in the table above, TypeError for an object without ``forward``.

    >>> get_activation("relu")
    Activation('relu')
    """
    if isinstance(activation, str):
        if activation not in _NAMED:
            raise ValueError(f"activation {activation!r} is not one of {', '.join(sorted(_NAMED))}")
        return _NAMED[activation]
    if isinstance(activation, type) or not callable(getattr(activation, "forward", None)):
        raise TypeError(
            f"activation {activation!r} has no forward(z) -> (a, backprop); "
            "pass a name, or Activation(name, function, derivative)"
        )
    return activation
