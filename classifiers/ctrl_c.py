"""Ctrl-C as a rule to stop by: training ends after an epoch, with whole weights, and not in the midst of a step."""

from __future__ import annotations

import os
import signal
from typing import Self

from classifiers.stopping import History, StoppingRule

__all__ = ["CtrlC"]


class CtrlC(StoppingRule):
    """Stop after the epoch in which Ctrl-C is pressed, within ``with rule:``; pressed again, it is a KeyboardInterrupt.

    Works in the main thread only.

    Examples
    --------
    >>> from classifiers import SoftmaxRegression
    >>> with CtrlC() as rule:
    ...     model = SoftmaxRegression(stopping=rule, n_categories=2).fit([[0], [1]], [0, 1])
    >>> rule.pressed
    False
    """

    def __init__(self) -> None:
        self.pressed = False

    def __call__(self, history: History, /) -> str | None:
        """Return why to stop now, or None."""
        return "Ctrl-C" if self.pressed else None

    def __enter__(self) -> Self:
        self.pressed = False
        self.before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self.before or signal.SIG_DFL)

    def _on_signal(self, *_: object) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        # A handler may interrupt a print, which must not be entered twice.
        os.write(2, b"\nCtrl-C: stopping after this epoch; once more to drop its weights\n")
