"""How well `FingerCount` counts the fingers of drawn hands: clean ones, and after noise and one denoising.

    python benchmarks/hands_oracle.py [--images 2000]

Hands of three to seven fingers, at both sizes: as the data, with other widths and shading than those, and dark on a
light ground. The thresholds were chosen on other draws. Denoised once are draws from a bank of
hands of three to seven fingers, noised to a known level, by the exact posterior mean of that bank: where much noise
leaves it undecided, what it makes is no hand of the bank, and what is counted as other than the truth is an error of
either.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from interleaved import publish, table
from torch import Tensor

from lightning_modeinterp.data.hands import FingerCount, HandPoses, Hands
from lightning_modeinterp.data.hands.exact_hands import posterior_mean
from lightning_modeinterp.data.hands.renderer import render
from lightning_modeinterp.data.hands.skeleton import skeleton
from lightning_modeinterp.data.images import to_data_units, to_model_units
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import NoiseLevel

RESULTS = Path("docs/results/hands")
COUNTS = (3, 4, 5, 6, 7)
SEED = 1
DRAWN = {
    "as the data": {},
    "other widths and shading": {"width": (0.8, 1.2), "shade": (0.1, 0.6)},
    "dark on a light ground": {"tone": (0.3, 0.6), "background": (0.85, 1.0)},
}
NOISE_TO_SIGNAL = (0.25, 0.5, 1.0, 2.0)
TEMPLATES, SHIFTS = 200, 5
"""Hands of each number of fingers in the bank, each at so many places, half a pixel apart."""

PIXEL_NOISE = 0.02


def confusion(fingers: Tensor, certain: Tensor) -> dict[str, float]:
    """Share of each count among those that are certain, and of the others."""
    shares = {str(count): float((certain & (fingers == count)).double().mean()) for count in range(2, 9)}
    shares["fewer or more"] = float((certain & ((fingers < 2) | (fingers > 8))).double().mean())
    return {**shares, "not countable": float((~certain).double().mean())}


def row(oracle: FingerCount, images: Tensor, truth: int, what: dict[str, object]) -> dict[str, object]:
    """What the oracle says of hands of one number of fingers."""
    verdict = oracle.judge(images)
    certain = verdict.kind != oracle.kinds.index("malformed")
    fingers = verdict.details["fingers"]
    right = float((certain & (fingers == truth)).double().mean())
    return {**what, "fingers": truth, "right": right, **confusion(fingers, certain)}


def drawn(size: int, name: str, count: int, num_images: int) -> Tensor:
    """Hands of one number of fingers."""
    generator = keyed_generator(SEED, f"oracle/{size}/{name}", count)
    return Hands(size, **DRAWN[name]).sample(num_images, generator, count).images.float()


def bank(size: int) -> tuple[Tensor, Tensor]:
    """Templates (K, 1, S, S), model units, and the number of fingers of each, (K,)."""
    hands, parts = Hands(size), []
    for count in COUNTS:
        generator = keyed_generator(SEED, f"oracle/bank/{size}", count)
        poses = hands.sample(TEMPLATES, generator, count).poses
        for number in range(SHIFTS):
            parts.append(replace(poses, centre=poses.centre + (number - SHIFTS // 2) / (2 * size)))
    poses = HandPoses.joined(parts)
    looks = hands.looks(len(poses), keyed_generator(SEED, f"oracle/light/{size}", 0))
    return to_model_units(render(skeleton(poses, size), looks, size)), poses.fingers


def denoised_once(size: int, num_images: int, noise: float) -> dict[int, Tensor]:
    """Draws from the bank, noised and denoised, by their number of fingers; data units."""
    templates, fingers = bank(size)
    gamma = 2 * torch.tensor([noise], dtype=torch.float64).log()
    level, images = NoiseLevel(torch.zeros(1), gamma), {}
    for count in COUNTS:
        generator = keyed_generator(SEED, f"oracle/noise/{size}/{noise}", count)
        own = templates[fingers == count]
        x_0 = own[torch.randint(len(own), (num_images,), generator=generator)]
        x_0 = x_0 + PIXEL_NOISE * torch.randn(x_0.shape, generator=generator)
        x_t = noised(x_0, torch.randn(x_0.shape, generator=generator), level).float()
        flat = templates.flatten(1).double()
        parts = [posterior_mean(part, level, flat, PIXEL_NOISE) for part in torch.split(x_t, 200)]
        images[count] = to_data_units(torch.cat(parts))
    return images


def main(num_images: int, out: Path) -> None:
    """Write `oracle.json` and `oracle.md`."""
    oracle, rows, again = FingerCount(), [], []
    for size in (64, 32):
        for name in DRAWN:
            for count in COUNTS:
                what = {"pixels": size, "hands": name}
                rows.append(row(oracle, drawn(size, name, count, num_images), count, what))
        for noise in NOISE_TO_SIGNAL:
            for count, images in denoised_once(size, num_images // 4, noise).items():
                again.append(row(oracle, images, count, {"pixels": size, "sigma / alpha": noise}))
    body = "\n".join(
        f"{what}\n\n{as_table(each)}"
        for what, each in ((f"{num_images:,} clean hands a row:", rows), (f"{num_images // 4:,} denoised once:", again))
    )
    settings = {"images a row": num_images, "denoised a row": num_images // 4, "seed": SEED}
    publish("oracle", settings, [*rows, *again], f"Shares in percent. {body}", out)


def as_table(rows: list[dict[str, object]]) -> str:
    """Markdown; shares in percent."""
    shares = {"right", "fewer or more", "not countable", *map(str, range(2, 9))}
    return table(
        [*rows[0]], [[f"{100 * value:.2f}" if name in shares else value for name, value in row.items()] for row in rows]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", dest="num_images", type=int, default=2_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
