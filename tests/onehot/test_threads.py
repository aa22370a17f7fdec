"""Calls shared out among threads: their order, their errors, and calls within calls."""

import os
import weakref
from functools import partial
from queue import SimpleQueue
from threading import Barrier, Event, Thread, get_ident
from typing import Any

import numpy as np
import pytest

from onehot import _threads
from onehot._threads import map_in_order, n_threads


@pytest.fixture(params=[1, 2, 4], autouse=True)
def n(request, monkeypatch):
    """Return the number of threads."""
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(request.param))
    return request.param


def test_results_come_in_the_order_of_the_items():
    assert map_in_order(lambda k: k * k, range(100)) == [k * k for k in range(100)]
    assert map_in_order(lambda k: k * k, []) == []


def test_a_result_that_comes_late_is_not_the_last(n):
    others_done = Event()

    def late(k):
        if k == 2:  # for which whoever computed 1 has handed it in
            others_done.set()
        if k == 0 and n > 1:
            others_done.wait(30)
        return k

    assert map_in_order(late, range(3)) == [0, 1, 2]


def test_as_many_threads_as_asked_for_work_at_once(n):
    everybody = Barrier(n)  # which would break if one of them did not come

    def meet(_):
        everybody.wait(30)
        return get_ident()

    assert n_threads() == len(set(map_in_order(meet, range(n)))) == n


def test_of_several_errors_the_first_is_raised():
    def fail(k):
        if k % 10 == 7:
            raise ValueError(f"item {k}")

    for _ in range(50):
        with pytest.raises(ValueError, match=r"item 7$"):
            map_in_order(fail, range(100))


def test_of_errors_at_the_same_time_the_first_is_raised(n):
    everybody = Barrier(n)

    def fail(k):
        everybody.wait(30)
        raise ValueError(f"item {k}")

    for _ in range(20):
        with pytest.raises(ValueError, match=r"item 0$"):
            map_in_order(fail, range(n))


def test_after_an_error_no_other_item_is_begun(n):
    begun = []

    def fail(k):
        begun.append(k)
        raise ValueError(f"item {k}")

    with pytest.raises(ValueError, match=r"item 0$"):
        map_in_order(fail, range(1000))
    assert len(begun) <= n


def test_what_is_shared_out_may_share_out_work_itself():
    rows = map_in_order(lambda i: map_in_order(lambda j: i * j, range(5)), range(20))
    assert rows == [[i * j for j in range(5)] for i in range(20)]


def test_calls_of_several_threads_may_overlap():
    results = {}

    def call(i):
        results[i] = [map_in_order(lambda k: i + k, range(10)) for _ in range(50)]

    callers = [Thread(target=call, args=(i,)) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == {i: [[i + k for k in range(10)]] * 50 for i in range(4)}


def test_threads_see_the_error_state_of_their_caller(n):
    everybody = Barrier(n)

    def divide(x):
        everybody.wait(30)
        return float(np.float64(x) / np.float64(0))

    with np.errstate(all="ignore"):
        assert map_in_order(divide, [1] * n) == [np.inf] * n


def test_an_interrupt_comes_before_any_error(n):
    everybody = Barrier(n)

    def fail(k):
        everybody.wait(30)
        raise KeyboardInterrupt if k == n - 1 else ValueError(f"item {k}")

    with pytest.raises(KeyboardInterrupt):
        map_in_order(fail, range(n))


def test_after_an_interrupt_of_the_caller_no_other_item_is_begun(n, monkeypatch):
    caller, begun, interrupted = get_ident(), [], Event()

    class Interrupted(SimpleQueue[Any]):
        """One that the caller cannot write to: as if the interrupt came between two items."""

        def put(self, *args, **kwargs):
            if get_ident() == caller:
                raise KeyboardInterrupt
            super().put(*args, **kwargs)

    def begin(k):
        begun.append(k)
        if get_ident() != caller:
            interrupted.wait(30)

    monkeypatch.setattr(_threads, "_helpers", _threads.Helpers())
    with monkeypatch.context() as patch:
        patch.setattr(_threads, "SimpleQueue", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            map_in_order(begin, range(1000))
    interrupted.set()
    everybody = Barrier(n)
    map_in_order(lambda _: everybody.wait(30), range(n))  # for which the others have to be done
    assert len(begun) <= n


def test_nothing_is_held_on_to_after_an_error(n):
    class Item:
        pass

    def fail(item):
        raise ValueError

    item = Item()
    gone = weakref.ref(item)
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        map_in_order(fail, [item])
    del item
    assert gone() is None


def test_a_call_that_no_thread_was_free_for_leaves_nothing_behind(n):
    everybody = Barrier(n)

    def is_held(_):
        everybody.wait(30)  # all are busy, so that who is asked comes when all is done
        data = np.arange(3)
        map_in_order(partial(np.take, data), range(3))
        reference = weakref.ref(data)
        del data
        held = reference() is not None
        everybody.wait(30)
        return held

    assert map_in_order(is_held, range(n)) == [False] * n


def test_without_other_threads_the_caller_does_it_all(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_threads, "_helpers", _threads.Helpers())
    monkeypatch.setattr(Thread, "start", refuse)
    assert map_in_order(lambda k: k * k, range(10)) == [k * k for k in range(10)]
    assert _threads._helpers.tasks.empty(), "nobody is asked who would never come"


@pytest.mark.parametrize(("wanted", "number"), [("0", 1), (" 3 ", 3)])
def test_no_threads_at_all_is_one_and_spaces_are_nothing(monkeypatch, wanted, number):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", wanted)
    assert n_threads() == number


@pytest.mark.parametrize(("share", "number"), [("1", 1), ("2", 2), ("64", 4), ("0", 1), ("all", 4), ("", 4)])
def test_a_worker_of_joblib_takes_no_more_than_its_share(monkeypatch, share, number):
    monkeypatch.delenv("ONEHOT_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setenv("NUMBA_NUM_THREADS", share)
    assert n_threads() == number
    monkeypatch.setenv("ONEHOT_NUM_THREADS", "3")
    assert n_threads() == 3


def test_an_empty_number_of_threads_is_none_asked_for(monkeypatch):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", "")
    empty = n_threads()
    monkeypatch.delenv("ONEHOT_NUM_THREADS")
    assert empty == n_threads()


@pytest.mark.parametrize("wanted", ["two", "-1", "1.5", "²"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, wanted):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", wanted)
    with pytest.raises(ValueError, match=f"ONEHOT_NUM_THREADS='{wanted}' is not a number of threads; unset it"):
        n_threads()
