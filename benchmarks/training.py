"""How fast the MLP trains: whole steps on batches of 10,000, against the authors' `Trainer.step`.

    python benchmarks/training.py [--authors PATH] [--threads 1 2]

Our side is what a fit does in a step, without Lightning: the next shuffled batch, keyed noise, loss, gradient, Adam.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from interleaved import (
    RESULTS,
    ROUNDS,
    Side,
    Spread,
    gemm,
    interleave,
    publish,
    speedup_rows,
    speedup_table,
)
from peers import BETAS, Authors

from lightning_modeinterp.datamodules import BatchLoader
from lightning_modeinterp.datasets import GaussianMixtureDataset
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.distributions import GaussianMixture
from lightning_modeinterp.modules import DDPM

STEPS = 2  # a run of a side
PLAIN = "ours"


def training_step(batch_size: int, compile: bool = False, **options: Any) -> Callable[[], None]:
    """Our step, with options of the MLP."""
    torch.manual_seed(0)
    module = DDPM(MLP((1,), **options), LinearBetaSchedule(1000, *BETAS))
    if compile:
        module.denoiser.compile()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    data = GaussianMixtureDataset(GaussianMixture([1.0, 2.0, 3.0], 0.05), 5 * batch_size, 0, "train")
    loader = BatchLoader(data, batch_size, shuffle_seed=0, drop_last=True)
    batches = iter(loader)
    index = 0

    def step() -> None:
        nonlocal batches, index
        batch = next(batches, None)
        if batch is None:
            batches = iter(loader)
            batch = next(batches)
        noise = BatchNoise(keyed_generator(0, "training", index), batch_size)
        index += 1
        optimizer.zero_grad()
        module.loss_terms(batch, noise)["loss"].backward()
        optimizer.step()

    return step


def sides(batch_size: int, authors: Path | None) -> dict[str, Side]:
    """All sides, by samples."""
    steps = {
        PLAIN: training_step(batch_size),
        "ours, time_table": training_step(batch_size, time_table=True),
        "ours, time_table, fused": training_step(batch_size, time_table=True, is_fused=True),
        "ours, time_table, compiled": training_step(batch_size, time_table=True, compile=True),
        "ours, time_table, bfloat16": training_step(batch_size, time_table=True, hidden_precision="bfloat16"),
    }
    if authors is not None:
        steps["authors"] = Authors(authors).training_step(next(_batches(batch_size)))
    named = {name: Side(_repeat(step), STEPS * batch_size) for name, step in steps.items()}
    return named | {"gemm": gemm(batch_size, 128, 10), "bfloat16 gemm": gemm(batch_size, 128, 2, torch.bfloat16)}


def _batches(batch_size: int) -> Any:
    data = GaussianMixtureDataset(GaussianMixture([1.0, 2.0, 3.0], 0.05), batch_size, 0, "train")
    return iter(BatchLoader(data, batch_size))


def _repeat(step: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(STEPS):
            step()

    return run


def main(batch_size: int, rounds: int, threads: list[int], authors: Path | None, out: Path) -> None:
    """Measure, and write `training.json` and `training.md`."""
    rows, limits = [], []
    baseline = "authors" if authors else PLAIN
    for num_threads in threads:
        times = interleave(sides(batch_size, authors), rounds, num_threads)
        for name in ("gemm", "bfloat16 gemm"):
            rate = Spread.of([1e-9 / t for t in times.pop(name).cpu])
            limits.append(f"{name}, {num_threads} threads: {rate} GFLOP a CPU second")
        rows += speedup_rows(times, baseline, num_threads, 1e-9)
        markdown = speedup_table(rows, baseline, "ns a sample")
        markdown += "\nProducts at these shapes, as PyTorch multiplies: " + "; ".join(limits) + ".\n"
        publish("training", {"batch size": batch_size, "rounds": rounds}, rows, markdown, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--authors", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
