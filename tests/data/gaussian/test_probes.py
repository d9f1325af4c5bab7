"""The contract of probes, and which data bring them."""

import pytest

from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.modules import DDPM, subject_of
from lightning_modeinterp.testing import check_probe
from tests.subclasses import concrete_subclasses

DATA = GaussianMixtureDataModule([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], size=8, batch_size=4)
DATA.generation = Generation(AncestralSampler(20), num_samples=100, block_size=50)
SCHEDULE = LinearBetaSchedule()


@pytest.mark.parametrize("probe", DATA.probes(), ids=lambda probe: type(probe).__name__)
def test_probes_keep_the_contract(probe):
    check_probe(probe, subject_of(DDPM(MLP((2,), width=16), SCHEDULE).eval(), DATA, {"within_mode_std": 0.1}))


def test_the_data_bring_them_all():
    found = {type(probe) for probe in DATA.probes()}
    assert found == set(concrete_subclasses(Probe, "lightning_modeinterp.data.gaussian"))
