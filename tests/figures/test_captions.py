from lightning_modeinterp.figures.captions import decimal, percent, rate_with_interval


def test_no_hits_read_as_zero():
    assert rate_with_interval(0, 100_000) == "0 % [0, 0.0038], n = 100,000"


def test_unknown_numbers_are_named():
    assert percent(float("nan")) == decimal(float("nan")) == "n/a"
