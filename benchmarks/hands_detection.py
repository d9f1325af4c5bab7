"""Whether trajectory variance tells hands that are none of five fingers, beyond how large and how bright they are.

    CONFIG="-c configs/experiment/hands_32.yaml --ckpt_path docs/results/hands/hands_32.ckpt"
    modeinterp predict $CONFIG --run.experiment explore
    modeinterp predict $CONFIG --run.experiment final --generation.seed 1 --generation.num_samples 4096
    python benchmarks/hands_detection.py runs/explore/seed_0 runs/final/seed_0

Or ``hands_cpu`` instead of ``hands_32``, with ``--generation.block_size 64``; the files are named by the images' size.
Every score of both sets is measured on the final one: its AUROC, the AUROC among hands of similar area (within the same
hundredth of the image), and what a threshold removes that keeps 96 % of the images in support of the exploration set.
Area and ink are read the way the exploration set says. Intervals are of 95 %, by the bootstrap over samples. It also
draws hands of each kind, of both sets, and those of the final set ordered by variance.
"""

import argparse
import math
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import torch
from interleaved import publish, table
from torch import Tensor

from lightning_modeinterp.callbacks.sample_figures import short_name
from lightning_modeinterp.configuration.saved_config import data_of, read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.figures import ImageGroup, image_grid, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics.functional import matched_auroc
from lightning_modeinterp.reproduction.claims.detection_hands import DetectionOnHands
from lightning_modeinterp.reproduction.sample_set import auroc, removed, threshold_of
from lightning_modeinterp.sample_store import SampleStore

RESULTS = Path("docs/results/hands")
NUM_RESAMPLES = 400
NUM_SHOWN = 20
CLAIM = DetectionOnHands()


def interval(number: int, measure: Callable[[Tensor], float]) -> list[float]:
    """A number of samples, and the ends of its 95 % bootstrap interval.

    Args:
        number: How many samples there are.
        measure: Takes rows (N,).
    """
    generator = keyed_generator(0, "bootstrap", 0)
    draws = [measure(torch.randint(number, (number,), generator=generator)) for _ in range(NUM_RESAMPLES)]
    finite = torch.tensor([each for each in draws if math.isfinite(each)], dtype=torch.float64)
    ends = finite.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist() if len(finite) else []
    return [measure(torch.arange(number)), *(ends or [math.nan, math.nan])]


def row(name: str, explore: JudgedSamples, final: JudgedSamples) -> dict[str, object]:
    """What one score does on the final set."""
    scores, known = (
        CLAIM.baseline(name, each, explore) if name in CLAIM.baselines else each.scores[name]
        for each in (final, explore)
    )
    bad, strata = final.hallucinated, CLAIM.strata(final)
    hits, total = removed(scores, bad, threshold_of(known, explore.hallucinated))
    return {
        "score": short_name(name),
        "auroc": interval(len(final), lambda rows: auroc(scores[rows], bad[rows])),
        "matched": interval(len(final), lambda rows: matched_auroc(scores[rows], bad[rows], strata[rows])[0]),
        "matched on explore": matched_auroc(known, explore.hallucinated, CLAIM.strata(explore))[0],
        "removed": hits / max(total, 1),
    }


def markdown(rows: list[dict], final: JudgedSamples) -> str:
    """The table, and the counts behind it."""
    body = [
        [each["score"]]
        + ["{:.3f} [{:.3f}, {:.3f}]".format(*each[name]) for name in ("auroc", "matched")]
        + [f"{each['matched on explore']:.3f}", f"{each['removed']:.3f}"]
        for each in rows
    ]
    among = "among hands of similar area [95 %]"
    header = ["score", "AUROC [95 %]", among, "the same on explore", "removed at 96 % retained"]
    counts = ", ".join(f"{int(final.is_kind(kind).sum()):,} {kind}" for kind in final.verdict.kinds)
    return f"{table(header, body)}\nThe final set: {counts}.\n"


def kinds(images: JudgedSamples, data: ModeInterpDataModule) -> dict[str, ImageGroup]:
    """Images of the data, and the first generated ones of each kind, the hallucinated ones in a frame."""
    true = data.to_data_units(data.make_dataset("train")[torch.arange(NUM_SHOWN)])
    found = {kind: images[images.is_kind(kind)][:NUM_SHOWN] for kind in images.verdict.kinds}
    groups = {kind: ImageGroup(each.samples, each.hallucinated) for kind, each in found.items() if len(each)}
    return {"data": ImageGroup(true), **groups}


def by_variance(images: JudgedSamples, window: str) -> dict[str, ImageGroup]:
    """Both ends of the order by the variance over a window, the hallucinated ones in a frame."""
    order = images.variance_of(window).argsort(descending=True, stable=True)
    ends = {"highest variance first": order[:NUM_SHOWN], "lowest variance last": order[-NUM_SHOWN:]}
    return {name: ImageGroup(images.samples[rows], images.hallucinated[rows]) for name, rows in ends.items()}


def main(explore_run: Path, final_run: Path, out: Path) -> None:
    """Measure all scores, and draw."""
    stores = [SampleStore.open(run / "predictions") for run in (explore_run, final_run)]
    explore, final = map(JudgedSamples.of, stores)
    rows = [row(name, explore, final) for name in final.scores]
    size = f"{final.samples.shape[-1]}px"
    publish(f"detection_{size}", {"explore": len(explore), "final": len(final)}, rows, markdown(rows, final), out)
    windows = [each for each in rows if each["score"] in final.windows]
    best = max(windows, key=lambda each: each["matched on explore"])["score"]
    both, data = JudgedSamples.of(chain(*stores)), data_of(read_config(final_run / "config_predict.yaml"))
    save_figure(
        image_grid(kinds(both, data), f"of {len(both):,} samples; hallucinated framed"), out / f"kinds_{size}.png"
    )
    title = f"by the variance over {best}, of {len(final):,} samples; hallucinated framed"
    save_figure(image_grid(by_variance(final, best), title), out / f"sorted_by_variance_{size}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("explore", type=Path, help="run directory of a predict")
    parser.add_argument("final", type=Path, help="one with another sampling seed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    main(given.explore, given.final, given.out)
