"""Warnings that point at the user's line, however deep in the package they arise, and through SciPy's callbacks too."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line that called into this package."""
    frame, level, outermost = sys._getframe(), 1, 1
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").startswith("classifiers."):
            outermost = level
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=outermost + 1)
