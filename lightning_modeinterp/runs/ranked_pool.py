"""Threads that do first what matters most of all that waits, at the moment when one of them is free."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from queue import PriorityQueue
from typing import TypeVar

Result = TypeVar("Result")
Rank = tuple[int, ...]


class RankedPool:
    """A pool of threads; what has the least rank is begun first, and of equals what was submitted first.

    Tasks may submit further ones.

    Args:
        num_threads: Tasks at a time.
    """

    def __init__(self, num_threads: int) -> None:
        self._pool = ThreadPoolExecutor(num_threads)
        self._waiting: PriorityQueue[tuple[Rank, int, Callable[[], None]]] = PriorityQueue()
        self._numbers = count()

    def submit(self, rank: Rank, task: Callable[[], Result]) -> "Future[Result]":
        """Have a task done.

        Args:
            rank: What is begun before what; all ranks of a pool have the same length.
            task: It takes nothing.
        """
        future: Future[Result] = Future()

        def run() -> None:
            try:
                future.set_result(task())
            except BaseException as error:  # for whoever asks for the result
                future.set_exception(error)

        self._waiting.put((rank, next(self._numbers), run))
        self._pool.submit(self._begin_next)  # as many calls as tasks, and each takes what has the least rank then
        return future

    def stop(self) -> None:
        """Begin nothing any more; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin_next(self) -> None:
        *_, run = self._waiting.get()
        run()
