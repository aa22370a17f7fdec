"""Prediction of many rows: in chunks on all cores, through joined fields where that pays.

Memory is that of the result and of a chunk a thread, whatever the number of rows, once a table has been read. Equal
rows have equal logits: where few joint categories are possible at all, each is computed once and the rows look their
results up; where a chunk has many duplicates and a row costs a pass through hidden layers, each distinct row makes that
pass once.
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
from classifiers.network import Network, chunks
from onehot import OneHot, get_backend

__all__ = ["predict"]

Array = npt.NDArray[Any]
WORTH_JOINING = 16  # columns of a table: for fewer, the compiled kernels select rows as fast as the codes are joined


def predict(
    network: Network,
    X: Any,
    read: Callable[[Any], DesignMatrix],
    finish: Callable[[Array], Array],
    n_categories: tuple[int, ...] | None,
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
    """
    n, joined, fused = X.shape[0], network, None
    if n_categories is not None:
        fused = FusedFields(n_categories, n)
        table, *others = network.weights
        few_columns = get_backend() == "numba" and len(fused.groups) > 1 and table.shape[1] < WORTH_JOINING
        tall = sum(fused.joint_n_categories) * ROWS_A_CATEGORY > n  # counting the fields that stay alone
        if not fused.pays or few_columns or tall:
            fused = None
        else:
            joined = Network([fused.table(np.asarray(table)), *others], network.biases, network.activation)
    if fused is not None and len(fused.groups) == 1:
        result_of_category = finish(joined.logits(OneHot(np.arange(joined.weights[0].shape[0]))))

    def predict_chunk(rows: slice) -> Array:
        design = read(X[rows])
        if fused is None or not isinstance(design, OneHot) or (design.indices < 0).any():
            return _once_a_distinct_row(network, design, finish)
        J = fused.join(design)
        if len(fused.groups) == 1:
            return result_of_category[J.indices[:, 0]]
        return _once_a_distinct_row(joined, J, finish)

    try:
        return np.concatenate(map_in_order(predict_chunk, chunks(n)))
    except ValueError:
        read(X)  # names the row of X, not of its chunk
        raise


def _once_a_distinct_row(network: Network, X: DesignMatrix, finish: Callable[[Array], Array]) -> Array:
    """Return ``finish(logits)`` of a chunk."""
    is_deep = len(network.weights) > 1  # without hidden layers, to find the duplicates costs as much as they do
    distinct = distinct_rows(X) if is_deep and isinstance(X, OneHot) else None
    if distinct is None:
        return finish(network.forward(X))
    representatives, inverse = distinct
    return finish(network.forward(X[representatives]))[inverse]
