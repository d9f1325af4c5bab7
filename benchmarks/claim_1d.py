"""Decide the paper's detection claim in 1D: more than 95 % of the hallucinations removed at 96 % of the rest kept.

    python benchmarks/claim_1d.py run 0 1 2      # one training seed after another; goes on after a kill
    python benchmarks/claim_1d.py report 0 1 2   # table, verdict and figure from the finished runs

Each seed (data, initialisation, training noise) is a fit of `configs/experiment/gaussian_1d.yaml` and three sets of
samples with sampling seeds of their own:

* explore chooses the window: the one that removes most at 96 % retained on this set,
* calibrate sets the thresholds: 96 % of its in-support samples are kept,
* final reports, once, with as many samples as should hold 1,100 hallucinations at the rate seen on explore.

Rule, written before the run: with the mean over seeds and its 95 % t-interval, the claim *holds* for a window if the
interval lies above 0.95, *fails* if it lies below, else it is *undecided*. The paper's own window is the last 10 steps.
"""

import argparse
import json
import math
import statistics
from pathlib import Path

from samples import draw
from torch import Tensor

from lightning_modeinterp.cli import main
from lightning_modeinterp.figures import save_figure, window_sweep
from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    count_distinct,
    wilson_interval,
)
from lightning_modeinterp.reproduction.estimates import mean_interval
from lightning_modeinterp.reproduction.sample_set import SampleSet, removed, sampling_seed, threshold_of
from lightning_modeinterp.sample_store import SampleStore

CONFIG = "configs/experiment/gaussian_1d.yaml"
CLAIMED = 0.95
PAPER_WINDOW = "last_10"
NUM_EXPLORE, NUM_CALIBRATE, PART = 30_000, 20_000, 25_000
WANTED_HALLUCINATIONS, MAX_FINAL_PARTS = 1_100, 14


def run(seed: int, root: Path) -> None:
    """Train one seed and draw its three sets; what is there already is kept."""
    fit_options = [f"--run.root={root}", "--run.experiment=fit", f"--seed_everything={seed}"]
    fit_options += ["--trainer.val_check_interval=1000000000"]  # samples are drawn below
    checkpoint = root / "fit" / f"seed_{seed}" / "checkpoints" / "last.ckpt"
    if not (checkpoint.parent.parent / "finished").exists():
        main(["fit", "-c", CONFIG, *fit_options, "--ckpt_path=last"])
        (checkpoint.parent.parent / "finished").touch()
    draw_part(seed, "explore", 0, NUM_EXPLORE, root, checkpoint)
    draw_part(seed, "calibrate", 0, NUM_CALIBRATE, root, checkpoint)
    for part in range(num_final_parts(seed, root)):
        draw_part(seed, "final", part, PART, root, checkpoint)


def draw_part(seed: int, use: str, part: int, num_samples: int, root: Path, checkpoint: Path) -> None:
    """Draw one part of a set, unless it is there."""
    folder = root / use / f"seed_{seed}_{part}"
    if not (folder / "predictions" / "manifest.json").exists():
        draw(folder, sampling_seed(seed, use, part), num_samples, ["-c", CONFIG, f"--ckpt_path={checkpoint}"])


def num_final_parts(seed: int, root: Path) -> int:
    """Parts of the final set that should hold enough hallucinations at the rate seen on explore."""
    _, hallucinated, _ = load(seed, "explore", root)
    rate = max(int(hallucinated.sum()), 1) / len(hallucinated)
    return min(math.ceil(WANTED_HALLUCINATIONS / rate / PART), MAX_FINAL_PARTS)


