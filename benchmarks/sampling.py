"""How fast samples with their trajectory variance are drawn, against the authors' and diffusers' loops.

    python benchmarks/sampling.py [--authors PATH] [--threads 1 2]
    python benchmarks/sampling.py [--authors PATH] --num-samples 16384 --num-steps 100 --name sampling_many
    python benchmarks/sampling.py [--authors PATH] --device cuda [--num-samples 65536 --name sampling_many]
    python benchmarks/sampling.py --profile

The same untrained network everywhere, variance over the last 10 of T steps. Times are by sample and step of the full
trajectory, so a side that starts later (T = 1000 only) is credited with the steps that it skips. bfloat16 runs over
fewer steps where a CPU has no instructions for it. The peers take all samples in one batch, we in blocks; on a GPU
everyone takes all.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import (
    CPU,
    RESULTS,
    Side,
    Spread,
    Times,
    add_device,
    add_rounds,
    gemm,
    interleave,
    multiplies_bfloat16,
    named,
    publish,
    speedup_rows,
    speedup_table,
    threads_on,
)
from peers import BETAS, Authors, diffusers_draw, lucidrains_draw

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.modules import DDPM

T = 1000
FEW_STEPS = 50
FUSED_BLOCK = 4096  # nothing of a block has to stay in a cache there


def drawing(
    num_samples: int,
    network: MLP,
    sampler: AncestralSampler,
    num_steps: int = T,
    compile: bool = False,
    device: str = CPU,
) -> Callable[[], None]:
    """Our side: on a CPU blocks of the shipped size, larger ones for the fused network; on a GPU one block."""
    module = DDPM(network, LinearBetaSchedule(num_steps, *BETAS))
    block_size = min(FUSED_BLOCK, num_samples) if network.is_fused else 512
    block_size = block_size if device == CPU else num_samples
    generation = Generation(sampler, num_samples=num_samples, block_size=block_size, compile=compile)
    ours = Drawing(module.predict_x_0, module.noise_schedule, (1,), generation, device=device)

    def draw() -> None:
        with torch.inference_mode():
            for _ in ours.blocks(purpose="benchmark"):
                pass

    return draw


def sides(num_samples: int, num_steps: int, authors: Path | None, device: str) -> dict[str, Side]:
    """All sides, by sample-steps."""
    torch.manual_seed(0)
    work = num_samples * num_steps
    plain, whole, late = MLP((1,)).to(device), AncestralSampler(), AncestralSampler(None, 1e-7)

    def ours(network: MLP, sampler: AncestralSampler, compile: bool = False) -> Side:
        return Side(drawing(num_samples, network, sampler, num_steps, compile, device), work)

    starts = {"": whole} | ({", from alpha_bar 1e-7": late} if num_steps == T else {})
    timed = {}
    for start, sampler in starts.items():
        timed |= {f"ours{start}": ours(plain, sampler), f"ours, compiled{start}": ours(plain, sampler, compile=True)}
        if device == CPU:
            timed[f"ours, fused{start}"] = ours(MLP((1,), is_fused=True), sampler)
    half = MLP((1,), hidden_precision="bfloat16").to(device)
    if device == CPU and not multiplies_bfloat16():
        few_steps = min(FEW_STEPS, num_steps)
        few = drawing(512, half, AncestralSampler(few_steps), num_steps)
        timed["ours, bfloat16"] = Side(few, 512 * few_steps)
    else:
        timed["ours, bfloat16"] = ours(half, whole)
        timed["ours, bfloat16, compiled"] = ours(half, whole, compile=True)
    timed["diffusers"] = Side(lambda: diffusers_draw(plain, num_samples, num_steps, device=device), work)
    if (draw := lucidrains_draw(plain, num_samples, num_steps, device)) is not None:
        timed["denoising-diffusion-pytorch"] = Side(draw, work)
    if authors is not None:
        peer = Authors(authors, num_steps, device=device)
        timed["authors"] = Side(lambda: peer.draw(num_samples), work)
    return timed | {"gemm": gemm(512 if device == CPU else num_samples, 128, 200, device=device)}


def main(
    num_samples: int,
    num_steps: int,
    rounds: int,
    threads: list[int],
    authors: Path | None,
    out: Path,
    name: str,
    device: str,
) -> None:
    """Measure, and write NAME.json and NAME.md, or NAME_gpu."""
    rows, limits = [], []
    baseline = "authors" if authors else "diffusers"
    for num_threads in threads_on(device, threads):
        times = interleave(sides(num_samples, num_steps, authors, device), rounds, num_threads, device)
        limits.append(products(times.pop("gemm"), num_threads, device))
        rows += speedup_rows(times, baseline, num_threads, 1e-9)
        markdown = speedup_table(rows, baseline, "ns a sample-step", device)
        markdown += "\nThe six products alone, as PyTorch multiplies: " + "; ".join(limits) + ".\n"
        settings = {"samples": num_samples, "steps": num_steps, "rounds": rounds}
        publish(named(name, device), settings, rows, markdown, out, device)


def products(times: Times, num_threads: int, device: str) -> str:
    """What the wide products of a sample-step take, in words."""
    on_cpu = device == CPU
    threads, clock = (f"{num_threads} threads: ", "CPU") if on_cpu else ("", "wall time")
    seconds = times.cpu if on_cpu else times.wall
    by_sample_step = Spread.of([6 * 2 * 128 * 128 * t * 1e9 for t in seconds])  # 3 layers of 2 products
    return f"{threads}{by_sample_step} ns of {clock} a sample-step"


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
    add_rounds(parser)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--authors", type=Path)
    add_device(parser)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--name", default="sampling", help="of the files that are written")
    parser.add_argument("--profile", action="store_true", help="print where our time goes, and no more")
    options = vars(parser.parse_args())
    if options.pop("profile"):
        torch.set_num_threads(1)
        profile()
    else:
        main(**options)
