import pytest
import torch

from lightning_modeinterp.data.mnist import DigitRates
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

KINDS = ("in_support", "ambiguous", "rejected")


def test_by_hand():
    digits = torch.tensor([0, 0, 0, 1, 1, 2, 3, 9])
    kind = torch.tensor([0, 0, 0, 0, 0, 2, 0, 0], dtype=torch.int8)
    metric = DigitRates(KINDS, torch.full((10,), 0.1))
    verdict = SupportVerdict(kind, digits, KINDS)
    metric.update(GeneratedBatch(torch.arange(8), torch.zeros(8, 1, 16, 16), {}, 8, verdict))
    values = {name: value.item() for name, value in metric.compute().items()}
    assert values["rejected_rate"] == pytest.approx(1 / 8)
    assert values["mode_coverage"] == pytest.approx(4 / 10)
    # 3/7, 2/7, 1/7, 1/7 against a tenth each
    assert values["mode_weight_tv"] == pytest.approx((3 / 7 + 2 / 7 + 2 / 7 - 0.4 + 0.6) / 2)
