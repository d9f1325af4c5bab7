"""Progress of many commands, with an estimate of the time left."""

import threading
import time
from collections.abc import Callable, Mapping


class Progress:
    """Report each command that starts and the time left, from the mean time of each kind of command so far.

    Args:
        say: Prints progress messages.
        clock: Clock in seconds; for tests.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._lock = threading.Lock()
        self._expected: dict[str, int] = {}
        self._seconds: dict[str, list[float]] = {}
        self._running: dict[str, float] = {}
        self._begun_at = clock()

    def expect(self, num_commands: Mapping[str, int]) -> None:
        """Set the number of commands of each kind still to run."""
        self._expected = dict(num_commands)
        self._begun_at = self._clock()

    def begun(self, command: str) -> None:
        """A command such as ``fit line_0-1a2b`` starts."""
        with self._lock:
            if command.split()[0] not in self._expected:
                return self._say(command)
            self._running[command] = self._clock()
            number, total = sum(map(len, self._seconds.values())) + len(self._running), sum(self._expected.values())
            is_further = number > total  # such as the samples of a figure
            self._say(command if is_further else f"[{number} of {total}] {command}{self._left()}")

    def ended(self, command: str) -> None:
        """It has ended."""
        with self._lock:
            kind = command.split()[0]
            self._seconds.setdefault(kind, []).append(self._clock() - self._running.pop(command))

    def _left(self) -> str:
        """Time left, once every remaining kind of command has been timed."""
        left = {kind: number - len(self._seconds.get(kind, [])) for kind, number in self._expected.items()}
        if any(number > 0 and kind not in self._seconds for kind, number in left.items()):
            return ""
        means = {kind: sum(seconds) / len(seconds) for kind, seconds in self._seconds.items()}
        work_left = sum(number * means[kind] for kind, number in left.items() if number > 0)
        work_done = sum(map(sum, self._seconds.values()))
        side_by_side = max(work_done / max(self._clock() - self._begun_at, 1e-9), 1e-9)
        return f" (about {_in_words(work_left / side_by_side)} left)"


def _in_words(seconds: float) -> str:
    """Format a time with a fitting unit.

    Example:
        >>> _in_words(42), _in_words(150), _in_words(9000)
        ('42 s', '2 min', '2.5 h')
    """
    return (
        f"{seconds:.0f} s"
        if seconds < 60
        else f"{seconds / 60:.0f} min"
        if seconds < 3600
        else f"{seconds / 3600:.1f} h"
    )
