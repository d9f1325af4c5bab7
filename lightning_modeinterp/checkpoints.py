"""The checkpoint that a command starts from, and whether it fits the config.

Lightning lets the hyper-parameters stored in a checkpoint silently win over the command line, and evaluates random
weights where no checkpoint is given. Both are refused here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import read_yaml
from lightning_modeinterp.fingerprints import differences, leaves, without
from lightning_modeinterp.moved_names import with_current_names
from lightning_modeinterp.run_directory import RunDirectory

DATA = "data"
"""Key of a checkpoint for the section ``data`` of its fit's config."""

ONLY_FOR_FIT = ("optimizer", "lr_scheduler", "seed", "compile_denoiser")
"""Hyper-parameters that say nothing about a trained model."""

HOW_IT_IS_COMPUTED = tuple(f"denoiser.init_args.{name}" for name in ("time_table", "hidden_precision", "is_fused"))
"""Hyper-parameters that may change after training; they are part of a sample store's fingerprint."""


PLACES = ("root", "folder", "folders", "path", "cache", "download")
"""Arguments of data that name files and how to get them; see `ModeInterpDataModule.content_of`."""

BESIDE_THE_TRUTH = ("batch_size", "seed", "size", "validation_size", "test_size", "support")
"""Arguments of data that set sizes, seeds and how samples are judged, but not the distribution."""


def read(path: str | Path, option: str = "ckpt_path") -> dict[str, Any]:
    """Read a checkpoint of this package; only tensors and plain data are unpickled.

    Args:
        path: The file.
        option: The option that named it, for the message.

    Raises:
        ConfigurationError: If the file is no checkpoint of a DiffusionModule made by this command line.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        if "_class_path" not in checkpoint["hyper_parameters"] or "state_dict" not in checkpoint:
            raise KeyError("_class_path")
    except (RuntimeError, UnpicklingError, KeyError, TypeError, ValueError, EOFError, OSError) as error:
        raise ConfigurationError(
            f"{option}: expected a checkpoint written by `modeinterp fit`, got {path} "
            f"({type(error).__name__}); it is damaged or from another program"
        ) from error
    return checkpoint


def check_same_model(stored: Mapping[str, Any], asked: Mapping[str, Any], command: str) -> None:
    """Refuse a config whose model is not that of the checkpoint.

    Args:
        stored: Hyper-parameters from the checkpoint, with ``_class_path``.
        asked: The ``model`` section of the config, with ``class_path`` and ``init_args``.
        command: For commands other than fit, settings that only matter to training are not compared.

    Raises:
        ConfigurationError: For the first value that differs.
    """
    left_out = () if command == "fit" else (*ONLY_FOR_FIT, *HOW_IT_IS_COMPUTED)
    for key, was, now in _differing(stored, asked, left_out):
        remedy = "remove it, or train a model with the new value"
        if key.startswith(ONLY_FOR_FIT):
            remedy = "remove it to resume, or start a new run from these weights (--init_from CKPT --run.name NAME)"
        raise ConfigurationError(
            f"model.{key}: expected {was}, with which the checkpoint was trained, got {now}; {remedy}"
        )


def check_same_network(stored: Mapping[str, Any], asked: Mapping[str, Any], path: str | Path) -> list[str]:
    """Refuse to start from the weights of another network, or of one that predicts something else.

    Args:
        stored: Hyper-parameters from the checkpoint, with ``_class_path``.
        asked: The ``model`` section of the config.
        path: Path of the checkpoint.

    Returns:
        Other settings of the model that differ from those of the weights, one phrase each.

    Raises:
        ConfigurationError: For the first value of the network that differs.
    """
    others = _differing(stored, asked, (*ONLY_FOR_FIT, *HOW_IT_IS_COMPUTED))
    for key, was, now in others:
        if key == "prediction" or key.startswith("denoiser."):
            raise ConfigurationError(
                f"model.{key}: expected {was}, as in the network whose weights are in {path}, got {now}; use "
                "that network, or start without --init_from"
            )
    return [f"model.{key} was {was} and is {now}" for key, was, now in others]


def _differing(
    stored: Mapping[str, Any], asked: Mapping[str, Any], left_out: Sequence[str]
) -> list[tuple[str, Any, Any]]:
    """Name, stored value and requested value of each setting that both have with different values."""
    wanted = {"_class_path": asked["class_path"], **asked.get("init_args", {})}
    was, now = (without(leaves(without(each, left_out)), left_out) for each in with_current_names((stored, wanted)))
    names = (name for name in was if name in now and not name.endswith("sample_shape"))
    return [(name.removeprefix("_"), was[name], now[name]) for name in names if was[name] != now[name]]


def load_weights(module: nn.Module, checkpoint: Mapping[str, Any], path: str | Path, option: str = "ckpt_path") -> None:
    """Load the weights of a checkpoint into a module, the averaged ones if it holds some.

    Args:
        module: A module with the same network.
        checkpoint: Its content.
        path: Its path.
        option: The option that named it, for the message.

    Raises:
        ConfigurationError: If they are of another network.
    """
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        problem = " ".join(str(error).split()[:40])
        raise ConfigurationError(f"{option}: expected weights of the run's model, got {path}: {problem}") from error


def check_sample_shape(stored: Mapping[str, Any], sample_shape: Sequence[int]) -> None:
    """Refuse samples of another shape than the network was made for.

    Args:
        stored: Hyper-parameters from the checkpoint.
        sample_shape: Sample shape of the data.

    Raises:
        ConfigurationError: If the shapes differ.
    """
    was = leaves(stored).get("denoiser.init_args.sample_shape")
    if was is not None and tuple(was) != tuple(sample_shape):
        raise ConfigurationError(
            f"data: expected samples of shape {tuple(was)}, for which the checkpoint's network was made, got "
            f"{tuple(sample_shape)}; use data of that shape, or train a model for these"
        )


def check_same_data(checkpoint: Mapping[str, Any], asked: Mapping[str, Any], is_other_meant: bool) -> str | None:
    """Refuse to judge a model by data other than it was trained on.

    Sizes, seed and oracle may differ: they do not change the distribution. A class is compared by its name without the
    module, since it may have moved.

    Args:
        checkpoint: With the section ``data`` of its fit's config; older ones do not have it.
        asked: The section ``data`` of the command's config.
        is_other_meant: Whether the user wants other data.

    Returns:
        A note for the user: that the data differ, as wanted, or could not be compared. None if they are the same.

    Raises:
        ConfigurationError: If they differ and that was not intended.
    """
    if DATA not in checkpoint:
        return (
            "ckpt_path: this checkpoint does not say what data it was trained on; an older version wrote it, or a "
            "Trainer without the command line"
        )
    was, now = (leaves({DATA: each}) for each in without_places(_truth(checkpoint[DATA]), _truth(asked)))
    found = differences(
        was, {name: value for name, value in now.items() if name in was}
    )  # older versions have fewer arguments
    if not found:
        return None
    if was["data.class_path"] != now["data.class_path"]:
        found = found[:1]  # the arguments of another class differ anyway
    line = f"{'; '.join(found)}: the model was trained on other data than those that judge it here"
    if not is_other_meant:
        raise ConfigurationError(f"{line}; remove it, or give --allow_other_data true if you mean it")
    return line


def without_places(*sections: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sections ``data`` of configs without file paths, if all of them have a hash of the content.

    If one has none, as for files that are still to be downloaded, only the paths can be compared.
    """
    arguments = [each.get("init_args") or {} for each in sections]
    left_out = PLACES if all(each.get("content") for each in arguments) else ("content",)
    return [
        {**section, "init_args": without(each, left_out)} for section, each in zip(sections, arguments, strict=True)
    ]


