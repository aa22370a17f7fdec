"""What NumPy may do with a gradient that knows its rows; whatever would make it dense unasked is refused.

    f(g)[r]    = f(g[r])        for a function with f(0) = 0: absolute, square, sqrt, ...
    (g * A)[r] = g[r] * A[r]    for an array A, and so for g / A

in the rows r that occur; all others stay zero. The sum of g and an array W is W, changed in these rows.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from math import isfinite
from typing import Any, NoReturn, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from onehot._arrays import FLOATS, Array, as_array, index_dtype, is_array, is_real
from onehot._errors import DTypeError, ShapeError, UnsupportedError
from onehot._refusals import name_of_call

__all__ = ["GradientAlgebra", "refusal"]

NUMBERS = (int, float, np.integer, np.floating)

# f(0) = 0, so that f of the whole gradient is f of the rows that occur.
ZERO_PRESERVING = (np.absolute, np.square, np.sqrt, np.cbrt, np.sign)

ATTRIBUTES = {np.shape: "shape", np.ndim: "ndim", np.size: "size"}
REDUCTIONS = {np.sum: "sum", np.mean: "mean", np.max: "max", np.amax: "max", np.min: "min", np.amin: "min"}
COMPARISONS = (np.allclose, np.array_equal, np.isclose)
DENSE = (*COMPARISONS, np.atleast_1d)  # scipy.optimize asks the last, which holds dense vectors of this length
ABOUT_DTYPE = (np.iscomplexobj, np.isrealobj)  # np.testing asks
HINT = "np.asarray(g) makes it dense (O(V d)), rows, sums = g.coalesce() gives the rows that occur"
CLIP_HINT = (
    "g.clip(max_norm) limits the norm; to limit each entry, "
    "rows, sums = g.coalesce(); g = RowGradient(rows, np.clip(sums, -1, 1), n_rows=len(g))"
)


def refusal(name: str) -> str:
    """Return the message for what a gradient cannot do."""
    return f"{name} is not defined for a RowGradient; {CLIP_HINT if name == 'np.clip' else HINT}"


class GradientAlgebra(NDArrayOperatorsMixin):
    """The operators and NumPy functions of a `RowGradient`, on the few methods that know how it is held.

    Not an ABC, though its methods are marked: an ABC's isinstance is slower, and is asked several times a step.
    """

    __slots__ = ()

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @abstractmethod
    def coalesce(self) -> tuple[Array, Array]:
        """Return the rows that occur and their sums."""

    @abstractmethod
    def add_to(self, table: Array, scale: float = 1.0, /) -> None:
        """Add ``scale *`` this gradient to `table` in place."""

    @abstractmethod
    def copy(self) -> Self:
        """Return a copy."""

    @abstractmethod
    def norm(self) -> float:
        """Return the Euclidean norm."""

    def sum(self, axis: None = None) -> Any:
        """Return the sum of all entries, a NumPy number. An `axis` is refused, here and in `mean`, `max` and `min`."""
        _check_is_none(axis, "sum")
        return self.coalesce()[1].sum()

    def mean(self, axis: None = None) -> Any:
        """Return the mean of all entries, those of the rows that do not occur included."""
        _check_is_none(axis, "mean")
        return self.sum() / self.dtype.type(math.prod(self.shape))

    def max(self, axis: None = None) -> Any:
        """Return the largest entry: 0 where all others are negative and some row does not occur."""
        _check_is_none(axis, "max")
        return self._reduced(np.max)

    def min(self, axis: None = None) -> Any:
        """Return the smallest entry."""
        _check_is_none(axis, "min")
        return self._reduced(np.min)

    def _reduced(self, to_extreme: Any) -> Any:
        rows, sums = self.coalesce()
        return to_extreme(sums) if len(rows) == self.shape[0] else to_extreme(sums, initial=0)

    @abstractmethod
    def _with_rows(self, rows: Array, sums: Array) -> Self:
        """Return a gradient of the same table with other rows."""

    @abstractmethod
    def _as_column(self) -> Self:
        """Return the gradient of a vector, (V,), as one of shape (V, 1)."""

    @abstractmethod
    def _times(self, factor: float, dtype: np.dtype[Any] | None = None) -> Self:
        """Return the gradient times a number."""

    @abstractmethod
    def _joined(self, other: Any) -> Self:
        """Return the sum with another gradient."""

    @abstractmethod
    def _become(self, other: Any) -> Self:
        """Take over the values of another gradient, and return this one."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        result = None
        if method == "__call__" and not kwargs:
            if ufunc in (np.add, np.subtract):
                left, right = inputs
                result = self._plus(left, right, 1.0 if ufunc is np.add else -1.0, out)
            elif not out:
                result = self._elementwise(ufunc, *inputs)
        if result is None:
            options = ["out= (or in place)"] * bool(out) + [f"{name}=" for name in kwargs]
            raise UnsupportedError(refusal(" with ".join([name_of_call(ufunc, method), *options])))
        return result

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if func in DENSE:
            return func(*map(_dense, args), **{name: _dense(value) for name, value in kwargs.items()})
        if func is np.zeros_like and args:  # a buffer of the table's shape: dense is what it is for
            return np.zeros_like(np.broadcast_to(np.zeros((), self.dtype), self.shape), *args[1:], **kwargs)
        if func in REDUCTIONS and len(args) == 1 and kwargs.keys() <= {"axis"}:
            return getattr(self, REDUCTIONS[func])(**kwargs)
        if len(args) == 1 and not kwargs:
            if func in ATTRIBUTES:
                return getattr(self, ATTRIBUTES[func])
            if func is np.linalg.norm:
                return self.norm()
            if func is np.copy:
                return self.copy()
            if func in ABOUT_DTYPE:
                return func(np.empty(0, self.dtype))
        raise UnsupportedError(refusal(name_of_call(func)))

    @staticmethod
    def _plus(left: Any, right: Any, sign: float, out: tuple[Any, ...]) -> Any:
        """Return ``left + sign * right``, of which at least one is a gradient."""
        if not isinstance(right, GradientAlgebra):
            if sign < 0:  # not in the array's own type: unsigned numbers have no negatives
                right = np.negative(right, dtype=np.result_type(np.asarray(right).dtype, left.dtype))
            return _accumulate(right, left, 1.0, out)
        if not isinstance(left, GradientAlgebra):
            return _accumulate(left, right, sign, out)
        return None if out else left._joined(right._times(sign))

    def _elementwise(self, ufunc: np.ufunc, *inputs: Any) -> Self | None:
        """Return the result of a function that keeps zero rows zero; None for others."""
        comes_first = inputs[0] is self
        other: Any = inputs[comes_first] if len(inputs) == 2 else None
        if ufunc is np.multiply and isinstance(other, GradientAlgebra):
            return self._times_gradient(other)
        if ufunc is np.multiply or (ufunc is np.divide and comes_first):
            return self._scaled(ufunc, other) if np.ndim(other) == 0 else self._times_array(ufunc, other)
        if ufunc is np.negative:
            return self._times(-1.0)
        if ufunc in ZERO_PRESERVING:
            return self._mapped(ufunc)
        if ufunc is np.power and comes_first and isinstance(other, NUMBERS) and other > 0:
            return self._mapped(lambda sums: np.power(sums, other))
        return None

    def _as_gradient(self, other: Any) -> Self:
        """Return a gradient as it is, and an array of its shape as a gradient in which every row occurs."""
        if isinstance(other, GradientAlgebra):
            return other  # type: ignore[return-value]
        array = as_array(other, "the array")
        self._check_shape(array)
        rows = np.arange(len(array), dtype=index_dtype(len(array)))
        return self._with_rows(rows, array.astype(np.result_type(array.dtype, self.dtype), order="C"))

    def _times_gradient(self, other: GradientAlgebra) -> Self:
        """Return the elementwise product, zero but in the rows that occur in both."""
        if self.shape != other.shape:
            raise ShapeError(f"gradients of different shapes, {self.shape} and {other.shape}, cannot be multiplied")
        (rows, sums), (others, other_sums) = self.coalesce(), other.coalesce()
        common, here, there = np.intersect1d(rows, others, assume_unique=True, return_indices=True)
        return self._with_rows(common, sums[here] * other_sums[there])

    def _mapped(self, function: Any) -> Self:
        rows, sums = self.coalesce()
        return self._with_rows(rows, function(sums))

    def _scaled(self, ufunc: np.ufunc, number: Any) -> Self | None:
        """Return ``number * self``, or ``self / number``, in the dtype that an array would have."""
        if not is_real(number) or (dtype := np.result_type(self.dtype, number)) not in FLOATS:
            return None
        if ufunc is np.multiply:
            factor = float(number)
        else:
            with np.errstate(over="ignore", divide="ignore"):
                factor = float(np.float64(1) / number)
        if not isfinite(factor):  # which the entries of a row, one by one, would take to Inf - Inf
            return self._mapped(lambda sums: ufunc(sums, number))
        return self._times(factor, dtype)

    def _times_array(self, ufunc: np.ufunc, other: Any) -> Self | None:
        """Return the product or quotient with an array, of which only the rows that occur are read."""
        if not is_array(other):
            return None
        array = as_array(other, "the array")
        if np.result_type(self.dtype, array.dtype) not in FLOATS:
            return None
        try:
            shape = np.broadcast_shapes(array.shape, self.shape)
        except ValueError:
            shape = ()
        if len(shape) != len(self.shape) or shape[0] != self.shape[0]:
            raise ShapeError(
                f"the gradient has shape {self.shape}, to which an array of shape {array.shape} does not broadcast"
            )
        rows, sums = self.coalesce()
        return self._with_rows(rows, ufunc(sums, np.broadcast_to(array, shape)[rows]))

    def __mul__(self, factor: Any) -> Any:
        usual = type(factor) is float and isfinite(factor)
        return self._times(factor) if usual else super().__mul__(factor)

    def __rmul__(self, factor: Any) -> Any:  # lr * g, once a batch: spare a Python float the detour by ufuncs
        usual = type(factor) is float and isfinite(factor)
        return self._times(factor) if usual else super().__rmul__(factor)

    # As with arrays, whoever has the gradient under another name sees it change, and its dtype stays.
    def __iadd__(self, other: Any) -> Self:
        return self._become(self._joined(self._as_gradient(other)))

    def __isub__(self, other: Any) -> Self:
        return self._become(self._joined(self._as_gradient(other)._times(-1.0)))

    def __imul__(self, factor: Any) -> Self:
        return self._become(self._of_same_shape(self * factor))

    def __itruediv__(self, divisor: Any) -> Self:
        return self._become(self._of_same_shape(self / divisor))

    def __ipow__(self, exponent: Any) -> Self:
        return self._become(self**exponent)

    def _of_same_shape(self, result: Any) -> Any:
        if result.shape != self.shape:
            raise ShapeError(f"in place, a gradient of shape {self.shape} cannot become one of shape {result.shape}")
        return result

    def __iter__(self) -> NoReturn:
        # Not None: pandas takes what cannot be iterated over for a scalar, and adds it to its blocks, which are (d, V).
        raise UnsupportedError(
            "a RowGradient is not iterated over: rows, sums = g.coalesce() are arrays; to a DataFrame add g.toarray()"
        )

    def __getitem__(self, key: object) -> Self:
        """Return ``g[:, None]``, the gradient of a vector as that of a table of one column; all else is refused."""
        if len(self.shape) == 1 and key == (slice(None), None):
            return self._as_column()
        raise UnsupportedError(refusal("g[...]"))

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise UnsupportedError(
            "a RowGradient cannot be changed; rows, sums = g.coalesce(), change these, "
            "and build RowGradient(rows, sums, n_rows=len(g))"
        )

    def _check_holds(self, dtype: np.dtype[Any]) -> None:
        """Raise where a table of this type cannot hold a sum with this gradient."""
        if self.dtype != dtype and not np.can_cast(self.dtype, dtype, "same_kind"):
            raise DTypeError(
                f"a {self.dtype} gradient cannot be added in place to a table of {dtype}; make the table of floats"
            )

    def _check_shape(self, table: Array) -> None:
        if table.shape != self.shape:
            hint = "they must be equal, broadcasting would touch every row"
            if not table.shape:
                hint += (
                    "; a number is added to g.toarray(), "
                    "a buffer starts from np.zeros_like(W), and sum() from the first gradient: sum(gs[1:], gs[0])"
                )
            raise ShapeError(f"the gradient has shape {self.shape}, the array it is added to {table.shape}; {hint}")


