"""Calls shared out among threads: their order, their errors, and calls within calls."""

from threading import Barrier, Thread, get_ident

import numpy as np
import pytest

from onehot._threads import map_in_order, n_threads


@pytest.fixture(params=[1, 2, 4], autouse=True)
def n(request, monkeypatch):
    """Return the number of threads."""
    monkeypatch.setenv("ONEHOT_NUM_THREADS", str(request.param))
    return request.param


def test_results_come_in_the_order_of_the_items():
    assert map_in_order(lambda k: k * k, range(100)) == [k * k for k in range(100)]
    assert map_in_order(lambda k: k * k, []) == []


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


def test_threads_see_the_error_state_of_their_caller():
    with np.errstate(all="ignore"):
        assert map_in_order(lambda x: float(np.float64(x) / np.float64(0)), [1, 2]) == [np.inf, np.inf]


@pytest.mark.parametrize("wanted", ["two", "-1", "1.5"])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, wanted):
    monkeypatch.setenv("ONEHOT_NUM_THREADS", wanted)
    with pytest.raises(ValueError, match=f"ONEHOT_NUM_THREADS='{wanted}' is not a number of threads; unset it"):
        n_threads()
