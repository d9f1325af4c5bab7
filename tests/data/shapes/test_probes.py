"""The contract of probes, and which data bring them."""

import pytest
import torch

from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.shapes import Bottleneck, Exclusion, SimpleShapesDataModule
from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.modules import DDPM, subject_of
from lightning_modeinterp.testing import check_probe
from tests.subclasses import concrete_subclasses

DATA = SimpleShapesDataModule(image_size=32, area=20.0, size=8, batch_size=4)


@pytest.mark.parametrize(
    "probe",
    [Exclusion(DATA.distribution, 8), Bottleneck(DATA.distribution, 12)],
    ids=lambda probe: type(probe).__name__,
)
def test_probes_keep_the_contract(probe):
    torch.manual_seed(0)
    network = UNet((1, 32, 32), base_channels=8, channel_multipliers=(1, 1), num_res_blocks=1, head_channels=8)
    check_probe(probe, subject_of(DDPM(network, LinearBetaSchedule()).eval(), DATA))


def test_the_data_bring_them_all():
    found = {type(probe) for probe in DATA.probes()}
    assert found == set(concrete_subclasses(Probe, "lightning_modeinterp.data.shapes"))


def test_where_there_is_no_rule_none_is_asked_for():
    (only,) = SimpleShapesDataModule(has_column_rule=False, size=8, batch_size=4).probes()
    assert isinstance(only, Bottleneck)
