"""What pictures share: axes, their ticks, and colours that all readers can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BESIDE",
    "BLUE",
    "COLORS",
    "GREY",
    "VERMILLION",
    "axes_of",
    "class_colors",
    "integer_ticks",
    "line_axes_of",
    "short",
]

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLORS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, "#000000", "#F0E442")
GREY = "0.45"
LONG = 20  # characters of a name
# A legend that covers no data.
BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False, "alignment": "left"}


def axes_of(ax: Axes | None, figsize: tuple[float, float] = (5.2, 3.6)) -> Axes:
    """Return `ax`, or that of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'onehot-lookup[plots]'") from error
    return plt.subplots(figsize=figsize, layout="constrained")[1]


def line_axes_of(ax: Axes | None, grid: Literal["both", "x"] = "both", **options: Any) -> Axes:
    """Return the axes of lines or bars over a faint grid."""
    ax = axes_of(ax, **options)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="0.9", lw=0.8)
    ax.set_axisbelow(True)
    return ax


def integer_ticks(axis: Any) -> None:
    """Let an axis have ticks at whole numbers only."""
    axis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def short(name: object) -> str:
    """Return the text of a name, without its middle where it would take the place of the picture."""
    text = str(name)
    return text if len(text) <= LONG else f"{text[: LONG // 2]}…{text[1 - LONG // 2 :]}"


def class_colors(K: int) -> npt.NDArray[Any]:
    """Return a colour for each of K classes: RGB in [0, 1], (K, 3)."""
    from matplotlib import colormaps, colors

    rgba = colors.to_rgba_array(COLORS[:K]) if K <= len(COLORS) else colormaps["viridis"](np.linspace(0, 1, K))
    return np.asarray(rgba[:, :3])
