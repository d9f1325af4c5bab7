"""Each claim on made-up samples of which it is known what has to be found."""

import re

import pytest
import torch

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.reproduction import CLAIMS, PRESETS, Needs
from lightning_modeinterp.reproduction.claims.recursion import OfRecursion
from lightning_modeinterp.reproduction.reproduce import work_of
from lightning_modeinterp.testing import check_claim

from ..families import ABSENT, FAMILIES
from ..families.ownership import claims_of
from .fake_runs import PRESET, FakeRuns, verdicts

SEED_FIGURES = {
    "1_1", "4_1", "5_1", "5_2", "6_1", "7_1", "7_2", "9_1", "14_1", "15_1", "15_2", "16_1", "16_2", "16_3", "16_4",
    "17_1", "17_2", "18_1", "19_1", "20_1", "21_1", "22_1", "23_1",
}  # fmt: skip
"""All of the paper's summary."""


def between(asked, num, times):
    """Half-way between pairs of modes that are so many times as far apart as nearest ones."""
    means = asked.data.mixture.means
    distances = torch.cdist(means, means)
    pairs = torch.nonzero((distances - times * distances[distances > 0].min()).abs() < 1e-6)
    first, last = pairs[torch.randint(len(pairs), (num,), generator=asked.generator)].T
    return ((means[first] + means[last]) / 2).float()


def midpoints(asked, num):
    """Between neighbours."""
    return between(asked, num, 1)


def centres(asked, num):
    """Between four modes of a cell, away from the segments of neighbours."""
    return between(asked, num, 2**0.5)


def with_invented(asked, invented, num=2_000):
    samples = torch.cat([asked.in_support(num), invented])
    # in support x_0_hat moves by a hundredth of a unit, off the modes by a tenth
    moved = torch.cat([torch.full((num,), 0.01), torch.full((len(invented),), 0.1)])
    return samples, moved * (0.5 + torch.rand(len(samples), generator=asked.generator))


@pytest.mark.skipif(bool(ABSENT), reason=f"claims of {ABSENT} show some of them")
def test_every_figure_of_the_paper_has_a_claim():
    assert {figure for claim in CLAIMS.values() for figure in claim.figures} == SEED_FIGURES


@pytest.mark.parametrize("name", CLAIMS)
def test_the_contract(name):
    check_claim(CLAIMS[name])
    assert re.search("above|below", CLAIMS[name].rule)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"name": "Two Words"}, "expected a name of small letters"),
        ({"rule": "later"}, "expected a whole rule"),
        ({"needs": lambda self, preset: Needs()}, "expected runs to decide by"),
        ({"needs": lambda self, preset: Needs([preset.counted(preset.fit(preset.line, 0))])}, "of 5 seeds"),
    ],
)
def test_a_broken_contract_is_named(change, broken):
    claim = type("Changed", (type(CLAIMS["detection-1d"]),), change)()
    with pytest.raises(AssertionError, match=broken):
        check_claim(claim)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=str)
def test_the_configs_are_there(preset):
    configs = {work.fit.config for work in work_of(CLAIMS.values(), preset)}
    assert configs
    assert all((CONFIGS / config).is_file() for config in configs)


def test_every_claim_is_of_a_family():
    assert sorted(name for family in FAMILIES for name in claims_of(family)) == sorted(CLAIMS)


def test_claims_share_what_they_train():
    cpu = PRESETS["cpu"]
    together = work_of(CLAIMS.values(), cpu)
    assert len({work.fit.key for work in together}) == len(together)
    shared = [set(work_of([claim], cpu)) for claim in CLAIMS.values()]
    for model in ("line", "grid"):
        of_model = {each.fit.key for works in shared for each in works if re.fullmatch(rf"{model}_\d", each.fit.name)}
        assert len(of_model) == cpu.num_seeds


@pytest.mark.parametrize(
    ("exponents", "expected"),
    [((-1.0, -1.0), ["holds", "holds"]), ((-1.0, 0.5), ["holds", "fails"]), ((-1.0, 0.0), ["holds", "undecided"])],
)
def test_more_samples_tells_the_arms_apart(exponents, expected):
    def world(asked):
        size = asked.number("data.init_args.size", 50_000)
        is_equal = asked.number("trainer.max_steps", 0) == PRESET.equal_updates
        num_invented = round(200 * (size / 1_000) ** exponents[is_equal])
        jitter = int(torch.randint(-2, 3, (), generator=asked.generator))
        return with_invented(asked, torch.full((max(num_invented + jitter, 0), 1), 1.5), num=4_000)

    assert verdicts("more-samples", world) == expected


@pytest.mark.parametrize(("narrow", "wide", "power", "expected"), [(60, 10, -1, "holds"), (20, 90, 1, "fails")])
def test_distance_compares_gaps_within_a_model_and_models(narrow, wide, power, expected):
    def world(asked):
        means = asked.data.mixture.means.flatten().tolist()
        uneven = {1.5: narrow, 3.0: wide, 4.5: narrow}
        even = {(means[0] + means[1]) / 2: round(90 * (means[1] - means[0]) ** power)}
        gaps = uneven if len(means) == 4 else even
        return with_invented(asked, torch.cat([torch.full((num, 1), place) for place, num in gaps.items()]))

    assert verdicts("distance", world) == [expected, expected]


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("nearest-modes", midpoints, "holds"),
        ("nearest-modes", centres, "fails"),
        ("vdm-interpolates", midpoints, "holds"),
        ("imbalanced-interpolates", centres, "fails"),
    ],
)
def test_where_hallucinations_lie_decides(name, place, expected):
    found = verdicts(name, lambda asked: with_invented(asked, place(asked, 200), num=100))
    assert set(found) == {expected}


