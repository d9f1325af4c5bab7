import copy
import math

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import WarmupCosine


def made(rates=(0.1,), **settings):
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates]
    optimizer = torch.optim.SGD(groups)
    return optimizer, WarmupCosine(optimizer, **settings)


def rates_of(optimizer, schedule, num):
    rates = []
    for _ in range(num):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return rates


def test_a_line_and_half_a_cosine():
    optimizer, schedule = made((0.1, 0.4), num_steps=20, num_warmup_steps=5, end=0.2)
    rates = rates_of(optimizer, schedule, 25)
    for step, found in enumerate(rates):
        share = min((step - 5) / 15, 1)
        factor = (step + 1) / 5 if step < 5 else 0.2 + 0.4 * (1 + math.cos(math.pi * share))
        assert found == pytest.approx([0.1 * factor, 0.4 * factor])
    assert rates[-1] == pytest.approx([0.02, 0.08])


@pytest.mark.parametrize("stop", [1, 5, 6, 19])
def test_it_goes_on_bitwise(stop):
    settings = {"num_steps": 20, "num_warmup_steps": 5}
    whole = rates_of(*made(**settings), 22)
    optimizer, schedule = made(**settings)
    begun = rates_of(optimizer, schedule, stop)
    states = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
    optimizer, schedule = made(**settings)
    optimizer.load_state_dict(states[0])
    schedule.load_state_dict(states[1])
    assert begun + rates_of(optimizer, schedule, 22 - stop) == whole


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"num_steps": 5, "num_warmup_steps": 5}, "num_warmup_steps < num_steps, got 5 and 5"),
        ({"num_steps": 5, "num_warmup_steps": -1}, "num_warmup_steps < num_steps, got -1 and 5"),
        ({"num_steps": 5, "end": 1.5}, r"lr_scheduler\.end: expected a share in \[0, 1\], got 1\.5"),
    ],
)
def test_numbers_out_of_range(settings, expected):
    with pytest.raises(ConfigurationError, match=expected):
        made(**settings)
