"""Commands that run others, and signals."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from lightning_modeinterp.cli.stopping import STOPPED_BY, stopped_by_signals


def handlers():
    return [signal.getsignal(each) for each in STOPPED_BY]


@pytest.fixture(autouse=True)
def _restored():
    before = handlers()
    yield
    for each, handler in zip(STOPPED_BY, before, strict=True):
        signal.signal(each, handler)


def test_a_signal_ends_it_in_one_line_and_a_second_is_ignored(capsys):
    with pytest.raises(SystemExit) as stopped, stopped_by_signals("recurse"):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    assert stopped.value.code == 143
    assert capsys.readouterr().err == "modeinterp: recurse: stopped by SIGTERM; the same command resumes it\n"


def test_afterwards_signals_do_what_they_did():
    before = handlers()
    with stopped_by_signals("recurse"):
        assert handlers() != before
    assert handlers() == before
    with pytest.raises(ValueError, match="a fault"), stopped_by_signals("recurse"):
        raise ValueError("a fault")
    assert handlers() == before


def test_in_another_thread_signals_are_left_alone():
    def within():
        with stopped_by_signals("recurse"):
            return handlers()

    with ThreadPoolExecutor() as pool:
        assert pool.submit(within).result() == handlers()
