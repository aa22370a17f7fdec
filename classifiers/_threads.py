"""All cores for parts of the data, with results that do not depend on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from threading import Lock, local
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

from onehot import _threads

__all__ = ["map_in_order", "one_blas_thread"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``[function(item) for item in items]``, on `onehot._threads`; BLAS gets one thread in each."""
    with one_blas_thread:  # always: with more, BLAS adds up in another order
        return _threads.map_in_order(function, items)


class OneBlasThread(local):
    """In its context BLAS keeps to its caller's thread: its idle threads would spin on cores that we need.

    The number is the whole process's. Where contexts of several threads overlap, the last of them to end restores the
    number that was before the first of them began.
    """

    lock = Lock()
    n_inside = 0  # threads
    before: Any = None

    def __init__(self) -> None:
        self.depth = 0  # contexts of this thread

    def __enter__(self) -> None:
        if self.depth == 0:
            with self.lock:
                if OneBlasThread.n_inside == 0:
                    OneBlasThread.before = [library.num_threads for library in _blas()]
                OneBlasThread.n_inside += 1
            try:
                for library in _blas():
                    _set_threads(library, 1)
            except BaseException:
                self.leave()
                raise
        self.depth += 1

    def __exit__(self, *error: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.leave()

    def leave(self) -> None:
        """Restore the number where nobody else is inside."""
        with self.lock:
            if OneBlasThread.n_inside == 1:
                self.restore()
            OneBlasThread.n_inside -= 1

    def restore(self) -> None:
        """Give BLAS back the threads that it had."""
        for library, n_threads in zip(_blas(), self.before, strict=True):
            _set_threads(library, n_threads)

    def begin_in_fork(self) -> None:
        """Forget the contexts of threads that a forked process does not have, and a lock that they may hold."""
        OneBlasThread.lock = Lock()
        others, OneBlasThread.n_inside = OneBlasThread.n_inside, min(self.depth, 1)
        if others and not self.depth:
            self.restore()


one_blas_thread = OneBlasThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=one_blas_thread.begin_in_fork)


@cache
def _blas() -> list[Any]:
    """Look through the loaded libraries, which takes milliseconds."""
    controllers: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return controllers


def _set_threads(library: Any, n_threads: int) -> None:
    # In threadpoolctl 3.8, `set_num_threads` of OpenBLAS does nothing but in the thread that first called it.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n_threads)
