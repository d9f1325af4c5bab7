"""Where the detector's window should lie: every window by noise level, and the best one beside plainer scores.

    python benchmarks/windows.py runs/gaussian_1d/seed_0 --out docs/results/windows/gaussian_1d

The run directory is a fit's: its ``config_fit.yaml`` and last checkpoint are taken. Three sets of samples are drawn,
each with a sampling seed of its own:

* explore chooses the window that removes most hallucinations at 96 % of the rest kept; of equals the highest AUROC,
* calibrate sets the threshold of every score: 96 % of its in-support samples are kept,
* final reports, once.

The sets are sample stores in ``RUN_DIR/windows``: a run that was killed goes on. Written are ``windows.md``,
``windows.json`` and ``heatmap.png``. The 100,000 samples of the 1D experiment at a thousand
steps are 10^8 sample-steps, see docs/performance.md; the sizes are options.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import yaml
from interleaved import publish, table
from samples import draw, fit_directory

from lightning_modeinterp.cli import run_command
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.figures import DataScales, save_figure, window_heatmap
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    bootstrap_auroc,
    count_distinct,
    wilson_interval,
)
from lightning_modeinterp.records import NoiseLevel, variance_score
from lightning_modeinterp.reproduction.sample_set import (
    best_window,
    removed,
    sampling_seed,
    threshold_of,
    window_rates,
)
from lightning_modeinterp.trajectories import Window, WindowSweep

BASELINES = Path("configs/generation/baselines.yaml")
PAPER, CHOSEN = "last_10", "chosen"
PAPER_WINDOW = {PAPER: {"last_steps": 10}}
NUM_EDGES = 28
FARTHEST = 4.0
"""Edges end at this many mode spacings: far above, nothing is known yet of the sample."""


def sweep_edges(levels: NoiseLevel, highest: float, num_edges: int = NUM_EDGES) -> list[float]:
    """Edges between a sampler's levels, about even in the logarithm, no two between the same pair of levels.

    Args:
        levels: The sampler's levels, noisiest first.
        highest: Highest edge, sigma / alpha.
        num_edges: At most so many.
    """
    noise = levels.noise_to_signal.flip(0).numpy()
    between = np.sqrt(noise[1:] * noise[:-1])
    edges = np.concatenate([[noise[0] ** 2 / between[0]], between[between <= highest]])
    wanted = np.geomspace(edges[0], edges[-1], num_edges)
    nearest = np.unique(np.abs(np.log(edges)[:, None] - np.log(wanted)).argmin(axis=0))
    return [float(f"{edge:.5g}") for edge in edges[nearest]]


def matrix(edges: list[float], windows: list[tuple[float, float]], values: list[float]) -> np.ndarray:
    """Values (E, E) by the window's two edges; nan where there is none."""
    grid = np.full((len(edges), len(edges)), np.nan)
    for (low, high), value in zip(windows, values, strict=True):
        grid[edges.index(low), edges.index(high)] = value
    return grid


def judge(name: str, calibrate: JudgedSamples, final: JudgedSamples) -> dict[str, object]:
    """What one score does on the final set, with 95 % intervals."""
    threshold = threshold_of(calibrate.scores[name], calibrate.hallucinated)
    scores, hallucinated = final.scores[name], final.hallucinated
    hits, num_hallucinated = removed(scores, hallucinated, threshold)
    num_lost, num_in_support = removed(scores, ~hallucinated, threshold)
    counts = count_distinct(scores, hallucinated.long())
    num_kept = num_in_support - num_lost
    return {
        "score": name,
        "threshold": threshold.value,
        "removed": [hits / max(num_hallucinated, 1), *wilson_interval(hits, num_hallucinated)],
        "retained": [num_kept / max(num_in_support, 1), *wilson_interval(num_kept, num_in_support)],
        "auroc": [
            float(auroc_from_counts(counts.in_support, counts.hallucinated)),
            *bootstrap_auroc(counts.in_support, counts.hallucinated),
        ],
        "num_hallucinated": num_hallucinated,
        "num_in_support": num_in_support,
    }


def markdown(
    rows: list[dict], chosen: tuple[float, float], paper: tuple[float, float], scales: DataScales | None
) -> str:
    """The table, and a line on where the chosen window lies."""
    where = {variance_score(CHOSEN): chosen, variance_score(PAPER): paper}
    body = []
    for row in rows:
        name = row["score"]
        span = "variance, sigma / alpha {:.3g} to {:.3g}".format(*where[name]) if name in where else "baseline"
        rates = ["{:.4f} [{:.4f}, {:.4f}]".format(*row[key]) for key in ("removed", "retained", "auroc")]
        body.append([name, span, *rates])
    lines = table(["score", "is", "removed at 96 % retained [95 %]", "retained [95 %]", "AUROC [95 %]"], body)
    counts = f"{rows[0]['num_hallucinated']:,} hallucinated and {rows[0]['num_in_support']:,} in support on final."
    return f"{lines}\n{counts}{in_units_of_the_data(chosen, scales)}\n"


