from dataclasses import replace

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import SupportRates

KINDS = ("in_support", "ambiguous", "interpolated", "invalid")


def test_rates_are_those_of_the_verdicts(make_generated):
    batches = [make_generated(300), make_generated(100, start=300)]
    metric = SupportRates(list(KINDS))
    for batch in batches:
        metric.update(batch)
    kinds = [kind for batch in batches for kind in batch.verdict.kind.tolist()]
    rates = metric.compute()
    assert rates["num_samples"] == 400
    assert rates["num_hallucinated"] == sum(kind >= 2 for kind in kinds)
    assert rates["interpolated_rate"] == kinds.count(2) / 400
    assert rates["invalid_rate"] == kinds.count(3) / 400
    assert rates["ambiguous_rate"] == kinds.count(1) / 400
    assert rates["hallucination_rate_low"] < rates["hallucination_rate"] < rates["hallucination_rate_high"]


@pytest.mark.parametrize("kinds", [("invalid", "in_support"), ("in_support",), (*KINDS, "invalid")])
def test_kinds_that_no_verdict_has_are_refused(kinds):
    with pytest.raises(ConfigurationError, match="expected distinct kinds"):
        SupportRates(kinds)


def test_verdicts_of_another_oracle_are_refused(make_generated):
    batch = make_generated()
    other = replace(batch, verdict=replace(batch.verdict, kinds=(*KINDS[:2], "repeated", "empty")))
    with pytest.raises(ConfigurationError, match="expected verdicts of kinds"):
        SupportRates(KINDS).update(other)
