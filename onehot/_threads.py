"""Independent calls on all cores, their results in order.

NumPy, SciPy's sparse products and the compiled kernels release the interpreter's lock while they work. The caller cuts
the work, so that no bit of a result depends on which thread computes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

__all__ = ["map_in_order", "n_threads", "uneven_parts"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def n_threads() -> int:
    """Return ``ONEHOT_NUM_THREADS``, or the number of CPUs that this process may use.

    No more than ``NUMBA_NUM_THREADS``, though: a worker of joblib finds its share of the CPUs there.
    """
    wanted = os.environ.get("ONEHOT_NUM_THREADS")
    if wanted:
        if not wanted.strip().isdecimal():
            raise ValueError(f"ONEHOT_NUM_THREADS={wanted!r} is not a number of threads; unset it for all of them")
        return max(1, int(wanted))
    n_cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, min(n_cpus, int(share))) if share.isdecimal() else n_cpus


def map_in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``[function(item) for item in items]``, computed on `n_threads` threads at most.

    The caller's thread is one of them and waits for nobody to begin, so that calls may overlap and contain each other.
    Where several items fail, the error of the first is raised, but an interrupt before any.
    """
    calls = [partial(function, item) for item in items]
    left = iter(range(len(calls)))  # whoever asks next gets the next one
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def work() -> None:
        for k in left:
            try:
                done.put((k, calls[k](), None))
            except BaseException as error:
                done.put((k, None, error))
                for other in left:  # which nobody needs to begin
                    done.put((other, None, None))

    _helpers.ask(work, min(n_threads(), len(calls)) - 1)
    try:
        work()
        answers = sorted((done.get() for _ in calls), key=lambda answer: answer[0])
    finally:
        for _ in left:  # after an interrupt
            pass
    calls.clear()  # a thread that finds nothing left holds on to nothing
    errors = [error for _, _, error in answers if error is not None]
    if errors:
        try:
            raise next((error for error in errors if not isinstance(error, Exception)), errors[0])
        finally:
            errors.clear()  # an error refers to this frame
            answers.clear()
    return [result for _, result, _ in answers]


def uneven_parts(n: int, n_parts: int, lead: int) -> list[slice]:
    """Cut range(n) into parts for `map_in_order`, the first longer by `lead`: the other threads take time to wake."""
    lead = min(lead, n // n_parts)
    cuts = [0, *(lead + (n - lead) * part // n_parts for part in range(1, n_parts + 1))]
    return [slice(start, stop) for start, stop in pairwise(cuts)]


class Helpers:
    """Threads that wait for work from call to call: to start some takes longer than most of what they do."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()  # its threads begin 30 us before an executor's
        self.n_started = 0
        self.starting = Lock()

    def ask(self, work: Callable[[], None], n_helpers: int) -> None:
        """Have `work` called by up to `n_helpers` threads in the caller's context: with its ``np.errstate``."""
        if self.n_started < n_helpers:
            with self.starting:
                self._start(n_helpers)
        for _ in range(min(n_helpers, self.n_started)):
            self.tasks.put(partial(copy_context().run, work))

    def _start(self, n_helpers: int) -> None:
        while self.n_started < n_helpers:
            try:
                Thread(target=self._serve, name=f"onehot-{self.n_started}", daemon=True).start()
            except RuntimeError:  # no more of them, or none any more at the interpreter's exit: the caller does it all
                return
            self.n_started += 1

    def _serve(self) -> None:
        while True:
            self.tasks.get()()


_helpers = Helpers()


def _forget_threads() -> None:
    global _helpers
    _helpers = Helpers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)  # threads do not survive a fork
