"""What ``X[rows]`` takes besides a slice and an array of signed integers, and the errors for everything else.

Rows never count from the end: the wrap-around of negative indices hides mistakes.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from onehot._arrays import Array
from onehot._errors import DTypeError, RowIndexError, ShapeError, UnsupportedError

__all__ = ["only_rows", "raise_outside", "row_numbers"]


def only_rows(key: tuple[Any, ...]) -> Any:
    """Return the rows of ``X[rows, :]`` and ``X[rows, ...]``, which scikit-learn writes, or ``X[np.nonzero(mask)]``."""
    if len(key) == 1 or (len(key) == 2 and (key[1] is Ellipsis or (type(key[1]) is slice and key[1] == slice(None)))):
        return key[0]
    raise UnsupportedError(
        "columns of a lazy one-hot matrix cannot be selected; use X.tocsr()[rows, columns], or for some of the fields "
        "OneHot(codes[:, fields], n_categories)"
    )


def row_numbers(rows: Array, n: int) -> Array:
    """Return the rows of a mask, unsigned rows as signed, or no rows; raise for what is not a 1-D array of integers."""
    kind = rows.dtype.kind
    if rows.ndim != 1:
        hint = f"got an array of shape {rows.shape}"
        if rows.ndim == 0:
            hint = f"got {rows}; X[:] is all of it"
            if kind in "iu":
                row = int(rows) + n if rows < 0 else int(rows)
                if not 0 <= row < n:
                    raise_outside(rows[np.newaxis], n)
                hint = f"for row {row} pass X[[{row}]]; shuffled, X is X[rng.permutation(len(X))]"
        raise UnsupportedError(f"X[rows] takes a slice, a 1-D integer array or a mask; {hint}")
    if kind == "b":
        if len(rows) != n:
            raise ShapeError(f"a mask of {len(rows)} rows cannot select from {n}")
        return rows.nonzero()[0]
    if not rows.size:
        return np.empty(0, np.intp)
    if kind not in "iu":
        raise DTypeError(f"rows must be integers or a boolean mask, got {rows.dtype}")
    if (rows >= n).any():  # of unsigned ones, which could become negative below
        raise_outside(rows, n)
    return rows.astype(np.intp)


def raise_outside(rows: Array, n: int) -> NoReturn:
    """Raise for the first of `rows` that is not in [0, n)."""
    wrong = int(rows[(rows < 0) | (rows >= n)][0])
    raise RowIndexError.of(f"row {wrong}", wrong, n) from None