def test_a_blurred_mode_is_no_interpolation():
    """Samples just off the modes, more of them where modes are further apart, do not count as between."""

    def world(asked):
        means = asked.data.mixture.means.flatten().tolist()
        blurred = torch.full((round(500 * (means[1] - means[0])), 1), means[0] + 0.251 * (means[1] - means[0]) / 1.01)
        middle = torch.full((round(90 / (means[1] - means[0])), 1), (means[0] + means[1]) / 2)
        return with_invented(asked, torch.cat([blurred, middle]))

    _, between = CLAIMS["distance"].findings(FakeRuns(world), PRESET)
    assert between.verdict == "holds"


def test_true_score():
    def world(asked, rate_of_true):
        num = rate_of_true if asked.is_true_score else 300
        return with_invented(asked, torch.full((num, asked.data.mixture.dimension), 0.5))

    assert verdicts("true-score", lambda asked: world(asked, 0)) == ["holds", "holds"]
    assert verdicts("true-score", lambda asked: world(asked, 200)) == ["fails", "fails"]


def test_trajectories_settle():
    invented = lambda asked: torch.full((300, asked.data.mixture.dimension), 0.5)  # noqa: E731
    moving = lambda asked: with_invented(asked, invented(asked))  # noqa: E731

    def still(asked):
        samples, moved = moving(asked)
        return samples, torch.where(moved > 0.045, 0.005, 0.1)

    assert verdicts("trajectories-settle", moving) == ["holds"] * 4
    assert verdicts("trajectories-settle", still) == ["fails"] * 4


@pytest.mark.parametrize("name", ["variance-separates", "detection-1d", "detection-2d"])
def test_separation(name):
    def world(asked):
        return with_invented(asked, torch.full((300, asked.data.mixture.dimension), 0.5))

    def blind(asked):
        samples, moved = world(asked)
        return samples, torch.rand(len(moved), generator=asked.generator)

    assert set(verdicts(name, world)) == {"holds"}
    assert set(verdicts(name, blind)) == {"fails"}


def without_noise(asked):
    return asked.options.get("generation.sampler") == "DDIMSampler"


@pytest.mark.parametrize(
    ("is_blind", "expected"), [(without_noise, "holds"), (lambda asked: not without_noise(asked), "fails")]
)
def test_sampling_without_noise_compares_two_samplers(is_blind, expected):
    def world(asked):
        samples, moved = with_invented(asked, midpoints(asked, 300))
        return samples, torch.rand(len(moved), generator=asked.generator) if is_blind(asked) else moved

    assert verdicts("sampling-without-noise", world) == [expected] * 4


def test_without_noise_the_best_window_is_compared_too():
    def world(asked):  # with DDIM all windows but the one of FakeRuns that is noise have the lower scores
        samples, moved = with_invented(asked, midpoints(asked, 300))
        return samples, 1 / moved if without_noise(asked) else moved

    paper, best, *_ = CLAIMS["sampling-without-noise"].findings(FakeRuns(world), PRESET)
    assert max(paper.facts["AUROC, DDIM"]) < 0.1
    assert best.facts["windows of DDIM"] == ["noise"] * PRESET.num_seeds
    assert all(0.4 < area < 0.6 for area in best.facts["AUROC, DDIM"])


def test_detection_chooses_on_explore_and_counts_on_final():
    def world(asked):
        samples, moved = with_invented(asked, torch.full((300, 1), 0.5))
        if "generation.seed" not in asked.options:  # explore: the paper's window sees nothing there
            moved = torch.rand(len(moved), generator=asked.generator)
        return samples, moved

    paper, chosen = CLAIMS["detection-1d"].findings(FakeRuns(world), PRESET)
    assert paper.verdict == "holds"  # the window is the paper's, whatever explore says
    assert paper.facts["hallucinated"] == [300] * PRESET.num_seeds
    assert all(abs(kept - 0.96) < 0.02 for kept in paper.facts["kept of those in support"])
    assert (paper.num_variants, chosen.num_variants) == (1, 4)


def test_score_smoothing(tmp_path):
    smooth = {f"score_slope_ratio/{noise}_std": 0.1 for noise in (1, 2, 4)}
    found = CLAIMS["score-smoothing"].findings(FakeRuns(None, smooth, tmp_path), PRESET)
    assert [finding.verdict for finding in found] == ["holds"] * 6
    sharp = {f"score_slope_ratio/{noise}_std": 1.2 for noise in (1, 2, 4)}
    found = CLAIMS["score-smoothing"].findings(FakeRuns(None, sharp, tmp_path), PRESET)
    assert [finding.verdict for finding in found] == ["fails"] * 6
    unknown = CLAIMS["score-smoothing"].findings(FakeRuns(None, {}, tmp_path), PRESET)
    assert [finding.verdict for finding in unknown] == ["undecided"] * 6


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("name", [name for name in claims_of("gaussian") if not isinstance(CLAIMS[name], OfRecursion)])
def test_figures_are_drawn(name, tmp_path):
    def world(asked):
        return with_invented(asked, midpoints(asked, 50), num=200)

    (tmp_path / "run").mkdir()
    drawn = CLAIMS[name].draw_figures(FakeRuns(world, {}, tmp_path / "run"), PRESET, tmp_path)
    assert drawn
    assert all(path.parent == tmp_path and path.stat().st_size > 0 for path in drawn)
