"""Names that an array has and a lazy type does not, or cannot set: asking says what to use instead.

To `hasattr`, `copy` and `pickle` such a name is simply not there. A `__getattr__` would do the same, but makes every
attribute that a class does have several times slower to read, which the product of a small batch would feel.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

import numpy as np

from onehot._errors import UnsupportedError

__all__ = ["name_of_call", "read_only", "refuses_other_attributes"]

Type = TypeVar("Type", bound=type[Any])


class UnsupportedAttributeError(UnsupportedError, AttributeError):
    """An array has this attribute or lets it be set, a lazy type does not."""


class Refused:
    """A name that is not there, and says so with a message of its own."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise UnsupportedAttributeError(self.message)


def refuses_other_attributes(refusal: Callable[[str], str], /) -> Callable[[Type], Type]:
    """Decorate a class: a public name of arrays that it does not have raises, with the message ``refusal(name)``."""

    def decorate(cls: Type) -> Type:
        refused = {name for name in dir(np.ndarray) if not name.startswith("_") and not hasattr(cls, name)}
        for name in refused:
            setattr(cls, name, Refused(refusal(name)))

        def __dir__(self: Any) -> list[str]:  # what TAB completes is there
            return [name for name in object.__dir__(self) if name not in refused]

        cls.__dir__ = __dir__  # type: ignore[assignment]
        return cls

    return decorate


def read_only(*names: str) -> Callable[[Type], Type]:
    """Decorate a class: each of these attributes is what the slot of its name, after an underscore, holds.

    They were checked when the object was made, and the kernels trust them: set to something else, a table of another
    size would be written past its end.
    """

    def property_of(name: str) -> property:
        def refuse(self: Any, value: object) -> NoReturn:
            kind = type(self).__name__
            raise UnsupportedAttributeError(f"the {name} of a {kind} cannot be set; build another {kind}")

        return property(attrgetter(f"_{name}"), refuse, doc="")  # described by the class

    def decorate(cls: Type) -> Type:
        for name in names:
            setattr(cls, name, property_of(name))
        return cls

    return decorate


def name_of_call(function: Any, method: str = "__call__") -> str:
    """Return what the user wrote: ``np.exp``, ``np.add.reduce``, ``np.linalg.norm``."""
    if isinstance(function, np.ufunc):
        short: str = function.__name__
        name = f"np.{short}" if getattr(np, short, None) is function else short
    else:
        name = f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"
    return name if method == "__call__" else f"{name}.{method}"
