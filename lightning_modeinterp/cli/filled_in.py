"""Values that a config leaves out and the command line fills in, so that the saved config has them."""

from importlib import import_module
from typing import Any

from jsonargparse import Namespace


def fill_seeds(config: Namespace) -> None:
    """Set every seed that is left out to ``seed_everything``, so that the saved config shows it."""
    for key in ("data.init_args.seed", "model.init_args.seed", "generation.seed"):
        if key in config and config[key] is None:
            config[key] = config.seed_everything


def fill_content(data: Any) -> None:
    """Add a hash of the files for data whose config only has their paths; see `ModeInterpDataModule.content_of`."""
    if isinstance(data, Namespace) and data.get("class_path"):
        module, _, name = data.class_path.rpartition(".")
        made: Any = getattr(import_module(module), name)
        if (content := made.content_of(data.init_args.as_dict())) is not None:
            data.init_args.content = content
        fill_content(data.init_args.get("original"))
