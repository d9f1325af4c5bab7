"""Two processes of one run, started as torchrun or srun would, each forked from a server that has imported everything.

A fork takes a tenth of a second where a new interpreter takes ten, so each command can have processes of its own.
"""

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only

ROOT = Path(__file__).parents[2]
PARALLEL = ("--trainer.devices=2", "--trainer.strategy=ddp")

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "lightning_modeinterp.cli.run",
        "lightning_modeinterp.callbacks",
        "tensorboard",
        "wandb",
        "tests.integration.compiled",
    ]
)


def torchrun(rank: int, port: int) -> dict[str, str]:
    """What torchrun tells a process."""
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "GROUP_RANK": "0",
        "LOCAL_WORLD_SIZE": "2",
        "TORCHELASTIC_RUN_ID": "test",
    }


def srun(rank: int, port: int) -> dict[str, str]:
    """What SLURM tells a task of a job on one node."""
    return {
        "SLURM_JOB_ID": str(port),
        "SLURM_JOB_NAME": "fit",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NNODES": "1",
        "SLURM_NODELIST": "127.0.0.1",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "SLURM_NODEID": "0",
        "MASTER_PORT": str(port),  # by itself Lightning takes one that follows from the job's number
    }


def on_two_processes(
    log: Path,
    function: Callable[..., Any],
    *args: Any,
    seconds: float = 200,
    launcher: Callable[[int, int], dict[str, str]] = torchrun,
) -> list[int | None]:
    """Call a function on two processes.

    Args:
        log: What each of them says goes here, with the rank as suffix.
        function: Of a module that can be imported, as the arguments' classes.
        args: What it is called with.
        seconds: Time after which what still runs is killed.
        launcher: What a process of a rank finds in its environment.

    Returns:
        The exit status of each rank; -9 of one that had to be killed.
    """
    if str(ROOT) not in sys.path:  # `python -m pytest` has it, `pytest` has not; processes get the path
        sys.path.append(str(ROOT))
    port = _free_port()
    processes = [
        _SERVER.Process(target=_as_rank, args=(rank, launcher(rank, port), log, function, args)) for rank in range(2)
    ]
    for process in processes:
        process.start()
    deadline = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def said(log: Path) -> str:
    """The last of what both ranks said, for the message of a failed test."""
    return "\n".join(f"rank {rank}: {_of_rank(log, rank).read_text()[-3000:]}" for rank in range(2))


def _as_rank(rank: int, told: dict[str, str], log: Path, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    os.environ |= told
    rank_zero_only.rank = rank  # Lightning has read it from the environment when the server imported it
    torch.set_num_threads(1)
    with _of_rank(log, rank).open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    function(*args)


def _of_rank(log: Path, rank: int) -> Path:
    return log.with_name(f"{log.name}.{rank}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
