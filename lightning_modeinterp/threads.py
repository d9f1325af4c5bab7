"""Number of threads of a process: as many as its batches keep busy, unless the user sets it.

    threads = numbers in a batch // `NUMBERS_A_THREAD`, from 1 to the process's share of the cores

An operation on several threads ends with the slowest of them. On a core that has other work too, one thread is late,
and all others wait, at each of the hundreds of small operations of a step. So small batches are computed on one thread.
The rule uses only the config and the number of cores, so the same command always computes in the same way.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from lightning_modeinterp.errors import ConfigurationError

NUMBERS_A_THREAD = 65_536
"""Sixteen images of 64 x 64: with fewer, threads that sleep while they wait lose more than they gain."""

OMP = "OMP_NUM_THREADS"
VARIABLES = (OMP, "MKL_NUM_THREADS")

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_AT_IMPORT = torch.get_num_threads()
_chosen: int | None = None


def suited(num_numbers: int, num_cores: int) -> int:
    """Threads that a batch keeps busy.

    Args:
        num_numbers: Numbers in a batch, samples times values of a sample.
        num_cores: Cores of the process; the upper limit.

    Example:
        >>> suited(10_000, num_cores=64), suited(64 * 64 * 32, num_cores=2), suited(64 * 64 * 32, num_cores=64)
        (1, 2, 2)
    """
    return max(1, min(num_numbers // NUMBERS_A_THREAD, num_cores))


@contextmanager
def as_chosen(asked: int | None, num_numbers: int) -> Iterator[None]:
    """Compute on as many threads as `choose` would set, then restore the number.

    Args:
        asked: See `choose`.
        num_numbers: See `choose`.
    """
    before = torch.get_num_threads()
    fitting = before if _set_by_user(before) else suited(num_numbers, len(_cores()))
    torch.set_num_threads(fitting if asked is None else asked)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def choose(asked: int | None, num_numbers: int, num_processes: int = 1) -> str:
    """Set the threads of this process and of those it starts, unless the user has set them.

    Args:
        asked: The config's value, which wins. None uses the user's environment, and then the rule.
        num_numbers: Numbers in a batch, samples times values of a sample.
        num_processes: Processes that share the machine's cores.

    Returns:
        The number and its reason, in one line.

    Raises:
        ConfigurationError: If ``asked`` is below 1.
    """
    if asked is not None:
        if asked < 1:
            raise ConfigurationError(f"num_threads: expected at least 1, or null to choose by batch size, got {asked}")
        _use(asked)
        return f"threads: {asked}, by num_threads"
    now = torch.get_num_threads()
    if (where := _set_by_user(now)) is not None:
        os.environ.setdefault(OMP, str(now))
        return f"threads: {now}, by {where}"
    num_cores = len(_cores())
    number = suited(num_numbers, max(1, num_cores // num_processes))
    _use(number)
    return (
        f"threads: {number} of {num_cores} cores, for batches of {num_numbers:,} numbers; "
        f"--num_threads or {OMP} sets another"
    )


def _use(number: int) -> None:
    """Set it here and for processes that are started; if the environment lacks it, Lightning sets its own."""
    global _chosen  # a setting of the process
    torch.set_num_threads(number)
    os.environ[OMP] = str(number)
    _chosen = number


def _set_by_user(now: int) -> str | None:
    """How the user has set it; None for PyTorch's default or a number chosen here before."""
    for name in VARIABLES:
        if os.environ.get(name) not in (None, "", str(_chosen)):
            return name
    return None if now == _chosen or _is_default(now) else "torch.set_num_threads"


def _is_default(now: int) -> bool:
    """Whether a number may be PyTorch's default: all cores, or one thread per physical core."""
    cores = _cores()
    files = [Path(_SIBLINGS.format(core)) for core in cores]
    if not all(file.is_file() for file in files):  # not Linux
        return now == _AT_IMPORT
    return now == _AT_IMPORT and now in (len(cores), len({file.read_text() for file in files}))


def _cores() -> set[int]:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))
