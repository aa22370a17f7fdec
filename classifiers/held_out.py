"""Validation data set aside from the training data, with the same mix of classes."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split

from classifiers.dataset import Dataset
from classifiers.reading.sample_weights import mean_one

__all__ = ["hold_out"]


def hold_out(data: Dataset, share: float, *, seed: int) -> tuple[Dataset, Dataset]:
    """Return the rows to train on, and a `share` of all to validate on, each with weights of mean 1.

    Raises
    ------
    ValueError
        If a class is too rare to be in both.
    """
    weight = data.sample_weight
    rows = np.arange(len(data.y)) if weight is None else np.flatnonzero(weight)  # what weighs nothing is not there
    try:
        parts = train_test_split(rows, test_size=share, stratify=data.y[rows], random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot set validation data aside ({error}); "
            f"pass X_val and y_val, or another validation_fraction than {share}"
        ) from error
    training, validation = (
        Dataset(data.X[part], data.y[part], None if weight is None else mean_one(weight[part]))
        for part in map(np.sort, parts)
    )
    return training, validation
