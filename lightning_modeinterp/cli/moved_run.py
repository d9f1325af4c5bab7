"""A run directory that has been renamed or moved since it saved its config."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lightning_modeinterp.configuration.saved_config import read_config
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.run_directory import PRODUCTS, RunDirectory

SAVED = tuple(f"config_{command}.yaml" for command in PRODUCTS)


def refuse_moved(given: Sequence[str], run: RunDirectory) -> None:
    """Refuse ``--ckpt_path last`` with the saved config of a run that has been moved.

    Args:
        given: Arguments of the command line.
        run: The run directory that they lead to.

    Raises:
        ConfigurationError: If a given config was saved in ``run`` but now lies in another folder.
    """
    for file in _configs(given):
        folder = file.resolve().parent
        if file.name not in SAVED or not (folder / "checkpoints").is_dir() or folder == run.path.resolve():
            continue
        if RunDirectory(**read_config(file)["run"]).path == run.path:  # and no other run is asked for
            raise ConfigurationError(
                f"run: expected {file} in {run.path}, where it was saved, got it in {folder}, so the run has moved; "
                f"give --run.root {folder.parents[1]} --run.experiment {folder.parent.name} --run.name {folder.name}"
            )


def _configs(given: Sequence[str]) -> Iterator[Path]:
    before = ""
    for argument in given:
        name, _, value = argument.partition("=")
        if before in ("-c", "--config"):
            yield Path(argument)
        elif name in ("-c", "--config") and value:
            yield Path(value)
        before = argument
