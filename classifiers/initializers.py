"""Initial weights whose variance keeps the signal's variance from layer to layer.

A unit sums fan_in inputs, z = Σ_k x_k w_k, and each input feeds fan_out units. With independent weights of mean 0 and
variance v,

    forward     E[z²]  = v · Σ_k E[x_k²] = v · fan_in · E[x²]
    backward    E[dx²] = v · fan_out · E[dz²]

so v = 1 / fan_in keeps the signal on its way forward (LeCun), v = 1 / fan_out the gradient on its way back, and Glorot
takes their harmonic mean. A ReLU drops half of a symmetric z and with it half of E[z²], which He's factor 2 restores.
The uniform distribution on [-√(3v), √(3v)] has variance v; here it has 65,536 values, at equal distances.

**fan_in counts the inputs that are active.** In a one-hot row of f fields, f of the V inputs are 1 and the others 0, so
the sum above is v · f and not v · V. The fan-in of the input layer is therefore f, and the caller passes it: with V the
first layer's output would have f / V of the variance it should have, and every later layer would inherit that.

All are called alike, with a ``numpy.random.Generator``: ``he_normal(shape, fan_in=f, fan_out=d, rng=rng, dtype=dtype)``
returns a new array, drawn in its own dtype (float32 or float64), so that a table of V rows is never held a second time
in double precision. All raise ValueError where a fan that they use is not positive, TypeError for another dtype or
kind of generator.
"""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from classifiers import _aligned_arrays
from classifiers._threads import map_in_order

__all__ = [
    "Initializer",
    "get_initializer",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "zeros",
]

Array = NDArray[np.floating[Any]]
Shape = tuple[int, ...]
NUMBERS_PER_PART = 1 << 19  # in smaller parts, threads wait for each other more than they gain from the cache


class Initializer(Protocol):
    """What a layer calls; a function of your own with these keywords serves as well."""

    def __call__(self, shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike) -> Array:
        """Return a new array of that shape and dtype."""


def _normal(shape: Shape, std: float, rng: Generator, dtype: DTypeLike) -> Array:
    def draw(part: Array, rng: Generator) -> None:
        rng.standard_normal(out=part, dtype=part.dtype)
        part *= std

    return _filled(shape, draw, rng, dtype)


def _uniform(shape: Shape, std: float, rng: Generator, dtype: DTypeLike) -> Array:
    limit = math.sqrt(3) * std

    def draw(part: Array, rng: Generator) -> None:
        # Four numbers to a word of random bits, 65,536 values at equal distances: a start need not be finer.
        words = rng.integers(-(2**63), 2**63, math.ceil(part.size / 4), dtype=np.int64)
        part[...] = words.view(np.int16)[: part.size]
        part += 0.5  # as many on either side of 0
        part *= limit / 2**15

    return _filled(shape, draw, rng, dtype)


def _filled(shape: Shape, draw: Callable[[Array, Generator], None], rng: Generator, dtype: DTypeLike) -> Array:
    """Return a new array, drawn in parts of fixed size on all cores, each part by a generator of its own."""
    W: Array = _aligned_arrays.empty(shape, dtype)
    if W.dtype not in (np.float32, np.float64):
        raise TypeError(f"dtype={dtype!r} is not float32 or float64")
    if not isinstance(rng, Generator):
        raise TypeError(f"rng={rng!r} is not a numpy.random.Generator; pass numpy.random.default_rng(0), say")
    numbers = W.reshape(-1)
    parts = [numbers[start : start + NUMBERS_PER_PART] for start in range(0, W.size, NUMBERS_PER_PART)]
    if len(parts) == 1:
        draw(numbers, rng)
    else:
        map_in_order(lambda task: draw(*task), zip(parts, rng.spawn(len(parts)), strict=True))
    return W


def _std(gain: float, **fans: float) -> float:
    """Return the square root of gain / mean(fans)."""
    for name, fan in fans.items():
        if not 0 < fan < math.inf:
            advice = "the number of inputs that are active in a row" if name == "fan_in" else "the number of outputs"
            raise ValueError(f"{name}={fan!r} is not positive; pass {advice}")
    return math.sqrt(gain * len(fans) / sum(fans.values()))


