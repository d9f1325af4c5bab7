from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.reports.chart import Chart
from lightning_modeinterp.reports.content import Gallery, Table
from lightning_modeinterp.reports.gallery import NUM_CARDS, gallery
from lightning_modeinterp.reports.samples import tip


class _Data:
    """As much of a data module as a gallery asks for: data about (0, 0) or 0."""

    def __init__(self, shape):
        self.shape = shape

    def served(self, split):
        return torch.zeros(50, *self.shape)

    def to_data_units(self, samples):
        return samples


def parts_of(shown, shape):
    legend, *parts = gallery(shown, _Data(shape)).parts
    return legend, parts


@pytest.mark.parametrize("shape", [(1,), (2,)])
def test_points_say_variance_and_verdict_the_most_restless_first(shown, shape):
    samples = shown(shape)
    legend, (chart,) = parts_of(samples, shape)
    assert isinstance(chart, Chart)
    assert len(chart.points) == 200
    assert [mark for mark, _ in legend.entries] == ["good", "bad", "unclear", "flagged"]
    first = int(samples.variance.argmax())
    kinds = samples.batch.verdict.kinds
    assert chart.points[0].tip == tip(samples, first)
    assert f"variance {samples.variance[first]:.3g}" in chart.points[0].tip
    assert kinds[int(samples.batch.verdict.kind[first])].replace("_", " ") in chart.points[0].tip
    assert sum(point.is_flagged for point in chart.points) == int(samples.flagged.sum())
    assert sum(point.mark == "bad" for point in chart.points) == int(samples.batch.verdict.hallucinated.sum())


def test_images_are_grouped_by_verdict_and_flag(shown):
    samples = shown((1, 4, 4))
    _, parts = parts_of(samples, (1, 4, 4))
    bad, flagged = samples.batch.verdict.hallucinated, samples.flagged
    counts = {
        "Hallucinations that are flagged": bad & flagged,
        "Hallucinations that are missed": bad & ~flagged,
        "Others that are flagged": ~bad & flagged,
        "Others that are not flagged": ~bad & ~flagged,
    }
    titles = [part.title for part in parts]
    assert [title.partition(":")[0] for title in titles] == [name for name, rows in counts.items() if rows.any()]
    for part, rows in zip(parts, (rows for rows in counts.values() if rows.any()), strict=True):
        assert isinstance(part, Gallery)
        assert len(part.cards) == min(NUM_CARDS, int(rows.sum()))
        assert {card.is_flagged for card in part.cards} == {bool(flagged[rows][0])}


def test_samples_that_nobody_has_judged(shown):
    samples = shown((3, 4, 4), judged=False)
    section = gallery(samples, _Data((3, 4, 4)))
    assert [part.title.partition(":")[0] for part in section.parts[1:]] == ["Flagged", "Not flagged"]
    assert all(
        card.mark == "unjudged" and "not judged" in card.tip for part in section.parts[1:] for card in part.cards
    )
    assert "hallucinations" not in section.text[1]


def test_samples_of_another_shape_are_a_table(shown):
    _, (table,) = parts_of(shown((2, 3)), (2, 3))
    assert isinstance(table, Table)
    values = [float(row[1]) for row in table.rows]
    assert values == sorted(values, reverse=True)


def test_without_a_threshold_nothing_is_flagged(shown):
    samples = shown((1,))
    unknown = replace(samples, threshold=replace(samples.threshold, value=float("nan")))
    section = gallery(unknown, _Data((1,)))
    assert "nothing is flagged" in section.text[1]
    assert section.parts[1].guides == []
    assert not unknown.flagged.any()
