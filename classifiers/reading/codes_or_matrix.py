"""An X that is not a table: codes or a design matrix? Either leaves as a design matrix.

    onehot.OneHot                        as it is
    scipy sparse (n, V)                  the design matrix
    float or bool array (n, V)           the design matrix
    integer array (n, f)                 codes
    any array, with n_categories known   (n, f) is codes and (n, V) the design matrix: the width decides, not the dtype

What the model was fitted to decides too: where that was a design matrix of unknown fields, X is never read as codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifiers.design_matrix import DenseMatrix, DesignMatrix, SparseMatrix
from classifiers.reading.misreadings import warn_if_codes, warn_if_one_hot
from classifiers.reading.policies import IF_MISSING
from onehot import CodeError, OneHot, ShapeError
from onehot._codes import exact_bits, float_remedy
from onehot._errors import field_label

__all__ = ["as_design_matrix", "raise_not_finite"]

Array = npt.NDArray[Any]
ColumnNames = Sequence[str] | None

IF_NUMBERS = "only -1 can mean missing; if the columns hold numbers, pass categorical_features=None at fit"


def as_design_matrix(
    X: Any,
    n_categories: Sequence[int] | None,
    *,
    dtype: npt.DTypeLike,
    names: ColumnNames = None,
    fitted: bool = False,
    ignore_unknown: bool = False,
    missing: str = "error",
) -> DesignMatrix:
    """Return X, already known to be 2-D, as a design matrix of float `dtype`.

    Parameters
    ----------
    X : OneHot, scipy CSR array or NumPy array
    n_categories : sequence of int, optional
        Rows of each field's block: as given by the user, or as learned where the model is `fitted`.
    names : sequence of str, optional
        Of the columns of X, for messages.
    ignore_unknown : bool
        Let codes beyond `n_categories`, and -1, select nothing.
    missing : {"error", "zero", "own"}
        What NaN and -1 are as codes: an error, nothing selected, or the last category of their field. Where unknown
        codes are ignored, -1 is one of them in an array of floats, as `OrdinalEncoder` makes it, and where missing ones
        are an error.

    Raises
    ------
    CodeError, ShapeError, ValueError
        Naming field, row and value, and what to pass instead.
    """
    if isinstance(X, OneHot):
        if missing == "own" != X.missing:
            raise CodeError(
                f"X is a OneHot made with missing={X.missing!r}: its last categories are not the missing ones, as "
                "handle_missing='own' has it; pass OneHot(codes, n_categories, missing='own'), or the codes themselves"
            )
        _check_fields(X, n_categories, names)
        return X.astype(dtype)
    undecided = n_categories is None and not fitted
    if _is_codes(X, n_categories, undecided):
        if undecided:
            warn_if_one_hot(X)
        return _as_codes(
            X, n_categories, names, dtype=dtype, fitted=fitted, ignore_unknown=ignore_unknown, missing=missing
        )
    design = _as_matrix(X, dtype, names)
    if undecided:
        warn_if_codes(X)
    return design


def _check_fields(X: OneHot, n_categories: Sequence[int] | None, names: ColumnNames) -> None:
    if n_categories is None or X.n_categories == tuple(n_categories):
        return
    if len(X.n_categories) != len(n_categories):
        raise ShapeError(
            f"X has {len(X.n_categories)} fields, expected {len(n_categories)}; "
            f"pass a OneHot with n_categories={list(map(int, n_categories))}, or codes of these fields"
        )
    for field, (has, expected) in enumerate(zip(X.n_categories, n_categories, strict=True)):
        if has != expected:
            raise ShapeError(
                f"{field_label(field, names)}: X has {has} categories, expected {expected}; "
                "pass n_categories to OneHot, or the codes themselves"
            )


def _is_codes(X: Any, n_categories: Sequence[int] | None, undecided: bool) -> bool:
    """Tell codes (n, f) from a design matrix (n, V)."""
    width, is_sparse = X.shape[1], sparse.issparse(X)
    if n_categories is None:
        return undecided and not is_sparse and X.dtype.kind in "iu"
    f, V = len(n_categories), sum(n_categories)
    if width == V != f or (is_sparse and width == V):
        return False
    if width == f and not is_sparse:
        return V != f or X.dtype.kind in "iu"
    raise ShapeError(
        f"X has {width} columns, but n_categories has {f} fields and {V} categories in all; "
        + ("pass a sparse matrix of shape" if is_sparse else f"pass codes of shape (n, {f}) or a matrix of shape")
        + f" (n, {V})"
    )


def _as_codes(
    X: Array,
    n_categories: Sequence[int] | None,
    names: ColumnNames,
    *,
    dtype: npt.DTypeLike,
    fitted: bool,
    ignore_unknown: bool,
    missing: str,
) -> OneHot:
    counts = None if n_categories is None else np.subtract(n_categories, int(missing == "own"))
    options: Any = {"dtype": dtype, "names": names}
    policy: Any = missing
    if X.dtype.kind != "f" or missing == "error" or not ignore_unknown:  # else -1 is unknown where NaN is missing
        with suppress(CodeError):  # codes that are all right are done here; errors are worded below
            return OneHot(X, counts, missing=policy, **options)
    bits = exact_bits(X.dtype) if X.dtype.kind == "f" else 64
    if X.dtype == np.float16:
        X = X.astype(np.float32)  # in which 2**bits is a number
    absent, unknown = _absent_and_unknown(X, ignore_unknown, missing)
    _refuse_what_is_no_code(X, names, bits, allowed=unknown if missing == "error" else absent | unknown)
    codes = np.where(absent | unknown, -1, X).astype(np.int64) if X.dtype.kind == "f" else X

    if not ignore_unknown:
        try:
            return OneHot(codes, counts, missing=policy, **options)
        except CodeError as error:
            if not fitted:
                raise
            raise CodeError(f"{error}, or handle_unknown='ignore' to let it contribute nothing") from None
    if counts is None:
        counts = np.array(OneHot(codes, missing="zero", names=names).n_categories)
    if fitted:  # what `fit` itself is given must be right
        codes = np.where(codes >= counts, -1, codes.astype(np.int64))
    if missing == "own":  # by hand: an unknown code must not become the missing one
        codes, counts = np.where(absent, counts, codes), counts + 1
    return OneHot(codes, counts, missing="zero", **options)


def _absent_and_unknown(X: Array, ignore_unknown: bool, missing: str) -> tuple[Any, Any]:
    """Return where codes are missing, and where -1 is an unknown one: see `missing` of `as_design_matrix`."""
    is_float = X.dtype.kind == "f"
    minus_one = X == -1 if X.dtype.kind != "u" else np.False_
    unknown = minus_one if ignore_unknown and (is_float or missing == "error") else np.False_
    return (np.isnan(X) if is_float else np.False_) | (minus_one & ~unknown), unknown


def _refuse_what_is_no_code(X: Array, names: ColumnNames, bits: int, allowed: Any) -> None:
    """Raise for negative, missing and fractional codes that are not allowed; `OneHot` refuses too large ones.

    From 2**bits on, floats may have been rounded to another code.
    """
    if X.dtype.kind == "u":
        return
    wrong = ~(X >= 0) & ~allowed
    if X.dtype.kind == "f":
        wrong |= (X >= 0) & ((X != np.floor(X)) | (X >= 2.0**bits))
    for row, field in np.argwhere(wrong)[:1].tolist():
        code = X[row, field].item()
        shown = str(X[row, field]).removesuffix(".0")
        if code < 0:
            remedy = IF_MISSING if code == -1 else IF_NUMBERS
            reason = f"Negative values in data: code {shown}, and codes count from 0; {remedy}"
        elif code != code:
            reason = f"Input X contains NaN, which is not a code; {IF_MISSING}"
        else:
            reason = f"{shown} is not a code; {float_remedy(code, bits)}"
        raise CodeError(f"{field_label(field, names)}, row {row}: {reason}")


def _as_matrix(X: Any, dtype: npt.DTypeLike, names: ColumnNames) -> DesignMatrix:
    is_sparse = sparse.issparse(X)
    with np.errstate(over="ignore"):  # what is too large is reported below
        if not is_sparse:
            dense = np.ascontiguousarray(X, dtype=dtype)
            for row, column in np.argwhere(~np.isfinite(dense))[:1].tolist():
                raise_not_finite(X[row, column], row, column, dtype, names)
            return DenseMatrix(dense)
        wide: Any = sparse.csr_array(X, copy=True)
        wide.sum_duplicates()
        csr: Any = wide.astype(dtype, copy=False)
    for k in np.flatnonzero(~np.isfinite(csr.data))[:1].tolist():
        row = int(np.searchsorted(csr.indptr, k, side="right")) - 1
        raise_not_finite(wide.data[k], row, int(csr.indices[k]), dtype, names)
    csr.eliminate_zeros()
    return SparseMatrix(csr)


def raise_not_finite(value: Any, row: int, column: int, dtype: npt.DTypeLike, names: ColumnNames) -> NoReturn:
    """Raise for a number of X that is NaN, infinite, or beyond `dtype`."""
    if np.isfinite(value):
        contents, remedy = f"{value:g}, too large for {np.dtype(dtype)}", "scale the column"
    else:
        contents = "NaN" if np.isnan(value) else "infinity"
        remedy = "numbers must be finite, so fill such values in"
        if np.isnan(value):
            remedy += "; if they are codes, name the column in categorical_features, and pass handle_missing"
    label = field_label(column, names, kind="column")
    raise ValueError(f"{label}, row {row}: Input X contains {contents}; {remedy}")
