"""Each claim on hands on made-up images of which it is known what has to be found."""

from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.hands import HandsDataModule
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.reproduction import CLAIMS
from lightning_modeinterp.support_oracle import SupportOracle

from ..families.ownership import claims_of
from .fake_runs import PRESET, FakeRuns, Store

GOOD, EXTRA, MISSING = 0, 2, 3
SIZE = 32


class Written(SupportOracle):
    """The kind is what the first pixel says: fingers are counted elsewhere."""

    def __init__(self):
        super().__init__(["extra", "missing", "malformed", "empty"])

    def judge(self, samples):
        kind = samples[:, 0, 0, 0].to(torch.int8)
        return SupportVerdict(kind, torch.zeros_like(kind, dtype=torch.int64), self.kinds)


class HandRuns(FakeRuns):
    """The area of an image is what is white."""

    def data(self, draw):
        return HandsDataModule(SIZE, size=64, batch_size=1, support=Written())

    def samples(self, draw):
        return Store([
            replace(each, scores={**each.scores, "area": each.samples.gt(100).double().flatten(1).mean(1)})
            for each in super().samples(draw)
        ])  # fmt: skip


def verdicts(name, world):
    return [finding.verdict for finding in CLAIMS[name].findings(HandRuns(world), PRESET)]


def hands(kinds, areas):
    """Images (N, 1, S, S) of some kinds (N,) with so many white pixels (N,)."""
    images = 255.0 * (torch.arange(SIZE**2) < areas[:, None] + 1)
    images[:, 0] = kinds.float()
    return images.reshape(-1, 1, SIZE, SIZE)


def kinds_of(num_extra, num_missing, num_good=400):
    numbers = torch.tensor([num_good, num_extra, num_missing])
    return torch.tensor([GOOD, EXTRA, MISSING]).repeat_interleave(numbers)


def smaller_hands(asked):
    """Hands with a finger less are smaller than most; their kinds and areas."""
    kinds = kinds_of(0, 150)
    areas = torch.randint(200, 300, kinds.shape, generator=asked.generator)
    return kinds, torch.where(kinds == MISSING, areas - 50, areas)


def restless(kinds, asked):
    """Those that are none of five fingers move more."""
    return torch.where(kinds == GOOD, 0.1, 1.0) * (0.9 + 0.1 * torch.rand(len(kinds), generator=asked.generator))


@pytest.mark.parametrize(
    ("learned", "true", "expected"),
    [
        ((60, 60), (0, 0), ["holds", "holds", "holds"]),
        ((0, 60), (0, 0), ["holds", "undecided", "holds"]),  # none of so few is not less than one in a thousand
        ((0, 0), (20, 40), ["fails", "undecided", "fails"]),
    ],
)
def test_wrong_fingers(learned, true, expected):
    def world(asked):
        kinds = kinds_of(*(true if asked.is_true_score else learned))
        return hands(kinds, torch.full(kinds.shape, 200)), torch.rand(len(kinds), generator=asked.generator)

    assert verdicts("wrong-fingers", world) == expected


def test_detection_and_separation_on_hands():
    def knowing(asked):
        kinds, areas = smaller_hands(asked)
        return hands(kinds, areas), restless(kinds, asked)

    assert verdicts("detection-hands", knowing) == ["holds"] * 4
    assert verdicts("variance-separates-hands", knowing) == ["holds"]


def test_detection_on_hands_is_not_fooled_by_their_size():
    def sized(asked):
        kinds, areas = smaller_hands(asked)
        return hands(kinds, areas), 100 / areas

    removed, alike, beyond_area, _ = verdicts("detection-hands", sized)
    assert removed == "fails"
    assert "holds" not in (alike, beyond_area)


def test_a_small_hand_is_suspect_where_the_exploration_set_says_so():
    def blind(asked):
        kinds, areas = smaller_hands(asked)
        return hands(kinds, areas), torch.rand(len(kinds), generator=asked.generator)

    found = CLAIMS["detection-hands"].findings(HandRuns(blind), PRESET)
    assert [each.verdict for each in found[2:]] == ["fails", "fails"]  # read as they are, both would be beaten
    assert min(found[2].facts["AUROC of the area"]) > 0.8
    assert verdicts("variance-separates-hands", blind) == ["fails"]


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("name", claims_of("hands"))
def test_figures_are_drawn(name, tmp_path):
    def world(asked):
        kinds = kinds_of(10, 10)
        return hands(kinds, torch.full(kinds.shape, 200)), restless(kinds, asked)

    drawn = CLAIMS[name].draw_figures(HandRuns(world), PRESET, tmp_path)
    assert drawn
    assert all(path.parent == tmp_path and path.stat().st_size > 0 for path in drawn)
