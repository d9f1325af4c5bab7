"""How many images of Simple Shapes are drawn, and judged by the oracle, a second of one core.

    python benchmarks/shapes_rates.py

Judged are images as a network makes them: those of the data with a little noise, which leaves no pixel exactly black or
white. The times of both sizes take turns; what stands in the table is by CPU time.
"""

import argparse
from pathlib import Path

import torch
from interleaved import RESULTS, Side, Spread, add_rounds, interleave, publish, table

from lightning_modeinterp.data.shapes import ShapeCount, SimpleShapes

SIZES = {"64 x 64 (published)": SimpleShapes(), "32 x 32": SimpleShapes(32, 20.0)}
NUM_DRAWN, NUM_JUDGED = 20_000, 1_000
NOISE = 2.0
"""Standard deviation of the noise on judged images, in shades of 255."""


def sides() -> dict[str, Side]:
    """Draw and judge, either size."""
    made = {}
    for name, distribution in SIZES.items():
        generator = torch.Generator().manual_seed(0)
        clean = distribution.sample(NUM_JUDGED, generator)[0].float()
        noised = (clean + NOISE * torch.randn(clean.shape, generator=generator)).clamp(0, 255)
        oracle = ShapeCount(distribution)
        made[f"draw {name}"] = Side(lambda d=distribution, g=generator: d.sample(NUM_DRAWN, g), NUM_DRAWN)
        made[f"judge {name}"] = Side(lambda o=oracle, x=noised: o.judge(x), NUM_JUDGED)
    return made


def main(rounds: int, out: Path) -> None:
    """Measure, and write `shapes_rates.json` and `shapes_rates.md`."""
    times = interleave(sides(), rounds, num_threads=1)
    rates = {name: Spread.of([1 / seconds for seconds in each.cpu]) for name, each in times.items()}
    rows = [
        {"work": name, "images a second": each.median, "low": each.low, "high": each.high}
        for name, each in rates.items()
    ]
    body = [[name, f"{each.median:,.0f} [{each.low:,.0f}, {each.high:,.0f}]"] for name, each in rates.items()]
    publish(
        "shapes_rates",
        {"rounds": rounds},
        rows,
        table(["one thread", "images a CPU second, median [quartiles]"], body),
        out,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_rounds(parser)
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
