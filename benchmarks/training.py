"""How fast the MLP trains: whole steps on batches of 10,000, against the authors' `Trainer.step`.

    python benchmarks/training.py [--authors PATH] [--threads 1 2]
    python benchmarks/training.py [--authors PATH] --device cuda

Our side is what a fit does in a step, without Lightning: the next shuffled batch, keyed noise, loss, gradient, Adam.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from interleaved import (
    CPU,
    RESULTS,
    Side,
    add_device,
    add_rounds,
    gemm,
    interleave,
    multiplies_bfloat16,
    named,
    publish,
    rate_of,
    speedup_rows,
    speedup_table,
    threads_on,
)
from peers import BETAS, Authors

from lightning_modeinterp.data import BatchLoader
from lightning_modeinterp.data.gaussian import GaussianMixture, GaussianMixtureDataset
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM

STEPS, STEPS_ON_GPU = 2, 50  # a run of a side
PLAIN = "ours"
GRAPHS = "reduce-overhead"


def training_step(
    batch_size: int, device: str, compile: str | None = None, fused_adam: bool = False, **options: Any
) -> Callable[[], None]:
    """Our step, with a mode of `torch.compile` and options of the MLP."""
    torch.manual_seed(0)
    module = DDPM(MLP((1,), **options), LinearBetaSchedule(1000, *BETAS)).to(device)
    if compile is not None:
        module.denoiser.compile(mode=compile)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=fused_adam or None)
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
        batch = batch.to(device)
        noise = BatchNoise(keyed_generator(0, "training", index, device), batch_size)
        index += 1
        optimizer.zero_grad()
        module.loss_terms(batch, noise)["loss"].backward()
        optimizer.step()

    return step


def sides(batch_size: int, authors: Path | None, device: str) -> dict[str, Side]:
    """All sides, by samples."""
    given = (batch_size, device)
    steps = {
        PLAIN: training_step(*given),
        "ours, time_table": training_step(*given, time_table=True),
        "ours, time_table, compiled": training_step(*given, time_table=True, compile="default"),
        "ours, time_table, bfloat16": training_step(*given, time_table=True, hidden_precision="bfloat16"),
    }
    half: dict[str, Any] = {"time_table": True, "hidden_precision": "bfloat16"}
    if device == CPU:
        steps["ours, time_table, fused"] = training_step(*given, time_table=True, is_fused=True)
    if device != CPU or multiplies_bfloat16():
        steps["ours, time_table, bfloat16, compiled"] = training_step(*given, **half, compile="default")
    if device != CPU:
        steps["ours, time_table, CUDA graphs"] = training_step(*given, time_table=True, compile=GRAPHS)
        steps["ours, time_table, CUDA graphs, fused Adam"] = training_step(
            *given, time_table=True, compile=GRAPHS, fused_adam=True
        )
    if authors is not None:
        steps["authors"] = Authors(authors, device=device).training_step(next(_batches(batch_size)))
    num_steps = STEPS if device == CPU else STEPS_ON_GPU
    timed = {name: Side(_repeat(step, num_steps), num_steps * batch_size) for name, step in steps.items()}
    half = gemm(batch_size, 128, num_steps, torch.bfloat16, device)
    return timed | {"gemm": gemm(batch_size, 128, 5 * num_steps, device=device), "bfloat16 gemm": half}


def _batches(batch_size: int) -> Any:
    data = GaussianMixtureDataset(GaussianMixture([1.0, 2.0, 3.0], 0.05), batch_size, 0, "train")
    return iter(BatchLoader(data, batch_size))


def _repeat(step: Callable[[], None], num_steps: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(num_steps):
            step()

    return run


def main(
    batch_size: int, rounds: int, threads: list[int], authors: Path | None, out: Path, name: str, device: str
) -> None:
    """Measure, and write NAME.json and NAME.md, or NAME_gpu."""
    rows, limits = [], []
    baseline = "authors" if authors else PLAIN
    for num_threads in threads_on(device, threads):
        times = interleave(sides(batch_size, authors, device), rounds, num_threads, device)
        for product in ("gemm", "bfloat16 gemm"):
            limits.append(rate_of(product, times.pop(product), num_threads, device))
        rows += speedup_rows(times, baseline, num_threads, 1e-9)
        markdown = speedup_table(rows, baseline, "ns a sample", device)
        markdown += "\nProducts at these shapes, as PyTorch multiplies: " + "; ".join(limits) + ".\n"
        publish(named(name, device), {"batch size": batch_size, "rounds": rounds}, rows, markdown, out, device)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=10_000)
    add_rounds(parser)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--authors", type=Path)
    add_device(parser)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--name", default="training", help="of the files that are written")
    main(**vars(parser.parse_args()))
