import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lightning_modeinterp.data.gaussian import DensityThreshold, GaussianMixture
from lightning_modeinterp.errors import ConfigurationError

MIXTURE = GaussianMixture([1.0, 2.0, 3.0], std=0.05, weights=[0.5, 0.2, 0.3])


@pytest.mark.parametrize("epsilon", [1e-12, 1e-5, 0.3, 2.0])
def test_equals_the_density_rule(epsilon):
    x = torch.linspace(0, 4, 2001, dtype=torch.float64)[:, None]
    density = (np.array([0.5, 0.2, 0.3]) * norm.pdf(x.numpy(), [1, 2, 3], 0.05)).sum(1)
    verdict = DensityThreshold(MIXTURE, epsilon).judge(x)
    assert verdict.hallucinated.tolist() == (density <= epsilon).tolist()
    assert verdict.in_support.tolist() == (density > epsilon).tolist()


def test_the_names_of_the_kinds():
    oracle = DensityThreshold(MIXTURE)
    assert oracle.kinds == ("in_support", "ambiguous", "low_density")
    assert oracle.judge(torch.tensor([[2.0], [2.5]])).kind.tolist() == [0, 2]


def test_the_mode_is_the_nearest_one():
    assert DensityThreshold(MIXTURE).judge(torch.tensor([[0.0], [1.4], [1.6], [9.0]])).mode.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30])
def test_what_is_not_finite_has_no_density(value):
    assert DensityThreshold(MIXTURE).judge(torch.tensor([[value]])).hallucinated.all()


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan])
def test_refuses_a_threshold_that_is_no_density(epsilon):
    with pytest.raises(ConfigurationError, match=r"support\.epsilon: expected a density > 0"):
        DensityThreshold(MIXTURE, epsilon)
