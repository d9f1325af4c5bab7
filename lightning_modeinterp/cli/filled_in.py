"""What a config leaves out and the command line fills in, so that the saved config says it."""

from importlib import import_module
from typing import Any

from jsonargparse import Namespace


def fill_seeds(config: Namespace) -> None:
    """Let every seed that is left out follow ``seed_everything``, and be seen in the saved config."""
    for key in ("data.init_args.seed", "model.init_args.seed", "generation.seed"):
        if key in config and config[key] is None:
            config[key] = config.seed_everything


def fill_content(data: Any) -> None:
    """Let data whose config names places alone say what lies there; see `ModeInterpDataModule.content_of`."""
    if isinstance(data, Namespace) and data.get("class_path"):
        module, _, name = data.class_path.rpartition(".")
        made: Any = getattr(import_module(module), name)
        if (content := made.content_of(data.init_args.as_dict())) is not None:
            data.init_args.content = content
        fill_content(data.init_args.get("original"))
