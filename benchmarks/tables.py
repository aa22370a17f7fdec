"""Markdown tables of measurements, and where one format begins to beat another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias, TypeGuard

from benchmarks.results import Values

__all__ = ["Rows", "as_duration", "as_ratio", "as_rows", "as_size", "crossover", "is_number", "markdown"]

Rows: TypeAlias = Mapping[str, Mapping[str, float | None]]


def as_rows(values: Values, label: str) -> dict[str, dict[str, float | None]]:
    """Spread the last parameter over the columns, and name the rows by the others: ``label.format(*others)``."""
    rows: dict[str, dict[str, float | None]] = {}
    for parameters, value in values.items():
        *others, column = map(_as_text, parameters or ["time"])
        rows.setdefault(label.format(*others), {})[column] = value
    return rows


def markdown(rows: Rows, show: Callable[[float, str], str], ours: str | None = None) -> str:
    """Return a table; where one column is `ours`, with the ratio of every other one to it.

    `show` is given a value and the name of its column.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    others = [column for column in columns if column != ours] if ours else []
    lines = [["", *columns, *(f"{other} / {ours}" for other in others)]]
    lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
    for label, row in rows.items():
        cells = [_cell(row[column], column, show) if column in row else "" for column in columns]
        lines.append([label, *cells, *(_ratio(row.get(other), row.get(ours or ""), other) for other in others)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def crossover(ratios: Mapping[float, float | None], axis: str, format: str) -> str:
    """Say where lookup wins, for ratios (time of the format / time of `OneHot`) along an axis."""
    points = sorted((x, ratio) for x, ratio in ratios.items() if is_number(ratio))
    if not points:
        return f"{format}: not measured."
    borders = []
    for (x, ratio), (next_x, next_ratio) in pairwise(points):
        if (ratio < 1) != (next_ratio < 1):
            share = math.log(ratio) / (math.log(ratio) - math.log(next_ratio))
            borders.append(_two_digits(x * (next_x / x) ** share))
    if borders:
        small, large = ((format if ratio < 1 else "`OneHot`") for ratio in (points[0][1], points[-1][1]))
        if len(borders) == 1:
            return f"Below {axis} ≈ {borders[0]} {small} wins, above it {large}."
        between = "in between it is now the one, now the other"
        return f"Below {axis} ≈ {borders[0]} {small} wins, above {axis} ≈ {borders[-1]} {large}; {between}."
    winner, loser = (format, "`OneHot`") if points[0][1] < 1 else ("`OneHot`", format)
    return f"At every {axis} measured {winner} wins over {loser}."


def as_duration(seconds: float, column: str = "") -> str:
    """Three digits and a unit, as ``12.3 ms``."""
    unit, name = next((u for u in ((1.0, "s"), (1e-3, "ms")) if seconds >= 0.9995 * u[0]), (1e-6, "µs"))
    return f"{_three_digits(seconds / unit)} {name}"


def as_size(n_bytes: float, column: str = "") -> str:
    """Megabytes."""
    return f"{n_bytes / 1e6:,.0f} MB"


def as_ratio(ratio: float, other: str) -> str:
    """``12.3×``, and who wins where that is not us."""
    return f"{_three_digits(ratio)}×" + (f" ({other} wins)" if ratio < 1 else "")


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether a benchmark ran: it is None where it failed, and NaN where it is not applicable."""
    return value is not None and not math.isnan(value)


def _cell(value: float | None, column: str, show: Callable[[float, str], str]) -> str:
    if value is None:
        return "failed"
    return "n/a" if math.isnan(value) else show(value, column)


def _ratio(other: float | None, ours: float | None, name: str) -> str:
    return as_ratio(other / ours, name) if is_number(other) and is_number(ours) else ""


def _as_text(parameter: Any) -> str:
    return f"{parameter:,}" if isinstance(parameter, int) else str(parameter)


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def _two_digits(number: float) -> str:
    return f"{round(number, 1 - math.floor(math.log10(number))):,.0f}"
