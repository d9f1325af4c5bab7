"""End quietly when the reader of our output has closed the pipe."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BROKEN_PIPE = 128 + signal.SIGPIPE


@contextmanager
def ended_where_nobody_reads() -> Iterator[None]:
    """End quietly when nobody reads the output any more, as with ``| head``, with the exit status of a shell.

    Raises:
        SystemExit: In that case.
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
