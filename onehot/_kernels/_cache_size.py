"""The processor's cache, and which tables do not fit it."""

from __future__ import annotations

from onehot._arrays import Array

__all__ = ["LINE", "OUT_OF_CACHE", "is_far"]

LINE = 64  # bytes that memory gives at a time
OUT_OF_CACHE = 1 << 18  # numbers in a table; a smaller one is in a core's own cache
FAR = 1 << 23  # bytes of a table; a smaller one is in a cache that all cores share


def is_far(table: Array) -> bool:
    """Whether most rows of a table come from memory, beyond every cache."""
    return table.nbytes > FAR
