"""A command that runs others stops together with them."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STOPPED_BY = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopped_by_signals(name: str) -> Iterator[None]:
    """Raise SystemExit on SIGTERM and Ctrl-C, so that the commands at work are stopped too.

    A second signal, as by two Ctrl-C, does not interrupt the first.

    Args:
        name: Name of the command, for its last line.
    """

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        for each in STOPPED_BY:
            signal.signal(each, signal.SIG_IGN)
        line = f"modeinterp: {name}: stopped by {signal.Signals(number).name}; the same command resumes it"
        print(line, file=sys.stderr)
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield  # no other thread gets signals
        return
    before = {each: signal.signal(each, stop) for each in STOPPED_BY}
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is stop:  # once stopped, further signals stay ignored until the end
                signal.signal(each, handler)
