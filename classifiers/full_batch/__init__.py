"""Loss and gradients over all data: on distinct rows, joined fields and all cores.

What an iteration of a full-batch solver needs is a sum over samples. Before it is taken many times, the data are made
small: duplicate rows become weights (`duplicates`), small fields are joined (`fused_fields`). Then each evaluation goes
through chunks of rows that fit the cache, in segments that threads share; segments are cut by the shape of the data,
and their sums are added in order, so the result has the same bits for any number of threads.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers._threads import map_in_order
from classifiers.dataset import Dataset
from classifiers.design_matrix import sums_of_squares
from classifiers.full_batch.duplicates import collapse
from classifiers.full_batch.fused_fields import FusedFields
from classifiers.network import ROWS_PER_CHUNK, Network
from onehot import OneHot, get_backend

__all__ = ["FullBatch"]

Array = npt.NDArray[Any]
MOST_SEGMENTS = 8
WORTH_JOINING = {"numba": 1 << 15, "scipy": 1 << 12}  # rows: for fewer, making joint tables costs more than it saves


class FullBatch:
    """A data set, prepared once for many evaluations of its mean loss and gradients, in float64.

    Parameters
    ----------
    data : Dataset

    Attributes
    ----------
    n_rows : int
        Rows left after duplicates were collapsed.
    """

    def __init__(self, data: Dataset) -> None:
        self.total = float(len(data.y))
        data = collapse(data)
        X = data.X
        self.n_rows = len(data.y)
        self.fused: FusedFields | None = None
        if isinstance(X, OneHot) and self.n_rows >= WORTH_JOINING[get_backend()] and (X.indices >= 0).all():
            fused = FusedFields(X.n_categories, self.n_rows)
            if fused.pays:
                self.fused, data = fused, data._replace(X=fused.join(X))
        data = data.astype(np.float64)
        self.chunks = [data.rows(rows) for rows in _even_slices(self.n_rows)]
        self.nnz = sum(chunk.X.nnz for chunk in self.chunks)  # to count it takes a pass over a dense X

    def add_gradients(self, network: Network, gradients: list[Array]) -> tuple[float, float]:
        """Add the gradients of the mean loss, for `network.parameters`, to arrays; return loss and accuracy."""
        joined = network if self.fused is None else network.with_table(self.fused.table(network.weights[0]))

        def evaluate(segment: list[Dataset]) -> tuple[float, float, list[Array]]:
            sums = [np.zeros_like(parameter) for parameter in joined.parameters]
            loss = accuracy = 0.0
            for X, y, weight in segment:
                chunk_loss, chunk_accuracy, chunk = joined.loss_and_gradients(X, y, weight, total=self.total)
                loss, accuracy = loss + chunk_loss, accuracy + chunk_accuracy
                _add(sums, chunk.parameters)
            return loss, accuracy, sums

        (loss, accuracy, sums), *others = map_in_order(evaluate, self._segments(joined.weights[0].size))
        for segment_loss, segment_accuracy, segment_sums in others:
            loss, accuracy = loss + segment_loss, accuracy + segment_accuracy
            _add(sums, segment_sums)
        if self.fused is not None:
            sums[0] = self.fused.gradient(sums[0])
        _add(gradients, sums)
        return loss, accuracy

    def mean_squares(self) -> Array:
        """Return the weighted mean of the squares in each column of X, (V,)."""
        sums = np.zeros(self.chunks[0].X.shape[1])
        for X, y, weight in self.chunks:
            sums += sums_of_squares(X, np.ones(len(y)) if weight is None else weight)
        if self.fused is not None:
            sums = self.fused.gradient(sums[:, np.newaxis])[:, 0]
        return sums / self.total

    def _segments(self, table_size: int) -> list[list[Dataset]]:
        """Return the chunks in a few runs: never so many that their gradients outgrow the data."""
        n_segments = min(MOST_SEGMENTS, len(self.chunks), max(1, self.nnz // table_size))
        return [self.chunks[a:b] for a, b in pairwise(_cuts(len(self.chunks), n_segments))]


def _even_slices(n: int) -> list[slice]:
    """Return slices of nearly equal size that cover n rows; where there are many, as many to each segment."""
    n_slices = math.ceil(n / ROWS_PER_CHUNK)
    if n_slices > MOST_SEGMENTS:
        n_slices = MOST_SEGMENTS * math.ceil(n_slices / MOST_SEGMENTS)
    return [slice(a, b) for a, b in pairwise(_cuts(n, n_slices))]


def _cuts(n: int, n_parts: int) -> list[int]:
    return [n * part // n_parts for part in range(n_parts + 1)]


def _add(sums: list[Array], parts: list[Any]) -> None:
    """Add arrays, or row gradients, to as many arrays in place."""
    for dW, part in zip(sums, parts, strict=True):
        dW += part
