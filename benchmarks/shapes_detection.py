"""Whether trajectory variance tells images with a shape twice, beyond how much there is on an image.

    python benchmarks/shapes_detection.py runs/shapes_cpu/seed_0
    python benchmarks/shapes_detection.py RUN_DIR --name 1000_steps --generation.sampler.init_args.num_steps=1000

Options that it does not know are those of predict. The run directory is that of a fit on Simple Shapes. The statistics
are a list, written before the run: every window between the edges below, and over it each summary of
`VarianceSummaries` (mean over pixels, maximum, quantiles, most restless pixels, column and component) and the mean over
the image's ink. Three baselines look at the finished image alone: its ink, the ink of its fullest column, and the
number of shapes on it. A statistic by column knows where each shape belongs: read it beside the second.

Images with a shape twice are told from images in support; other faults are left out. On the *explore* set the window
of each summary is chosen by the AUROC among images with the same number of shapes (matched), since more shapes move
more; on the *final* set each chosen statistic is reported once, with 95 % bootstrap intervals over samples. Thresholds
that keep 96 % of the images in support come from the explore set. Both sets have sampling seeds of their own.

Before any of it stands whether the network knows the rule at all (`knows_the_rule`): `Exclusion`, as in
test_metrics.json.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from interleaved import device_of, publish, table
from samples import draw, fit_directory, options_of, trained
from torch import Tensor

from lightning_modeinterp.data.shapes import Exclusion
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics.functional import matched_auroc
from lightning_modeinterp.modules import subject_of
from lightning_modeinterp.reproduction.sample_set import auroc, removed, sampling_seed, threshold_of
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.trajectories import VarianceSummaries

RESULTS = Path("docs/results/shapes")
EDGES = (0.03, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0)
QUANTILES, LARGEST, NUM_COLUMNS = (1.0, 0.999, 0.99, 0.9), (16, 64, 256), 3
PER_INK = "mean / ink"
NUM_RESAMPLES = 400
REPEATED = "repeated"


@dataclass(frozen=True)
class Images:
    """Images that are in support or have a shape twice.

    Args:
        scores: By name of the statistic and number of the window, -1 for what has none; each (N,) float64.
        is_repeated: (N,) bool.
        num_shapes: (N,) int64.
    """

    scores: dict[tuple[str, int], Tensor]
    is_repeated: Tensor
    num_shapes: Tensor

    @classmethod
    def read(cls, store: SampleStore, names: tuple[str, ...]) -> "Images":
        """From a store with the statistic ``summaries`` (N, W, K) and the score ``ink``."""
        batches = list(store)
        verdicts = [batch.verdict for batch in batches if batch.verdict]
        kind = torch.cat([verdict.kind for verdict in verdicts])
        is_repeated = kind == verdicts[0].kinds.index(REPEATED)
        chosen = is_repeated | (kind == 0)
        numbers = [torch.cat([v.details[name] for v in verdicts]) for name in ("triangles", "squares", "pentagons")]
        num_shapes = torch.stack(numbers).sum(0).long()[chosen]
        summaries = torch.cat([batch.statistics["summaries"] for batch in batches])[chosen]
        ink = torch.cat([batch.scores["ink"] for batch in batches])[chosen].double()
        scores = {("ink", -1): ink, ("number of shapes", -1): num_shapes.double()}
        samples = torch.cat([batch.samples for batch in batches])[chosen].clamp(0, 255)
        strips = torch.tensor_split(samples, NUM_COLUMNS, dim=-1)
        scores["ink of the fullest column", -1] = torch.stack([s.flatten(1).mean(1) for s in strips]).amax(0).double()
        for window in range(summaries.shape[1]):
            scores |= {(name, window): summaries[:, window, k] for k, name in enumerate(names)}
            scores[PER_INK, window] = summaries[:, window, 0] / ink.clamp(min=1e-6)
        return cls(scores, is_repeated[chosen], num_shapes)

    def matched(self, key: tuple[str, int]) -> float:
        """AUROC among images with the same number of shapes."""
        return matched_auroc(self.scores[key], self.is_repeated, self.num_shapes)[0]

    def interval(self, measure: Callable[[Tensor], float]) -> list[float]:
        """A number of all images, and the ends of its 95 % bootstrap interval; measure takes rows."""
        number, generator = len(self.is_repeated), keyed_generator(0, "bootstrap", 0)
        draws = [measure(torch.randint(number, (number,), generator=generator)) for _ in range(NUM_RESAMPLES)]
        finite = torch.tensor([value for value in draws if math.isfinite(value)], dtype=torch.float64)
        ends = finite.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist() if len(finite) else []
        return [measure(torch.arange(number)), *(ends or [math.nan, math.nan])]


def best_windows(explore: Images) -> list[tuple[str, int]]:
    """Of each statistic the window with the highest matched AUROC; what has no window stays."""
    names = dict.fromkeys(name for name, _ in explore.scores)
    return [max((key for key in explore.scores if key[0] == name), key=explore.matched) for name in names]


def judge(key: tuple[str, int], explore: Images, final: Images, windows: list[str]) -> dict[str, object]:
    """What one statistic does on the final set."""
    scores, bad, number = final.scores[key], final.is_repeated, final.num_shapes
    hits, total = removed(scores, bad, threshold_of(explore.scores[key], explore.is_repeated))
    return {
        "statistic": key[0],
        "window": windows[key[1]] if key[1] >= 0 else "",
        "auroc": final.interval(lambda rows: auroc(scores[rows], bad[rows])),
        "matched": final.interval(lambda rows: matched_auroc(scores[rows], bad[rows], number[rows])[0]),
        "matched on explore": explore.matched(key),
        "removed": hits / max(total, 1),
    }


def markdown(rows: list[dict], final: Images, known: dict[str, float], is_known: bool) -> str:
    """The table, the counts behind it, and whether the network knows the rule."""
    body = [
        [row["statistic"], row["window"]]
        + ["{:.3f} [{:.3f}, {:.3f}]".format(*row[name]) for name in ("auroc", "matched")]
        + [f"{row['matched on explore']:.3f}", f"{row['removed']:.3f}"]
        for row in rows
    ]
    header = ["statistic", "sigma / alpha", "AUROC [95 %]", "matched on the number of shapes [95 %]"]
    text = table([*header, "matched on explore", "removed at 96 % retained"], body)
    num_bad = int(final.is_repeated.sum())
    text += f"\n{num_bad:,} with a shape twice and {len(final.is_repeated) - num_bad:,} in support on final.\n"
    said = "; ".join(
        f"{name.split('/')[1]}: {value:.3f} +- {known[f'{name}_error']:.3f} (of {known[f'{name}_exact']:.3f})"
        for name, value in known.items()
        if not name.endswith(("_error", "_exact"))
    )
    verdict = "passes" if is_known else "does not pass"
    return f"{text}\nThe network {verdict} the paired test; exclusion at sigma / alpha {said}.\n"


def main(run: Path, name: str, out: Path, num_samples: dict[str, int], seed: int | None, extra: list[str]) -> None:
    """Draw, choose, report."""
    if seed is None:
        seed = yaml.safe_load((run / "config_fit.yaml").read_text())["seed_everything"]
    module, data = trained(run, extra)
    probe = Exclusion(data.distribution)
    known = probe.measure(subject_of(module, data))
    is_known = probe.knows_the_rule(known)
    levels = data.generation.sampler.levels(module.noise_schedule)
    settings = {"noise_to_signal": EDGES, "quantiles": QUANTILES, "largest": LARGEST, "num_columns": NUM_COLUMNS,
                "has_components": True}  # fmt: skip
    summaries = VarianceSummaries(EDGES, QUANTILES, LARGEST, NUM_COLUMNS, has_components=True)
    windows = ["{:g} to {:g}".format(*window.noise_to_signal) for window in summaries.windows(levels)]
    observer = json.dumps({"summaries": {"class_path": "VarianceSummaries", "init_args": settings}})
    sets = {}
    for use, number in num_samples.items():
        folder = run / "detection" / f"{use}_{name}"
        options = [*options_of(run), "--trainer.logger=false", *extra, f"--generation.observers={observer}"]
        sets[use] = Images.read(draw(folder, sampling_seed(seed, use), number, options), summaries.names)
    rows = [judge(key, sets["explore"], sets["final"], windows) for key in best_windows(sets["explore"])]
    about = {"run": f"{run.parent.name}/{run.name}", "windows": len(windows), "seed": seed, **num_samples}
    publish(f"detection_{name}", about, rows, markdown(rows, sets["final"], known, is_known), out, device_of(extra))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("run", type=fit_directory, help="run directory of a fit on Simple Shapes")
    parser.add_argument("--name", default="100_steps", help="of the results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--explore", type=int, default=2_048)
    parser.add_argument("--final", type=int, default=4_096)
    parser.add_argument("--seed", type=int, help="of the draws; that of the fit if not given")
    given, further = parser.parse_known_args()
    main(given.run, given.name, given.out, {"explore": given.explore, "final": given.final}, given.seed, further)
