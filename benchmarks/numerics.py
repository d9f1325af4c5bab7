"""What a late start and bfloat16 do to the results in 1D: rate of hallucinations, variance, detection.

    python benchmarks/numerics.py

One fit of the 1D experiment (4,000 updates). A late start (alpha_bar >= 1e-7) is drawn with noise of its own, so it is
compared as an independent sample: difference of the rates with its 95 % interval, and medians of the variance with
bootstrap intervals. bfloat16 is drawn from the same noise as float32, late start both, on the first samples.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from interleaved import RESULTS, publish, table
from torch import Tensor

from lightning_modeinterp.datamodules import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.generation import Generation
from lightning_modeinterp.diffusion.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.metrics.functional import auroc_from_counts, count_distinct, wilson_interval
from lightning_modeinterp.modules import DDPM

START = 1e-7
MODES = [1.0, 2.0, 3.0]
BATCH_SIZE = 1000


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


def fitted(num_updates: int) -> DDPM:
    """A short training of the released network."""
    torch.manual_seed(0)
    module = DDPM(MLP((1,)), LinearBetaSchedule(1000, 0.001, 0.2))
    data = GaussianMixtureDataModule(MODES, batch_size=BATCH_SIZE)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    loader, step = data.train_dataloader(), 0
    while step < num_updates:
        for batch in loader:
            noise = BatchNoise(keyed_generator(0, "training", step), BATCH_SIZE)
            optimizer.zero_grad()
            module.loss_terms(batch, noise)["loss"].backward()
            optimizer.step()
            step += 1
            if step == num_updates:
                break
    return module


def drawn(module: DDPM, start: float, num_samples: int, purpose: str) -> Drawn:
    """Samples, judged; N is rounded up to whole blocks."""
    generation = Generation(AncestralSampler(None, start), block_size=512)
    support = GaussianMixtureDataModule(MODES).support
    assert support is not None
    with torch.inference_mode():
        blocks = [
            generation.draw(i, purpose, module.predict_x_0, module.noise_schedule, (1,), torch.device("cpu"))
            for i in range(math.ceil(num_samples / 512))
        ]
        verdict = support.judge(torch.cat([block.samples for block in blocks]))
    variance = torch.cat([block.trajectory_variance[:, 0] for block in blocks]).float()
    return Drawn(variance, verdict.hallucinated, verdict.in_support)


def bootstrapped(values: Tensor, num_draws: int = 400) -> tuple[float, float, float]:
    """Median with its 95 % interval."""
    index = torch.randint(len(values), (num_draws, len(values)), generator=torch.Generator().manual_seed(0))
    medians = values[index].median(dim=1).values
    return float(values.median()), *medians.quantile(torch.tensor([0.025, 0.975])).tolist()


def main(num_updates: int, num_samples: int, num_half: int, out: Path) -> None:
    """Measure, and write `numerics.json` and `numerics.md`."""
    module = fitted(num_updates)
    half = DDPM(MLP((1,), hidden_precision="bfloat16"), module.noise_schedule)
    half.load_state_dict(module.state_dict())
    cases = {
        "all 1000 steps, float32": drawn(module, 0.0, num_samples, "full"),
        f"from alpha_bar {START:g}, float32": drawn(module, START, num_samples, "late"),
        f"from alpha_bar {START:g}, float32, same noise as the next": drawn(module, START, num_half, "half"),
        f"from alpha_bar {START:g}, bfloat16": drawn(half, START, num_half, "half"),
    }
    rows: list[dict[str, Any]] = []
    for name, case in cases.items():
        low, high = wilson_interval(int(case.hallucinated.sum()), len(case.hallucinated))
        rows.append({"case": name, "n": len(case.variance), "rate": [case.rate, low, high],
                     "median_variance": bootstrapped(case.variance), "auroc": case.auroc})  # fmt: skip
    full, late = list(cases.values())[:2]
    error = math.sqrt(sum(c.rate * (1 - c.rate) / len(c.variance) for c in (full, late)))
    difference = late.rate - full.rate
    rows.append({"case": "late minus full", "rate": [difference, difference - 1.96 * error, difference + 1.96 * error]})
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
    publish("numerics", {"updates": num_updates}, rows, table(header, body), out)


def _interval(values: tuple[float, float, float]) -> str:
    return "{:.5g} [{:.5g}, {:.5g}]".format(*values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-updates", type=int, default=4000)
    parser.add_argument("--num-samples", type=int, default=20_000)
    parser.add_argument("--num-half", type=int, default=4096)
    parser.add_argument("--out", type=Path, default=RESULTS)
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
