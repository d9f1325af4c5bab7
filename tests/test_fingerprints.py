import pytest

from lightning_modeinterp.fingerprints import differences


@pytest.mark.parametrize("off", [None, False])
def test_an_option_that_is_off_is_as_good_as_one_that_an_older_version_did_not_know(off):
    assert differences({"model": {"width": 8}}, {"model": {"width": 8, "option": off}}) == []
    assert differences({"option": off}, {}) == []


@pytest.mark.parametrize("value", [True, 0, 0.0, "", "bfloat16"])
def test_anything_else_is_a_difference(value):
    assert differences({}, {"option": value}) == [f"option: expected nothing, got {value}"]
    assert differences({"option": None}, {"option": value}) == [f"option: expected None, got {value}"]


def test_a_long_value_is_cut_in_what_is_said():
    (said,) = differences({"betas": [0.25] * 999}, {"betas": [0.5] * 999})
    assert said.startswith("betas: expected [0.25, 0.25")
    assert "..., got [0.5, 0.5" in said
    assert len(said) < 500
