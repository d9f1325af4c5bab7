"""The file that ``--ckpt_path`` means, also ``last`` and ``best``.

Lightning's `ModelCheckpoint` stores the path of the best checkpoint in every checkpoint. Paths below the run directory
remain valid when it is moved.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.checkpoints import read
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.run_directory import RunDirectory

PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


def resolve(ckpt_path: str | Path | None, run: RunDirectory, command: str) -> str | None:
    """Path of the checkpoint to load, None to start without.

    Args:
        ckpt_path: The user's value: a file, ``last`` for the newest of the run directory, ``best`` for the one that a
            `ModelCheckpoint` rated best, or None.
        run: The run directory.
        command: fit, validate, test or predict. ``fit --ckpt_path last`` starts from scratch if there is no checkpoint.

    Raises:
        ConfigurationError: If the file does not exist.
    """
    if ckpt_path is None or (ckpt_path == "last" and command == "fit" and not run.last_checkpoint.exists()):
        return None
    path = run.last_checkpoint if ckpt_path in ("last", "best") else Path(ckpt_path)
    if not path.is_file():
        raise ConfigurationError(
            f"ckpt_path: expected a checkpoint file, found none at {path}; run fit first, or set --run.experiment and "
            "--run.name to a run that has one"
        )
    return str(best_of(path) if ckpt_path == "best" else path)


def best_of(last: Path) -> Path:
    """The checkpoint that a `ModelCheckpoint` of the fit rated best.

    Args:
        last: The newest checkpoint of the fit, which stores its path.

    Raises:
        ConfigurationError: If there is none, or more than one.
    """
    found = best_checkpoints(read(last).get("callbacks") or {}, last.parent)
    if len(found) != 1 or not found[0].is_file():
        raise ConfigurationError(
            f"ckpt_path: expected one best checkpoint recorded in {last}, found "
            f"{', '.join(str(each) for each in found) or 'none'}; give a file, or fit with -c trainer/best to keep one"
        )
    return found[0]


def best_checkpoints(states: Mapping[str, Any], folder: Path) -> list[Path]:
    """Best checkpoints by a metric, one per callback that keeps them.

    Args:
        states: Callback states of a checkpoint, by key.
        folder: Folder of that checkpoint; the others are there too, unless they were saved elsewhere.
    """
    found = (with_paths_in(state, folder) for key, state in states.items() if key.startswith("ModelCheckpoint"))
    return [Path(state["best_model_path"]) for state in found if state["monitor"] and state["best_model_path"]]


def with_paths_in(state: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The state of a `ModelCheckpoint` with its paths updated after its folder was moved.

    Args:
        state: The saved state.
        folder: Where the checkpoints are now. The path of a file that is not there is kept.
    """

    def moved(path: str) -> str:
        now = folder / Path(path).name
        return str(now) if path and Path(path).parent == Path(state["dirpath"]) and now.is_file() else path

    best = {moved(path): score for path, score in state["best_k_models"].items()}
    is_moved = any(moved(path) != path for path in state["best_k_models"])
    dirpath = str(folder) if is_moved else state["dirpath"]
    return {**state, **{name: moved(state[name]) for name in PATHS}, "best_k_models": best, "dirpath": dirpath}
