"""How fast samples with their trajectory variance are drawn, against the authors' and diffusers' loops.

    python benchmarks/sampling.py [--authors PATH] [--threads 1 2]
    python benchmarks/sampling.py [--authors PATH] --num-samples 16384 --num-steps 100 --name sampling_many
    python benchmarks/sampling.py --profile

The same untrained network everywhere, variance over the last 10 of T steps. Times are by sample and step of the full
trajectory, so a side that starts later (T = 1000 only) is credited with the steps that it skips. bfloat16 runs over
fewer steps. The peers take all samples in one batch, we in blocks.
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
FUSED_BLOCK = 4096  # nothing of a block has to stay in a cache there


def drawing(
    num_samples: int, network: MLP, sampler: AncestralSampler, num_steps: int = T, compile: bool = False
) -> Callable[[], None]:
    """Our side: blocks of the shipped size, larger ones for the fused network."""
    module = DDPM(network, LinearBetaSchedule(num_steps, *BETAS))
    block_size = min(FUSED_BLOCK, num_samples) if network.is_fused else 512
    generation = Generation(sampler, block_size=block_size, compile=compile)

    def draw() -> None:
        with torch.inference_mode():
            for block in range(num_samples // generation.block_size):
                generation.draw(
                    block, "benchmark", module.predict_x_0, module.noise_schedule, (1,), torch.device("cpu")
                )

    return draw


def sides(num_samples: int, num_steps: int, authors: Path | None) -> dict[str, Side]:
    """All sides, by sample-steps."""
    torch.manual_seed(0)
    network, fused = MLP((1,)), MLP((1,), is_fused=True)
    half = MLP((1,), hidden_precision="bfloat16")
    work = num_samples * num_steps

    def ours(network: MLP, sampler: AncestralSampler, compile: bool = False) -> Side:
        return Side(drawing(num_samples, network, sampler, num_steps, compile), work)

    whole, late = AncestralSampler(), AncestralSampler(None, 1e-7)
    named = {
        "ours": ours(network, whole),
        "ours, compiled": ours(network, whole, compile=True),
        "ours, fused": ours(fused, whole),
        "ours, bfloat16": Side(drawing(512, half, AncestralSampler(FEW_STEPS), num_steps), 512 * FEW_STEPS),
        "diffusers": Side(lambda: diffusers_draw(network, num_samples, num_steps), work),
    }
    if num_steps == T:
        named |= {
            "ours, from alpha_bar 1e-7": ours(network, late),
            "ours, compiled, from alpha_bar 1e-7": ours(network, late, compile=True),
            "ours, fused, from alpha_bar 1e-7": ours(fused, late),
        }
    if (draw := lucidrains_draw(network, num_samples, num_steps)) is not None:
        named["denoising-diffusion-pytorch"] = Side(draw, work)
    if authors is not None:
        peer = Authors(authors, num_steps)
        named["authors"] = Side(lambda: peer.draw(num_samples), work)
    return named | {"gemm": gemm(512, 128, 200)}


def main(
    num_samples: int, num_steps: int, rounds: int, threads: list[int], authors: Path | None, out: Path, name: str
) -> None:
    """Measure, and write NAME.json and NAME.md."""
    rows, limits = [], []
    baseline = "authors" if authors else "diffusers"
    for num_threads in threads:
        times = interleave(sides(num_samples, num_steps, authors), rounds, num_threads)
        by_sample_step = [6 * 2 * 128 * 128 * t * 1e9 for t in times.pop("gemm").cpu]  # 3 layers of 2 products
        limits.append(f"{num_threads} threads: {Spread.of(by_sample_step)} ns of CPU a sample-step")
        rows += speedup_rows(times, baseline, num_threads, 1e-9)
        markdown = speedup_table(rows, baseline, "ns a sample-step")
        markdown += "\nThe six products alone, as PyTorch multiplies: " + "; ".join(limits) + ".\n"
        publish(name, {"samples": num_samples, "steps": num_steps, "rounds": rounds}, rows, markdown, out)


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
    parser.add_argument("--num-steps", type=int, default=T)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--authors", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--name", default="sampling", help="of the files that are written")
    parser.add_argument("--profile", action="store_true", help="print where our time goes, and no more")
    options = vars(parser.parse_args())
    if options.pop("profile"):
        torch.set_num_threads(1)
        profile()
    else:
        main(**options)