def he_normal(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw from N(0, 2 / fan_in), for ReLU and its relatives (He, Zhang, Ren and Sun 2015, equation 10).

    >>> W = he_normal((1000, 64), fan_in=8, fan_out=64, rng=np.random.default_rng(0))
    >>> round(float(W.std()), 2)
    0.5
    """
    return _normal(shape, _std(2, fan_in=fan_in), rng, dtype)


def he_uniform(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw uniformly from ±√(6 / fan_in), of variance 2 / fan_in (He, Zhang, Ren and Sun 2015).

    >>> W = he_uniform((1000, 64), fan_in=6, fan_out=64, rng=np.random.default_rng(0))
    >>> round(float(W.min()), 2), round(float(W.max()), 2)
    (-1.0, 1.0)
    """
    return _uniform(shape, _std(2, fan_in=fan_in), rng, dtype)


def glorot_normal(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw from N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 12).

    >>> W = glorot_normal((1000, 24), fan_in=8, fan_out=24, rng=np.random.default_rng(0))
    >>> round(float(W.std()), 2)
    0.25
    """
    return _normal(shape, _std(1, fan_in=fan_in, fan_out=fan_out), rng, dtype)


def glorot_uniform(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw uniformly from ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 16).

    >>> W = glorot_uniform((1000, 16), fan_in=8, fan_out=16, rng=np.random.default_rng(0))
    >>> round(float(W.min()), 2), round(float(W.max()), 2)
    (-0.5, 0.5)
    """
    return _uniform(shape, _std(1, fan_in=fan_in, fan_out=fan_out), rng, dtype)


def lecun_normal(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw from N(0, 1 / fan_in), which assumes nothing of the activation (LeCun, Bottou, Orr and Müller 1998).

    >>> W = lecun_normal((1000, 64), fan_in=4, fan_out=64, rng=np.random.default_rng(0))
    >>> round(float(W.std()), 2)
    0.5
    """
    return _normal(shape, _std(1, fan_in=fan_in), rng, dtype)


def lecun_uniform(
    shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Draw uniformly from ±√(3 / fan_in), of variance 1 / fan_in (LeCun, Bottou, Orr and Müller 1998).

    >>> W = lecun_uniform((1000, 64), fan_in=3, fan_out=64, rng=np.random.default_rng(0))
    >>> round(float(W.min()), 2), round(float(W.max()), 2)
    (-1.0, 1.0)
    """
    return _uniform(shape, _std(1, fan_in=fan_in), rng, dtype)


def normal(
    shape: Shape,
    /,
    *,
    fan_in: float,
    fan_out: float,
    rng: Generator,
    dtype: DTypeLike = np.float32,
    std: float = 0.01,
) -> Array:
    """Draw from N(0, std²) whatever the fans are (Krizhevsky, Sutskever and Hinton 2012).

    ``functools.partial(normal, std=0.1)`` is an initialiser with another standard deviation.

    >>> W = normal((1000, 64), fan_in=8, fan_out=64, rng=np.random.default_rng(0))
    >>> round(float(W.std()), 3)
    0.01
    """
    if not (isinstance(std, Real) and 0 <= std < math.inf):
        raise ValueError(f"std={std!r} must be a number in [0, inf)")
    return _normal(shape, float(std), rng, dtype)


def zeros(shape: Shape, /, *, fan_in: float, fan_out: float, rng: Generator, dtype: DTypeLike = np.float32) -> Array:
    """Return zeros: right for a convex model, while hidden units that start equal remain equal for ever.

    >>> zeros((1, 3), fan_in=1, fan_out=3, rng=np.random.default_rng(0))
    array([[0., 0., 0.]], dtype=float32)
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype={dtype!r} is not float32 or float64")
    return _aligned_arrays.zeros(shape, dtype)


_NAMED: dict[str, Initializer] = {
    each.__name__: each
    for each in (
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        lecun_normal,
        lecun_uniform,
        normal,
        zeros,
    )
}
_AUTO: dict[str, Initializer] = dict.fromkeys(("relu", "leaky_relu", "elu", "gelu", "gelu_tanh"), he_uniform)
_AUTO |= dict.fromkeys(("sigmoid", "tanh", "softmax", "identity"), glorot_uniform)


def get_initializer(initializer: str | Initializer, /, activation: object = "relu") -> Initializer:
    """Return the initialiser of that name, and a callable as it is; ``"auto"`` picks by the activation that follows.

    ============================================ ================== ==================================================
    activation                                   ``"auto"``         because
    ============================================ ================== ==================================================
    relu, leaky_relu, elu, gelu, gelu_tanh       ``he_uniform``     they drop about half of E[z²]
    sigmoid, tanh, softmax, identity             ``glorot_uniform`` near 0 they are linear: the fans alone decide
    any other, known by its ``forward`` only     ``lecun_uniform``  E[z²] = E[x²] without knowing what follows; also
                                                                    what self-normalising activations ask for
    ============================================ ================== ==================================================

    The variance is what matters, and a tall table of uniform numbers is drawn in an eighth of the time of normal ones.

    ``activation`` is a name or an object with a ``name``; leaky_relu or elu with another parameter counts as its kind.
    Raises ValueError for an unknown name of an initialiser, TypeError for an object that is not callable.

    >>> get_initializer("auto", "tanh").__name__
    'glorot_uniform'
    """
    if initializer == "auto":
        name = activation if isinstance(activation, str) else str(getattr(activation, "name", ""))
        return _AUTO.get(name.partition("(")[0], lecun_uniform)
    if isinstance(initializer, str):
        if initializer not in _NAMED:
            raise ValueError(f"initializer {initializer!r} is not one of auto, {', '.join(_NAMED)}")
        return _NAMED[initializer]
    if not callable(initializer):
        raise TypeError(
            f"initializer {initializer!r} is not callable; "
            "pass a name, or a function (shape, *, fan_in, fan_out, rng, dtype) -> array"
        )
    return initializer
