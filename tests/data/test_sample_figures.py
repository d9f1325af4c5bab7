"""Figures by the shape of samples."""

import pytest
import torch

from lightning_modeinterp.data.sample_figures import NUM_DATA_POINTS, NUM_IMAGES, figures_by_shape, image_group
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

KINDS = ("in_support", "ambiguous", "blurred")


def drawn(shape, judged, number=50):
    kind = torch.tensor([0, 0, 1, 2, 2], dtype=torch.int8).repeat(number // 5)
    verdict = SupportVerdict(kind, torch.zeros(number).long(), KINDS) if judged else None
    return GeneratedBatch(torch.arange(number), torch.rand(number, *shape), {}, 50, verdict)


@pytest.mark.parametrize("judged", [True, False])
@pytest.mark.parametrize(
    ("shape", "num_data"), [((1,), NUM_DATA_POINTS), ((2,), NUM_DATA_POINTS), ((3, 8, 8), NUM_IMAGES // 2)]
)
def test_samples_stand_beside_as_many_data_as_are_shown(shape, num_data, judged):
    asked = []

    def true_samples(number):
        asked.append(number)
        return torch.rand(7, *shape)

    ((name, figure),) = figures_by_shape(drawn(shape, judged), true_samples)
    assert (name, asked) == ("samples", [num_data])
    said = figure.get_suptitle()
    assert said.startswith("hallucinated 40.00 %") if judged else said == "50 samples, not judged"


@pytest.mark.parametrize("shape", [(3,), (2, 8, 8), (4, 4)])
def test_other_shapes_have_none(shape):
    assert list(figures_by_shape(drawn(shape, judged=True), torch.rand)) == []


def test_hallucinated_images_are_framed_and_named():
    group = image_group(drawn((1, 4, 4), judged=True, number=5))
    assert group.flagged.tolist() == [False, False, False, True, True]
    assert group.captions == ["", "", "", "blurred", "blurred"]
    group = image_group(drawn((1, 4, 4), judged=False))
    assert group.flagged is None
    assert group.captions is None
