"""Each claim on Simple Shapes on made-up images of which it is known what has to be found."""

import math
import statistics

import pytest
import torch

from lightning_modeinterp.data.shapes import exclusion_pairs
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.reproduction import CLAIMS
from lightning_modeinterp.reproduction.claims.detection_images import among_alike
from lightning_modeinterp.reproduction.claims.recursion import OfRecursion

from ..families.ownership import claims_of
from .fake_runs import PRESET, FakeRuns, verdicts
from .test_recursion_claims import verdicts as verdicts_on_recursion


def images_of(asked, num_good=300, num_repeated=100, num_misplaced=20):
    """Good ones, ones with a shape twice and ones with a shape in another column."""
    distribution = asked.data.distribution
    good, placed = distribution.sample(num_good, asked.generator)
    pairs = exclusion_pairs(distribution, num_repeated, asked.generator)
    misplaced = good[placed.image[placed.shape == 1].unique()[:num_misplaced]].roll(10, -1)  # squares move on
    return torch.cat([good, pairs.forbidden, misplaced]).float()


def test_repeated_shapes():
    def world(asked, num_repeated):
        images = images_of(asked, num_repeated=0 if asked.is_true_score else num_repeated)
        return images, torch.rand(len(images), generator=asked.generator)

    assert verdicts("repeated-shapes", lambda asked: world(asked, 100)) == ["holds", "holds"]
    assert verdicts("repeated-shapes", lambda asked: world(asked, 0))[0] == "fails"


def test_detection_on_shapes_is_not_fooled_by_ink():
    def knowing(asked):
        images = images_of(asked)
        is_repeated = asked.data.support.judge(images).kind == 2
        return images, torch.where(is_repeated, 1.0, 0.1) * (0.9 + 0.1 * torch.rand(len(images)))

    def inky(asked):
        images = images_of(asked)
        return images, images.flatten(1).mean(1) * (0.8 + 0.4 * torch.rand(len(images), generator=asked.generator))

    assert verdicts("detection-shapes", knowing) == ["holds"] * 3
    assert verdicts("variance-separates-shapes", knowing) == ["holds"]
    removed, matched, beyond = verdicts("detection-shapes", inky)
    assert removed == "fails"
    assert "holds" not in (matched, beyond)
    assert verdicts("variance-separates-shapes", inky) == ["fails"]


def test_other_faults_are_no_part_of_detection_on_shapes():
    def world(asked):
        images = images_of(asked)
        kind = asked.data.support.judge(images).kind
        return images, torch.where(kind == 3, 9.0, torch.where(kind == 2, 1.0, 0.1))

    removed = CLAIMS["detection-shapes"].findings(FakeRuns(world), PRESET)[0]
    assert removed.verdict == "holds"
    assert removed.facts["hallucinated"] == [100] * PRESET.num_few_seeds


@pytest.mark.parametrize(
    ("two", "other", "pixels", "expected"),
    [
        (0.9, 0.1, 0.5, ["holds", "holds"]),
        (0.5, 0.1, 0.9, ["holds", "fails"]),  # as near to both in the pixels: the network adds nothing
        (0.1, 0.5, 0.9, ["fails", "fails"]),
        (0.5, 0.5, 0.5, ["undecided", "undecided"]),
    ],
)
def test_between_heights(two, other, pixels, expected, tmp_path):
    metrics = {"between/bottleneck/two/2": two, "between/bottleneck/other/2": other, "between/pixels/two/2": pixels}
    found = CLAIMS["between-heights"].findings(FakeRuns(None, metrics, tmp_path), PRESET)
    assert [finding.verdict for finding in found] == expected
    assert found[0].facts["less"] == [other] * PRESET.num_seeds


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("name", [name for name in claims_of("shapes") if not isinstance(CLAIMS[name], OfRecursion)])
def test_figures_are_drawn(name, tmp_path):
    def world(asked):
        images = images_of(asked)
        return images, torch.rand(len(images), generator=asked.generator)

    (tmp_path / "run").mkdir()
    drawn = CLAIMS[name].draw_figures(FakeRuns(world, {}, tmp_path / "run"), PRESET, tmp_path)
    assert drawn
    assert all(path.parent == tmp_path and path.stat().st_size > 0 for path in drawn)


def world_of_uneven_strata(generator):
    """Few images with a shape twice, half of them most restless and half least, most of the others in one stratum."""
    num_shapes = torch.tensor([1] * 10 + [2] * 10 + [1] * 200 + [2] * 20)
    hallucinated = torch.arange(240) < 20
    moved = torch.rand(240, generator=generator)
    moved[:20] = torch.where(moved[:20] < 0.5, -1.0, 2.0)
    return moved, hallucinated, num_shapes


def test_the_stated_error_of_a_matched_auroc_is_no_less_than_the_true_one():
    """Against the spread of the number over many draws; what a share of the hallucinations would have is too small."""
    generator = torch.Generator().manual_seed(0)
    values, errors = [], []
    for _ in range(400):
        moved, hallucinated, num_shapes = world_of_uneven_strata(generator)
        verdict = SupportVerdict(2 * hallucinated.to(torch.int8), num_shapes, ("in_support", "ambiguous", "x"))
        images = JudgedSamples(moved, {"variance/w": moved}, verdict, torch.arange(240), 1)
        measured = among_alike(images, "w", num_shapes)
        values.append(measured.value)
        errors.append(measured.error)
    true = statistics.stdev(values)
    assert true > 1.1 * math.sqrt(0.25 / 20)
    assert true * (1 - 3 / math.sqrt(2 * 400)) < statistics.fmean(errors) < 1.3 * true


def test_a_filter_has_to_beat_ink_too(monkeypatch):
    growth = {"random": 2.0, "variance": 1.4, "ink": 1.1}
    *against_chance, against_ink = verdicts_on_recursion("filter-shapes", growth, monkeypatch)
    assert (set(against_chance), against_ink) == ({"holds"}, "fails")
