"""One family of exceptions. Every message names the culprit, what was expected and what to pass instead.

Each exception is also the built-in one that NumPy would have raised, so ``except ValueError`` keeps working. Its
`__module__` is where users import it from: tracebacks and pickles name that.
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

    __module__ = "onehot"


class CodeError(OneHotError, ValueError):
    """A code, a number of categories or a one-hot matrix is not valid."""

    __module__ = "onehot"


class ShapeError(OneHotError, ValueError):
    """Two shapes do not fit together, or an array has the wrong number of dimensions."""

    __module__ = "onehot"


class DTypeError(OneHotError, TypeError):
    """An array has a dtype that has no meaning here."""

    __module__ = "onehot"


class RowIndexError(OneHotError, IndexError):
    """A row that does not exist was asked for; negative rows count as such."""

    __module__ = "onehot"

    @classmethod
    def of(cls, what: str, number: int, n_rows: int) -> RowIndexError:
        """Return the error for a row, called `what`, that is not one of `n_rows`."""
        hint = "; negative ones do not count from the end here" if number < 0 else ""
        return cls(f"{what} is not in [0, {n_rows}){hint}")


class UnsupportedError(OneHotError, TypeError):
    """The operation would defeat the purpose of a lazy matrix; the message says what to use."""

    __module__ = "onehot"


class BackendError(OneHotError, ImportError):
    """The backend asked for is not known, or cannot be imported."""

    __module__ = "onehot"


def field_label(field: int, names: Sequence[str] | None = None, *, kind: str = "field") -> str:
    """Return ``field 2 ('city')``, or ``field 2`` where the name is not known; `kind` is the word for it."""
    return f"{kind} {field}" if names is None else f"{kind} {field} ({str(names[field])!r})"
