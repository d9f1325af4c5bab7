import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import samples_1d

DATA = torch.linspace(-1, 1, 1_001)[:, None]


def test_both_are_densities_over_the_same_bins(render, legend_texts):
    samples = torch.linspace(-1, 0, 401)[:, None]
    figure = samples_1d(DATA, samples, num_bins=14)
    filled, line = (patch.get_data() for patch in figure.axes[0].patches)
    np.testing.assert_allclose(filled.edges, np.linspace(-1.4, 1.4, 15))
    for each in (filled, line):
        assert (each.values * np.diff(each.edges)).sum() == pytest.approx(1)
    assert filled.values.max() == pytest.approx(1, rel=0.02)
    assert line.values.max() == pytest.approx(0.5, rel=0.02)
    assert figure.get_suptitle() == "401 samples, not judged"
    assert legend_texts(figure) == ["generated, n = 401", "data, n = 1,001"]
    assert render(figure)


def test_verdicts_have_layers_and_a_rate(legend_texts):
    samples = torch.linspace(-1, 1, 100)[:, None]
    bad, unsure = torch.arange(100) < 10, torch.arange(100) >= 95
    figure = samples_1d(DATA, samples, bad, unsure)
    assert figure.get_suptitle().startswith("hallucinated 10.00 %")
    assert legend_texts(figure)[:3] == ["hallucinated, n = 10", "ambiguous, n = 5", "in support, n = 85"]


@pytest.mark.parametrize("number", [1, 3, 200_000])
def test_any_number_of_samples(render, number):
    assert render(samples_1d(DATA, torch.linspace(-3, 3, number)[:, None] if number > 1 else torch.zeros(1, 1)))


def test_what_lies_outside_is_counted():
    figure = samples_1d(DATA, torch.tensor([[0.0], [1.3], [1.5], [-9.0]]))
    assert figure.axes[0].get_xlabel() == "x (data units); 2 samples lie outside"


def test_data_of_one_value(render):
    assert render(samples_1d(torch.zeros(5, 1), torch.zeros(5, 1)))


@pytest.mark.parametrize(
    ("data", "samples", "verdict", "message"),
    [
        (DATA, torch.zeros(3, 2), None, r"expected samples of shape \(N,\) or \(N, 1\)"),
        (torch.zeros(0, 1), torch.zeros(3, 1), None, "expected data of shape"),
        (DATA, torch.zeros(3, 1), torch.zeros(2, dtype=torch.bool), r"expected verdicts of shape \(3,\)"),
    ],
)
def test_refuses(data, samples, verdict, message):
    with pytest.raises(ConfigurationError, match=message):
        samples_1d(data, samples, verdict)
