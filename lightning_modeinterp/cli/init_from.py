"""A fit that begins with the weights of another, and with nothing else of it: ``--init_from CKPT``.

Optimiser, schedule, data, callbacks and logs are new, and so is the count of steps. A checkpoint keeps the record of
what its fit began with, and of what that one began with.
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
"""Where a checkpoint says what its fit began with."""


@dataclass(frozen=True)
class InitialWeights:
    """Weights that a fit begins with.

    Args:
        path: The checkpoint, as the user gave it.
        checkpoint: What is in it.
        others: What of the model is not as it was when they were trained.
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
            is_untrained_meant: Whether weights before their first update are wanted.

        Raises:
            ConfigurationError: If there is no such checkpoint, it holds another network, or it is not trained.
        """
        if not Path(path).is_file():
            raise ConfigurationError(f"init_from: expected a checkpoint file, found none at {path}")
        checkpoint = checkpoints.read(path, "init_from")
        if not is_untrained_meant:
            checkpoints.check_trained(checkpoint, path, "init_from")
        others = checkpoints.check_same_network(checkpoint["hyper_parameters"], model, path)
        return cls(path, checkpoint, tuple(others))

    def load(self, module: DiffusionModule) -> None:
        """Give them to a module that is to be trained."""
        checkpoints.load_weights(module, self.checkpoint, self.path, "init_from")

    @property
    def is_averaged(self) -> bool:
        """Whether they are an average over training; a stripped checkpoint does not say it."""
        return "averaging_state" in self.checkpoint and int(self.checkpoint["averaging_state"]["n_averaged"]) > 0

    @property
    def record(self) -> dict[str, Any]:
        """What checkpoints of the new fit say of them."""
        return {
            "path": self.path,
            "global_step": self.checkpoint["global_step"],
            "is_averaged": self.is_averaged,
            "weights_sha256": weights_sha256(self.checkpoint["state_dict"]),
            RECORD: self.checkpoint.get(RECORD),
        }

    @property
    def said(self) -> str:
        """What the user is to know."""
        kind = "averaged weights" if self.is_averaged else "weights"
        line = f"init_from: a new run, with the {kind} of step {self.checkpoint['global_step']} in {self.path}"
        return "; ".join([line, *self.others])


def initial_weights(config: Namespace, command: str, model: Mapping[str, Any]) -> InitialWeights | None:
    """What a command without a checkpoint begins with; None for random weights.

    Args:
        config: Of the command.
        command: fit, validate, test or predict.
        model: The section ``model`` of the config as plain data.

    Raises:
        ConfigurationError: If the weights do not fit, or there is nothing to be trained.
    """
    if config.init_from is None:
        return None
    if command != "fit":
        raise ConfigurationError(
            f"init_from: expected for fit alone, got {config.init_from} for {command}; give --ckpt_path last or a file"
        )
    return InitialWeights.read(config.init_from, model, config.allow_untrained)


def began_with(asked: str | None, checkpoint: Mapping[str, Any]) -> str | None:
    """The file with whose weights a fit that goes on has begun; None for random ones.

    Args:
        asked: ``init_from``, as a second start of the same command has it beside ``--ckpt_path last``.
        checkpoint: From which it goes on.

    Raises:
        ConfigurationError: If another file is asked for.
    """
    began: str | None = (checkpoint.get(RECORD) or {}).get("path")
    if asked is None or (began is not None and Path(began).resolve() == Path(asked).resolve()):
        return began
    raise ConfigurationError(
        f"init_from: expected {began or 'none'}, with which the fit that goes on began, got {asked}; leave it to go "
        "on, or begin a new run under another --run.name without --ckpt_path"
    )


def refuse_two_beginnings(init_from: str | None, ckpt_path: str | None) -> None:
    """Refuse a fit that is to begin anew and to go on.

    Raises:
        ConfigurationError: If both are given, and a second start of the same command is not what is meant.
    """
    if init_from is not None and ckpt_path not in (None, "last"):
        raise ConfigurationError(
            f"init_from: expected no --ckpt_path beside it but last, got {ckpt_path}; --init_from begins a new run "
            "with weights alone, --ckpt_path goes on with optimiser, schedule and steps; leave one of them out"
        )


def without_paths(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The record without where the files lay, which may differ where the weights are the same."""
    if not record:
        return None
    return {**without(record, ("path",)), RECORD: without_paths(record[RECORD])}
