"""The door of codes: any integer array becomes validated rows of the stacked table.

Field j has ``n_categories[j]`` categories, and its block of the table starts at row
``offsets[j] = n_categories[0] + ... + n_categories[j - 1]``. The one-hot row of a sample has its ones at

    indices[i, j] = codes[i, j] + offsets[j],        0 <= codes[i, j] < n_categories[j].

Everything behind this door trusts its indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from onehot import _kernels as kernels
from onehot._arrays import Array, as_array, index_dtype
from onehot._errors import CodeError, DTypeError, ShapeError, field_label

__all__ = [
    "MISSING",
    "Categories",
    "Encoded",
    "Missing",
    "encode",
    "exact_bits",
    "float_remedy",
    "normalize_n_categories",
]

Missing: TypeAlias = Literal["error", "zero", "own"]
Categories: TypeAlias = int | Sequence[int] | npt.NDArray[np.integer[Any]]

MISSING = -1
LARGEST = np.iinfo(np.int64).max
NUMBERS_AT_ONCE = 1 << 18  # codes whose temporary arrays fit the cache


class Encoded(NamedTuple):
    """Validated codes.

    `indices` is (n, f), C-contiguous, and owned; -1 marks a block without a one, and occurs only if
    `has_missing`.
    """

    indices: Array
    n_categories: tuple[int, ...]
    offsets: Array
    missing: Missing
    has_missing: bool


def encode(
    codes: npt.ArrayLike,
    n_categories: Categories | None = None,
    *,
    missing: Missing = "error",
    names: Sequence[str] | None = None,
) -> Encoded:
    """Check `codes` of shape (n,) or (n, f) and shift each field to its block of the table."""
    if missing not in ("error", "zero", "own"):
        raise CodeError(f"missing={missing!r} is not known; pass 'error', 'zero' or 'own'")
    numbers = _as_numbers(codes, names)
    n, f = numbers.shape
    step = max(NUMBERS_AT_ONCE // f, 1)
    blocks = [slice(start, start + step) for start in range(0, n, step)]
    if numbers.dtype.kind == "f":
        for rows in blocks:
            _check_floats(numbers[rows], missing, names, first_row=rows.start)
    counts = _counted(numbers) if n_categories is None else normalize_n_categories(n_categories, f)
    if sum(counts) > LARGEST - f:  # missing="own" will add f
        widest = int(np.argmax(counts))
        raise CodeError(
            f"{field_label(widest, names)} has {counts[widest]} categories, more than 64-bit indices can count; "
            "renumber the codes from 0"
        )

    own = missing == "own"
    heights = tuple(count + own for count in counts)
    offsets = np.cumsum((0, *heights[:-1]), dtype=np.int64)
    indices: Array = np.empty((n, f), index_dtype(sum(heights)))
    limits, some_missing = np.asarray(counts), False
    for rows in blocks:
        integers, block = _as_integers(numbers[rows]), indices[rows]
        if not kernels.active.shift_codes(integers, limits, offsets, block):
            some_missing = True
            absent = _absent(integers, counts, missing, names, first_row=rows.start)
            block[...] = np.where(absent, limits, integers) if own else integers
            block += offsets.astype(block.dtype)
            if not own:
                block[absent] = MISSING
    return Encoded(indices, heights, offsets, missing, has_missing=some_missing and not own)


def _counted(numbers: Array) -> tuple[int, ...]:
    """Return the number of categories of each field: its largest code + 1."""
    is_float = numbers.dtype.kind == "f"
    if not len(numbers):
        raise CodeError("codes have no rows to count categories in; pass n_categories")
    if is_float and _is_one_hot(numbers):
        raise CodeError(
            "codes of floats with one 1 in each row are a one-hot matrix; pass it to OneHot.from_dense, or pass "
            "n_categories if they are codes"
        )
    largest = (np.fmax if is_float else np.maximum).reduce(numbers, axis=0, initial=0)  # fmax ignores NaN
    return tuple(int(code) + 1 for code in largest.tolist())


def normalize_n_categories(n_categories: Categories, f: int) -> tuple[int, ...]:
    """Return one positive Python integer per field; a single number holds for every field."""
    counts = as_array(n_categories, "n_categories")
    if counts.dtype.kind == "O" and all(isinstance(count, int) for count in counts.flat):
        raise CodeError(f"n_categories={n_categories!r} is more than 64-bit indices can count")
    if counts.dtype.kind not in "iu":
        raise DTypeError(f"n_categories must be integers, got {n_categories!r}")
    if counts.ndim == 0:
        counts = np.full(f, counts)
    if counts.shape != (f,):
        raise ShapeError(
            f"n_categories has shape {counts.shape}, but codes have {f} field(s); pass one number per field"
        )
    for field, count in enumerate(counts.tolist()):
        if count < 1:
            raise CodeError(f"n_categories[{field}] is {count}; every field needs at least one category")
    return tuple(counts.tolist())


def _as_numbers(codes: npt.ArrayLike, names: Sequence[str] | None) -> Array:
    """Return `codes` as a 2-D array of integers or floats; anything else is refused."""
    if np.ma.is_masked(codes):
        raise DTypeError("codes are a masked array; pass codes.filled(-1), and missing='zero' or missing='own'")
    codes = as_array(codes, "codes")
    if not codes.dtype.isnative:  # NumPy 2.0.0 crashes on a swapped uint32 == -1
        codes = codes.astype(codes.dtype.newbyteorder("="))
    if codes.ndim not in (1, 2):
        raise ShapeError(f"codes must have shape (n,) or (n, f), got {codes.shape}")
    if codes.ndim == 1:
        codes = codes[:, None]
    if codes.shape[1] == 0:
        raise ShapeError(f"codes of shape {codes.shape} have no fields; one-hot needs at least one column")
    if names is not None and len(names) != codes.shape[1]:
        raise ShapeError(f"{len(names)} names were given for {codes.shape[1]} field(s)")
    if codes.dtype.kind in "iuf":
        return codes
    raise DTypeError(f"codes must be integers, got {codes.dtype}; {_first_other(codes, names)}{_remedy(codes)}")


def _first_other(codes: Array, names: Sequence[str] | None) -> str:
    """Return the place and value of the first Python object that is not a code, with a semicolon; else nothing."""
    if codes.dtype.kind == "O":
        for (row, field), value in np.ndenumerate(codes):
            if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or abs(int(value)) > LARGEST:
                return f"{field_label(field, names)}, row {row}: {value!r} is not a code; "
    return ""


def _remedy(codes: Array) -> str:
    """Return what to pass in place of codes that are not numbers."""
    kind = codes.dtype.kind
    if kind == "b":
        return "for a boolean one-hot matrix use OneHot.from_dense; for a yes/no field pass codes.astype(int)"
    if kind in "SUT" or (kind == "O" and any(isinstance(value, str | bytes) for value in codes.flat)):
        encoders = "np.unique(..., return_inverse=True) or scikit-learn's OrdinalEncoder"
        return f"turn strings into codes first, with {encoders}"
    if kind == "O":
        return "pass an array of integers, or of floats with NaN where one is missing"
    return "pass an integer array"


def exact_bits(dtype: np.dtype[Any]) -> int:
    """Return b: floats of this type tell all integers below 2**b apart. Wider types count as float64."""
    return min(int(np.finfo(dtype).nmant) + 1, 53)


def float_remedy(code: float, bits: int) -> str:
    """Return what to pass in place of a float that is a fraction, or from 2**bits on."""
    remedy = "codes are whole numbers from 0"
    if 2.0**bits <= code < np.inf:
        remedy += f", and from 2**{bits} on such floats skip some; pass integers"
    return remedy


def _check_floats(codes: Array, missing: Missing, names: Sequence[str] | None, *, first_row: int) -> None:
    """Raise for the first float that is not a whole number, told apart from its neighbours, or NaN if that may be."""
    bits = exact_bits(codes.dtype)  # from 2**bits on, a code may have been rounded to another
    codes = codes.astype(np.result_type(codes.dtype, np.float32), copy=False)
    is_code = (codes == np.floor(codes)) & (np.abs(codes) < 2.0**bits)
    wrong = ~is_code if missing == "error" else ~(is_code | np.isnan(codes))
    for row, field in np.argwhere(wrong)[:1].tolist():
        code = codes[row, field]
        remedy = float_remedy(code, bits)
        if np.isnan(code):
            remedy = "if NaN means missing, pass missing='zero' or missing='own'"
        raise CodeError(f"{field_label(field, names)}, row {first_row + row}: {code} is not a code; {remedy}")


def _as_integers(numbers: Array) -> Array:
    """Return codes that have been checked, NaN as -1."""
    if numbers.dtype.kind != "f":
        return numbers
    return np.where(np.isnan(numbers), MISSING, numbers).astype(np.int64)


def _is_one_hot(codes: Array) -> bool:
    """Whether codes of three fields or more are 0 but for a 1 in each row."""
    return codes.shape[1] > 2 and bool((codes.sum(axis=1) == 1).all() and ((codes == 0) | (codes == 1)).all())


def _absent(
    codes: Array, counts: tuple[int, ...], missing: Missing, names: Sequence[str] | None, *, first_row: int
) -> Array:
    """Return where codes are missing; raise for the first one that is neither that nor in [0, count)."""
    absent: Array = codes == MISSING
    limits = np.asarray(counts, dtype=np.uint64)
    outside = ((codes < 0) | (codes.astype(np.uint64) >= limits)) & (~absent | (missing == "error"))
    for row, field in np.argwhere(outside)[:1].tolist():
        code = int(codes[row, field])
        if code == MISSING:
            remedy = "if -1 means missing, pass missing='zero' or missing='own'"
        elif code < 0:
            remedy = "negative ones do not count from the end here"
        else:
            remedy = "pass a larger n_categories if the code is right"
        place = f"{field_label(field, names)}, row {first_row + row}"
        raise CodeError(f"{place}: code {code} is not in [0, {counts[field]}); {remedy}")
    return absent
