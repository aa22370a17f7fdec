"""Prediction of many rows: in chunks on all cores, through joined fields where that pays.

Memory is that of the result and of a chunk per thread, whatever the number of rows, once a table has been read. Codes
are checked and their rows selected in one pass, where there is nothing else to do with them. Equal rows have equal
logits: where few joint categories are possible at all, each is computed once and the rows look their results up; where
a chunk has many duplicates and a row costs a pass through hidden layers, each distinct row makes that pass once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._threads import map_in_order
from classifiers.design_matrix import DesignMatrix
from classifiers.full_batch.duplicates import distinct_rows
from classifiers.full_batch.fused_fields import ROWS_PER_CATEGORY, FusedFields
from classifiers.network import ROWS_PER_CHUNK, Network, chunks
from onehot import OneHot, get_backend
from onehot import _kernels as kernels

__all__ = ["predict"]

Array = npt.NDArray[Any]
Read = Callable[[Any], DesignMatrix]
Finish = Callable[[Array], Array]
WORTH_JOINING = 16  # columns of a table: for fewer, the compiled kernels select rows as fast as the codes are joined


def predict(
    network: Network,
    X: Any,
    read: Read,
    finish: Finish,
    n_categories: tuple[int, ...] | None,
    *,
    are_codes: bool = False,
) -> Array:
    """Return ``finish(logits)`` for the rows of X.

    Parameters
    ----------
    network : Network
    X : anything of which ``X[rows]`` with a slice are rows
    read : callable
        Makes a design matrix of such rows; raises ValueError where they are not valid.
    finish : callable
        From logits (m, K) to what is wanted of each row, (m, ...).
    n_categories : tuple of int or None
        Of the fields of X, where X has fields.
    are_codes : bool
        Whether X is an array of codes that stand for themselves where they are in [0, n_categories).
    """
    n, b = X.shape[0], network.biases[-1]
    predict_chunk = _best_way(network, n, read, finish, n_categories, are_codes)
    try:
        nothing = finish(np.empty((0, len(b)), b.dtype))
        results = np.empty((n, *nothing.shape[1:]), nothing.dtype)

        def write(rows: slice) -> None:
            results[rows] = predict_chunk(X[rows])

        map_in_order(write, chunks(n))
        return results
    except ValueError:
        read(X)  # names the row of X, not of its chunk
        raise


def _best_way(
    network: Network, n: int, read: Read, finish: Finish, n_categories: tuple[int, ...] | None, are_codes: bool
) -> _ByRows:
    """Return what predicts the chunks of n rows."""
    if n_categories is not None:
        fused = _worth_joining(network, n_categories, n)
        if fused is not None:
            return _ByJointRows(network, read, finish, fused, are_codes)
        if are_codes and len(network.weights) == 1 and n > ROWS_PER_CHUNK:
            return _InOnePass(network, read, finish, np.asarray(n_categories))
    return _ByRows(network, read, finish)


def _worth_joining(network: Network, n_categories: tuple[int, ...], n: int) -> FusedFields | None:
    """Return the joined fields for n rows, or None where each field is better on its own."""
    fused = FusedFields(n_categories, n)
    few_columns = network.weights[0].shape[1] < WORTH_JOINING
    if get_backend() == "numba" and few_columns and len(fused.groups) > 1:
        return None
    is_tall = sum(fused.joint_n_categories) * ROWS_PER_CATEGORY > n  # counting the fields that stay alone
    return fused if fused.pays and not is_tall else None


@dataclass
class _ByRows:
    """A chunk is read and passes through the network, each distinct row once where that pays."""

    network: Network
    read: Read
    finish: Finish

    def __call__(self, chunk: Any) -> Array:
        return self.outputs(self.read(chunk))

    def outputs(self, X: DesignMatrix) -> Array:
        """Return ``finish(logits)`` of rows that have been read."""
        is_deep = len(self.network.weights) > 1  # or to find the duplicates would cost as much as they do
        distinct = distinct_rows(X) if is_deep and isinstance(X, OneHot) else None
        if distinct is None:
            return self.finish(self.network.forward(X))
        representatives, inverse = distinct
        return self.finish(self.network.forward(X[representatives]))[inverse]


@dataclass
class _InOnePass(_ByRows):
    """Codes are checked and their rows of the only layer summed at once."""

    counts: Array

    def __post_init__(self) -> None:
        self.b = self.network.biases[0]
        self.W = np.require(self.network.weights[0], self.b.dtype, ["C", "A"])  # as the kernel takes it
        self.offsets = np.cumsum(self.counts) - self.counts

    def __call__(self, chunk: Array) -> Array:
        Z = np.empty((len(chunk), len(self.b)), self.b.dtype)
        fits = kernels.active.gather_codes(self.W, chunk, self.counts, self.offsets, Z, self.b)
        return self.finish(Z) if fits else super().__call__(chunk)


@dataclass
class _ByJointRows(_ByRows):
    """The joint codes of a chunk select rows of a table of joint categories; of results, where there is one field."""

    fused: FusedFields
    are_codes: bool

    def __post_init__(self) -> None:
        T = self.fused.table(np.asarray(self.network.weights[0]))
        joint = self.network.with_table(T)
        self.joint = _ByRows(joint, self.read, self.finish)
        is_one_field = len(self.fused.groups) == 1
        self.results = self.finish(joint.logits(OneHot(np.arange(len(T))))) if is_one_field else None

    def __call__(self, chunk: Any) -> Array:
        J = self.fused.join_codes(chunk, dtype=self.network.biases[0].dtype) if self.are_codes else None
        if J is None:
            X = self.read(chunk)
            if not isinstance(X, OneHot) or (X.indices < 0).any():
                return self.outputs(X)
            J = self.fused.join(X)
        return self.joint.outputs(J) if self.results is None else self.results[J.indices[:, 0]]
