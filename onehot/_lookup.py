"""Row i of ``one_hot(indices) @ W`` is ``W[indices[i]]``, so no product is formed.

`lookup` and `scatter_add` are each other's adjoint, as a matrix and its transpose are:

    <lookup(W, i), G> = <W, scatter_add(G, i)>        for every W, G of fitting shapes

They work on plain arrays and check the indices at every call. `embed` is for a `OneHot`, checked once when built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from onehot._arrays import FLOATS, Array, as_array, checked_n_rows, index_dtype
from onehot._errors import DTypeError, RowIndexError, ShapeError
from onehot._matrix import OneHot
from onehot._row_gradient import RowGradient

__all__ = ["embed", "lookup", "scatter_add"]


def lookup(table: Array, indices: npt.ArrayLike, /, *, out: Array | None = None) -> Array:
    """Select rows: ``one_hot(indices) @ table``.

    Adjoint: `scatter_add`.

    Parameters
    ----------
    table : array, shape (V, d)
        Of any dtype.
    indices : array of int, shape (...,)
        Rows of the table, each in [0, V).
    out : array of table's dtype, shape (..., d), optional
        Of any memory layout; filled and returned.

    Returns
    -------
    array, shape (..., d)

    Raises
    ------
    RowIndexError
        For an index outside [0, V), negative ones included: they never count from the end.
    DTypeError, ShapeError
        For indices that are not integers, a table that is not 2-D, an `out` that does not fit.

    Notes
    -----
    Not checked: that `out` does not overlap `table`.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]])
    >>> lookup(W, [2, 0])
    array([[20., 21.],
           [ 0.,  1.]])
    """
    if type(table) is not np.ndarray:  # which spares a small lookup a call
        table = as_array(table, "table")
    if table.ndim != 2:
        raise ShapeError(f"the table must have shape (V, d), got {table.shape}")
    indices = _checked_indices(indices, len(table))
    ready = table.flags.c_contiguous and table.flags.aligned  # of any other table, take would make a copy
    if out is None:
        return table.take(indices, 0) if ready else table[indices]
    expected = (*indices.shape, table.shape[1])
    if not hasattr(out, "dtype") or out.dtype != table.dtype:
        raise DTypeError(f"out must be an array of {table.dtype}, got {getattr(out, 'dtype', type(out).__name__)}")
    if out.shape != expected:
        raise ShapeError(f"out must have shape {expected}, got {out.shape}")
    if ready:
        return table.take(indices, 0, out=out, mode="clip")  # in range: clip only spares NumPy's buffered copy of out
    out[...] = table[indices]
    return out


def scatter_add(
    values: npt.ArrayLike, indices: npt.ArrayLike, /, *, n_rows: int | None = None, out: Array | None = None
) -> Array:
    """Add rows up where they belong: ``one_hot(indices).T @ values``. Repeated indices accumulate.

    Adjoint: `lookup`.

    Parameters
    ----------
    values : array of float, shape (..., d)
    indices : array of int, shape (...,)
        The row of the result that each row of `values` is added to.
    n_rows : int, optional
        V, the rows of the result. Give either this or `out`.
    out : array of float32 or float64, shape (V, d), optional
        Added to in place, and returned; only the rows in `indices` change.

    Returns
    -------
    array, shape (V, d)

    Raises
    ------
    RowIndexError
        For an index outside [0, V), negative ones included.
    DTypeError, ShapeError
        Where shapes or types do not fit, or neither or both of `n_rows` and `out` are given.

    Examples
    --------
    >>> import numpy as np
    >>> scatter_add(np.array([[1.0], [10.0], [100.0]]), [2, 0, 2], n_rows=3)
    array([[ 10.],
           [  0.],
           [101.]])
    """
    values = as_array(values, "values")
    if (n_rows is None) == (out is None):
        raise ShapeError("scatter_add needs either n_rows, the height of the result, or out, the array to add to")
    fits = isinstance(out, np.ndarray) and out.ndim == 2
    if out is not None and not fits:
        raise ShapeError(f"out must be an array of shape (V, d), got a {type(out).__name__} of shape {np.shape(out)}")
    V = len(out) if out is not None else checked_n_rows(n_rows)
    indices = _checked_indices(indices, V)
    if values.ndim == 0 or values.shape[:-1] != indices.shape:
        raise ShapeError(f"values of shape (..., d) need indices of shape (...,); got {values.shape}, {indices.shape}")
    d = values.shape[-1]
    dtype = np.result_type(values.dtype, np.float32) if out is None else out.dtype
    if dtype not in FLOATS:
        raise DTypeError(f"sums are formed in float32 or float64, got {dtype}; pass values (and out) of these")
    if not np.can_cast(values.dtype, dtype, "same_kind"):
        raise DTypeError(f"values of {values.dtype} cannot be added to out of {dtype}")
    if out is None:
        out = np.zeros((V, d), dtype)
    elif out.shape != (V, d):
        raise ShapeError(f"out has shape {out.shape}, but values have d = {d} columns")
    rows = np.array(indices, index_dtype(V), order="C").reshape(-1, 1)
    rows.flags.writeable = False
    values = np.array(values, dtype, order="C").reshape(len(rows), d)  # a copy: it may be a part of out
    out += RowGradient._of_batch(rows, values, (V, d))
    return out


def embed(table: Array, X: OneHot, /) -> tuple[Array, Callable[[Array], RowGradient]]:
    """Return ``X @ table`` and the function that takes its gradient back to the table.

    Parameters
    ----------
    table : array of float, shape (V, d)
    X : OneHot, shape (n, V)

    Returns
    -------
    out : array, shape (n, d)
        Row i is the sum of the f rows of the table that sample i selects.
    backprop : callable
        ``backprop(dout)``, with dout of shape (n, d), is the `RowGradient` ``X.T @ dout``.

    Raises
    ------
    DTypeError
        If X is not a `OneHot`.
    ShapeError
        If the table does not have V rows.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[1.0], [2.0], [4.0]])
    >>> out, backprop = embed(table, OneHot([2, 2], 3))
    >>> out.tolist()
    [[4.0], [4.0]]
    >>> table -= 0.1 * backprop(np.ones((2, 1)))
    >>> table.tolist()
    [[1.0], [2.0], [3.8]]
    """
    if not isinstance(X, OneHot):
        raise DTypeError(
            f"X must be a OneHot, got a {type(X).__name__}; pass OneHot(codes, n_categories), or lookup(table, indices)"
        )

    def backprop(dout: Array) -> RowGradient:
        dtable: RowGradient = X.T @ dout
        return dtable

    out: Array = X @ table
    return out, backprop


def _checked_indices(indices: npt.ArrayLike, V: int) -> npt.NDArray[np.integer[Any]]:
    if type(indices) is not np.ndarray:
        indices = as_array(indices, "indices")
    if not indices.size:
        return indices.astype(np.intp)
    kind = indices.dtype.kind
    if kind not in "iu":
        raise DTypeError(f"indices must be integers, got {indices.dtype}")
    # item(argmin()) is min(), several times faster for a few indices
    if indices.item(indices.argmin()) < 0 or indices.item(indices.argmax()) >= V:
        where = tuple(np.argwhere((indices < 0) | (indices >= V))[0].tolist())
        place, index = where[0] if len(where) == 1 else where, int(indices[where])
        raise RowIndexError.of(f"index {index} at position {place}", index, V)
    return indices if kind == "i" else indices.astype(np.intp)  # NumPy 2.0 takes no uint64