def _check_is_none(axis: None, name: str) -> None:
    if axis is not None:
        raise UnsupportedError(refusal(f"{name} along an axis"))


def _dense(argument: Any) -> Any:
    return np.asarray(argument) if isinstance(argument, GradientAlgebra) else argument


def _accumulate(array: Any, gradient: GradientAlgebra, sign: float, out: tuple[Any, ...]) -> Array | None:
    """Return ``array + sign * gradient``, in place if `array` is the output too."""
    as_array(array, "the array")  # refuses a mask
    array = np.asanyarray(array)  # a memmap stays itself, and is found to be its own output
    gradient._check_shape(array)
    dtype = np.result_type(array.dtype, gradient.dtype)
    if out:
        target: Array = out[0]
        if not isinstance(target, np.ndarray):
            return None
        if target.shape != gradient.shape:
            raise ShapeError(f"the sum has shape {gradient.shape}, but out has shape {target.shape}")
        gradient._check_holds(target.dtype)
        if target is not array:
            if target.dtype != dtype:  # to which the array would be rounded before the sum
                array = _accumulate(array, gradient, sign, ())
                np.copyto(target, array, casting="same_kind")
                return target
            np.copyto(target, array)
    else:
        target = np.array(array, dtype, order="C")
    gradient.add_to(np.asarray(target), sign)
    return target
