"""A fit that starts from the weights of another, and takes nothing else from it: ``--init_from CKPT``.

Optimiser, schedule, data, callbacks, logs and the step count are new. A checkpoint records the weights that its fit
started from, and those that these started from in turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from lightning_modeinterp import checkpoints
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fingerprints import weights_sha256, without
from lightning_modeinterp.modules import DiffusionModule

RECORD = "init_from"
"""Key of a checkpoint under which the initial weights of its fit are recorded."""


@dataclass(frozen=True)
class InitialWeights:
    """Initial weights of a fit.

    Args:
        path: The checkpoint, as the user gave it.
        checkpoint: Its content.
        others: Settings of the model that differ from those they were trained with.
    """

    path: str
    checkpoint: Mapping[str, Any]
    others: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str, model: Mapping[str, Any], is_untrained_meant: bool) -> "InitialWeights":
        """Read them.

        Args:
            path: The checkpoint.
            model: The section ``model`` of the config.
            is_untrained_meant: Whether to accept untrained weights.

        Raises:
            ConfigurationError: If there is no such checkpoint, its network differs, or it is not trained.
        """
        if not Path(path).is_file():
            raise ConfigurationError(f"init_from: expected a checkpoint file, found none at {path}")
        checkpoint = checkpoints.read(path, "init_from")
        if not is_untrained_meant:
            checkpoints.check_trained(checkpoint, path, "init_from")
        others = checkpoints.check_same_network(checkpoint["hyper_parameters"], model, path)
        return cls(path, checkpoint, tuple(others))

    def load(self, module: DiffusionModule) -> None:
        """Load them into a module before it is trained."""
        checkpoints.load_weights(module, self.checkpoint, self.path, "init_from")

    @property
    def is_averaged(self) -> bool:
        """Whether they are an average over training; a stripped checkpoint does not say."""
        return "averaging_state" in self.checkpoint and int(self.checkpoint["averaging_state"]["n_averaged"]) > 0

    @property
    def record(self) -> dict[str, Any]:
        """The record that checkpoints of the new fit keep."""
        return {
            "path": self.path,
            "global_step": self.checkpoint["global_step"],
            "is_averaged": self.is_averaged,
            "weights_sha256": weights_sha256(self.checkpoint["state_dict"]),
            RECORD: self.checkpoint.get(RECORD),
        }

    @property
    def said(self) -> str:
        """A line that tells the user."""
        kind = "averaged weights" if self.is_averaged else "weights"
        line = f"init_from: a new run, with the {kind} of step {self.checkpoint['global_step']} in {self.path}"
        return "; ".join([line, *self.others])


def initial_weights(config: Namespace, command: str, model: Mapping[str, Any]) -> InitialWeights | None:
    """Initial weights of a command without a checkpoint; None for random weights.

    Args:
        config: Config of the command.
        command: fit, validate, test or predict.
        model: The section ``model`` of the config as plain data.

    Raises:
        ConfigurationError: If the weights do not fit, or the command is not fit.
    """
    if config.init_from is None:
        return None
    if command != "fit":
        raise ConfigurationError(
            f"init_from: expected with fit only, got {config.init_from} with {command}; give --ckpt_path last or a file"
        )
    return InitialWeights.read(config.init_from, model, config.allow_untrained)


def began_with(asked: str | None, checkpoint: Mapping[str, Any]) -> str | None:
    """The file whose weights a resumed fit started from; None for random weights.

    Args:
        asked: ``init_from``, which a repeated command has beside ``--ckpt_path last``.
        checkpoint: The checkpoint it resumes from.

    Raises:
        ConfigurationError: If ``asked`` is another file.
    """
    began: str | None = (checkpoint.get(RECORD) or {}).get("path")
    if asked is None or (began is not None and Path(began).resolve() == Path(asked).resolve()):
        return began
    raise ConfigurationError(
        f"init_from: expected {began or 'none'}, which the resumed fit started from, got {asked}; remove it to "
        "resume, or start a new run with another --run.name and no --ckpt_path"
    )


def refuse_two_beginnings(init_from: str | None, ckpt_path: str | None) -> None:
    """Refuse a fit that would both start anew and resume.

    Raises:
        ConfigurationError: If both are given, unless ``ckpt_path`` is last, as in a repeated command.
    """
    if init_from is not None and ckpt_path not in (None, "last"):
        raise ConfigurationError(
            f"init_from: expected no --ckpt_path with it but last, got {ckpt_path}; --init_from starts a new run "
            "from weights alone, --ckpt_path resumes with optimiser, schedule and steps; remove one of them"
        )


def without_paths(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The record without file paths, which may differ for the same weights."""
    if not record:
        return None
    return {**without(record, ("path",)), RECORD: without_paths(record[RECORD])}
