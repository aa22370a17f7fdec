"""Tables as text: columns aligned, two spaces between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["aligned"]


def aligned(rows: Iterable[Sequence[Any]], *, first_left: bool = False) -> str:
    """Return rows of cells as lines, each column as wide as it must be and right-aligned; the first left, if asked."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if first_left and j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
