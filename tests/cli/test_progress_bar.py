import sys

import pytest
from lightning.pytorch.callbacks import RichProgressBar, Timer, TQDMProgressBar

from lightning_modeinterp.callbacks import StepsBar
from lightning_modeinterp.cli.progress_bar import bar_of


@pytest.mark.parametrize(
    ("asked", "given", "is_terminal", "expected"),
    [
        (None, [], False, (False, [])),
        (None, [], True, (True, [StepsBar])),
        (True, [], False, (True, [StepsBar])),
        (False, [], True, (False, [])),
        (None, [TQDMProgressBar], False, (True, [])),
        (None, [Timer, RichProgressBar], True, (True, [])),
        (None, [Timer], True, (True, [StepsBar])),
    ],
)
def test_ours_on_a_terminal_and_none_beside_one_that_is_given(asked, given, is_terminal, expected, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    is_wanted, bars = bar_of(asked, [each() for each in given])
    assert (is_wanted, [type(each) for each in bars]) == expected
