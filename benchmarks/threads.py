"""One thread or one on every core: steps of training and of sampling, on a quiet machine and beside a busy process.

    python benchmarks/threads.py [--cores 2]

Three processes take turns: one thread; all cores, whose threads spin for a while when they wait for each other, as
OpenMP does by itself; all cores, whose threads sleep meanwhile, as the package asks for. What is compared is wall time.
The neighbour is one process at the lowest priority that never rests, in a session of its own as another user's is.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch
from interleaved import CPU, RESULTS, Spread, add_rounds, publish, speedup, table
from peers import BETAS

from lightning_modeinterp.denoisers import MLP, Denoiser, UNet
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.threads import suited

ONE = "one"
SECONDS = 0.1
"""About how long a side runs each time."""

POLICY = "OMP_WAIT_POLICY"
BUSY = """
import os
os.nice(19)
parent = os.getppid()
while os.getppid() == parent:  # a benchmark that was killed leaves nobody behind
    sum(range(100_000))
"""


def mlp(dimension: int, **options: Any) -> Denoiser:
    """The released network, as the Gaussian experiments run it unless told otherwise."""
    return MLP((dimension,), **{"is_fused": True, "time_table": True, **options})


def unet(image_size: int) -> Denoiser:
    """The network of `ddpm_unet_shapes.yaml` and `ddpm_unet_shapes_32.yaml`."""
    maps = image_size // 4
    return UNet((1, image_size, image_size), 32, (1, 2), 2, (maps, maps // 2), 32, patch_size=4, has_coordinates=True)


CASES: dict[str, tuple[Callable[[], Denoiser], int, bool]] = {
    "fit, 1D, plain layers": (lambda: mlp(1, is_fused=False), 1_000, True),
    "fit, 1D": (lambda: mlp(1), 1_000, True),
    "fit, 1D, published sizes": (lambda: mlp(1), 10_000, True),
    "fit, images of 32 x 32": (lambda: unet(32), 32, True),
    "fit, images of 64 x 64": (lambda: unet(64), 32, True),
    "draw, 1D, large blocks": (lambda: mlp(1), 4_096, False),
    "draw, images of 32 x 32": (lambda: unet(32), 16, False),
}
"""Network, batch or block, and whether it is trained."""


def training_step(denoiser: Denoiser, batch_size: int) -> Callable[[], None]:
    """What a fit does in a step, without Lightning."""
    module = DDPM(denoiser, LinearBetaSchedule(1000, *BETAS))
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    batch = torch.randn(batch_size, *denoiser.sample_shape)

    def step() -> None:
        noise = BatchNoise(keyed_generator(0, "training", 0, torch.device(CPU)), batch_size)
        optimizer.zero_grad()
        module.loss_terms(batch, noise)["loss"].backward()
        optimizer.step()

    return step


def network_call(denoiser: Denoiser, block_size: int) -> Callable[[], None]:
    """Nearly all of what a step of a sampler does."""
    x_t, level = torch.randn(block_size, *denoiser.sample_shape), NoiseLevel(torch.full((1,), 0.5), torch.zeros(1))

    def step() -> None:
        with torch.inference_mode():
            denoiser(x_t, level)

    return step


def seconds_of(case: str, num_threads: int, num_steps: int) -> float:
    """Wall seconds a step; what was built stays for the next time."""
    torch.set_num_threads(num_threads)
    step = _step(case)
    begun = time.perf_counter()
    for _ in range(num_steps):
        step()
    return (time.perf_counter() - begun) / num_steps


@cache
def _step(case: str) -> Callable[[], None]:
    make, batch_size, is_fit = CASES[case]
    return (training_step if is_fit else network_call)(make(), batch_size)


def work() -> None:
    """Do what is asked for, a line each, until nobody asks."""
    for line in sys.stdin:
        print(seconds_of(*json.loads(line)), flush=True)


class Worker:
    """A process of its own, since how threads wait is settled when OpenMP is loaded.

    Args:
        num_threads: On which it computes.
        sleeps: Whether threads that wait sleep.
    """

    def __init__(self, num_threads: int, sleeps: bool) -> None:
        self.num_threads = num_threads
        command = [sys.executable, "-W", "ignore", __file__, "--work"]
        environment = {**os.environ, "OMP_NUM_THREADS": str(num_threads), POLICY: "PASSIVE"}
        if not sleeps:
            del environment[POLICY]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)

    def seconds(self, case: str, num_steps: int = 1) -> float:
        """Wall seconds a step."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([case, self.num_threads, num_steps]), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@contextmanager
def neighbours(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep processes busy that never rest, at the lowest priority."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True) for _ in range(count)]
    try:
        yield busy
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(case: str, workers: Mapping[str, Worker], rounds: int, num_cores: int) -> dict[str, Any]:
    """All sides of a case, in turns, after each has run once unseen."""
    once = {name: worker.seconds(case) for name, worker in workers.items()}
    num_steps = max(1, round(SECONDS / min(once.values())))
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for i in range(rounds):
        for name, worker in (reversed if i % 2 else list)(workers.items()):  # type: ignore[operator]
            seconds[name].append(worker.seconds(case, num_steps))
    make, batch_size, _ = CASES[case]
    return {
        "case": case,
        "batch": batch_size,
        "chosen": suited(batch_size * math.prod(make().sample_shape), num_cores),
        "ms": {name: asdict(Spread.of([1e3 * each for each in seconds[name]])) for name in workers},
        "speed_over_one": {name: asdict(speedup(seconds[ONE], seconds[name])) for name in workers if name != ONE},
    }


def main(rounds: int, cores: int, out: Path, cases: list[str]) -> None:
    """Measure, and write `threads.json` and `threads.md`."""
    spin, sleep = f"{cores}, spinning", f"{cores}, sleeping"
    workers = {ONE: Worker(1, sleeps=True), spin: Worker(cores, sleeps=False), sleep: Worker(cores, sleeps=True)}
    rows = []
    for num_neighbours in (0, 1):
        with neighbours(num_neighbours):
            for case in cases:
                row = measure(case, workers, rounds, cores)
                rows.append({"neighbours": num_neighbours, "load": round(os.getloadavg()[0], 1), **row})
                print(json.dumps(rows[-1]), file=sys.stderr)
    for worker in workers.values():
        worker.close()
    header = ["step of", "batch or block", "busy beside", "load", "one thread, ms"]
    header += [f"speed of {spin}", f"speed of {sleep}", f"chosen of {cores}"]
    body = [
        [row["case"], f"{row['batch']:,}", row["neighbours"], row["load"], Spread(**row["ms"][ONE]),
         *(Spread(**row["speed_over_one"][name]) for name in (spin, sleep)), row["chosen"]]
        for row in rows
    ]  # fmt: skip
    publish("threads", {"rounds": rounds}, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_rounds(parser)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="threads of the other side")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    if given.pop("work"):
        work()
    else:
        main(**given)
