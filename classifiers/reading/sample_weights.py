"""What each sample weighs: `sample_weight` at the door, times the weight of its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.reading.python_objects import is_missing

__all__ = ["mean_one", "read_weights", "weights_of"]

Array = npt.NDArray[Any]
ClassWeight = Mapping[Any, float] | str | None


def read_weights(sample_weight: Any) -> Array | None:
    """Return one weight per sample, or one number for all, in float64; None where none are given.

    Raises
    ------
    ValueError
        Naming the row of the first that is not a finite number from 0 on.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, np.ma.MaskedArray):
        for row in np.flatnonzero(np.ma.getmaskarray(sample_weight))[:1].tolist():
            raise ValueError(
                f"sample_weight, row {row}: the weight is masked; pass sample_weight.filled(0) to leave it out"
            )
    given = np.asarray(sample_weight)
    if given.ndim > 1:
        raise ValueError(
            f"sample_weight has shape {given.shape}, but holds one number per sample; validation data are "
            "passed by name, X_val= and y_val="
        )
    if given.dtype.kind in "biuf":
        weight = given.astype(np.float64)
    else:
        weight = np.array([_number_or_nan(value) for value in given.reshape(-1).tolist()]).reshape(given.shape)
    for row in np.flatnonzero(~((weight >= 0) & (weight < np.inf)))[:1].tolist():
        value, number = given.reshape(-1).tolist()[row], weight.reshape(-1)[row]
        if number < 0:
            wrong = "Negative values in data passed to `sample_weight`"
        elif number > 0:
            wrong = "Input sample_weight contains infinity"
        else:
            is_nan = given.dtype.kind == "f" or is_missing(value)
            wrong = "Input sample_weight contains NaN" if is_nan else "Weights are numbers from 0"
        raise ValueError(f"sample_weight, row {row}: {value!r}. {wrong}")
    return weight


def _number_or_nan(value: Any) -> float:
    """Return a number of any type as a float, NaN where `value` is none; strings are none."""
    try:
        return np.nan if isinstance(value, str | bytes) else float(value)
    except OverflowError:
        return np.inf
    except (TypeError, ValueError):
        return np.nan


def weights_of(weight: Array | None, class_weight: ClassWeight, classes: Array, y_index: Array) -> Array | None:
    """Return the product of sample and class weights, (n,) in float64, or None where all are equal."""
    if weight is None and class_weight is None:
        return None
    if weight is not None and weight.shape not in ((), y_index.shape):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {y_index.shape}, one weight per sample")
    weight = np.broadcast_to(np.ones(1) if weight is None else weight, y_index.shape)
    if class_weight == "balanced":  # all classes have the same weight in all
        weight = weight / (weight.max() or 1.0)  # or sums of large weights would be infinite
        weight = weight / np.maximum(np.bincount(y_index, weight), np.finfo(np.float64).tiny)[y_index]
    elif isinstance(class_weight, Mapping):
        weight = weight * _of_classes(class_weight, classes)[y_index]
    if not weight.any():
        raise ValueError("sample_weight and class_weight leave no weight at all: every product is zero")
    return weight


def _of_classes(class_weight: Mapping[Any, float], classes: Array) -> Array:
    """Return the weight of each class; one that is not named has weight 1.

    Where all are named, others may be too: a part of the data need not have them.
    """
    weights, unnamed, unknown = np.ones(len(classes)), set(range(len(classes))), []
    for label, weight in class_weight.items():
        named = [k for k, known in enumerate(classes) if known == label]  # not by hash: of dates it depends on the unit
        if not 0 <= _number_or_nan(weight) < np.inf:
            raise ValueError(f"class_weight of {label!r} is {weight!r}; weights are numbers from 0")
        weights[named] = weight
        unnamed.difference_update(named)
        unknown += [] if named else [label]
    if unnamed and unknown:
        labels = classes.tolist()
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not one of the classes, {labels}, "
            f"and does not name {labels[min(unnamed)]!r}"
        )
    return weights


def mean_one(weight: Array) -> Array:
    """Return weights with the same ratios and mean 1."""
    largest = weight.max()
    if not largest < np.inf:
        raise ValueError("a sample_weight times a class_weight is infinite; divide them all by a number")
    scaled: Array = weight / largest  # first, or the sum of large weights would be infinite
    scaled /= scaled.mean(dtype=np.float64)
    return scaled
