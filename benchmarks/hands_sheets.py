"""Sheets of a hundred drawn hands, to look at: would somebody say "hands"? And how many are drawn a second.

python benchmarks/hands_sheets.py
"""

import argparse
from pathlib import Path

import torch
from interleaved import Side, Spread, add_rounds, interleave, publish, table
from PIL import Image
from torch import Tensor

from lightning_modeinterp.data.hands import FingerCount, Hands
from lightning_modeinterp.keyed_noise import keyed_generator

RESULTS = Path("docs/results/hands")
SIZES = (32, 64)
COLUMNS, ROWS, GAP = 10, 10, 2
NUM_DRAWN, NUM_JUDGED = 1_000, 128


def sheet(images: Tensor) -> Image.Image:
    """Images (N, 1, S, S) uint8 side by side, on white."""
    size = images.shape[-1] + GAP
    page = Image.new("L", (COLUMNS * size + GAP, -(-len(images) // COLUMNS) * size + GAP), 255)
    for number, image in enumerate(images):
        row, column = divmod(number, COLUMNS)
        page.paste(Image.fromarray(image[0].numpy()), (column * size + GAP, row * size + GAP))
    return page


def sides() -> dict[str, Side]:
    """Draw and judge, either size."""
    made = {}
    for size in SIZES:
        hands, oracle = Hands(size), FingerCount()
        generator = keyed_generator(0, "rates", size)
        images = hands.sample(NUM_JUDGED, generator).images.float()
        made[f"draw {size} x {size}"] = Side(lambda h=hands, g=generator: h.sample(NUM_DRAWN, g), NUM_DRAWN)
        made[f"count {size} x {size}"] = Side(lambda o=oracle, x=images: o.judge(x), NUM_JUDGED)
    return made


def main(rounds: int, out: Path) -> None:
    """Write the sheets, `rates.json` and `rates.md`."""
    out.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        page = sheet(Hands(size).sample(COLUMNS * ROWS, keyed_generator(0, "sheet", size)).images)
        page.resize((page.width * 64 // size, page.height * 64 // size), Image.Resampling.NEAREST).save(
            out / f"sheet_{size}.png", optimize=True
        )
    counts = torch.arange(3, 8).repeat_interleave(COLUMNS)
    drawn = Hands(64).sample(len(counts), keyed_generator(0, "sheet", 0), counts)
    sheet(drawn.images).save(out / "sheet_3_to_7.png", optimize=True)
    times = interleave(sides(), rounds, num_threads=1)
    rates = {name: Spread.of([1 / seconds for seconds in each.cpu]) for name, each in times.items()}
    rows = [{"work": name, "images a second": each.median} for name, each in rates.items()]
    body = [[name, f"{each.median:,.0f} [{each.low:,.0f}, {each.high:,.0f}]"] for name, each in rates.items()]
    header = ["one thread", "images a CPU second, median [quartiles]"]
    publish("rates", {"rounds": rounds}, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_rounds(parser)
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
