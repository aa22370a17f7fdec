"""handle_unknown and handle_missing: what becomes of a category that `fit` did not see, and of a missing one."""

from __future__ import annotations

__all__ = ["IF_MISSING", "check_policies"]

IF_MISSING = (
    "if it means missing, pass handle_missing='own' to give it a category of its own, "
    "or 'zero' to let it contribute nothing"
)


def check_policies(handle_unknown: str, handle_missing: str) -> None:
    """Raise where either is not a policy."""
    if handle_unknown not in ("error", "ignore"):
        raise ValueError(f"{handle_unknown=} must be 'error' or 'ignore'")
    if handle_missing not in ("error", "zero", "own"):
        raise ValueError(f"{handle_missing=} must be 'error', 'zero' or 'own'")
