import math

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import DensityPanel, density_histogram, density_panels


def panel(num_between, means):
    means = torch.tensor(means)
    x = means.repeat(500) + 0.05 * torch.randn(500 * len(means), generator=torch.Generator().manual_seed(0))
    x[:num_between] = 1.5

    def log_density(points):
        modes = torch.distributions.Normal(means, 0.05).log_prob(points)
        return torch.logsumexp(modes, dim=1) - math.log(len(means))

    return DensityPanel(x, torch.arange(len(x)) < num_between, log_density, means)


PANELS = {"N = 1,000": panel(30, [1.0, 2.0, 3.0]), "N = 10,000": panel(3, [1.0, 2.0, 4.0, 5.0])}


def test_a_panel_is_the_histogram_of_its_samples(render):
    figure = density_panels(PANELS, "more samples")
    assert len(figure.axes) == 2
    for axes, each in zip(figure.axes, PANELS.values(), strict=True):
        alone = density_histogram(each.samples, each.hallucinated, each.log_density, each.means).axes[0]
        assert axes.get_xlim() == alone.get_xlim()
        assert axes.get_ylim() == alone.get_ylim()
        for ours, theirs in zip(axes.patches, alone.patches, strict=True):
            assert (ours.get_data().values == theirs.get_data().values).all()
    assert render(figure)


def test_a_panel_says_its_name_and_rate(legend_texts):
    figure = density_panels(PANELS, "more samples")
    assert figure.get_suptitle() == "more samples"
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0].startswith("N = 1,000\nhallucinated 2.00 % [")
    assert titles[1].startswith("N = 10,000\nhallucinated 0.15 % [")
    assert titles[1].endswith("n = 2,000")
    assert legend_texts(figure) == ["hallucinated", "in support", "true density"]


def test_panels_fill_rows():
    figure = density_panels({str(i): PANELS["N = 1,000"] for i in range(5)}, "five", num_columns=2)
    places = [axes.get_subplotspec().get_geometry()[:2] for axes in figure.axes]
    assert places == [(3, 2)] * 5


def test_no_panel_is_refused():
    with pytest.raises(ConfigurationError, match="at least one panel"):
        density_panels({}, "nothing")
