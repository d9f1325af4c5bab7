"""Results that are overwritten: moved aside, and removed once the new start has written its own.

In the run directory, for each command:

    .moving_<command>     results that are being moved aside or back, one after the other
    .replaced_<command>   all of them, until the new start has a result
    .dropped_<command>    results that are being removed

A start that ends without a result leaves the directory as it was. After a kill at any moment, the next command that
locks the run directory completes the move.
"""

import os
import shutil
from pathlib import Path

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.run_directory import PRODUCTS, RESULT


class Replaced:
    """The earlier results of one command. Only the process that has locked the run directory may touch them.

    Args:
        folder: The run directory.
        command: fit, validate, test or predict.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self.folder = folder
        self.command = command
        self._moving, self._kept, self._dropped = (
            folder / f".{at}_{command}" for at in ("moving", "replaced", "dropped")
        )

    def move_aside(self) -> list[Path]:
        """Move the results aside. The target of a link stays where it is.

        Returns:
            Results that are links.

        Raises:
            ConfigurationError: If one cannot be moved.
        """
        there = [name for name in PRODUCTS[self.command] if os.path.lexists(self.folder / name)]
        try:
            for name in there:
                aside = self._moving / name
                aside.parent.mkdir(parents=True, exist_ok=True)
                if aside.suffix == ".yaml":  # other processes of this start may still read it
                    write_aside(aside, (self.folder / name).read_bytes())
                else:
                    (self.folder / name).rename(aside)
        except OSError as error:  # such as a mount point
            self._put_back()
            raise ConfigurationError(
                f"run.overwrite: expected results that can be moved aside, got {error.filename} ({error.strerror}); "
                "remove it, or choose another --run.name"
            ) from error
        if there:
            self._moving.rename(self._kept)
        return [self.folder / name for name in there if (self._kept / name).is_symlink()]

    def drop_if_written(self) -> bool:
        """Remove them if the new start has a result; returns whether nothing is left to remove."""
        if self._kept.exists() and self._has_result():
            self._drop()
        return not self._kept.exists()

    def settle(self, has_ended_well: bool = False) -> bool:
        """Once no start is running: remove them if the last start has a result, else restore them.

        Returns:
            Whether they were restored.
        """
        if self._dropped.exists():
            shutil.rmtree(self._dropped, ignore_errors=True)
        if self._moving.exists():
            self._put_back()
            return True
        if not self._kept.exists():
            return False
        if has_ended_well or self._has_result():
            self._drop()
            return False
        for name in PRODUCTS[self.command]:
            _remove(self.folder / name)  # partial output of the new start
        self._kept.rename(self._moving)
        self._put_back()
        return True

    def _has_result(self) -> bool:
        return self.command in RESULT and any(self.folder.glob(RESULT[self.command]))

    def _drop(self) -> None:
        self._kept.rename(self._dropped)  # in one step: no later command may restore one half
        shutil.rmtree(self._dropped, ignore_errors=True)

    def _put_back(self) -> None:
        for name in PRODUCTS[self.command]:
            if os.path.lexists(self._moving / name):
                _remove(self.folder / name)
                (self._moving / name).rename(self.folder / name)
        shutil.rmtree(self._moving, ignore_errors=True)


def _remove(path: Path) -> None:
    """Remove a folder or a file; of a link the link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
