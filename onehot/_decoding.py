"""One-hot matrices, dense or sparse, back into codes: the inverse of what a `OneHot` stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from onehot._arrays import Array, as_array
from onehot._codes import MISSING, Categories, Missing, normalize_n_categories
from onehot._errors import CodeError, DTypeError, ShapeError

__all__ = ["codes_of_dense", "codes_of_sparse"]


def codes_of_dense(
    A: npt.ArrayLike, n_categories: Categories | None, missing: Missing
) -> tuple[Array, tuple[int, ...]]:
    """Return the codes and category counts of a dense one-hot matrix, (n, V)."""
    if scipy.sparse.issparse(A):
        raise DTypeError(f"from_dense takes an array, got a {type(A).__name__}; use OneHot.from_sparse")
    A = as_array(A, "A")
    if A.ndim != 2:
        raise ShapeError(f"a one-hot matrix has shape (n, V), got {A.shape}")
    rows, columns = np.nonzero(A)
    return _codes_of_entries(A.shape, rows, columns, A[rows, columns], n_categories, missing)


def codes_of_sparse(S: Any, n_categories: Categories | None, missing: Missing) -> tuple[Array, tuple[int, ...]]:
    """Return the codes and category counts of a scipy sparse one-hot matrix, (n, V)."""
    is_matrix = np.ndim(S) == 2 and scipy.sparse.issparse(S)
    if not is_matrix:
        raise DTypeError(
            f"from_sparse takes a 2-D scipy sparse array, got {type(S).__name__}; use OneHot.from_dense for arrays"
        )
    S = scipy.sparse.csr_array(S, copy=True)
    S.sum_duplicates()
    S.eliminate_zeros()
    rows = np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))
    return _codes_of_entries(S.shape, rows, S.indices, S.data, n_categories, missing)


def _codes_of_entries(
    shape: tuple[int, int],
    rows: Array,
    columns: Array,
    values: Array,
    n_categories: Categories | None,
    missing: Missing,
) -> tuple[Array, tuple[int, ...]]:
    """Return the codes and category counts of a one-hot matrix, given its non-zero entries sorted by row and column.

    A block without a one is code -1.
    """
    n, V = shape
    counts = (V,) if n_categories is None else normalize_n_categories(n_categories, np.size(n_categories))
    if sum(counts) != V:
        raise ShapeError(f"n_categories {counts} add up to {sum(counts)}, but the matrix has {V} columns")
    for k in np.flatnonzero(values != 1)[:1]:
        raise CodeError(f"row {rows[k]}, column {columns[k]}: {values[k]} is neither 0 nor 1: not a one-hot matrix")
    offsets = np.cumsum((0, *counts[:-1]))
    fields = np.searchsorted(offsets, columns, side="right") - 1
    for k in np.flatnonzero((np.diff(rows) == 0) & (np.diff(fields) == 0))[:1]:
        hint = "; of several fields, pass n_categories" if n_categories is None else ""
        raise CodeError(f"row {rows[k]} has more than one 1 in field {fields[k]}: not a one-hot matrix{hint}")
    codes = np.full((n, len(counts)), MISSING, dtype=np.int64)
    codes[rows, fields] = columns - offsets[fields]
    if missing == "error":
        for row, field in np.argwhere(codes < 0)[:1].tolist():
            raise CodeError(
                f"row {row} has no 1 in field {field}: not a one-hot matrix; "
                "if that means missing, pass missing='zero' or missing='own'"
            )
    return codes, counts
