"""The data of a run, by the config that it saved.

A config names classes, so this is for a run of one's own. A sample store, which may come from anybody, is never asked.
"""

from pathlib import Path
from typing import cast

import yaml
from jsonargparse import ArgumentParser

from lightning_modeinterp.data import ModeInterpDataModule


def data_of(config: Path) -> ModeInterpDataModule:
    """The data that a command was given.

    Args:
        config: The config that it saved in its run directory.
    """
    parser = ArgumentParser()
    parser.add_subclass_arguments(ModeInterpDataModule, "data")
    settings = parser.parse_object({"data": yaml.safe_load(config.read_text())["data"]})
    return cast(ModeInterpDataModule, parser.instantiate_classes(settings).data)
