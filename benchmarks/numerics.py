"""What a late start and bfloat16 do to the results: rate of hallucinations, variance, detection.

    python benchmarks/numerics.py

In 1D a fit of the experiment of 4,000 updates, so that there are hallucinations to count. A late start (alpha_bar >=
1e-7) is drawn with noise of its own, so it is compared as an independent sample: difference of the rates with its 95 %
interval, and medians of the variance with bootstrap intervals. bfloat16 is drawn from the same noise as float32, late
start both. In 2D the experiment, whose schedule has no levels to leave out, in float32 and bfloat16.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from interleaved import RESULTS, publish, table
from torch import Tensor

from lightning_modeinterp.data.gaussian import GaussianGridDataModule, GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.metrics.functional import auroc_from_counts, count_distinct, wilson_interval
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.reproduction import CachedRuns, Fit
from lightning_modeinterp.trajectories import Window

START = 1e-7
BLOCK = 512
LINE = Fit(
    "line", "experiment/gaussian_1d.yaml", ("--trainer.max_steps=4000", "--trainer.val_check_interval=1000000000")
)
GRID = Fit("grid", "experiment/gaussian_2d_grid.yaml", ("--trainer.val_check_interval=1000000000",))
WINDOWS = {LINE: Window(last_steps=10), GRID: Window(noise_to_signal=(0.0, 0.045))}
DATA = {LINE: GaussianMixtureDataModule([1.0, 2.0, 3.0]), GRID: GaussianGridDataModule()}


@dataclass(frozen=True)
class Drawn:
    """Variance (N,) of samples and whether each is hallucinated or in support, (N,) bool."""

    variance: Tensor
    hallucinated: Tensor
    in_support: Tensor

    @property
    def rate(self) -> float:
        """Share of hallucinated samples."""
        return self.hallucinated.double().mean().item()

    @property
    def auroc(self) -> float:
        """Of the variance, hallucinated against in support; without samples that are neither."""
        judged = self.hallucinated | self.in_support
        counts = count_distinct(self.variance[judged], self.hallucinated[judged].long())
        return float(auroc_from_counts(counts.in_support, counts.hallucinated))


def loaded(runs: CachedRuns, fit: Fit, precision: str | None = None) -> DDPM:
    """A trained model whose wide products run in a precision."""
    module = DDPM.load_from_checkpoint(runs.checkpoint(fit), map_location="cpu", weights_only=True)
    denoiser = module.denoiser
    other = MLP(denoiser.sample_shape, hidden_precision=precision)
    other.load_state_dict(denoiser.state_dict())
    module.denoiser = other
    return module


def drawn(fit: Fit, module: DDPM, start: float, num_samples: int, purpose: str) -> Drawn:
    """Samples, judged; N is rounded up to whole blocks."""
    whole = math.ceil(num_samples / BLOCK) * BLOCK
    generation = Generation(
        AncestralSampler(None, start), {"w": WINDOWS[fit]}, "w", num_samples=whole, block_size=BLOCK
    )
    batch = module.drawing(generation, DATA[fit]).draw(purpose=purpose)
    assert batch.verdict is not None
    return Drawn(batch.scores["variance/w"], batch.verdict.hallucinated, batch.verdict.in_support)


def bootstrapped(values: Tensor, num_draws: int = 400) -> tuple[float, float, float]:
    """Median with its 95 % interval."""
    index = torch.randint(len(values), (num_draws, len(values)), generator=torch.Generator().manual_seed(0))
    medians = values[index].median(dim=1).values
    return float(values.median()), *medians.quantile(torch.tensor([0.025, 0.975])).tolist()


def main(num_samples: int, num_half: int, root: Path, out: Path) -> None:
    """Measure, and write `numerics.json` and `numerics.md`."""
    runs = CachedRuns(root)
    line, line_half, grid, grid_half = (
        loaded(runs, fit, precision) for fit in (LINE, GRID) for precision in (None, "bfloat16")
    )
    cases = {
        "1D, all 1000 steps, float32": drawn(LINE, line, 0.0, num_samples, "full"),
        f"1D, from alpha_bar {START:g}, float32": drawn(LINE, line, START, num_samples, "late"),
        f"1D, from alpha_bar {START:g}, float32, same noise as the next": drawn(LINE, line, START, num_half, "half"),
        f"1D, from alpha_bar {START:g}, bfloat16": drawn(LINE, line_half, START, num_half, "half"),
        "2D, float32, same noise as the next": drawn(GRID, grid, 0.0, num_half, "half"),
        "2D, bfloat16": drawn(GRID, grid_half, 0.0, num_half, "half"),
    }
    rows: list[dict[str, Any]] = []
    for name, case in cases.items():
        low, high = wilson_interval(int(case.hallucinated.sum()), len(case.hallucinated))
        rows.append({"case": name, "n": len(case.variance), "rate": [case.rate, low, high],
                     "median_variance": bootstrapped(case.variance), "auroc": case.auroc})  # fmt: skip
    full, late = list(cases.values())[:2]
    error = math.sqrt(sum(c.rate * (1 - c.rate) / len(c.variance) for c in (full, late)))
    difference = late.rate - full.rate
    interval = [difference, difference - 1.96 * error, difference + 1.96 * error]
    rows.append({"case": "1D, late minus full", "rate": interval})
    body = [
        [
            row["case"],
            row.get("n", ""),
            _interval(row["rate"]),
            _interval(row["median_variance"]) if "n" in row else "",
            f"{row['auroc']:.4f}" if "n" in row else "",
        ]
        for row in rows
    ]
    header = ["case", "samples", "rate [95 %]", "median variance [95 %]", "AUROC"]
    publish("numerics", {"updates": "4,000 in 1D, 8,000 in 2D"}, rows, table(header, body), out)


def _interval(values: tuple[float, float, float]) -> str:
    return "{:.5g} [{:.5g}, {:.5g}]".format(*values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-samples", type=int, default=20_000)
    parser.add_argument("--num-half", type=int, default=4096)
    parser.add_argument("--root", type=Path, default=Path("runs/numerics"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
