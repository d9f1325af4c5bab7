"""How the detector fares along the published training: one fit, looked at every few thousand updates.

    python benchmarks/along_training.py run 2d       # hours on one core; goes on after a kill
    python benchmarks/along_training.py report 2d    # table and figure of what is there
    python benchmarks/along_training.py keep 2d      # the last checkpoint, from which `run` goes on elsewhere
    python benchmarks/along_training.py rekey 2d     # what is kept, under the key of today's configs

A report keeps the looks of earlier ones whose samples are not there, so a training may move from machine to machine.
Looks and checkpoints carry the key of their settings, so none of another training is taken for one of this.

The authors' settings throughout: tied network, linear betas from 0.001 to 0.2, batches of 10,000, a constant rate of
1e-3, no averaging; N = 50,000 for 50,000 updates in 1D, N = 100,000 for 100,000 on the grid. Ours: the time table and
the fused network (both the same up to the order of sums), and sampling that begins where alpha_bar reaches 1e-7. One
seed. At each look a window (each from the last 3 to the last 15 steps) sets its threshold on every second sample and is
judged on the others; none is chosen. The last model is looked at once more, with a seed of its own and more samples: a
million in 1D, where few of them hallucinate, a tenth of that on the grid.
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from interleaved import publish, table
from report import with_tables

from lightning_modeinterp.checkpoints import read
from lightning_modeinterp.configuration import CONFIGS as CONFIGS_OF_ALL
from lightning_modeinterp.figures import save_figure, training_curves
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.fingerprints import leaves
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import wilson_interval
from lightning_modeinterp.reproduction import CachedRuns, Draw, Fit
from lightning_modeinterp.reproduction.sample_set import auroc, removed, sampling_seed, threshold_of
from lightning_modeinterp.runs import content_of

RESULTS = Path("docs/results/along_training")
PAGE = Path("docs/results/along_training.md")
CONFIGS = {"1d": "experiment/gaussian_1d_paper.yaml", "2d": "experiment/gaussian_2d_paper.yaml"}
NUM_UPDATES = {"1d": 50_000, "2d": 100_000}
EVERY = 5_000
NUM_SAMPLES = 20_480
NUM_LAST = {"1d": 1_024_000, "2d": 102_400}
WINDOWS = {f"last_{steps}": {"last_steps": steps} for steps in range(3, 16)}
PAPER = "last_10"
SHOWN = ("last_3", "last_4", "last_5", "last_7", PAPER, "last_12", "last_15")
DRAWN = ("last_3", "last_5", "last_7", PAPER)

TRAINING = (
    "--model.init_args.denoiser.init_args.time_table=true",
    "--model.init_args.denoiser.init_args.is_fused=true",
    "--trainer.val_check_interval=1000000000",
    "--trainer.enable_progress_bar=false",
)
SAMPLING = (
    "--generation.sampler.init_args.start_alpha_bar=1e-7",
    f"--generation.windows={json.dumps(WINDOWS)}",
    f"--generation.window={PAPER}",
)


def fits(data: str) -> list[Fit]:
    """One training in stages, each of which goes on from the one before."""
    stages: list[Fit] = []
    for num_updates in range(EVERY, NUM_UPDATES[data] + 1, EVERY):
        options = (*TRAINING, f"--trainer.max_steps={num_updates}")
        stages.append(Fit(f"{data}_{num_updates:06}", CONFIGS[data], options, stages[-1] if stages else None))
    return stages


def draws(data: str) -> list[Draw]:
    """A look at each stage, and a longer one at the last."""
    looks = [Draw(fit.name, fit, (*SAMPLING, f"--generation.num_samples={NUM_SAMPLES}")) for fit in fits(data)]
    seed = f"--generation.seed={sampling_seed(0, 'final')}"
    last = looks[-1].fit
    return [*looks, Draw(f"{last.name}_final", last, (*SAMPLING, seed, f"--generation.num_samples={NUM_LAST[data]}"))]


def judged(samples: JudgedSamples) -> dict[str, dict[str, Any]]:
    """AUROC and share removed of each window; thresholds from every second sample."""
    clear = samples.clear()
    found = {}
    for window in WINDOWS:
        scores, hallucinated = clear.variance_of(window), clear.hallucinated
        threshold = threshold_of(scores[::2], hallucinated[::2])
        hits, total = removed(scores[1::2], hallucinated[1::2], threshold)
        found[window] = {
            "auroc": auroc(scores, hallucinated),
            "removed": [hits / total if total else None, *wilson_interval(hits, total)],
            "num_judged": total,
        }
    return found


def updates_of(draw: Draw) -> int:
    """How long its model has been trained."""
    return _number(draw.fit.options, "--trainer.max_steps=")


def samples_of(draw: Draw) -> int:
    """How many samples it has."""
    return _number(draw.options, "--generation.num_samples=")


def _number(options: Sequence[str], start: str) -> int:
    (number,) = (int(each.removeprefix(start)) for each in options if each.startswith(start))
    return number


def look(draw: Draw, runs: CachedRuns) -> dict[str, Any]:
    """Everything of one look."""
    samples = JudgedSamples.of(runs.samples(draw))
    num_hallucinated = samples.num_hallucinated
    return {
        "updates": updates_of(draw),
        "samples": len(samples),
        "hallucinated": num_hallucinated,
        "rate": [num_hallucinated / len(samples), *wilson_interval(num_hallucinated, len(samples))],
        "windows": judged(samples),
    }


def known_looks(data: str, out: Path) -> dict[tuple[int, int], dict[str, Any]]:
    """The looks of the last report on the same training, by updates and samples."""
    file = out / f"{data}.json"
    known = json.loads(file.read_text()) if file.is_file() else {}
    rows = known["rows"] if known and known["settings"].get("training") == fits(data)[-1].key else []
    return {(each["updates"], each["samples"]): each for each in rows}


def kept_name(fit: Fit) -> str:
    """Under which a checkpoint is kept."""
    return f"{fit.name}-{fit.key}.ckpt"


def keep(data: str, runs: CachedRuns, out: Path) -> None:
    """Copy the last checkpoint, under the name of its stage; older ones go when it is there."""
    ended = [fit for fit in fits(data) if runs.has_fit(fit)]
    if not ended:
        raise SystemExit(f"{runs.root}: expected a stage that has ended, found none; run it first")
    out.mkdir(parents=True, exist_ok=True)
    kept = out / kept_name(ended[-1])
    write_aside(kept, runs.checkpoint(ended[-1]).read_bytes())
    for old in out.glob(f"{data}_*.ckpt"):
        if old != kept:
            old.unlink()
    print(kept)


def go_on(data: str, runs: CachedRuns, out: Path) -> list[Draw]:
    """What is still to be done, after the checkpoint that was kept."""
    for fit in fits(data):
        if (kept := out / kept_name(fit)).is_file():
            runs.adopt(fit, kept)
    known = known_looks(data, out)
    return [draw for draw in draws(data) if (updates_of(draw), samples_of(draw)) not in known]


def rekey(data: str, out: Path, page: Path) -> None:
    """Give what is kept the key of today's settings, if it was trained with them.

    A config that states what was an option before, or a default, is another text and so another key, but the same
    training. What its checkpoint was trained with decides.
    """
    (kept,) = out.glob(f"{data}_*.ckpt")
    name, old = kept.stem.rsplit("-", 1)
    (fit,) = (each for each in fits(data) if each.name == name)
    if found := differing(fit, read(str(kept))["hyper_parameters"]):
        raise SystemExit(f"{kept}: expected the training of {fit.config}, got other {', '.join(found)}; train it anew")
    record = out / f"{data}.json"
    of_looks = json.loads(record.read_text())["settings"]["training"]
    kept.rename(out / kept_name(fit))
    for file in (record, out / f"{data}.md", page):
        write_aside(file, file.read_text().replace(of_looks, fits(data)[-1].key).encode())
    print(f"{old} is {fit.key}")


def differing(fit: Fit, trained_with: dict[str, Any]) -> list[str]:
    """Settings of the model that config and options state otherwise than a checkpoint."""
    asked = leaves(json.loads(content_of(CONFIGS_OF_ALL / fit.config))["model"]["init_args"])
    start = "--model.init_args."
    given = dict(each.removeprefix(start).split("=") for each in fit.options if each.startswith(start))
    asked |= {name: yaml.safe_load(value) for name, value in given.items()}
    stored = leaves(trained_with)
    return [name for name, value in asked.items() if not name.endswith("class_path") and stored.get(name) != value]


def share_of(found: dict[str, Any]) -> float:
    """Share of the hallucinations that a window removes; nan where there were none to judge it on."""
    share = found["removed"][0]
    return math.nan if share is None else share


def said(found: dict[str, Any]) -> str:
    """A cell of the table."""
    share = share_of(found)
    return f"{found['auroc']:.3f} / {'-' if math.isnan(share) else f'{share:.2f}'}"


def together(name: str, looks: Sequence[dict[str, Any]]) -> str:
    """What each window removes of the hallucinations of several looks."""
    cells = []
    for window in SHOWN:
        found = [each["windows"][window] for each in looks]
        total = sum(each["num_judged"] for each in found)
        hits = sum(round((each["removed"][0] or 0.0) * each["num_judged"]) for each in found)
        cells.append("{} {:,} of {:,} [{:.2f}, {:.2f}]".format(window, hits, total, *wilson_interval(hits, total)))
    return f"Removed over {name}, {NUM_SAMPLES:,} samples each: {'; '.join(cells)}.\n"


def report(data: str, runs: CachedRuns, out: Path) -> None:
    """Table and figure of the looks that are there, or were when the last report was made."""
    looks = known_looks(data, out) | {
        (each["updates"], each["samples"]): each
        for each in (look(draw, runs) for draw in draws(data) if runs.has_samples(draw))
    }
    if not looks:
        raise SystemExit(f"{runs.root}: expected samples to look at, found none; run it first")
    looks = [looks[key] for key in sorted(looks)]
    header = ["updates", "samples", "rate [95 %], count", "judged", *(f"{window}: AUROC / removed" for window in SHOWN)]
    body = [
        [
            f"{each['updates']:,}",
            f"{each['samples']:,}",
            "{:.2g} [{:.2g}, {:.2g}]".format(*each["rate"]) + f", {each['hallucinated']:,}",
            each["windows"][PAPER]["num_judged"],
            *(said(each["windows"][window]) for window in SHOWN),
        ]
        for each in looks
    ]
    along = [each for each in looks if each["samples"] == NUM_SAMPLES]
    settings = {"data": data, "training": fits(data)[-1].key, "windows looked at": len(WINDOWS)}
    late = [each for each in along if each["updates"] > NUM_UPDATES[data] / 2]
    below = f"{together('all looks', along)}\n{together('the looks of the second half', late)}"
    publish(data, settings, looks, f"{table(header, body)}\n{below}", out)
    figure = training_curves(
        [each["updates"] for each in along],
        [each["rate"] for each in along],
        {window: [share_of(each["windows"][window]) for each in along] for window in DRAWN},
        claimed=0.95,
    )
    print(save_figure(figure, out / f"{data}.png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["run", "report", "keep", "rekey"])
    parser.add_argument("data", choices=list(CONFIGS))
    parser.add_argument("--root", type=Path, default=Path("runs/along_training"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cached = CachedRuns(options.root, lambda line: print(line, flush=True))
    if options.stage == "run":
        if not (left := go_on(options.data, cached, options.out)):
            raise SystemExit(f"{options.out}: all looks are measured there; give another --out to measure them again")
        for each_draw in left:
            cached.samples(each_draw)
    if options.stage == "keep":
        keep(options.data, cached, options.out)
    if options.stage == "rekey":
        raise SystemExit(rekey(options.data, options.out, PAGE))
    report(options.data, cached, options.out)
    if options.out == RESULTS:
        PAGE.write_text(with_tables(PAGE.read_text(), RESULTS))
