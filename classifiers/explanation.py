"""What each column of a row has to do with its logits.

    contribution_j = Z(x) - Z(x without j),        baseline = Z(nothing)

x without j selects no row of W for field j, and has a zero for a number j: its mean, where numbers are standardised.
Without hidden layers contribution_j is the field's row of W, or the number times its row, baseline is the intercept,
and they add up to the logits. With hidden layers columns interact: what the sum leaves over is listed as
`interaction`, for a contribution tells what leaving one column out would change, and is not a share of the whole.

Reference: Robnik-Sikonja and Kononenko, "Explaining classifications for individual instances", 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifiers._text_table import aligned
from classifiers.design_matrix import SparseMatrix
from classifiers.network import Network

__all__ = ["Explanation", "explain"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contributions to the logits of one row; ``str`` makes it a table.

    Attributes
    ----------
    features : tuple of str
        What the row has in each column: ``city=Oslo``, ``age=40``; ``city: nothing`` where no row of W was selected.
    classes : array, shape (K,)
    contributions : array of float, shape (number of features, K)
    baseline, interaction, logits : array of float, shape (K,)
        ``logits == baseline + contributions.sum(axis=0) + interaction``, to rounding; without hidden layers
        `interaction` is zero.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> X, y = np.array([["Oslo", 40], ["Bergen", 20]], dtype=object), ["sun", "rain"]
    >>> print(SoftmaxRegression(alpha=0.1, tol=1e-9).fit(X, y).explain(X[:1]))
                  rain     sun
    x0=Oslo     -0.405  +0.405
    x1=40       -0.810  +0.810
    (baseline)  +0.000  +0.000
    logit       -1.215  +1.215
    """

    features: tuple[str, ...]
    classes: Array
    contributions: Array
    baseline: Array
    interaction: Array
    logits: Array

    def __str__(self) -> str:
        rows = [*zip(self.features, self.contributions, strict=True), ("(baseline)", self.baseline)]
        if self.interaction.any():
            rows.append(("(interaction)", self.interaction))
        rows.append(("logit", self.logits))
        cells = [[name, *(f"{z:+z.3f}" for z in numbers)] for name, numbers in rows]
        return aligned([["", *self.classes], *cells], first_left=True)


def explain(
    network: Network,
    x: sparse.csr_array,
    classes: Array,
    widths: Sequence[int],
    if_absent: Sequence[str],
    if_present: Sequence[str],
    *,
    present_only: bool,
) -> Explanation:
    """Return the contributions of the columns of a row.

    Parameters
    ----------
    network : Network
    x : CSR array, shape (1, V)
    classes : array, shape (K,)
    widths : sequence of int
        Entries of x that belong to each column.
    if_absent : sequence of str
        A name for each column, for a row in which all its entries are zero.
    if_present : sequence of str
        A name for each entry of x, (V,): its column's, for a row in which that entry is not zero.
    present_only : bool
        Leave out columns whose entries are all zero.
    """
    column = np.searchsorted(np.cumsum(widths), x.indices, side="right")
    listed = np.unique(column) if present_only else np.arange(len(widths))
    place = np.searchsorted(listed, column)
    alone = sparse.csr_array((x.data, (place, x.indices)), shape=(len(listed), x.shape[1]))
    features = [if_absent[j] for j in listed]
    for j, entry in zip(place.tolist(), x.indices.tolist(), strict=True):
        features[j] = if_present[entry]
    nothing, logits = (network.forward(SparseMatrix(row))[0] for row in (sparse.csr_array(x.shape, dtype=x.dtype), x))
    if len(network.weights) == 1:
        contributions, interaction = SparseMatrix(alone) @ np.asarray(network.weights[0]), np.zeros_like(logits)
    else:
        without = x[np.zeros(len(listed), np.intp)] - alone
        contributions = logits - network.forward(SparseMatrix(without))
        interaction = logits - nothing - contributions.sum(axis=0)
    return Explanation(tuple(features), classes, contributions, nothing, interaction, logits)
