"""How fast samples with their trajectory variance are drawn, against the authors' and diffusers' loops.

    python benchmarks/sampling.py [--authors PATH] [--threads 1 2]
    python benchmarks/sampling.py --profile

The same untrained network everywhere, T = 1000 steps, variance over the last 10. Times are by sample and step of the
full trajectory, so a side that starts later is credited with the steps that it skips. bfloat16 runs over fewer steps.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import (
    RESULTS,
    ROUNDS,
    Side,
    Spread,
    gemm,
    interleave,
    publish,
    speedup_rows,
    speedup_table,
)
from peers import BETAS, Authors, diffusers_draw, lucidrains_draw

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.generation import Generation
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.modules import DDPM

T = 1000
FEW_STEPS = 50
PLAIN = "ours"


def drawing(num_samples: int, network: MLP, sampler: AncestralSampler, compile: bool = False) -> Callable[[], None]:
    """Our side: blocks of the shipped size, or twice that for the fused network, which needs no cache for a block."""
    module = DDPM(network, LinearBetaSchedule(T, *BETAS))
    generation = Generation(sampler, block_size=1024 if network.is_fused else 512, compile=compile)

    def draw() -> None:
        with torch.inference_mode():
            for block in range(num_samples // generation.block_size):
                generation.draw(
                    block, "benchmark", module.predict_x_0, module.noise_schedule, (1,), torch.device("cpu")
                )

    return draw


def sides(num_samples: int, authors: Path | None) -> dict[str, Side]:
    """All sides, by sample-steps."""
    torch.manual_seed(0)
    network = MLP((1,))
    fused = MLP((1,), is_fused=True)
    half = MLP((1,), hidden_precision="bfloat16")
    work = num_samples * T
    named = {
        PLAIN: Side(drawing(num_samples, network, AncestralSampler()), work),
        "ours, compiled": Side(drawing(num_samples, network, AncestralSampler(), compile=True), work),
        "ours, fused": Side(drawing(num_samples, fused, AncestralSampler()), work),
        "ours, from alpha_bar 1e-7": Side(drawing(num_samples, network, AncestralSampler(None, 1e-7)), work),
        "ours, compiled, from alpha_bar 1e-7": Side(
            drawing(num_samples, network, AncestralSampler(None, 1e-7), compile=True), work
        ),
        "ours, fused, from alpha_bar 1e-7": Side(drawing(num_samples, fused, AncestralSampler(None, 1e-7)), work),
        "ours, bfloat16": Side(drawing(512, half, AncestralSampler(FEW_STEPS)), 512 * FEW_STEPS),
        "diffusers": Side(lambda: diffusers_draw(network, num_samples, T), work),
    }
    if (draw := lucidrains_draw(network, num_samples, T)) is not None:
        named["denoising-diffusion-pytorch"] = Side(draw, work)
    if authors is not None:
        peer = Authors(authors, T)
        named["authors"] = Side(lambda: peer.draw(num_samples), work)
    return named | {"gemm": gemm(512, 128, 200)}


def main(num_samples: int, rounds: int, threads: list[int], authors: Path | None, out: Path) -> None:
    """Measure, and write `sampling.json` and `sampling.md`."""
    rows, limits = [], []
    baseline = "authors" if authors else "diffusers"
    for num_threads in threads:
        times = interleave(sides(num_samples, authors), rounds, num_threads)
        by_sample_step = [6 * 2 * 128 * 128 * t * 1e9 for t in times.pop("gemm").cpu]  # 3 layers of 2 products
        limits.append(f"{num_threads} threads: {Spread.of(by_sample_step)} ns of CPU a sample-step")
        rows += speedup_rows(times, baseline, num_threads, 1e-9)
        markdown = speedup_table(rows, baseline, "ns a sample-step")
        markdown += "\nThe six products alone, the limit in float32: " + "; ".join(limits) + ".\n"
        publish("sampling", {"samples": num_samples, "steps": T, "rounds": rounds}, rows, markdown, out)


def profile() -> None:
    """Print where the time of a plain draw goes, by operator."""
    draw = drawing(512, MLP((1,)), AncestralSampler())
    draw()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        draw()
    print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=12, max_name_column_width=30))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-samples", type=int, default=1024, help="a multiple of 512")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--authors", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--profile", action="store_true", help="print where our time goes, and no more")
    options = vars(parser.parse_args())
    if options.pop("profile"):
        torch.set_num_threads(1)
        profile()
    else:
        main(**options)
