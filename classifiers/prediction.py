"""Prediction of many rows: in chunks on all cores, through joined fields where that pays.

Memory is that of the result and of a chunk a thread, whatever the number of rows, once a table has been read. Codes are
checked and their rows selected in one pass, where there is nothing else to do with them. Equal rows have equal logits:
where few joint categories are possible at all, each is computed once and the rows look their results up; where a chunk
has many duplicates and a row costs a pass through hidden layers, each distinct row makes that pass once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._threads import map_in_order
from classifiers.design_matrix import DesignMatrix
from classifiers.duplicates import distinct_rows
from classifiers.fused_fields import ROWS_A_CATEGORY, FusedFields
from classifiers.network import ROWS_A_CHUNK, Network, chunks
from onehot import OneHot, get_backend
from onehot import _kernels as kernels

__all__ = ["predict"]

Array = npt.NDArray[Any]
WORTH_JOINING = 16  # columns of a table: for fewer, the compiled kernels select rows as fast as the codes are joined


def predict(
    network: Network,
    X: Any,
    read: Callable[[Any], DesignMatrix],
    finish: Callable[[Array], Array],
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
        Makes a design matrix of such rows; raises where they are not valid.
    finish : callable
        From logits (m, K) to what is wanted of each row, (m, ...).
    n_categories : tuple of int or None
        Of the fields of X, where X has fields.
    are_codes : bool
        Whether X is an array of codes that stand for themselves where they are in [0, n_categories).
    """
    n, b = X.shape[0], network.biases[0]
    fused = None if n_categories is None else _worth_joining(network, n_categories, n)
    counts = np.asarray(() if n_categories is None else n_categories)

    def by_rows(chunk: Any) -> Array:
        return _once_a_distinct_row(network, read(chunk), finish)

    predict_chunk: Callable[[Any], Array] = by_rows
    if fused is not None:
        table, *others = network.weights
        joined = Network([fused.table(np.asarray(table)), *others], network.biases, network.activation)
        is_one_field = len(fused.groups) == 1
        if is_one_field:
            result_of_category = finish(joined.logits(OneHot(np.arange(len(joined.weights[0])))))

        def by_joint_rows(chunk: Any) -> Array:
            if are_codes and kernels.active.in_range(chunk, counts):
                J = fused.join_codes(chunk, dtype=b.dtype)
            else:
                design = read(chunk)
                if not isinstance(design, OneHot) or (design.indices < 0).any():
                    return _once_a_distinct_row(network, design, finish)
                J = fused.join(design)
            if is_one_field:
                return result_of_category[J.indices[:, 0]]
            return _once_a_distinct_row(joined, J, finish)

        predict_chunk = by_joint_rows
    elif are_codes and len(network.weights) == 1 and n > ROWS_A_CHUNK:
        W, offsets = np.asarray(network.weights[0]), np.cumsum(counts) - counts

        def in_one_pass(codes: Array) -> Array:
            Z = np.empty((len(codes), len(b)), b.dtype)
            fits = kernels.active.gather_codes(W, codes, counts, offsets, Z, b)
            return finish(Z) if fits else by_rows(codes)

        if W.flags.c_contiguous and W.flags.aligned and W.dtype == b.dtype:
            predict_chunk = in_one_pass

    try:
        nothing = finish(np.empty((0, len(network.biases[-1])), b.dtype))
        results = np.empty((n, *nothing.shape[1:]), nothing.dtype)

        def write(rows: slice) -> None:
            results[rows] = predict_chunk(X[rows])

        map_in_order(write, chunks(n))
        return results
    except ValueError:
        read(X)  # names the row of X, not of its chunk
        raise


def _worth_joining(network: Network, n_categories: tuple[int, ...], n: int) -> FusedFields | None:
    """Return the joined fields for n rows, or None where each field is better on its own."""
    fused = FusedFields(n_categories, n)
    few_columns = network.weights[0].shape[1] < WORTH_JOINING
    if get_backend() == "numba" and few_columns and len(fused.groups) > 1:
        return None
    is_tall = sum(fused.joint_n_categories) * ROWS_A_CATEGORY > n  # counting the fields that stay alone
    return fused if fused.pays and not is_tall else None


def _once_a_distinct_row(network: Network, X: DesignMatrix, finish: Callable[[Array], Array]) -> Array:
    """Return ``finish(logits)`` of a chunk."""
    is_deep = len(network.weights) > 1  # without hidden layers, to find the duplicates costs as much as they do
    distinct = distinct_rows(X) if is_deep and isinstance(X, OneHot) else None
    if distinct is None:
        return finish(network.forward(X))
    representatives, inverse = distinct
    return finish(network.forward(X[representatives]))[inverse]
