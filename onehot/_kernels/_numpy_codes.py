"""Codes on NumPy alone: whether they are in range, and which rows of the table they are.

Read as unsigned, a negative code is too large, so that one comparison with the largest of each field finds both, as
fast as memory is read.
"""

from __future__ import annotations

import numpy as np

from onehot._arrays import Array

__all__ = ["add_row", "as_unsigned", "column_max", "shift_codes"]

ROWS_AT_ONCE = 64


def shift_codes(codes: Array, n_categories: Array, offsets: Array, indices: Array) -> bool:
    """Set ``indices = codes + offsets``: (n, f), (f,) -> (n, f); return whether all codes are in [0, n_categories)."""
    unsigned, largest = as_unsigned(codes, n_categories)
    if codes.size and (column_max(unsigned) > largest).any():
        return False
    indices[...] = codes
    add_row(indices, offsets.astype(indices.dtype))
    return True


def as_unsigned(codes: Array, n_categories: Array) -> tuple[Array, Array]:
    """Return codes read as unsigned, which makes negative ones too large, and the largest allowed in each field."""
    unsigned = codes.view(codes.dtype.str.replace("i", "u"))
    unsigned.flags.writeable = False  # one type for the compiler, whether the codes are read-only or not
    largest = np.minimum(n_categories - 1, min(np.iinfo(codes.dtype).max, np.iinfo(np.int64).max))
    return unsigned, largest.astype(unsigned.dtype)


def column_max(A: Array) -> Array:
    """Return ``A.max(axis=0)`` of an (n, f) array of unsigned integers."""
    long_rows, rest = _as_long_rows(A)
    if long_rows.size:
        rest = np.concatenate((long_rows.max(axis=0).reshape(ROWS_AT_ONCE, -1), rest))
    largest: Array = rest.max(axis=0)
    return largest


def add_row(A: Array, row: Array) -> None:
    """Add `row`, (f,), to each row of a C-contiguous array, (n, f)."""
    long_rows, rest = _as_long_rows(A)
    if long_rows.size:
        long_rows += row[np.newaxis].repeat(ROWS_AT_ONCE, axis=0).ravel()  # np.tile is slower
    rest += row


def _as_long_rows(A: Array) -> tuple[Array, Array]:
    """Return two views of an (n, f) array: `ROWS_AT_ONCE` rows end to end in each row of the first, the rest.

    NumPy's inner loop runs along a row, and a row of f codes is too short for it.
    """
    n, f = A.shape
    n_long = n // ROWS_AT_ONCE if A.flags.c_contiguous else 0
    cut = n_long * ROWS_AT_ONCE
    return A[:cut].reshape(n_long, ROWS_AT_ONCE * f), A[cut:]