def load(seed: int, use: str, root: Path) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Variances (N, W), hallucinated (N,) and window names of one set."""
    folders = sorted((root / use).glob(f"seed_{seed}_*"))
    scored = SampleSet.read(*(SampleStore.open(folder / "predictions") for folder in folders)).clear()
    return scored.variance, scored.hallucinated, scored.windows


def judge(seed: int, root: Path) -> dict[str, object]:
    """All numbers of one seed."""
    explore, calibrate, final = (load(seed, use, root) for use in ("explore", "calibrate", "final"))
    windows = final[2]
    on_explore = []
    for i in range(len(windows)):
        hits, total = removed(explore[0][:, i], explore[1], threshold_of(explore[0][:, i], explore[1]))
        on_explore.append(hits / max(total, 1))
    chosen = windows[max(range(len(windows)), key=on_explore.__getitem__)]
    rate = wilson_interval(int(final[1].sum()), len(final[1]))
    result: dict[str, object] = {
        "seed": seed,
        "num_final": len(final[1]),
        "num_hallucinated": int(final[1].sum()),
        "hallucination_rate": [float(final[1].float().mean()), *rate],
        "chosen_window": chosen,
        "explore_removed": dict(zip(windows, on_explore, strict=True)),
        "windows": {},
    }
    for i, window in enumerate(windows):
        threshold = threshold_of(calibrate[0][:, i], calibrate[1])
        hits, total = removed(final[0][:, i], final[1], threshold)
        kept = int((final[0][~final[1], i] <= threshold).sum())
        scores = count_distinct(final[0][:, i], final[1].long())
        result["windows"][window] = {  # type: ignore[index]
            "threshold": threshold,
            "removed": [hits / total, *wilson_interval(hits, total)],
            "retained": [kept / int((~final[1]).sum()), *wilson_interval(kept, int((~final[1]).sum()))],
            "auroc": float(auroc_from_counts(scores.in_support, scores.hallucinated)),
        }
    return result


def known_results(file: Path) -> dict[int, dict[str, object]]:
    """Numbers of each seed of an earlier report."""
    results = json.loads(file.read_text())["seeds"] if file.exists() else []
    return {result["seed"]: result for result in results}


def verdict(low: float, high: float) -> str:
    """Apply the rule."""
    return "holds" if low > CLAIMED else "fails" if high < CLAIMED else "undecided"


def report(seeds: list[int], root: Path, out: Path) -> None:
    """Write result.json, table.md and windows.png; a seed whose runs are not here is taken from the earlier result."""
    earlier = known_results(out / "result.json")
    is_here = {seed: (root / "final" / f"seed_{seed}_0").exists() for seed in seeds}
    results = [judge(seed, root) if is_here[seed] else earlier[seed] for seed in seeds]
    rows = {
        f"{PAPER_WINDOW} (the paper's)": [r["windows"][PAPER_WINDOW] for r in results],  # type: ignore[index]
        "calibrated (chosen on explore)": [r["windows"][r["chosen_window"]] for r in results],  # type: ignore[index]
    }
    lines = [
        "| window | removed at 96 % retained, mean over seeds [95 % t-interval] | retained | AUROC | verdict |",
        "|---|---|---|---|---|",
    ]
    summary = {}
    for name, values in rows.items():
        mean, low, high = mean_interval([v["removed"][0] for v in values])
        retained = statistics.mean(v["retained"][0] for v in values)
        auroc = statistics.mean(v["auroc"] for v in values)
        summary[name] = {
            "removed": [mean, low, high],
            "retained": retained,
            "auroc": auroc,
            "verdict": verdict(low, high),
        }
        lines.append(
            f"| {name} | {mean:.4f} [{low:.4f}, {high:.4f}] | {retained:.4f} | {auroc:.4f} | **{verdict(low, high)}** |"
        )
    lines += [
        "",
        "| seed | samples | hallucinated | rate [95 %] | last_10 removed [95 %, Wilson] | chosen | removed there |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        paper, chosen = r["windows"][PAPER_WINDOW]["removed"], r["windows"][r["chosen_window"]]["removed"]  # type: ignore[index]
        rate = r["hallucination_rate"]
        lines.append(
            f"| {r['seed']} | {r['num_final']:,} | {r['num_hallucinated']:,} "
            f"| {rate[0]:.5f} [{rate[1]:.5f}, {rate[2]:.5f}] "
            f"| {paper[0]:.4f} [{paper[1]:.4f}, {paper[2]:.4f}] | {r['chosen_window']} "
            f"| {chosen[0]:.4f} [{chosen[1]:.4f}, {chosen[2]:.4f}] |"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(json.dumps({"summary": summary, "seeds": results}, indent=1))
    (out / "table.md").write_text("\n".join(lines) + "\n")
    windows = list(results[0]["windows"])  # type: ignore[call-overload]
    mean_of = {
        w: {
            k: statistics.mean(r["windows"][w][k] if k == "auroc" else r["windows"][w][k][0] for r in results)
            for k in ("auroc", "removed")
        }
        for w in windows
    }  # type: ignore[index]
    figure = window_sweep(
        windows, [mean_of[w]["auroc"] for w in windows], [mean_of[w]["removed"] for w in windows], PAPER_WINDOW
    )
    save_figure(figure, out / "windows.png")
    print("\n".join(lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["run", "report"])
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--root", type=Path, default=Path("runs/claim_1d"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/claim_1d"))
    options = parser.parse_args()
    if options.stage == "report" and len(options.seeds) < 2:
        parser.error("report: expected at least two seeds, since its interval is over seeds")
    if options.stage == "report":
        report(options.seeds, options.root, options.out)
    else:
        for each in options.seeds:
            run(each, options.root)
