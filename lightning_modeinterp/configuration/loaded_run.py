"""A run of yours in Python: its data, its trained model, and samples as ``predict`` draws them.

run = load_run("runs/gaussian_1d/seed_0")
batch = run.draw(10_000)
batch.samples, batch.verdict.hallucinated
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from lightning_modeinterp import checkpoint_paths, checkpoints, threads
from lightning_modeinterp.configuration.saved_config import data_of, generation_of, module_of, read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Drawing
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.modules.as_sampled import as_sampled
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.run_directory import RunDirectory

Command = Literal["predict", "test", "fit"]

COMMANDS: tuple[Command, ...] = ("predict", "test", "fit")
"""Commands whose config says how to draw; the first that has been run is used."""

AUTOCAST = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
OTHER_NAMES = {"None": "32-true", "32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
"""Other spellings that Lightning accepts for a precision."""


@dataclass(frozen=True)
class LoadedRun:
    """A run with its trained model; `load_run` makes it.

    Args:
        path: Its directory.
        config: The config that the command saved.
        data: Its data, with the settings of the samples in ``generation``.
        module: Its model, with the weights of the checkpoint, to be evaluated.
        checkpoint: The file of the weights; None if nothing was trained.
        autocast: Precision of the network; None for float32.
    """

    path: Path
    config: Mapping[str, Any]
    data: ModeInterpDataModule
    module: DiffusionModule
    checkpoint: Path | None
    autocast: torch.dtype | None

    @property
    def drawing(self) -> Drawing:
        """Draws its samples, block by block."""
        return replace(self.module.drawing(data=self.data), context=self.as_predicted)

    @contextmanager
    def as_predicted(self) -> Iterator[None]:
        """The precision and, on a CPU, the threads of ``predict``: both decide the last bits."""
        device, asked = self.module.device.type, self.data.generation
        num_numbers = asked.block_size * math.prod(self.data.sample_shape)
        with (
            as_sampled(self.module),
            torch.autocast(device, self.autocast, enabled=self.autocast is not None),
            threads.as_chosen(self.config.get("num_threads"), num_numbers) if device == "cpu" else nullcontext(),
        ):
            yield

    def draw(self, num_samples: int | None = None, purpose: str = "predict") -> GeneratedBatch:
        """Draw and judge samples; those of ``predict`` with the same config, bit for bit.

        Args:
            num_samples: How many; as in the config if None.
            purpose: Selects the noise: ``predict``, ``test``, or any other name.
        """
        return self.drawing.draw(num_samples, purpose)


def load_run(
    path: str | Path,
    command: Command | None = None,
    ckpt_path: str | Path | None = None,
    device: torch.device | str = "cpu",
) -> LoadedRun:
    """Load a run of yours from its run directory. The classes in its config are imported.

    Args:
        path: The run directory.
        command: The command whose saved config is read; the first of predict, test and fit that was run if None.
        ckpt_path: The checkpoint, ``last`` or ``best``; its averaged weights are used if it has some. If None, the one
            in the config, or ``checkpoints/last.ckpt``.
        device: Where to put the model.

    Raises:
        ConfigurationError: If there is no config or no checkpoint, a class is not found, or the weights are of another
            model.
    """
    folder = Path(path)
    config = read_config(_config_file(folder, command))
    autocast = _autocast((config.get("trainer") or {}).get("precision"), torch.device(device))
    data = data_of(config)
    data.generation = generation_of(config)
    with torch.random.fork_rng(devices=[]):  # keeps the caller's random state
        module = module_of(config, data)
    checkpoint = _checkpoint(folder, config, ckpt_path)
    if checkpoint.is_file():
        _load_weights(module, data, checkpoint, config)
    elif ckpt_path is not None or (module.needs_checkpoint and not data.generation.true_score):
        raise ConfigurationError(
            f"load_run: expected a checkpoint, found none at {checkpoint}; run fit first, or give ckpt_path"
        )
    data.generation.check(module.noise_schedule, data.sample_shape)
    data.check_generation()
    module.to(device).eval()
    return LoadedRun(folder, config, data, module, checkpoint if checkpoint.is_file() else None, autocast)


def _config_file(folder: Path, command: Command | None) -> Path:
    files = [folder / f"config_{each}.yaml" for each in (COMMANDS if command is None else (command,))]
    for file in files:
        if file.is_file():
            return file
    raise ConfigurationError(
        f"load_run: expected a run directory with {' or '.join(file.name for file in files)}, found none in {folder}; "
        "give the folder that fit prints at its end"
    )


def _checkpoint(folder: Path, config: Mapping[str, Any], asked: str | Path | None) -> Path:
    """The file of the weights; the run may have been moved since its config was saved."""
    last, named = folder / "checkpoints" / "last.ckpt", asked or config.get("ckpt_path") or "last"
    if named == "last":
        return last
    if named == "best":
        return checkpoint_paths.best_of(last)
    saved_in = RunDirectory(**(config.get("run") or {})).path
    is_own = asked is None and Path(named).is_relative_to(saved_in)
    return folder / Path(named).relative_to(saved_in) if is_own else Path(named)


def _load_weights(module: DiffusionModule, data: ModeInterpDataModule, path: Path, config: Mapping[str, Any]) -> None:
    checkpoint = checkpoints.read(path)
    if not config.get("allow_untrained"):
        checkpoints.check_trained(checkpoint, path)
    checkpoints.check_same_model(checkpoint["hyper_parameters"], config["model"], "predict")
    checkpoints.check_sample_shape(checkpoint["hyper_parameters"], data.sample_shape)
    checkpoints.load_weights(module, checkpoint, path)


def _autocast(precision: object, device: torch.device) -> torch.dtype | None:
    name = OTHER_NAMES.get(str(precision), str(precision))
    if name not in AUTOCAST:
        raise ConfigurationError(
            f"load_run: expected a run in {', '.join(AUTOCAST)}, got trainer.precision {precision}; draw with predict"
        )
    if name == "16-mixed" and device.type == "cpu":  # Lightning takes bfloat16 there
        return torch.bfloat16
    return AUTOCAST[name]
