import pytest
import torch

from lightning_modeinterp.data.shapes import ShapeCount, ShapeRates, SimpleShapes, SimpleShapesDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import SupportRates
from lightning_modeinterp.support_oracle import SupportOracle


class Anything(SupportOracle):
    def __init__(self, distribution):
        super().__init__(["nothing"])

    def judge(self, samples):
        raise NotImplementedError


def test_the_published_sizes_are_the_defaults():
    data = SimpleShapesDataModule()
    assert (data.sample_shape, data.sizes["train"]) == ((1, 64, 64), 5_000)
    assert (data.distribution.presence, data.distribution.has_column_rule) == (0.5, True)


def test_other_sizes():
    data = SimpleShapesDataModule(image_size=32, area=20.0, size=60, batch_size=8)
    assert data.sample_shape == (1, 32, 32)
    assert data.make_dataset("train")[torch.arange(60)].shape == (60, 1, 32, 32)


def test_without_the_rule_the_oracle_knows():
    data = SimpleShapesDataModule(has_column_rule=False, size=200)
    images = data.to_data_units(data.make_dataset("train")[torch.arange(200)])
    assert data.support.judge(images).in_support.all()
    assert not ShapeCount(SimpleShapes()).judge(images).in_support.all()


def test_what_inference_mode_makes_has_a_derivative_still():
    data = SimpleShapesDataModule(size=40, batch_size=40)
    with torch.inference_mode():
        exact = data.exact_denoiser_on(torch.device("cpu"))
    assert not any(places.is_inference() for places in exact.buffers())


def test_metrics_follow_the_oracle():
    assert type(SimpleShapesDataModule().metrics()[0]) is ShapeRates
    assert type(SimpleShapesDataModule(support=Anything).metrics()[0]) is SupportRates


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": 16}, "use a larger image_size than 16"),
        ({"batch_size": 5001}, "batch_size from 1 to the 5000 training samples"),
        ({"test_size": 0}, "expected sizes >= 1"),
        ({"presence": 2.0}, "presence: expected a probability"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        SimpleShapesDataModule(**settings)
