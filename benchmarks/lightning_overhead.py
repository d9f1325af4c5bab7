"""What Lightning adds to a training step: the shipped 1D fit (logging, bar; with and without EMA) over a bare loop.

    python benchmarks/lightning_overhead.py [--threads 1]

All do the same steps on batches of 1,000; the bare loop has no average, no log, no checkpoint. A round is one loop and
one fit of each kind, and what is compared is the mean step after the first ones.
"""

import argparse
import contextlib
import io
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from interleaved import CPU, RESULTS, Side, Spread, add_rounds, interleave, publish, table
from step_clock import StepClock
from training import training_step

from lightning_modeinterp.cli import run_command

BATCH_SIZE = 1000
SKIPPED = 50
FITS = {"with EMA": ["--trainer=configs/trainer/ema.yaml"], "without EMA": []}


def fit_step(num_steps: int, root: Path, overlay: list[str]) -> tuple[float, float]:
    """Mean CPU and wall seconds of a step of the shipped fit."""
    options = [
        f"--run.root={root}",
        "--run.overwrite=true",
        *overlay,
        f"--trainer.max_steps={num_steps}",
        "--trainer.val_check_interval=1000000000",
        "--trainer.enable_progress_bar=true",
        "--trainer.enable_model_summary=false",
        "--trainer.callbacks+=step_clock.StepClock",
    ]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run_command(["fit", "-c", "configs/experiment/gaussian_1d.yaml", *options])
    (cpu, wall), (cpu_end, wall_end) = StepClock.starts[SKIPPED], StepClock.starts[-1]
    num_counted = len(StepClock.starts) - 1 - SKIPPED
    return (cpu_end - cpu) / num_counted, (wall_end - wall) / num_counted


def main(num_steps: int, rounds: int, threads: list[int], out: Path) -> None:
    """Measure, and write `lightning_overhead.json` and `lightning_overhead.md`."""
    rows: list[dict[str, Any]] = []
    for num_threads in threads:
        step = training_step(BATCH_SIZE, CPU, time_table=True, is_fused=True)  # as the config has it
        bare = Side(lambda step=step: [step() for _ in range(num_steps)], num_steps)  # type: ignore[misc]
        loops: list[tuple[float, float]] = []
        fits: dict[str, list[tuple[float, float]]] = {name: [] for name in FITS}
        with tempfile.TemporaryDirectory() as root:
            for _ in range(rounds):
                (loop,) = interleave({"bare": bare}, 1, num_threads).values()
                loops.append((loop.cpu[0], loop.wall[0]))
                for name, overlay in FITS.items():
                    fits[name].append(fit_step(num_steps, Path(root), overlay))
        for name in FITS:
            for clock, kind in enumerate(("CPU", "wall")):
                added = [1e3 * (fit[clock] - loop[clock]) for fit, loop in zip(fits[name], loops, strict=True)]
                spreads = [Spread.of([1e3 * each[clock] for each in side]) for side in (loops, fits[name])]
                rows.append({"fit": name, "threads": num_threads, "time": kind, "bare_ms": asdict(spreads[0]),
                             "fit_ms": asdict(spreads[1]), "added_ms": asdict(Spread.of(added))})  # fmt: skip
    header = ["fit", "threads", "time", "bare loop, ms a step", "fit, ms a step", "added, ms a step"]
    keys = ("bare_ms", "fit_ms", "added_ms")
    body = [[row["fit"], row["threads"], row["time"], *(Spread(**row[key]) for key in keys)] for row in rows]
    publish("lightning_overhead", {"batch size": BATCH_SIZE, "steps": num_steps, "rounds": rounds}, rows,
            table(header, body), out)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-steps", type=int, default=150)
    add_rounds(parser)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--out", type=Path, default=RESULTS)
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
