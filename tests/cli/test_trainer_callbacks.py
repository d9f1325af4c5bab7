import sys

import pytest
from lightning.pytorch.callbacks import RichProgressBar, Timer, TQDMProgressBar

from lightning_modeinterp.callbacks import FigureLogger, PlacedCheckpoints, StepsBar
from lightning_modeinterp.cli.trainer_callbacks import with_bar, with_ours


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
    is_wanted, callbacks = with_bar(asked, [each() for each in given])
    assert (is_wanted, [type(each) for each in callbacks]) == (expected[0], [*given, *expected[1]])


@pytest.mark.parametrize("asked", [None, [], [TQDMProgressBar()], TQDMProgressBar(), [FigureLogger(max_samples=0)]])
def test_ours_unless_one_of_their_class_is_given(asked):
    kinds = [type(each) for each in with_ours(asked)]
    assert len(set(kinds)) == len(kinds)
    assert {FigureLogger, PlacedCheckpoints} <= set(kinds)
    assert (TQDMProgressBar in kinds) is ("TQDM" in str(asked))
