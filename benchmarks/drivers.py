"""What drives the rate of hallucinations: one factor changed at a time, at the same number of samples seen in training.

    python benchmarks/drivers.py run 1d --seeds 0 1 2      # one run after another; goes on after a kill
    python benchmarks/drivers.py run 2d --seeds 0 1 2
    python benchmarks/drivers.py report 1d 2d --seeds 0 1 2

The base is the experiment of the repo with fewer updates, so that there are hallucinations to count, the time table
(same numbers up to the order of sums) and a sampler that begins where alpha_bar reaches 1e-7. In 1D that is the
released schedule at a constant rate; in 2D ours, linear in log SNR, with averaged weights and a falling rate. A factor
of the sampler is tried on the base's own weights. A seed moves data, initialisation and noise; the ratio of a condition
to the base is taken within the seed, on the logarithm, and its 95 % t-interval is over seeds, or that of the counts
alone where it is wider: few seeds may agree by chance. A rate counts half a sample more than there were, so that none
is no infinity. The updates, seeds and conditions are ours.
"""

import argparse
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interleaved import publish, table

from lightning_modeinterp.reproduction import CachedRuns, Draw, Fit
from lightning_modeinterp.reproduction.estimates import Estimate, Measured, estimate, log_count

RESULTS = Path("docs/results/drivers")
EXPERIMENTS = {"1d": "experiment/gaussian_1d.yaml", "2d": "experiment/gaussian_2d_grid.yaml"}
NUM_UPDATES = {"1d": 4_000, "2d": 5_000}
BATCH_SIZE = 1_000
NUM_SAMPLES = 10_240
BASE = "base"

SCHEDULE = "--model.init_args.noise_schedule"
NETWORK = "--model.init_args.denoiser.init_args"
RATE = "--model.init_args"
SAMPLER = "--generation.sampler"


@dataclass(frozen=True)
class Condition:
    """One factor at one value.

    Args:
        factor: What is changed.
        options: How, on the command line, in fit and test.
        batch_size: Samples in a batch; the updates follow, so that as many samples are seen.
        compute: Times the base's samples.
        is_sampler: The weights are the base's.
    """

    factor: str
    options: list[str] = field(default_factory=list)
    batch_size: int = BATCH_SIZE
    compute: float = 1.0
    is_sampler: bool = False

    def num_updates(self, data: str) -> int:
        """Optimiser steps."""
        return round(NUM_UPDATES[data] * self.compute * BATCH_SIZE / self.batch_size)


def _schedule(name: str, **settings: float) -> list[str]:
    return [f"{SCHEDULE}={json.dumps({'class_path': name, 'init_args': settings})}"]


def _sampler(name: str, **settings: object) -> Condition:
    settings = {"start_alpha_bar": 1e-7, **settings}
    option = f"{SAMPLER}={json.dumps({'class_path': name, 'init_args': settings})}"
    return Condition("sampler", [option], is_sampler=True)


AVERAGING = {
    "class_path": "lightning.pytorch.callbacks.EMAWeightAveraging",
    "init_args": {"decay": 0.999, "use_buffers": False},
}
RELEASED = _schedule("LinearBetaSchedule", num_steps=1000, beta_start=1e-3, beta_end=0.2)
LAST_STEPS = [f"--generation.windows={json.dumps({'last_10': {'last_steps': 10}})}", "--generation.window=last_10"]
"""Where a schedule does not go as low as the config's windows; the rate knows nothing of it."""

LOG_SNR = _schedule("LinearGammaSchedule", num_steps=1000, gamma_min=-9.0, gamma_max=5.0)
COMMON = {
    BASE: Condition("none"),
    "usual linear betas, 1e-4 to 0.02": Condition(
        "schedule", _schedule("LinearBetaSchedule", num_steps=1000, beta_start=1e-4, beta_end=0.02)
    ),
    "cosine": Condition("schedule", _schedule("CosineSchedule", num_steps=1000)),
    "untied layers": Condition("network", [f"{NETWORK}.is_tied=false"]),
    "bias on the input": Condition("network", [f"{NETWORK}.has_input_bias=true"]),
    "batches of 250": Condition("training", batch_size=250),
    "batches of 4,000": Condition("training", batch_size=4_000),
    "half the updates": Condition("training", compute=0.5),
    "twice the updates": Condition("training", compute=2.0),
    "fixed small variance": _sampler("AncestralSampler", variance="fixed_small"),
    "DDIM, eta 0": _sampler("DDIMSampler", eta=0.0),
    "DDIM, eta 0.5": _sampler("DDIMSampler", eta=0.5),
    "100 steps": _sampler("AncestralSampler", num_steps=100),
}
CONDITIONS = {
    "1d": COMMON
    | {
        "linear in log SNR, -9 to 5": Condition("schedule", LOG_SNR),
        "averaged weights (EMA 0.999)": Condition("training", [f"--trainer.callbacks={json.dumps([AVERAGING])}"]),
        "from t = 1, as published": _sampler("AncestralSampler", start_alpha_bar=0.0),
    },
    "2d": COMMON
    | {
        "released linear betas, 0.001 to 0.2": Condition("schedule", RELEASED + LAST_STEPS),
        "no averaged weights": Condition("training", ["--trainer.callbacks=null"]),
        "constant rate of 1e-3": Condition(
            "training", [f"{RATE}.optimizer.init_args.lr=0.001", f"{RATE}.lr_scheduler=null"]
        ),
    },
}
"""By data set; both have the common ones."""


