import ast
from pathlib import Path

import pytest

from lightning_modeinterp import testing
from lightning_modeinterp.testing.expect import expect, expect_no_error


def test_what_holds_passes():
    expect(True, "never seen")
    with expect_no_error("never", "seen"):
        pass


def test_an_error_is_told_as_a_broken_contract():
    with (
        pytest.raises(AssertionError, match="expected a name, got KeyError: 'a'; give one") as error,
        expect_no_error("expected a name", "give one"),
    ):
        {}["a"]
    assert isinstance(error.value.__cause__, KeyError)


def test_a_message_of_our_own_is_kept():
    with pytest.raises(AssertionError, match=r"^inner$"), expect_no_error("outer", "remedy"):
        expect(False, "inner")


def test_no_check_is_stripped_by_an_optimising_python():
    for path in Path(testing.__file__).parent.glob("*.py"):
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text()))), path
