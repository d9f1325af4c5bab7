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
