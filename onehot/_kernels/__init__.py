"""The inner loops, and the choice of who runs them.

    shift_codes            indices = codes + offsets
    gather_codes           shift_codes, and gather_sum of the indices
    gather_sum             out[i] = sum_j table[indices[i, j]] + bias     forward
    scatter_add            out[indices[i, j]] += scale * values[i]        backward: its adjoint
    coalesce               the distinct rows of a batch, and where each index went
    softmax                exp(z) / sum exp(z) of every row of logits
    softmax_cross_entropy  the loss of a batch of logits, and its gradient

A backend is a module with these functions. The first two take codes as a user passes them, and say whether all are in
[0, n_categories). The others check nothing: floats are C-contiguous arrays of one type, and indices are in range.
Callers write ``kernels.active.gather_sum(...)``, so that a change of backend holds from the next call on.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING

from onehot._errors import BackendError

__all__ = ["active", "available_backends", "get_backend", "set_backend"]

BACKENDS = ("numba", "scipy")  # in the order of preference
_reasons: dict[str, Exception] = {}  # why a backend could not be imported


if TYPE_CHECKING:
    active: ModuleType


def available_backends() -> list[str]:
    """Return the backends that can be imported here, the preferred one first.

    Examples
    --------
    >>> import onehot
    >>> onehot.available_backends()[-1]
    'scipy'
    """
    return [name for name in BACKENDS if _try_load(name) is not None]


def get_backend() -> str:
    """Return the name of the backend in use: ``"numba"`` or ``"scipy"``.

    Examples
    --------
    >>> import onehot
    >>> onehot.get_backend() in ("numba", "scipy")
    True
    """
    module = globals().get("active") or __getattr__("active")
    return module.__name__.rpartition("._")[2]


def set_backend(name: str, /) -> None:
    """Choose who runs the inner loops, for the whole process.

    Parameters
    ----------
    name : {"auto", "scipy", "numba"}
        ``"auto"`` takes numba where it can be imported. Until this is called, the environment variable
        ``ONEHOT_BACKEND`` chooses, read when a kernel is first needed; without it, ``"auto"``.

    Raises
    ------
    BackendError
        If the name is not known, or the backend cannot be imported.

    Notes
    -----
    Both backends give the same bits for forward and backward products, the sign of zero aside. Not checked: that no
    other thread is in the middle of a computation.

    Examples
    --------
    >>> import onehot
    >>> before = onehot.get_backend()
    >>> onehot.set_backend("scipy")
    >>> onehot.get_backend()
    'scipy'
    >>> onehot.set_backend(before)
    """
    global active
    if name not in ("auto", *BACKENDS):
        raise BackendError(f"backend {name!r} is not known; choose 'auto', 'scipy' or 'numba'")
    for candidate in BACKENDS if name == "auto" else (name,):
        module = _try_load(candidate)
        if module is not None:
            active = module
            return
    reason = _reasons[candidate]
    remedy = f"pip install --upgrade 'onehot-lookup[{name}]'"
    raise BackendError(f"the backend {name!r} cannot be imported ({reason}): {remedy}") from reason


def _try_load(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"onehot._kernels._{name}")
    except Exception as reason:  # not installed, broken, or at odds with this NumPy: each says so in its own way
        _reasons[name] = reason
        return None


def __getattr__(name: str) -> ModuleType:
    """Load the backend when a kernel is first called for: importing numba takes longer than all the rest."""
    if name != "active":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    wanted = os.environ.get("ONEHOT_BACKEND") or "auto"
    try:
        set_backend(wanted)
    except BackendError as error:
        raise BackendError(f"ONEHOT_BACKEND={wanted}: {error}") from error.__cause__
    return active
