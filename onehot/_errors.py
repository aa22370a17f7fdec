"""One family of exceptions. Every message names the culprit, what was expected and what to pass instead.

Each exception is also the built-in one that NumPy would have raised, so ``except ValueError`` keeps working.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "BackendError",
    "CodeError",
    "DTypeError",
    "OneHotError",
    "RowIndexError",
    "ShapeError",
    "UnsupportedError",
    "field_label",
]


class OneHotError(Exception):
    """Base class of what `onehot` raises where codes, shapes, types, rows or a backend are not right."""


class CodeError(OneHotError, ValueError):
    """A code, a number of categories or a one-hot matrix is not valid."""


class ShapeError(OneHotError, ValueError):
    """Two shapes do not fit together, or an array has the wrong number of dimensions."""


class DTypeError(OneHotError, TypeError):
    """An array has a dtype that has no meaning here."""


class RowIndexError(OneHotError, IndexError):
    """A row that does not exist was asked for; negative rows count as such."""

    @classmethod
    def of(cls, what: str, number: int, n_rows: int) -> RowIndexError:
        """Return the error for a row, called `what`, that is not one of `n_rows`."""
        hint = "; negative ones do not count from the end here" if number < 0 else ""
        return cls(f"{what} is not in [0, {n_rows}){hint}")


class UnsupportedError(OneHotError, TypeError):
    """The operation would defeat the purpose of a lazy matrix; the message says what to use."""


class BackendError(OneHotError, ImportError):
    """The backend asked for is not known, or cannot be imported."""


def field_label(field: int, names: Sequence[str] | None = None, *, kind: str = "field") -> str:
    """Return ``field 2 ('city')``, or ``field 2`` where the name is not known; `kind` is the word for it."""
    return f"{kind} {field}" if names is None else f"{kind} {field} ({str(names[field])!r})"