def _truth(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``data`` that set the distribution; for a model's samples, that of the original data."""
    if "original" in (data.get("init_args") or {}):
        return _truth(data["init_args"]["original"])
    name = data["class_path"].rpartition(".")[2]
    return {"class_path": name, "init_args": without(data.get("init_args") or {}, BESIDE_THE_TRUTH)}


def check_trained(checkpoint: Mapping[str, Any], path: str | Path, option: str = "ckpt_path") -> None:
    """Refuse untrained weights.

    Args:
        checkpoint: The checkpoint to evaluate or start from.
        path: Its path.
        option: The option that named it, for the message.

    Raises:
        ConfigurationError: If it was written before the first update, or before weight averaging had started.
    """
    reason = "no update" if checkpoint.get("global_step") == 0 else None
    if "averaging_state" in checkpoint and int(checkpoint["averaging_state"]["n_averaged"]) == 0:
        average, weights = checkpoint["state_dict"], checkpoint["current_model_state"]
        if not all(torch.equal(average[name], weights[name]) for name in weights):
            reason = "a weight average that had not started"
    if reason:
        raise ConfigurationError(
            f"{option}: expected trained weights, got {reason} in {path}, which are the random initial "
            "ones; train further with fit --ckpt_path last (--allow_untrained true if you mean it)"
        )


def check_same_run(run: RunDirectory, asked: Mapping[str, Any]) -> None:
    """Refuse to resume a fit with other data or another seed.

    Args:
        run: The run directory, whose ``config_fit.yaml`` has the settings of the fit.
        asked: The config of the command.

    Raises:
        ConfigurationError: If data or seed differ.
    """
    saved = run.path / "config_fit.yaml"
    if not saved.is_file():
        return
    began = read_yaml(saved)
    if not isinstance(began, Mapping):
        raise ConfigurationError(
            f"{saved}: expected the config with which the fit began, got something else; restore it, or train under "
            "another --run.name"
        )
    keys = ("seed_everything", "data")
    was, now = ({key: each.get(key) for key in keys} for each in (began, asked))
    sections = without_places(was["data"] or {}, now["data"] or {})
    if found := differences(*({**each, "data": data} for each, data in zip((was, now), sections, strict=True))):
        raise ConfigurationError(
            f"{'; '.join(found)}: the fit in {run.path} began so; remove it, or train under another --run.name "
            "(with its weights: --init_from)"
        )


def check_averaging(checkpoint: Mapping[str, Any], is_averaging: bool) -> None:
    """Refuse to resume from averaged weights as if they were the trained ones.

    Raises:
        ConfigurationError: If the checkpoint was written with weight averaging and the config has none.
    """
    if "averaging_state" in checkpoint and not is_averaging:
        raise ConfigurationError(
            "trainer.callbacks: expected the EMAWeightAveraging with which the fit began, got none; without it "
            "training would resume from the averaged weights"
        )
