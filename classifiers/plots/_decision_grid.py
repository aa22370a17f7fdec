"""What a model predicts over two fields, the others held still: P(y | x_0 = r, x_1 = s, rest typical) for all r, s."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classifiers._estimator import CategoricalClassifier, check_is_model
from classifiers.design_matrix import DenseMatrix
from classifiers.losses import softmax
from classifiers.mixed_matrix import MixedMatrix
from onehot import OneHot

__all__ = ["DecisionGrid", "decision_grid"]

Array = npt.NDArray[Any]
POINTS = 200


class DecisionGrid(NamedTuple):
    """Probabilities (s, r, K) at the values `across` (r,) and `up` (s,); the samples' own values, (2, n)."""

    across: Array
    up: Array
    probabilities: Array
    samples: Array
    of_codes: bool


def decision_grid(model: CategoricalClassifier, X: Any, fields: tuple[int, int]) -> DecisionGrid:
    """Evaluate a model at every pair of codes of two fields, or on a mesh over two columns of a design matrix.

    Other fields are at their most frequent code in X, other columns at their median.
    """
    check_is_model(model)
    values, n_categories = _columns(model, X)
    width = values.shape[1]
    if np.shape(fields) != (2,) or len({field for field in fields if field in range(width)}) != 2:
        raise ValueError(f"fields={fields!r} must be two of the positions 0 to {width - 1}")
    if n_categories is None:
        axes = [_mesh(values[:, column]) for column in fields]
        typical = np.median(values, axis=0)
    else:
        axes = [np.arange(n_categories[field]) for field in fields]
        typical = np.array([np.bincount(codes[codes >= 0], minlength=1).argmax() for codes in values.T])
    across, up = axes
    rows = np.tile(typical, (len(across) * len(up), 1))
    rows[:, fields[0]], rows[:, fields[1]] = (axis.ravel() for axis in np.meshgrid(across, up))
    design: Any = DenseMatrix(rows) if n_categories is None else OneHot(rows, n_categories)
    P = softmax(model._network.logits(design.astype(model.dtype)))
    samples, encoder = values[:, fields].T, model._encoder
    if n_categories is None and encoder is not None:  # standardised numbers, as they are in the table
        mean, scale = encoder.mean[[*fields]], encoder.scale[[*fields]]
        across, up = mean[0] + scale[0] * across, mean[1] + scale[1] * up
        samples = mean[:, None] + scale[:, None] * samples
    return DecisionGrid(across, up, P.reshape(len(up), len(across), -1), samples, n_categories is not None)


def _columns(model: CategoricalClassifier, X: Any) -> tuple[Array, tuple[int, ...] | None]:
    """Return codes (n, f) and their n_categories, or the columns (n, V) of an ordinary design matrix and None."""
    design = model._read(X)
    if isinstance(design, MixedMatrix):
        raise ValueError("a grid of fields or of numbers can be drawn, but the model was fitted to a table with both")
    if not isinstance(design, OneHot):
        if model.n_categories_ is None:
            return design.tocsr().toarray(), None
        design = OneHot.from_sparse(design.tocsr(), model.n_categories_, missing="zero")
    return np.where(design.indices < 0, -1, design.indices - design.offsets), design.n_categories


def _mesh(column: Array) -> Array:
    """Return numbers that reach a little beyond the samples."""
    low, high = float(column.min()), float(column.max())
    margin = 0.05 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, POINTS)
