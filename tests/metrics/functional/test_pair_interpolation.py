import math

import pytest
import torch

from lightning_modeinterp.metrics.functional import pair_enrichment, pair_interpolation, wilson_interval

IS_DIAGONAL = torch.tensor([False, False, True])


def test_enrichment_is_the_share_over_that_of_chance_with_the_interval_of_the_share():
    values = pair_interpolation(torch.tensor([30, 20, 5]), 80, torch.tensor([100, 150, 200]), 1000, IS_DIAGONAL)
    for name, count, chance in (("neighbour", 50, 0.25), ("diagonal", 5, 0.2)):
        low, high = wilson_interval(count, 80)
        assert values[f"interpolation/{name}_share"] == pytest.approx(count / 80)
        assert values[f"interpolation/{name}_enrichment"] == pytest.approx(count / 80 / chance)
        assert values[f"interpolation/{name}_enrichment_low"] == pytest.approx(low / chance)
        assert values[f"interpolation/{name}_enrichment_high"] == pytest.approx(high / chance)
    assert values["interpolation/num_off_modes"] == 80


def test_without_samples_off_the_modes_all_is_nan():
    values = pair_interpolation(torch.zeros(3).long(), 0, torch.tensor([100, 150, 200]), 1000, IS_DIAGONAL)
    assert values.pop("interpolation/num_off_modes") == 0
    assert len(values) == 8
    assert all(map(math.isnan, values.values()))


def test_a_kind_without_pairs_is_nan():
    values = pair_interpolation(torch.tensor([5]), 10, torch.tensor([100]), 1000, torch.tensor([False]))
    assert values["interpolation/neighbour_enrichment"] == pytest.approx(5.0)
    assert all(math.isnan(value) for name, value in values.items() if "diagonal" in name)


def test_the_enrichment_of_each_pair():
    values = pair_enrichment(torch.tensor([30, 0, 5]), 50, torch.tensor([100, 100, 0]), 1000)
    assert values[:2].tolist() == pytest.approx([6.0, 0.0])
    assert values[2].isnan()
    assert pair_enrichment(torch.tensor([0]), 0, torch.tensor([100]), 1000).isnan().all()
