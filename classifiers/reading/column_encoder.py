"""Columns of a table, learned: categories become fields, numbers stay numbers.

    city    age                            city=Bergen  city=Oslo  age
    Oslo    40        X = [C | N]  =                 0          1   1
    Bergen  20                                       1          0  -1

A field has one column of C a category, in the order learned; a number is one column of N, (x - mean) / scale where it
is standardised, x where not. See `mixed_matrix` for what the first layer makes of X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from classifiers.design_matrix import DenseMatrix
from classifiers.mixed_matrix import MixedMatrix
from classifiers.reading.categorical_features import are_fields
from classifiers.reading.category_codes import codes_of
from classifiers.reading.codes_or_matrix import raise_not_finite
from classifiers.reading.column import Columns, Label, columns_of
from onehot import OneHot

__all__ = ["ColumnEncoder"]

Array = npt.NDArray[Any]
ROUNDING = 10 * float(np.finfo(np.float64).eps)  # a deviation of less, as a share of the mean, is none


@dataclass(frozen=True, eq=False)
class ColumnEncoder:
    """What `fit` learned about the columns of a table; `transform` makes a design matrix of rows.

    Made by `ColumnEncoder.learn`.

    Attributes
    ----------
    names : tuple of str
        Of all f + m columns; "x0", "x1", ... where the table has none.
    fields : tuple of int
        The f positions of categorical columns.
    categories : tuple of tuple
        The categories of each field, in the order of their rows: strings, numbers or bools.
    handle_missing : {"error", "zero", "own"}
        With "own" each field has one more row, its last.
    numbers : tuple of int
        The m positions of numeric columns.
    mean, scale : array of float64, shape (m,)
        0 and 1 where numbers are not standardised.

    Examples
    --------
    >>> X = np.array([["Oslo", 40], ["Bergen", 20]], dtype=object)
    >>> encoder = ColumnEncoder.learn(X, names=["city", "age"])
    >>> encoder.row_names()
    ['city=Bergen', 'city=Oslo', 'age']
    >>> encoder.transform(X).tocsr().toarray()
    array([[ 0.,  1.,  1.],
           [ 1.,  0., -1.]], dtype=float32)
    """

    names: tuple[str, ...]
    fields: tuple[int, ...]
    categories: tuple[tuple[Label, ...], ...]
    handle_missing: str
    numbers: tuple[int, ...]
    mean: Array
    scale: Array

    @classmethod
    def learn(
        cls,
        X: Any,
        *,
        names: Sequence[str] | None = None,
        categorical_features: Any = "from_dtype",
        handle_missing: str = "error",
        standardize: bool = True,
        sample_weight: npt.ArrayLike | None = None,
    ) -> ColumnEncoder:
        """Learn the columns of a table.

        Parameters
        ----------
        X : DataFrame or array, shape (n, f + m), or its `tables.columns_of`
        names : sequence of str, optional
        categorical_features : "from_dtype", sequence of str, int or bool, or None
            Which columns are fields: those not of numbers; these names, positions or a mask; none.
        handle_missing, standardize
            As for the estimators.
        sample_weight : array of float, shape (n,), optional
            Of the mean and scale of numbers.

        Raises
        ------
        CodeError, DTypeError, ShapeError, ValueError
            Naming column, row and value.
        """
        columns = columns_of(X, names)
        chosen = are_fields(columns, categorical_features, names)
        fields = tuple(np.flatnonzero(chosen).tolist())
        numbers = tuple(np.flatnonzero(~chosen).tolist())
        categories = tuple(columns[j].categories() for j in fields)
        N = _numbers(columns, numbers)
        mean, scale = np.zeros(len(numbers)), np.ones(len(numbers))
        if standardize and numbers:
            mean, scale = _mean_and_scale(N, sample_weight)
            for k in np.flatnonzero(~(np.isfinite(mean) & np.isfinite(scale)))[:1].tolist():
                raise ValueError(
                    f"{columns[numbers[k]]}: its numbers are too large to be standardized; divide them first"
                )
        return cls(tuple(c.name for c in columns), fields, categories, handle_missing, numbers, mean, scale)

    @property
    def n_categories(self) -> tuple[int, ...]:
        """Rows of the table that belong to each field."""
        return tuple(len(known) + (self.handle_missing == "own") for known in self.categories)

    def transform(
        self,
        X: Any,
        *,
        dtype: npt.DTypeLike = np.float32,
        handle_unknown: str = "error",
        handle_missing: str | None = None,
    ) -> OneHot | MixedMatrix | DenseMatrix:
        """Return rows of a table, of the columns learned, as [C | N], or as C or N where the other has no columns.

        `handle_missing` is by default that of `learn`; "error" and "zero" can be given in place of one another.

        Raises
        ------
        CodeError, DTypeError, ShapeError, ValueError
            For unknown categories, missing values where they are an error, and numbers that are none or not finite,
            naming column, row and value.
        """
        columns = columns_of(X, self._given_names)
        numbers = _numbers(columns, self.numbers)
        with np.errstate(over="ignore"):  # what is too large is reported below
            N = np.ascontiguousarray((numbers - self.mean) / self.scale, dtype)
        for row, k in np.argwhere(~np.isfinite(N))[:1].tolist():
            raise_not_finite(numbers[row, k], row, self.numbers[k], dtype, self._given_names)
        if not self.fields:
            return DenseMatrix(N)
        policies = handle_unknown, handle_missing or self.handle_missing
        codes = [codes_of(columns[j], known, *policies) for j, known in zip(self.fields, self._code_of, strict=True)]
        C = OneHot(np.stack(codes, axis=1), self.n_categories, missing="zero", dtype=dtype)
        return MixedMatrix(C, N) if self.numbers else C

    def numbers_of(self, X: Any) -> Array:
        """Return the columns of numbers as they are in X, (n, m) in float64."""
        return _numbers(columns_of(X, self._given_names), self.numbers)

    def row_names(self, names: Sequence[str] | None = None) -> list[str]:
        """Return the names of the rows of the first layer's W: ``city=Oslo`` of fields, ``age`` of numbers.

        `names` are those of the columns, where they had none.
        """
        names = self.names if names is None else names
        rows = []
        for j, known in zip(self.fields, self.categories, strict=True):
            rows += [f"{names[j]}={category}" for category in known]
            if self.handle_missing == "own":
                rows.append(f"{names[j]}=<missing>")
        return rows + [names[j] for j in self.numbers]

    def state_dict(self) -> dict[str, Any]:
        """Return all that was learned as arrays and JSON values; `from_state_dict` is the way back."""
        return {
            "names": list(self.names),
            "fields": list(self.fields),
            "categories": [list(known) for known in self.categories],
            "handle_missing": self.handle_missing,
            "numbers": list(self.numbers),
            "mean": self.mean,
            "scale": self.scale,
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> ColumnEncoder:
        """Return the encoder of a `state_dict`.

        Examples
        --------
        >>> encoder = ColumnEncoder.learn(np.array([["a", 1], ["b", 2]], dtype=object))
        >>> ColumnEncoder.from_state_dict(encoder.state_dict()).row_names()
        ['x0=a', 'x0=b', 'x1']
        """
        return cls(
            names=tuple(state["names"]),
            fields=tuple(state["fields"]),
            categories=tuple(map(tuple, state["categories"])),
            handle_missing=state["handle_missing"],
            numbers=tuple(state["numbers"]),
            mean=np.asarray(state["mean"], np.float64),
            scale=np.asarray(state["scale"], np.float64),
        )

    @property
    def _given_names(self) -> tuple[str, ...] | None:
        return None if all(name == f"x{j}" for j, name in enumerate(self.names)) else self.names

    @cached_property
    def _code_of(self) -> list[dict[Label, int]]:
        return [{category: code for code, category in enumerate(known)} for known in self.categories]


def _numbers(columns: Columns, positions: Sequence[int]) -> Array:
    """Return N before it is scaled, finite."""
    N = np.empty((len(columns[0].data), len(positions)))
    for k, j in enumerate(positions):
        N[:, k] = columns[j].numbers()
        for row in np.flatnonzero(~np.isfinite(N[:, k]))[:1].tolist():
            raise_not_finite(N[row, k], row, j, N.dtype, columns[j].names)
    return N


def _mean_and_scale(N: Array, sample_weight: npt.ArrayLike | None) -> tuple[Array, Array]:
    """Return mean and standard deviation of each column; 1 for one that is constant, but for rounding."""
    weight = None if sample_weight is None or np.ndim(sample_weight) == 0 else np.asarray(sample_weight, np.float64)
    if weight is not None and not weight.all() and weight.any():
        N, weight = N[weight > 0], weight[weight > 0]  # a row without weight makes no column vary
    if weight is not None:
        # By a power of two, which rounds nothing: sums of large weights would be infinite.
        weight = np.ldexp(weight, -np.frexp(weight.max())[1]) if weight.any() else None
    with np.errstate(all="ignore"):  # the variance of a constant may come out a little below 0
        scaler = StandardScaler().fit(N, sample_weight=weight)
    mean, scale = scaler.mean_, np.sqrt(scaler.var_.clip(0))  # scale_ is 1 where numbers are nearly equal
    constant = (N == N[0]).all(axis=0)
    mean[constant] = N[0, constant]
    scale[constant | (scale <= ROUNDING * np.abs(mean))] = 1.0
    return mean, scale
