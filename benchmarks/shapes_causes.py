"""What makes samples of Simple Shapes good: coordinates and the weight of the loss, each with and without the other.

    python benchmarks/shapes_causes.py run --seeds 0        # one run after another; goes on after a kill
    python benchmarks/shapes_causes.py report --seeds 0
    python benchmarks/shapes_causes.py run --jobs 4 --causes-only --trainer.accelerator=gpu --generation.block_size=2048

Options that it does not know go to every fit and test, and are part of what the runs are kept by.

Every model is trained as `modeinterp reproduce --preset cpu` trains its Simple Shapes, from the same start; the
conditions beyond the four, further data and a network without attention, change one thing. The first condition changes
nothing: with `--root DIR/runs`, DIR a reproduction's, it is not trained twice. 2,048 samples of each are judged. Rates
have 95 % Wilson intervals over samples; a second seed says how much of a difference is due to the start. `exclusion` is
what a shape's double takes of its brightness at sigma = alpha, where a model that knows the rule has a half. The
conditions and the seeds are ours.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from interleaved import device_of, publish, table

from lightning_modeinterp.reproduction import CachedRuns, Draw, RunFailedError
from lightning_modeinterp.reproduction.preset import CPU
from lightning_modeinterp.runs.cached_runs import METRICS

RESULTS = Path("docs/results/shapes")
NUM_SAMPLES = 2_048
NETWORK = "--model.init_args.denoiser.init_args"
PLAIN_LOSS = "--model.init_args.snr_weight_cap=null"
BLIND = f"{NETWORK}.has_coordinates=false"

CAUSES: dict[str, tuple[str, ...]] = {
    "coordinates, weighted loss": (),
    "coordinates, plain loss": (PLAIN_LOSS,),
    "no coordinates, weighted loss": (BLIND,),
    "no coordinates, plain loss": (BLIND, PLAIN_LOSS),
}
FURTHER: dict[str, tuple[str, ...]] = {
    "no attention but in the middle": (f"{NETWORK}.attention_resolutions=[]",),
    "50,000 images": ("--data.init_args.size=50000",),
}
CONDITIONS = CAUSES | FURTHER
RATES = ("in_support", "repeated", "misplaced", "malformed", "empty")
EXCLUSION = "exclusion/1"


def draw_of(name: str, seed: int, options: Sequence[str] = ()) -> Draw:
    """The samples of a condition."""
    preset = CPU.with_options(options)
    fit = preset.fit(preset.shapes, seed, CONDITIONS[name], "".join(c if c.isalnum() else "_" for c in name))
    return Draw(fit.name, fit, (f"--generation.num_samples={NUM_SAMPLES}",))


def row(name: str, seed: int, metrics: Mapping[str, float]) -> dict[str, Any]:
    """What one model's samples are."""
    low, high = (1 - metrics[f"hallucination_rate_{end}"] for end in ("high", "low"))
    rates = {"in_support": [1 - metrics["hallucination_rate"], low, high]}
    for rate in ("repeated", "misplaced", "malformed"):
        rates[rate] = [metrics[f"{rate}_rate{end}"] for end in ("", "_low", "_high")]
    return {
        "condition": name,
        "seed": seed,
        **rates,
        "empty": [metrics["empty_rate"]],
        "exclusion": [metrics[EXCLUSION], metrics[f"{EXCLUSION}_error"], metrics[f"{EXCLUSION}_exact"]],
    }


def percent(values: list[float]) -> str:
    """A share with its interval."""
    ends = f" [{100 * values[1]:.1f}, {100 * values[2]:.1f}]" if len(values) == 3 else ""
    return f"{100 * values[0]:.1f}{ends}"


def report(names: Sequence[str], seeds: list[int], runs: CachedRuns, out: Path, options: Sequence[str]) -> None:
    """Write causes.json and causes.md; what is missing is run first."""
    rows = [
        row(name, seed, json.loads((runs.tested(draw_of(name, seed, options)) / METRICS).read_text()))
        for name in names
        for seed in seeds
    ]
    header = ["condition", "seed", *(f"{name}, % [95 %]" for name in RATES[:-1]), "empty, %", "exclusion +- s.e."]
    body = [
        [
            each["condition"],
            each["seed"],
            *(percent(each[name]) for name in RATES),
            "{:.3f} +- {:.3f}".format(*each["exclusion"][:2]),
        ]
        for each in rows
    ]
    note = f"The true posterior mean has an exclusion of {rows[0]['exclusion'][2]:.3f} on the same pairs.\n"
    settings = {"samples a run": NUM_SAMPLES, "experiment": CPU.shapes.config, "options": " ".join(options) or "none"}
    publish("causes", settings, rows, f"{table(header, body)}\n{note}", out, device_of(options))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("stage", choices=["run", "report"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1, help="models at a time")
    parser.add_argument("--causes-only", action="store_true", help="leave the further conditions out")
    parser.add_argument("--root", type=Path, default=Path("runs/shapes"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    given, further = parser.parse_known_args()
    names = list(CAUSES if given.causes_only else CONDITIONS)
    cached = CachedRuns(given.root, lambda line: print(line, flush=True))
    try:
        if given.stage == "run":
            draws = [draw_of(name, seed, further) for seed in given.seeds for name in names]
            with ThreadPoolExecutor(given.jobs) as pool:
                list(pool.map(cached.tested, draws))
        else:
            report(names, given.seeds, cached, given.out, further)
    except RunFailedError as error:
        parser.exit(1, f"{error}\n")
