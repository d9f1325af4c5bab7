import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reproduction.measures import log_median, num_between, pair_counts
from lightning_modeinterp.reproduction.preset import PRESETS

from .fake_runs import FakeRuns

CPU = PRESETS["cpu"]


def line(samples):
    runs = FakeRuns(lambda asked: (torch.tensor(samples)[:, None], torch.ones(len(samples))))
    return runs, CPU.counted(CPU.fit(CPU.line, 0))


def test_the_quarters_at_the_modes_are_not_between():
    # modes at 1, 2, 3: the middle halves are 1.25 to 1.75 and 2.25 to 2.75
    assert num_between(*line([0.9, 1.2, 1.3, 1.5, 1.74, 1.8, 2.0, 2.2, 2.5, 3.4])) == [3, 1]


def test_on_a_line_there_are_no_pairs():
    with pytest.raises(ConfigurationError, match="line_0: expected modes in two to six dimensions"):
        pair_counts(*line([1.5]))


def test_the_error_of_a_median_is_that_of_repeated_draws():
    generator = torch.Generator().manual_seed(0)
    draws = [torch.randn(400, generator=generator).mul(0.7).exp() for _ in range(600)]
    medians = [log_median(draw) for draw in draws]
    spread = torch.tensor([each.value for each in medians]).std().item()
    assert spread == pytest.approx(sum(each.error for each in medians) / len(medians), rel=0.1)
