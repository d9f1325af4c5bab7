"""What is begun first."""

import threading

import pytest

from lightning_modeinterp.runs.ranked_pool import RankedPool


def test_of_what_waits_the_least_rank_is_begun_first_and_of_equals_the_first():
    pool, gate, begun = RankedPool(1), threading.Event(), []
    first = pool.submit((9,), gate.wait)  # holds the only thread while the others come in
    ranks = [(2, "a"), (1, "b"), (2, "c"), (0, "d"), (1, "e")]
    futures = [pool.submit((rank,), lambda name=name: begun.append(name)) for rank, name in ranks]
    gate.set()
    for future in (first, *futures):
        future.result(timeout=10)
    assert begun == ["d", "b", "e", "a", "c"]


def test_a_task_may_submit_others_and_several_run_at_a_time():
    pool, meet = RankedPool(2), threading.Barrier(2, timeout=10)

    def outer():
        return [pool.submit((0,), meet.wait) for _ in range(2)]  # neither passes alone

    inner = pool.submit((1,), outer).result(timeout=10)
    assert sorted(future.result(timeout=10) for future in inner) == [0, 1]


def test_an_error_is_for_whoever_asks_and_the_threads_go_on():
    pool = RankedPool(1)
    broken, whole = pool.submit((0,), lambda: 1 / 0), pool.submit((0,), lambda: 7)
    assert whole.result(timeout=10) == 7
    with pytest.raises(ZeroDivisionError):
        broken.result(timeout=10)


def test_what_waits_is_not_begun_any_more_when_it_is_stopped():
    pool, gate, entered = RankedPool(1), threading.Event(), threading.Event()

    def hold():
        entered.set()
        return gate.wait(10)

    running, waiting = pool.submit((0,), hold), pool.submit((0,), lambda: 7)
    assert entered.wait(10)
    pool.stop()
    gate.set()
    assert running.result(timeout=10)
    with pytest.raises(TimeoutError):
        waiting.result(timeout=0.5)
