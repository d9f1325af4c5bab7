"""What the callbacks cost: a validation and a training step, with them and without.

    python benchmarks/monitoring.py

The data, network and batch size of `configs/experiment/gaussian_1d.yaml`, its 1,024 monitored samples, 100 sampling
steps. The sides:

* none: no callback of ours; the samples are still drawn, since that is the module's work,
* numbers: `HallucinationMonitor`, `TrajectoryVarianceLogger` and `FigureLogger` with the CSV logger,
* media: the same with TensorBoard beside it, so two figures, two histograms and a table are drawn and written.

A training step is taken from fits without a validation, their start included.
"""

import argparse
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import lightning as L
import torch
from interleaved import RESULTS, Side, Spread, add_rounds, interleave, publish, table
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from lightning_modeinterp.callbacks import FigureLogger, HallucinationMonitor, TrajectoryVarianceLogger
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.loggers import CSVHistory
from lightning_modeinterp.modules import DDPM

NAMES = ("none", "numbers", "media")
NUM_SAMPLES, NUM_SAMPLING_STEPS = 1024, 100


def trainer(name: str, folder: Path, max_steps: int) -> L.Trainer:
    """The trainer of one side."""
    loggers: list[Logger] = [CSVHistory(folder / name)]
    if name == "media":
        loggers.append(TensorBoardLogger(folder / name))
    ours: list[Callback] = [HallucinationMonitor(), TrajectoryVarianceLogger(), FigureLogger()]
    return L.Trainer(
        accelerator="cpu",
        logger=loggers,
        callbacks=[] if name == "none" else ours,
        max_epochs=-1,
        max_steps=max_steps,
        val_check_interval=1_000_000,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        default_root_dir=folder / name,
    )


def parts() -> tuple[DDPM, GaussianMixtureDataModule]:
    """Model and data."""
    torch.manual_seed(0)
    schedule = LinearBetaSchedule(num_steps=1000, beta_start=0.001, beta_end=0.2)
    data = GaussianMixtureDataModule([1.0, 2.0, 3.0], 0.05, size=50_000, batch_size=1_000)
    sampler = AncestralSampler(NUM_SAMPLING_STEPS)
    data.generation = Generation(sampler, block_size=512, monitor=Monitor(NUM_SAMPLES))
    return DDPM(MLP((1,), width=128, depth=3, has_input_bias=False), schedule), data


def validate(name: str, folder: Path) -> None:
    """One validation."""
    module, data = parts()
    trainer(name, folder, 1).validate(module, data, verbose=False)


def fit(name: str, folder: Path, num_steps: int) -> None:
    """A fit without a validation."""
    module, data = parts()
    trainer(name, folder, num_steps).fit(module, data)


def measure(what: str, sides: dict[str, Side], rounds: int) -> list[dict[str, Any]]:
    """One row a side: milliseconds, and the ratio to no callbacks within each round."""
    times = interleave(sides, rounds)
    rows = []
    for name, each in times.items():
        row: dict[str, Any] = {"what": what, "side": name, "cpu_ms": vars(Spread.of([1e3 * t for t in each.cpu]))}
        for kind in ("cpu", "wall"):
            mine, base = getattr(each, kind), getattr(times["none"], kind)
            row[f"x_{kind}"] = vars(Spread.of([t / b for t, b in zip(mine, base, strict=True)]))
        rows.append(row)
    return rows


def main(rounds: int, num_steps: int, out: Path) -> None:
    """Measure, and write `monitoring.json` and `monitoring.md`."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        validations = {each: Side(lambda each=each: validate(each, folder)) for each in NAMES}  # type: ignore[misc]
        fits = {
            each: Side(lambda each=each: fit(each, folder, num_steps), num_steps)  # type: ignore[misc]
            for each in NAMES
        }
        rows = measure("a validation", validations, rounds) + measure("a training step", fits, rounds)
    header = ["what", "callbacks", "CPU ms, median [quartiles]", "over none, by CPU time", "by wall time"]
    body = [
        [row["what"], row["side"], *(str(Spread(**row[key])) for key in ("cpu_ms", "x_cpu", "x_wall"))] for row in rows
    ]
    settings = {"rounds": rounds, "samples": NUM_SAMPLES, "sampling steps": NUM_SAMPLING_STEPS, "steps": num_steps}
    publish("monitoring", settings, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_rounds(parser)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    main(arguments.rounds, arguments.steps, arguments.out)
