"""y at the door: labels become positions in `classes_`."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from classifiers.reading.python_objects import is_missing

__all__ = ["classes_of", "index_of", "read_classes", "read_labels"]

Array = npt.NDArray[Any]
KINDS: tuple[Any, ...] = (str, bytes, (Real, np.bool_))  # of Python objects; labels are all of one


def read_labels(X: Any, y: npt.ArrayLike, *, name: str = "y") -> Array:
    """Return y, called `name` in messages, as an array of labels of one type, one per row of X.

    Raises
    ------
    ValueError
        Naming the row where a label is missing, infinite, or of another type than the first.
    """
    if y is None:
        raise ValueError("this classifier requires y to be passed, but the target y is None")
    if isinstance(y, np.ma.MaskedArray):
        for row in np.flatnonzero(np.ma.getmaskarray(y))[:1].tolist():
            raise ValueError(f"{name}, row {row}: the label is masked; every sample needs one")
    labels = _as_it_is(y)
    if not sparse.issparse(labels) and np.ndim(labels) == 2 and np.shape(labels)[1] > 1:
        hint = f"of one-hot labels, pass {name}.argmax(axis=1)"
        raise ValueError(f"{name} should be a 1d array, got an array of shape {np.shape(labels)} instead; {hint}")
    labels = np.asarray(column_or_1d(labels, warn=True))
    check_consistent_length(X, labels)
    if labels.dtype.kind == "O":
        labels = _of_one_type(labels, name, dtype_of_strings=object if hasattr(y, "__array__") else str)
    if labels.dtype.kind == "f":
        for row in np.flatnonzero(~np.isfinite(labels))[:1].tolist():
            wrong = "NaN" if np.isnan(labels[row]) else "infinity"
            raise ValueError(f"{name}, row {row}: Input {name} contains {wrong}; every sample needs a label")
    if labels.dtype.kind in "mM":
        for row in np.flatnonzero(np.isnat(labels))[:1].tolist():
            raise ValueError(f"{name}, row {row}: the label is missing (NaT); every sample needs a label")
    if labels.dtype.kind not in "biuUSO":  # these are classes, whatever their values
        check_classification_targets(labels)
    return labels


def _as_it_is(y: Any) -> Any:
    """Return y as an array of its own values: pandas and NumPy would make floats of integers, or strings of numbers."""
    if isinstance(y, np.ndarray):
        return y.astype(object) if y.dtype.kind == "T" else y
    if nw.dependencies.is_into_series(y):
        series = nw.from_native(y, series_only=True)
        array = np.asarray(y)
        could_have_gaps = series.dtype.is_integer() or series.dtype == nw.Boolean
        return np.array(series.to_list(), object) if could_have_gaps and array.dtype.kind not in "iub" else array
    if hasattr(y, "__array__"):
        return np.asarray(y)
    return y if sparse.issparse(y) else np.asarray(y, object)


def _of_one_type(labels: Array, name: str, dtype_of_strings: type) -> Array:
    """Return Python objects as NumPy's type of them; integers that have none as they are."""
    values = labels.tolist()
    try:
        distinct: Any = set(values)  # mostly a few, which say whether all need to be looked at
    except TypeError:
        distinct = values
    if any(_what_is_wrong(value, values[0], name) for value in distinct):
        for row, value in enumerate(values):
            if wrong := _what_is_wrong(value, values[0], name):
                raise ValueError(f"{name}, row {row}: {wrong}")
    if all(isinstance(value, str) for value in distinct):
        plain = values if {*map(type, distinct)} <= {str} else [str.__str__(value) for value in values]  # as of Enums
        return np.array(plain, dtype_of_strings)
    array = np.asarray(values)
    if array.dtype.kind in "fO" and all(isinstance(value, Integral) for value in distinct):
        return labels
    return array.astype(np.float64) if array.dtype.kind == "O" else array  # of fractions, say


def _what_is_wrong(label: Any, first: Any, name: str) -> str:
    if is_missing(label):
        missing = f"Input {name} contains NaN" if isinstance(label, float) else f"the label is missing ({label!r})"
        return f"{missing}; every sample needs a label"
    if _kind_of(label) is None:
        return f"{label!r} is of type {type(label).__name__}; labels are strings or numbers, so pass str() of each"
    if _kind_of(label) is not _kind_of(first):
        return (
            f"{label!r} is of type {type(label).__name__}, but {first!r} in row 0 of {type(first).__name__}; labels "
            "are all strings or all numbers"
        )
    return ""


def _kind_of(label: Any) -> Any:
    return next((kind for kind in KINDS if isinstance(label, kind)), None)


def classes_of(labels: Array, *, name: str = "y") -> Array:
    """Return the distinct labels, sorted, (K,); raise where there is only one."""
    classes = _distinct(labels)
    if len(classes) < 2:
        has = f"only one class, {classes.tolist()[0]!r}" if len(classes) else "no class"
        raise ValueError(f"{name} has {has}; a classifier needs samples of 2 classes or more")
    return classes


def read_classes(classes: npt.ArrayLike) -> Array:
    """Return the classes that the user names, sorted, (K,)."""
    given: Any = classes if hasattr(classes, "dtype") else np.asarray(classes, dtype=object)  # 3 is not to be "3"
    if np.ndim(given) != 1:
        raise ValueError(f"classes={classes!r} must be a list of labels")
    return classes_of(read_labels(given, given, name="classes"), name="classes")


def index_of(classes: Array, labels: Array) -> npt.NDArray[np.intp]:
    """Return labels as positions in `classes`, (n,)."""
    try:
        index = _positions(classes, labels)
    except TypeError:  # strings among numbers, or the reverse
        index = np.zeros(len(labels), np.intp)
    index[index == len(classes)] = 0
    for row in np.flatnonzero(classes[index] != labels)[:1]:
        raise ValueError(f"y, row {row}: class {labels.tolist()[row]!r} is not one of {classes.tolist()}")
    return index


def _distinct(labels: Array) -> Array:
    """Return ``np.unique(labels)``: of Python objects, and of integers that are close, in a fraction of the time."""
    if labels.dtype.kind == "O":
        return np.array(sorted(set(labels.tolist())), object)
    places = _places(labels)
    if places is None:
        return np.unique(labels)
    occurs = np.zeros(len(places), bool)
    occurs[labels - places[0]] = True
    return places[occurs].astype(labels.dtype)


def _positions(classes: Array, labels: Array) -> npt.NDArray[np.intp]:
    """Return ``np.searchsorted(classes, labels)``: of integers that are close, in a fraction of the time."""
    places = _places(labels)
    if places is None:
        return np.searchsorted(classes, labels)
    positions: npt.NDArray[np.intp] = np.searchsorted(classes, places)[labels - places[0]]
    return positions


def _places(labels: Array) -> npt.NDArray[np.int64] | None:
    """Return the integers from the smallest label to the largest, where they are no more than the labels."""
    if labels.dtype.kind != "i" or not labels.size:
        return None
    low, high = int(labels.min()), int(labels.max())
    return low + np.arange(high - low + 1) if high - low < len(labels) else None
