"""A gallery of samples by their shape: 1D, 2D, or images."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.images import to_bytes
from lightning_modeinterp.pages import pixels_uri
from lightning_modeinterp.reports.chart import SQUARE, Axis, Chart, Guide, Point, short
from lightning_modeinterp.reports.content import Card, Gallery, Legend, Part, Section, Table
from lightning_modeinterp.reports.samples import ShownSamples, chosen, mark, tip, verdict_words
from lightning_modeinterp.sample_store.export import is_image

NUM_POINTS, NUM_CARDS, NUM_ROWS = 600, 24, 16
NUM_DATA, NUM_BINS = 5_000, 90
NUM_BACKDROP = 1_200

MARKS = {
    "good": "in the support of the data",
    "bad": "hallucination",
    "unclear": "ambiguous",
    "unjudged": "not judged",
}


def gallery(shown: ShownSamples, data: ModeInterpDataModule) -> Section:
    """The section with the samples.

    Args:
        shown: The samples.
        data: The data module.
    """
    batch, flagged = shown.batch, shown.flagged
    counts = f"{int(flagged.sum()):,} of {len(batch):,} samples are flagged"
    if batch.verdict is not None:
        bad = batch.verdict.hallucinated
        counts += f"; {int((flagged & bad).sum()):,} of the {int(bad.sum()):,} hallucinations among them are"
    text = [
        "Point at a sample, touch it, or move through them with Tab and the arrow keys to see its variance and its "
        "verdict. A ring marks samples that the detector flags.",
        f"{counts}. The samples: {shown.source}. The threshold, {short(shown.threshold.value)}, was set by "
        f"{shown.set_by}."
        if shown.threshold.is_known
        else f"The samples: {shown.source}. None of them is in support, so there is no threshold, and nothing is "
        f"flagged.",
    ]
    there = {mark(batch, row) for row in range(len(batch))}
    marks = [each for each in MARKS if each in there]
    legend = Legend([*((each, MARKS[each]) for each in marks), ("flagged", "flagged by the detector")])
    return Section("Samples and detection", text, [legend, *_parts(shown, data)])


def _parts(shown: ShownSamples, data: ModeInterpDataModule) -> Iterator[Part]:
    shape = tuple(shown.batch.samples.shape[1:])
    if is_image(shown.batch.samples):
        yield from _images(shown)
    elif shape == (1,):
        yield _line(shown, _true_samples(data))
    elif shape == (2,):
        yield _plane(shown, _true_samples(data))
    else:
        yield _table(shown)


def _true_samples(data: ModeInterpDataModule) -> Tensor:
    dataset = data.served("test")
    return data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_DATA))])


def _points(shown: ShownSamples, across: Sequence[float], up: Sequence[float]) -> list[Point]:
    """The first hallucinations and the first of all others, sorted by decreasing variance."""
    batch, flagged = shown.batch, shown.flagged
    bad = torch.zeros(len(batch), dtype=torch.bool) if batch.verdict is None else batch.verdict.hallucinated
    some = bad.nonzero().flatten()[: NUM_POINTS // 2]
    rows = torch.cat([some, (~bad).nonzero().flatten()[: NUM_POINTS - len(some)]])
    rows = rows[shown.variance[rows].argsort(descending=True, stable=True)]
    return [Point(across[row], up[row], tip(shown, row), mark(batch, row), bool(flagged[row])) for row in rows.tolist()]


def _which(points: Sequence[Point], shown: ShownSamples) -> str:
    """Which of the samples the points are."""
    bad, number = sum(point.mark == "bad" for point in points), len(shown.batch)
    if len(points) == number:
        return f"All {number:,} samples are shown."
    if not bad:
        return f"The first {len(points):,} of {number:,} samples are shown."
    others = len(points) - bad
    return (
        f"{bad:,} hallucinations and the first {others:,} others of {number:,} samples are shown, so hallucinations "
        "look more common here than they are."
    )


def _line(shown: ShownSamples, data: Tensor) -> Chart:
    values, variance = shown.batch.samples[:, 0], shown.variance
    x = Axis.around("sample", [*values.tolist(), *data[:, 0].tolist()])
    y = Axis.around("variance", [*variance.tolist(), shown.threshold.value], is_log=True)
    points = _points(shown, values.tolist(), variance.tolist())
    counts = torch.histc(data[:, 0].float(), NUM_BINS, x.low, x.high)
    return Chart(
        "Samples and their variance",
        "Horizontal: the sample. Vertical: its trajectory variance. Background: the density of the data. Samples "
        "between the peaks are hallucinations; the detector uses the variance only. " + _which(points, shown),
        x,
        y,
        points=points,
        guides=[Guide(shown.threshold.value, "threshold")] if shown.threshold.is_known else [],
        density=(counts / counts.max().clamp(min=1)).tolist(),
        is_large=True,
    )


def _plane(shown: ShownSamples, data: Tensor) -> Chart:
    samples = shown.batch.samples
    points = _points(shown, samples[:, 0].tolist(), samples[:, 1].tolist())
    ends = [*samples.flatten().tolist(), *data.flatten().tolist()]
    return Chart(
        "Positions of the samples",
        "Points in the background are data. Samples away from them are hallucinations; the detector uses the variance "
        "only. " + _which(points, shown),
        Axis.around("first coordinate", ends),
        Axis.around("second coordinate", ends),
        points=points,
        backdrop=[(x, y) for x, y in data[:NUM_BACKDROP].tolist()],
        is_large=True,
        height=SQUARE,
    )


def _images(shown: ShownSamples) -> Iterator[Gallery]:
    flagged, verdict = shown.flagged, shown.batch.verdict
    if verdict is None:
        groups = {"Flagged": flagged, "Not flagged": ~flagged}
    else:
        bad = verdict.hallucinated
        groups = {
            "Hallucinations that are flagged": bad & flagged,
            "Hallucinations that are missed": bad & ~flagged,
            "Others that are flagged": ~bad & flagged,
            "Others that are not flagged": ~bad & ~flagged,
        }
    for title, rows in groups.items():
        number, some = int(rows.sum()), chosen(shown, rows, NUM_CARDS)
        if number:
            first = f", the {len(some)} of highest variance" if len(some) < number else ""
            yield Gallery(f"{title}: {number:,}{first}", [_card(shown, row) for row in some.tolist()])


def _card(shown: ShownSamples, row: int) -> Card:
    batch = shown.batch
    pixels = to_bytes(batch.samples[row]).numpy()
    name = f"sample {int(batch.index[row])}"
    return Card(pixels_uri(pixels), name, tip(shown, row), mark(batch, row), bool(shown.flagged[row]))


def _table(shown: ShownSamples) -> Table:
    """A table, for samples of other shapes."""
    batch, flagged = shown.batch, shown.flagged
    rows = [
        [
            str(int(batch.index[row])),
            f"{shown.variance[row]:.3g}",
            verdict_words(batch, row),
            "yes" if flagged[row] else "",
        ]
        for row in chosen(shown, torch.ones(len(batch), dtype=torch.bool), NUM_ROWS).tolist()
    ]
    return Table(["sample", "variance", "verdict", "flagged"], rows, "The samples of highest variance")
