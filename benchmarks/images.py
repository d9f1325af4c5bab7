"""How fast the U-Net trains: whole steps on batches of images, against `UNet2DModel` of diffusers in the same layout.

    python benchmarks/images.py [--threads 1 2]
    python benchmarks/images.py --device cuda --batch-size 512

The layout is that of configs/model/ddpm_unet_shapes.yaml behind its patches: feature maps of 16 x 16 and 8 x 8 with 32
and 64 channels, two residual blocks a level, attention at both. Both networks are given the maps as images of 16
channels. What a step counts in floating point operations stands beside its time, and the rate of a 3 x 3 convolution of
the wider level, forward and backward, is the limit.
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
    interleave,
    named,
    publish,
    rate_of,
    speedup_rows,
    speedup_table,
    threads_on,
)
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lightning_modeinterp.denoisers import Denoiser, DiffusersUNet, UNet
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM

MAPS = (16, 16, 16)
THEIRS = "diffusers"


def ours(**options: Any) -> Denoiser:
    """Our network in the layout that is compared."""
    return UNet(MAPS, 32, (1, 2), num_res_blocks=2, attention_resolutions=(16, 8), **options)


def theirs() -> Denoiser:
    """Network of diffusers in that layout."""
    down, up = ("AttnDownBlock2D",) * 2, ("AttnUpBlock2D",) * 2
    return DiffusersUNet(MAPS, (32, 64), 2, down, up, norm_num_groups=8, attention_head_dim=32)


def training_step(
    denoiser: Denoiser, batch_size: int, device: str, is_mixed: bool = False, is_compiled: bool = False
) -> Callable[[], None]:
    """What a fit does in a step, without Lightning."""
    module = DDPM(denoiser, LinearBetaSchedule(), snr_weight_cap=5.0).to(device)
    if is_compiled:
        module.denoiser.compile()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    batch = torch.randn(batch_size, *MAPS, device=device)

    def step() -> None:
        noise = BatchNoise(keyed_generator(0, "training", 0, device), batch_size)
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=is_mixed):
            loss = module.loss_terms(batch, noise)["loss"]
        loss.backward()
        optimizer.step()

    return step


def convolution(batch_size: int, num_channels: int, size: int, device: str) -> tuple[Callable[[], None], float]:
    """A 3 x 3 convolution forward and backward, and its floating point operations."""
    layer = nn.Conv2d(num_channels, num_channels, 3, padding=1).to(device, memory_format=torch.channels_last)
    maps = torch.randn(batch_size, num_channels, size, size, device=device)
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_()

    def run() -> None:
        layer(maps).sum().backward()

    return run, 3 * 2.0 * batch_size * size**2 * 9 * num_channels**2


def operations(step: Callable[[], None]) -> float:
    """Floating point operations of products and convolutions in a step, by PyTorch's count."""
    with FlopCounterMode(display=False) as counter:
        step()
    return float(counter.get_total_flops())


def main(batch_size: int, rounds: int, threads: list[int], out: Path, device: str) -> None:
    """Measure, and write `images.json` and `images.md`, or `images_gpu`."""
    torch.manual_seed(0)
    given = (batch_size, device)
    as_theirs = ours(has_scale_shift_norm=False, resamples_in_blocks=False)
    steps = {
        THEIRS: training_step(theirs(), *given),
        "ours, as theirs (plain resampling, time added)": training_step(as_theirs, *given),
        "ours, as ADM": training_step(ours(), *given),
        "ours, as ADM, not channels_last": training_step(ours(is_channels_last=False), *given),
        "ours, as ADM, compiled": training_step(ours(), *given, is_compiled=True),
        "ours, as ADM, bfloat16": training_step(ours(), *given, is_mixed=True),
    }
    if device != CPU:
        steps["diffusers, bfloat16"] = training_step(theirs(), *given, is_mixed=True)
        steps["ours, as ADM, bfloat16, compiled"] = training_step(ours(), *given, is_mixed=True, is_compiled=True)
    counts = {name: operations(step) for name, step in steps.items() if "compiled" not in name}
    roof, roof_count = convolution(batch_size, 64, 8, device)
    sides = {name: Side(step) for name, step in steps.items()} | {"convolution": Side(roof, roof_count)}
    rows, limits = [], []
    for num_threads in threads_on(device, threads):
        times = interleave(sides, rounds, num_threads, device)
        limits.append(rate_of("convolution", times.pop("convolution"), num_threads, device))
        rows += speedup_rows(times, THEIRS, num_threads, 1e-3)
    markdown = speedup_table(rows, THEIRS, "ms a step", device)
    markdown += "\nGFLOP a step: " + "; ".join(f"{name} {count / 1e9:.1f}" for name, count in counts.items()) + ".\n"
    markdown += "\nThe limit, 3 x 3 and 64 channels on maps of 8 x 8: " + "; ".join(limits) + ".\n"
    publish(named("images", device), {"batch size": batch_size, "rounds": rounds}, rows, markdown, out, device)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=64)
    add_rounds(parser)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    add_device(parser)
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
