"""Commands in separate processes that start with everything imported.

Importing Lightning takes longer than a small command. So a server imports it once, and every command is a fork of that
server; only on Linux, since elsewhere numerical libraries may not survive a fork.
"""

import multiprocessing
import os
import runpy
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from filelock import FileLock

from lightning_modeinterp.runs.how import PLAIN, How

_CONTEXT = (
    multiprocessing.get_context("forkserver") if sys.platform == "linux" else multiprocessing.get_context("spawn")
)
_CONTEXT.set_forkserver_preload(["lightning_modeinterp.cli.run"])
_ALONE = threading.Lock()
"""Starting a process reads the exit status of all others, which can be read only once."""


def start(args: Sequence[str], log: Path, lock: Path, how: How = PLAIN) -> BaseProcess:
    """Start a command, on one thread unless OMP_NUM_THREADS says otherwise.

    Args:
        args: Arguments of ``modeinterp``.
        log: File that the output of the command is appended to.
        lock: File that the command locks until it ends, even if it outlives this process; it waits for the lock.
        how: Its launcher and environment.
    """
    os.environ.setdefault(
        "OMP_NUM_THREADS", "1"
    )  # small tensors: one process per core is faster than one thread per core
    process = _CONTEXT.Process(
        target=_run, args=(list(args), log, lock, {**os.environ, **how.environment}, how.launcher)
    )
    with _ALONE:
        process.start()
    return process


def exit_status(process: BaseProcess) -> int | None:
    """Wait until a command has ended; 0 on success."""
    connection.wait([process.sentinel])
    with _ALONE:
        process.join()
        return process.exitcode


def _run(args: list[str], log: Path, lock: Path, environment: Mapping[str, str], launcher: Sequence[str]) -> None:
    """Body of a command's process: ``python -m lightning_modeinterp``."""
    os.environ.update(environment)
    if launcher:
        _become([*launcher, "-m", "lightning_modeinterp", *args], log, lock)
    sys.argv = ["modeinterp", *args]
    with FileLock(lock):
        _print_to(log)
        runpy.run_module("lightning_modeinterp", run_name="__main__", alter_sys=True)


def _become(command: Sequence[str], log: Path, lock: Path) -> None:
    """Replace this process by another program, which holds the lock until it ends."""
    import fcntl  # not on Windows, where there are no such launchers either

    held = os.open(lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)  # as FileLock does it
    os.set_inheritable(held, True)
    _print_to(log)
    os.execvp(command[0], list(command))


def _print_to(log: Path) -> None:
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
