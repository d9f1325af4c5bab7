"""What is printed goes to somebody, or the command ends without a word."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BROKEN_PIPE = 128 + signal.SIGPIPE


@contextmanager
def ended_where_nobody_reads() -> Iterator[None]:
    """End where nobody reads what is printed any more, as behind ``| head``; with the status that a shell gives it.

    Raises:
        SystemExit: Then.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if _is_read():  # another pipe is broken
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python says so at its end
        raise SystemExit(BROKEN_PIPE) from None


def _is_read() -> bool:
    """Ask the system: Python forgets what it could not write, so that a second attempt does not fail."""
    try:
        watched = sys.stdout.fileno()
    except OSError:  # not a file
        return True
    asked = select.poll()
    asked.register(watched, select.POLLOUT)
    return not any(event & select.POLLERR for _, event in asked.poll(0))