def draw_of(data: str, seed: int, name: str) -> Draw:
    """What is tested: the condition's own model, or the base's in another sampler."""
    condition = CONDITIONS[data][name]
    trained = BASE if condition.is_sampler else name
    options = [f"--seed_everything={seed}", f"--data.init_args.batch_size={condition.batch_size}"]
    options += [f"{NETWORK}.time_table=true", f"--trainer.max_steps={condition.num_updates(data)}"]
    options += ["--trainer.val_check_interval=1000000000", f"{SAMPLER}.init_args.start_alpha_bar=1e-7"]
    fit = Fit(run_name(data, trained), EXPERIMENTS[data], (*options, *CONDITIONS[data][trained].options))
    sampled = condition.options if condition.is_sampler else ()
    return Draw(run_name(data, name), fit, (*sampled, f"--generation.num_samples={NUM_SAMPLES}"))


def run_name(data: str, condition: str) -> str:
    """Name of a run, for people."""
    return data + "_" + "".join(c if c.isalnum() else "_" for c in condition)


def run(data: str, seeds: list[int], runs: CachedRuns) -> None:
    """Fit and test all conditions of one data set that have no result yet."""
    for seed in seeds:
        for number, name in enumerate(CONDITIONS[data], 1):
            print(f"{data}, seed {seed}, {number} of {len(CONDITIONS[data])}: {name}", flush=True)
            runs.tested(draw_of(data, seed, name))


def judged(data: str, name: str, seed: int, runs: CachedRuns) -> dict[str, float]:
    """Metrics of one run."""
    return dict(json.loads((runs.tested(draw_of(data, seed, name)) / "test_metrics.json").read_text()))


def log_rate(metrics: dict[str, float]) -> Measured:
    """Logarithm of the share of hallucinations."""
    return log_count(int(metrics["num_hallucinated"]), int(metrics["num_samples"]))


def compared(data: str, name: str, seeds: list[int], runs: CachedRuns) -> dict[str, Any]:
    """One condition against the base, over seeds."""
    ours = [judged(data, name, seed, runs) for seed in seeds]
    base = [judged(data, BASE, seed, runs) for seed in seeds]
    logs = [log_rate(a) - log_rate(b) for a, b in zip(ours, base, strict=True)]
    found = Estimate(0.0, 0.0, 0.0) if name == BASE else estimate(logs)
    ratio = [math.exp(each) for each in (found.mean, found.low, found.high)]
    return {
        "data": data,
        "factor": CONDITIONS[data][name].factor,
        "condition": name,
        "rates": [each["hallucination_rate"] for each in ours],
        "ratio": ratio,
        "auroc": [each["detection/auroc"] for each in ours],
        "mode_coverage": [each["mode_coverage"] for each in ours],
    }


def verdict(low: float, high: float) -> str:
    """What the interval of a ratio says."""
    return "raises" if low > 1 else "lowers" if high < 1 else "undecided"


def report(all_data: list[str], seeds: list[int], runs: CachedRuns, out: Path) -> None:
    """Write drivers.json and drivers.md; what is missing is run first."""
    rows = [compared(data, name, seeds, runs) for data in all_data for name in CONDITIONS[data]]
    header = ["data", "factor", "condition", "rate of each seed, %", "over base [95 %]", "verdict", "least coverage"]
    body = [
        [
            row["data"],
            row["factor"],
            row["condition"],
            ", ".join(f"{100 * value:.2f}" for value in row["rates"]),
            "" if row["condition"] == BASE else "{:.2f} [{:.2f}, {:.2f}]".format(*row["ratio"]),
            "" if row["condition"] == BASE else verdict(*row["ratio"][1:]),
            f"{min(row['mode_coverage']):.2f}",
        ]
        for row in rows
    ]
    settings = {"seeds": " ".join(map(str, seeds)), "samples a run": NUM_SAMPLES, "updates": NUM_UPDATES}
    publish("drivers", settings, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["run", "report"])
    parser.add_argument("data", choices=list(EXPERIMENTS), nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--root", type=Path, default=Path("runs/drivers"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cached = CachedRuns(options.root, lambda line: print(line, flush=True))
    if options.stage == "report":
        report(options.data, options.seeds, cached, options.out)
    else:
        for each_data in options.data:
            run(each_data, options.seeds, cached)