def in_units_of_the_data(window: tuple[float, float], scales: DataScales | None) -> str:
    """Where a window lies."""
    if scales is None:
        return ""
    std, spacing = scales.mode_std, scales.mode_spacing
    said = f" The chosen window spans {window[0] / std:.2g} to {window[1] / std:.2g} mode stds"
    if spacing is not None:
        said += f", {window[0] / spacing:.2g} to {window[1] / spacing:.2g} mode spacings"
    return f"{said}."


def scales_of(data: object) -> DataScales | None:
    """Lengths of the data, where they are a Gaussian mixture in model units."""
    if not isinstance(data, GaussianMixtureDataModule):
        return None
    means = data.scaled_mixture.means
    distances = torch.cdist(means, means)
    spacing = float(distances[distances > 0].min()) if len(means) > 1 else None
    return DataScales(data.scaled_mixture.std, spacing)


def span(window: Window, levels: NoiseLevel) -> tuple[float, float]:
    """Lowest and highest sigma / alpha among a window's steps."""
    noise = levels.noise_to_signal.flip(0)
    steps = window.steps_left(levels)
    return float(noise[steps[0]]), float(noise[steps[-1]])


def say(text: str) -> None:
    """One line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main(run: Path, out: Path, num_samples: dict[str, int], extra: list[str]) -> None:
    """Draw, choose, calibrate, report."""
    config = run / "config_fit.yaml"
    seed = yaml.safe_load(config.read_text())["seed_everything"]
    base = ["-c", str(config), f"--ckpt_path={run / 'checkpoints' / 'last.ckpt'}", "--trainer.logger=false", *extra]
    look = ["--generation.num_samples=2", "--generation.block_size=2", f"--run.root={run}"]
    look += ["--run.experiment=windows", "--run.name=look"]
    cli = run_command(["predict", *base, *look, "--trainer.fast_dev_run=1"])  # writes nothing; tells the levels
    levels = cli.datamodule.generation.sampler.levels(cli.model.noise_schedule)
    scales = scales_of(cli.datamodule)

    def drawn(use: str, name: str, options: list[str]) -> JudgedSamples:
        say(f"{use}: {num_samples[use]:,} samples")
        store = draw(run / "windows" / name, sampling_seed(seed, use), num_samples[use], [*base, *options])
        found = JudgedSamples.of(store).clear()
        say(f"{use}: {int(found.hallucinated.sum()):,} of {len(found.hallucinated):,} are hallucinated")
        return found

    spacing = scales.mode_spacing if scales else None
    highest = FARTHEST * spacing if spacing else float(levels.noise_to_signal.max())
    edges = sweep_edges(levels, highest)
    sweep = WindowSweep(edges)
    observer = {"sweep": {"class_path": "WindowSweep", "init_args": {"noise_to_signal": edges}}}
    options = [f"--generation.windows={json.dumps(PAPER_WINDOW)}", f"--generation.window={PAPER}"]
    explore = drawn("explore", "explore", [*options, f"--generation.observers={json.dumps(observer)}"])
    windows = [window.noise_to_signal for window in sweep.windows(levels)]
    rates = window_rates(explore.statistics["sweep"].unbind(1), explore.hallucinated)
    chosen = windows[best_window(rates)]
    say(f"chosen of {len(windows)} windows: sigma / alpha {chosen[0]:.4g} to {chosen[1]:.4g}")
    figure = window_heatmap(
        edges,
        matrix(edges, windows, [rate[0] for rate in rates]),
        matrix(edges, windows, [rate[1] for rate in rates]),
        scales,
        chosen,
        paper=span(Window(last_steps=10), levels),
    )
    save_figure(figure, out / "heatmap.png")

    both = json.dumps({CHOSEN: {"noise_to_signal": chosen}, **PAPER_WINDOW})
    options = [f"--generation={BASELINES}", f"--generation.windows={both}", f"--generation.window={CHOSEN}"]
    place = "{:g}_{:g}".format(*chosen)
    calibrate, final = (drawn(use, f"{use}_{place}", options) for use in ("calibrate", "final"))
    rows = [judge(name, calibrate, final) for name in final.scores]
    text = markdown(rows, span(Window(noise_to_signal=chosen), levels), span(Window(last_steps=10), levels), scales)
    settings = {"run": run.name, "chosen": "{:g} to {:g}".format(*chosen), "windows": len(windows), **num_samples}
    publish("windows", settings, rows, text, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=fit_directory, help="run directory of a fit")
    parser.add_argument("--out", type=Path, default=Path("docs/results/windows"))
    for use, size in {"explore": 20_000, "calibrate": 20_000, "final": 60_000}.items():
        parser.add_argument(f"--{use}", type=int, default=size, help=f"samples of {use}, {size:,} by default")
    parser.add_argument("options", nargs="*", help="further options of predict, after --")
    given = parser.parse_args()
    sizes = {use: getattr(given, use) for use in ("explore", "calibrate", "final")}
    main(given.run, given.out, sizes, given.options)
