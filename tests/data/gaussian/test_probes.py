"""The contract of probes, and which data bring them."""

from dataclasses import replace

import pytest

from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.modules import DDPM, subject_of
from lightning_modeinterp.testing import check_probe, concrete_subclasses, made_up_batches

DATA = GaussianMixtureDataModule([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], size=8, batch_size=4)


@pytest.mark.parametrize("probe", DATA.probes(), ids=lambda probe: type(probe).__name__)
def test_probes_keep_the_contract(probe):
    subject = subject_of(DDPM(MLP((2,), width=16), LinearBetaSchedule()).eval(), DATA, {"within_mode_std": 0.1})
    check_probe(probe, replace(subject, draw_from=lambda model, num_blocks: made_up_batches()[0]))


def test_the_data_bring_them_all():
    found = {type(probe) for probe in DATA.probes()}
    assert found == set(concrete_subclasses(Probe, "lightning_modeinterp.data.gaussian"))
