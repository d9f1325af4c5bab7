"""Where a run's best checkpoints are, as Lightning's `ModelCheckpoint` notes it in every checkpoint.

It notes paths. Those below the run directory go with it when it is moved.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


def best_checkpoints(states: Mapping[str, Any], folder: Path) -> list[Path]:
    """Best checkpoints by a metric, one for each callback that keeps them.

    Args:
        states: States of callbacks, by key, of a checkpoint.
        folder: Where that checkpoint lies, and those that it knows of unless they were put elsewhere.
    """
    found = (with_paths_in(state, folder) for key, state in states.items() if key.startswith("ModelCheckpoint"))
    return [Path(state["best_model_path"]) for state in found if state["monitor"] and state["best_model_path"]]


def with_paths_in(state: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The state of a `ModelCheckpoint` whose folder has been moved, as it is where the folder is now.

    Args:
        state: As it was noted.
        folder: Where the checkpoints are now. A file that is not there stays where it was noted.
    """

    def moved(path: str) -> str:
        now = folder / Path(path).name
        return str(now) if path and Path(path).parent == Path(state["dirpath"]) and now.is_file() else path

    best = {moved(path): score for path, score in state["best_k_models"].items()}
    is_moved = any(moved(path) != path for path in state["best_k_models"])
    dirpath = str(folder) if is_moved else state["dirpath"]
    return {**state, **{name: moved(state[name]) for name in PATHS}, "best_k_models": best, "dirpath": dirpath}
