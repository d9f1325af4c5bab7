"""A thread pool with priorities: a free thread takes the most important waiting task."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from queue import PriorityQueue
from typing import TypeVar

Result = TypeVar("Result")
Rank = tuple[int, ...]


class RankedPool:
    """A pool of threads; the task of lowest rank starts first, and of equal ranks the one submitted first.

    Tasks may submit further ones.

    Args:
        num_threads: Number of parallel tasks.
    """

    def __init__(self, num_threads: int) -> None:
        self._pool = ThreadPoolExecutor(num_threads)
        self._waiting: PriorityQueue[tuple[Rank, int, Callable[[], None]]] = PriorityQueue()
        self._numbers = count()

    def submit(self, rank: Rank, task: Callable[[], Result]) -> "Future[Result]":
        """Submit a task.

        Args:
            rank: Its priority, lowest first; all ranks of a pool have the same length.
            task: A function without arguments.
        """
        future: Future[Result] = Future()

        def run() -> None:
            try:
                future.set_result(task())
            except BaseException as error:  # raised for the caller of result()
                future.set_exception(error)

        self._waiting.put((rank, next(self._numbers), run))
        self._pool.submit(self._begin_next)  # as many calls as tasks; each takes the task of lowest rank at that time
        return future

    def stop(self) -> None:
        """Start no further tasks; running ones are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin_next(self) -> None:
        *_, run = self._waiting.get()
        run()
