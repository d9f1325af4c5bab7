"""What watching costs: a diffusers pipeline with and without, in turn, on a small and a large U-Net.

    python benchmarks/watching.py [--rounds 9] [--threads 1] [--device cpu]

Writes watching.json and watching.md to docs/results/performance.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel
from interleaved import RESULTS, Side, Spread, add_device, add_rounds, interleave, named, publish, table

from lightning_modeinterp import watch

WINDOWS = {"early": (3.0, 300.0), "middle": (0.8, 3.0), "late": (0.0, 0.8)}
"""Together they hold every step, so each is looked at."""


@dataclass(frozen=True)
class Case:
    """A U-Net, and how much of it is sampled."""

    size: int
    channels: tuple[int, ...]
    layers: int
    batch_size: int
    num_steps: int

    def pipeline(self, device: str) -> DDIMPipeline:
        """A pipeline with random weights."""
        plain = len(self.channels) - 1
        unet = UNet2DModel(
            sample_size=self.size,
            block_out_channels=self.channels,
            layers_per_block=self.layers,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * plain,
        )
        pipeline = DDIMPipeline(unet, DDIMScheduler()).to(device)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


CASES = {
    "small, 16 px": Case(16, (32, 64), 1, batch_size=16, num_steps=20),
    "large, 32 px": Case(32, (128, 256, 256, 256), 2, batch_size=2, num_steps=12),
}


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_rounds(parser)
    add_device(parser)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = [row_of(name, case, given) for name, case in CASES.items()]
    body = [list(row.values()) for row in rows]
    settings = {"threads": given.threads, "rounds": given.rounds, "windows": len(WINDOWS)}
    publish(named("watching", given.device), settings, rows, table(list(rows[0]), body), given.out, given.device)


def row_of(name: str, case: Case, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one case."""
    pipeline = case.pipeline(given.device)
    whole = {each: side(whole_of(pipeline, case), pipeline, case, each) for each in ("unwatched", "watched")}
    steps = {f"steps {each}": side(steps_of(pipeline, case), pipeline, case, each) for each in ("unwatched", "watched")}
    times = interleave(whole | steps, given.rounds, given.threads, given.device)
    looking = [a - b for a, b in zip(times["steps watched"].wall, times["steps unwatched"].wall, strict=True)]
    return {
        "U-Net": name,
        "million weights": round(sum(each.numel() for each in pipeline.unet.parameters()) / 1e6, 1),
        "batch": case.batch_size,
        "ms a step, unwatched": str(Spread.of([1e3 * each for each in times["unwatched"].wall])),
        "watched over unwatched, CPU time": str(ratio(times["watched"].cpu, times["unwatched"].cpu)),
        "wall time": str(ratio(times["watched"].wall, times["unwatched"].wall)),
        "ms a step, looking alone": str(Spread.of([1e3 * each for each in looking])),
    }


def ratio(times: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Spread of the ratios within each round."""
    return Spread.of([a / b for a, b in zip(times, baseline, strict=True)])


def whole_of(pipeline: DDIMPipeline, case: Case) -> Callable[[], object]:
    """Draw one batch."""

    def draw() -> object:
        generator = torch.Generator().manual_seed(0)
        return pipeline(case.batch_size, generator, num_inference_steps=case.num_steps, output_type="pt")

    return draw


def steps_of(pipeline: DDIMPipeline, case: Case) -> Callable[[], object]:
    """Make the scheduler's steps of one batch without the network."""
    scheduler, shape = pipeline.scheduler, (case.batch_size, 3, case.size, case.size)
    output = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(pipeline.device)

    def walk() -> object:
        x = output
        scheduler.set_timesteps(case.num_steps)
        for t in scheduler.timesteps:
            x = scheduler.step(output, t, x).prev_sample
        return x

    return walk


def side(draw: Callable[[], object], pipeline: DDIMPipeline, case: Case, how: str) -> Side:
    """One side of the comparison; what is seen is asked for too."""

    def draw_watched() -> object:
        with watch(pipeline, WINDOWS) as seen:
            draw()
        return seen.scores

    return Side(draw_watched if how == "watched" else draw, case.num_steps)


if __name__ == "__main__":
    main()
