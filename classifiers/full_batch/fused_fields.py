"""Small fields joined into one: fewer rows to select.

Fields a and b together have n_a * n_b joint categories. With the joint table

    T[(p, q)] = W_a[p] + W_b[q],     X @ W = J @ T,

where J is the one-hot matrix of the joint codes, one row is selected in place of two. The gradient goes back by
marginal sums, ``dW_a[p] = sum_q dT[(p, q)]``. T is built once for many rows; it is exact up to the order of the sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from onehot import OneHot
from onehot._arrays import index_dtype
from onehot._kernels._numpy_codes import add_row, column_max

__all__ = ["ROWS_PER_CATEGORY", "FusedFields"]

Array = npt.NDArray[Any]
LARGEST_JOINT = 1024
GROUPS_AT_ONCE = 16  # with more, most factors of a product would be zeros
NUMBERS_AT_ONCE = 1 << 19  # of fewer, threads wait for the interpreter's lock more than they compute
ROWS_PER_CATEGORY = 8  # a joint table must serve this many times as many rows as it has


class _Panel(NamedTuple):
    fields: slice
    groups: slice
    place_values: Array  # (fields, groups)


class FusedFields:
    """Groups of neighbouring fields, each group one field of all their combinations.

    Parameters
    ----------
    n_categories : sequence of int
        Of the fields.
    n_rows : int
        How many rows each joint table will serve; decides how large a table pays.
    """

    def __init__(self, n_categories: Sequence[int], n_rows: int) -> None:
        self.n_categories = tuple(n_categories)
        limit = min(LARGEST_JOINT, n_rows // ROWS_PER_CATEGORY)
        groups: list[list[int]] = []
        for field, count in enumerate(self.n_categories):
            if groups and count * math.prod(self.n_categories[j] for j in groups[-1]) <= limit:
                groups[-1].append(field)
            else:
                groups.append([field])
        self.groups = groups
        self.sizes = [tuple(self.n_categories[j] for j in group) for group in groups]
        self.joint_n_categories = tuple(math.prod(size) for size in self.sizes)
        self.offsets = np.cumsum((0, *self.joint_n_categories[:-1]))

    @property
    def pays(self) -> bool:
        """Whether it saves a third of the selections or more."""
        return len(self.groups) <= 2 / 3 * len(self.n_categories)

    @cached_property
    def _panels(self) -> list[_Panel]:
        """A few groups at a time, and what codes of their fields count for in the joint codes."""
        panels = []
        for start in range(0, len(self.groups), GROUPS_AT_ONCE):
            groups = slice(start, min(start + GROUPS_AT_ONCE, len(self.groups)))
            fields = slice(self.groups[start][0], self.groups[groups.stop - 1][-1] + 1)
            place_values = np.zeros((fields.stop - fields.start, groups.stop - start))
            for k, (group, size) in enumerate(zip(self.groups[groups], self.sizes[groups], strict=True)):
                place_values[np.subtract(group, fields.start), k] = np.cumprod((1, *size[:0:-1]))[::-1]
            panels.append(_Panel(fields, groups, place_values))
        # Floats, since BLAS multiplies no integers: exact up to the largest of them.
        ends = np.cumsum(self.n_categories)
        largest = max((ends[fields] @ place_values).max() for fields, _, place_values in panels)
        number = np.float32 if largest + sum(self.joint_n_categories) < 2**24 else np.float64
        return [panel._replace(place_values=panel.place_values.astype(number)) for panel in panels]

    def join(self, X: OneHot) -> OneHot:
        """Return J, the one-hot matrix of the joint codes of X, which has no missing codes."""
        J = self._join(X.indices, X.offsets, X.dtype)
        assert J is not None, "the indices of a OneHot are in range"
        return J

    def join_codes(self, codes: Array, *, dtype: npt.DTypeLike) -> OneHot | None:
        """Return J for codes (n, f), or None where one of them is out of range."""
        return self._join(codes, np.zeros(codes.shape[1], dtype=np.intp), np.dtype(dtype))

    def _join(self, indices: Array, offsets: Array, dtype: np.dtype[Any]) -> OneHot | None:
        """Return J for the codes ``indices - offsets``, or None where one is too large or an index negative.

        Its indices are ``(indices - offsets) @ place_values + self.offsets``, of which `shift` is what all rows share.
        """
        (n, f), number = indices.shape, self._panels[0].place_values.dtype
        largest = _bits((offsets + self.n_categories - 1).astype(number))
        shift = self.offsets.astype(number)
        for fields, groups, place_values in self._panels:
            shift[groups] -= offsets[fields].astype(number) @ place_values
        joint = np.empty((n, len(self.groups)), index_dtype(sum(self.joint_n_categories)))
        step = max(NUMBERS_AT_ONCE // f, 1)
        block = np.empty((min(n, step), f), number)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            digits = block[: n - start]
            digits[...] = indices[rows]
            if (column_max(_bits(digits)) > largest).any():
                return None
            numbers = np.empty((len(digits), len(self.groups)), number)
            for fields, groups, place_values in self._panels:
                numbers[:, groups] = digits[:, fields] @ place_values
            add_row(numbers, shift)
            joint[rows] = numbers
        return OneHot._of_indices(joint, self.joint_n_categories, self.offsets, dtype)

    def table(self, W: Array) -> Array:
        """Return T, the sums of rows of W for every joint category."""
        d = W.shape[1]
        blocks = np.split(W, np.cumsum(self.n_categories)[:-1])
        joint = []
        for group in self.groups:
            T = blocks[group[0]]
            for j in group[1:]:
                T = (T[:, None, :] + blocks[j]).reshape(-1, d)
            joint.append(T)
        return np.concatenate(joint)

    def gradient(self, dT: Array) -> Array:
        """Return dW, the marginal sums of dT."""
        parts = []
        for block, size in zip(np.split(dT, self.offsets[1:]), self.sizes, strict=True):
            for count in size:  # sum over all later fields, then drop the first by summing over it
                grid = block.reshape(count, -1, dT.shape[1])
                parts.append(grid.sum(axis=1))
                block = grid.sum(axis=0)
        return np.concatenate(parts)


def _bits(floats: Array) -> Array:
    """Return the bits of floats as unsigned integers: ordered as the floats are, but negative ones come last."""
    return floats.view(f"u{floats.itemsize}")
