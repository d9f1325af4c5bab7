"""How time and memory of sampling grow with N, T, block size and processes.

    python benchmarks/scaling.py

One factor is changed at a time about a base. The processes share the machine's cores: as many of them as cores show
what more cores give, and more of them than cores what the machinery costs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from interleaved import RESULTS, Side, Spread, add_rounds, interleave, publish, speedup, table
from peers import BETAS

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.modules import DDPM

BASE = {"N": 2048, "T": 50, "block": 512}
OTHERS = [{"N": 1024}, {"N": 4096}, {"T": 25}, {"T": 100}, {"block": 128}, {"block": 2048}]


def drawing(num_samples: int, num_steps: int, block_size: int) -> Side:
    """N samples of a schedule of T steps; by sample-steps."""
    module = DDPM(MLP((1,)), LinearBetaSchedule(num_steps, *BETAS))
    generation = Generation(num_samples=num_samples, block_size=block_size)
    drawing = Drawing(module.predict_x_0, module.noise_schedule, (1,), generation)

    def draw() -> None:
        with torch.inference_mode():
            for _ in drawing.blocks(purpose="benchmark"):
                pass

    return Side(draw, num_samples * num_steps)


def growth(rounds: int) -> list[dict[str, Any]]:
    """CPU time by sample-step of each case, and over the base."""
    cases = [BASE, *({**BASE, **other} for other in OTHERS)]
    sides = {str(case): drawing(*case.values()) for case in cases}
    times = interleave(sides, rounds)
    base = times[str(BASE)].cpu
    return [
        {**case, "cpu_ns": asdict(Spread.of([1e9 * t for t in times[str(case)].cpu])),
         "over_base": asdict(speedup(times[str(case)].cpu, base))}
        for case in cases
    ]  # fmt: skip


def predict_on(num_ranks: int, root: str) -> dict[str, Any]:
    """One `modeinterp predict` of 131,072 samples over 50 steps, with start-up and from the first block to the last."""
    command = [sys.executable, "-W", "ignore", "-m", "lightning_modeinterp", "predict"]
    command += ["-c", "configs/experiment/gaussian_1d.yaml", f"--run.root={root}", f"--run.name=ranks_{num_ranks}"]
    command += ["--trainer=configs/trainer/ddp.yaml", f"--trainer.devices={num_ranks}", "--trainer.accelerator=cpu"]
    command += ["--allow_untrained=true", "--generation.num_samples=131072"]
    command += ["--generation.sampler.init_args.num_steps=50"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    wall = time.perf_counter() - start
    store = Path(root) / "gaussian_1d" / f"ranks_{num_ranks}" / "predictions"
    (facts,) = json.loads((store / "provenance.json").read_text())
    drawing = datetime.fromisoformat(facts["finished"]) - datetime.fromisoformat(facts["started"])
    shards = b"".join(shard.read_bytes() for shard in sorted(store.glob("*.safetensors")))
    return {"ranks": num_ranks, "wall_s": wall, "drawing_s": drawing.total_seconds(), "bytes": hash(shards)}


def main(rounds: int, ranks: list[int], out: Path) -> None:
    """Measure, and write `scaling.json` and `scaling.md`."""
    rows = growth(rounds)
    body = [[row["N"], row["T"], row["block"], Spread(**row["cpu_ns"]), Spread(**row["over_base"])] for row in rows]
    markdown = table(["N", "T", "block", "CPU ns a sample-step", "over the first row"], body)
    with tempfile.TemporaryDirectory() as root:
        by_ranks = [predict_on(num_ranks, root) for num_ranks in ranks]
    same = len({row.pop("bytes") for row in by_ranks}) == 1
    body = [
        [row["ranks"], f"{row['wall_s']:.0f}", f"{row['drawing_s']:.0f}", "yes" if same else "NO"] for row in by_ranks
    ]
    markdown += "\n" + table(["processes", "command, wall s", "drawing, wall s", "same bytes"], body)
    publish("scaling", {"rounds": rounds}, [*rows, *by_ranks], markdown, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_rounds(parser, default=7)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--out", type=Path, default=RESULTS)
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
