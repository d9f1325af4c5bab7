"""Notes of the command line, printed once, however many processes there are."""

import os
import sys

from lightning.fabric.utilities.rank_zero import rank_zero_only

OTHER_RANKS = ("NODE_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""Environment variables of launchers that Lightning reads only once it has a trainer."""


def note(line: str) -> None:
    """Tell the user something that is not an error."""
    print(f"modeinterp: note: {line}", file=sys.stderr)


def is_first_process() -> bool:
    """Whether this is the process that writes, among those that a launcher has started or will start."""
    return rank_zero_only.rank == 0 and all(  # type: ignore[attr-defined]
        os.environ.get(name, "0") == "0" for name in OTHER_RANKS
    )
