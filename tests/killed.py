"""A process that dies at a change to the file system, played within this one."""

import os
import shutil
from pathlib import Path

OPERATIONS = ((os, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "write_bytes"), (Path, "mkdir"))


class Killed(BaseException):
    """The end of the process."""


def killed_at(patch, number, *others):
    """Let the process die before a change to the file system, or within it where a folder is removed.

    Args:
        patch: Undoes it.
        number: Which of the changes, from 1.
        others: Further functions that write, as pairs of the owner and the name.
    """
    count, remove = [0], shutil.rmtree

    def is_last():
        count[0] += 1
        return count[0] == number

    def dying(operation):
        def perform(*args, **kwargs):
            if is_last():
                raise Killed
            return operation(*args, **kwargs)

        return perform

    def half_removed(path, **kwargs):
        if is_last():
            for file in [each for each in Path(path).rglob("*") if each.is_file()][:1]:
                file.unlink()
            raise Killed
        remove(path, **kwargs)

    for owner, name in (*OPERATIONS, *others):
        patch.setattr(owner, name, dying(getattr(owner, name)))
    patch.setattr(shutil, "rmtree", half_removed)
