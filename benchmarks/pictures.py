"""The two pictures: time against V, and throughput beside peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import Values
from benchmarks.tables import is_number

__all__ = ["draw_throughput", "draw_time_against_V"]

COLORS = ["#0072B2", "#E69F00", "#999999"]  # told apart by every kind of eye (Okabe and Ito); ours is the blue one


def draw_time_against_V(times: Values, formats: Sequence[str], path: Path) -> None:
    """Draw the time of a training step, by (V, format), on two logarithmic axes."""
    figure, axes = _axes(7.0, 4.2)
    for format, color in zip(formats, COLORS, strict=True):
        points = sorted((V, seconds) for (V, name), seconds in times.items() if name == format and is_number(seconds))
        if points:
            axes.loglog(*zip(*points, strict=True), "o-", color=color, linewidth=2, markersize=5)
            axes.annotate(
                format, points[-1], (8, 0), textcoords="offset points", va="center", color=color, weight="bold"
            )
    axes.set_xlabel("V, the width of the one-hot matrix")
    axes.set_ylabel("seconds a training step")
    axes.set_title("One step of softmax regression, 256 samples", loc="left")
    axes.grid(which="major", alpha=0.3)
    axes.margins(x=0.12)
    _save(figure, path)


def draw_throughput(samples_a_second: Mapping[str, Mapping[str, float | None]], path: Path) -> None:
    """Draw a group of bars for each case, one bar for each library."""
    libraries = list(next(iter(samples_a_second.values())))
    figure, axes = _axes(7.0, 0.6 + 0.75 * len(samples_a_second))
    height = 0.8 / len(libraries)
    for row, speeds in enumerate(samples_a_second.values()):
        for bar, (library, color) in enumerate(zip(libraries, COLORS, strict=True)):
            speed, y = speeds[library], row + (bar - (len(libraries) - 1) / 2) * height
            length, text = (speed, f" {float(f'{speed:.2g}'):,.0f}") if is_number(speed) else (0.0, " n/a")
            axes.barh(y, length, 0.9 * height, color=color, label=library if row == 0 else None)
            axes.text(length, y, text, va="center", fontsize=8)
    axes.set_yticks(range(len(samples_a_second)), samples_a_second)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.margins(x=0.1)
    axes.spines["bottom"].set_visible(False)
    axes.set_title("Samples a second in training, one thread", loc="left")
    axes.legend(frameon=False)
    _save(figure, path)


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=150, metadata={"Software": None})  # the same picture, the same bytes
