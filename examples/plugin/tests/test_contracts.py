"""Every part keeps the contract of its kind."""

from functools import partial

import torch

from lightning_modeinterp import testing
from two_moons import GapCrossing, MoonCoverage, NearMoons, NoOutliers, TemperedSampler, TwoMoons


def test_data_module():
    testing.check_datamodule(partial(TwoMoons, size=400, batch_size=50))


def test_support_oracle():
    data = TwoMoons(size=400, batch_size=50)
    true_samples = data.to_data_units(data.make_dataset("test"))
    testing.check_support_oracle(NearMoons(), true_samples, torch.tensor([[0.5, 0.25], [3.0, 3.0]]))


def test_metric():
    testing.check_generation_metric(MoonCoverage(), testing.made_up_batches(num_modes=2))


def test_probe():
    testing.check_probe(GapCrossing())


def test_sampler():
    testing.check_sampler(TemperedSampler(temperature=0.5))
    testing.check_sampler_converges(TemperedSampler(temperature=1.0))


def test_filter():
    testing.check_filter(NoOutliers("variance/last_10"))
