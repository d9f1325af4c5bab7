"""The noise schedule of a diffusers folder, from its ``scheduler_config.json``.

A scheduler in diffusers is a schedule with a sampler: betas and prediction type say how a model was trained, all else
how it is sampled. Only the first is read here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules.base import check_num_steps
from lightning_modeinterp.diffusion.noise_schedules.betas import BetaSchedule, cosine_betas
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.errors import ConfigurationError

FILE = "scheduler_config.json"

PREDICTIONS: dict[str, PredictionType] = {"epsilon": "eps", "sample": "x_0", "v_prediction": "v"}
"""Names of prediction types in diffusers, and ours."""


class DiffusersSchedule(BetaSchedule):
    """The noise levels on which a diffusers model was trained; the library itself is not needed.

    Args:
        path: The folder of a saved pipeline, with ``scheduler_config.json`` in it or in its folder ``scheduler``.

    Raises:
        ConfigurationError: If there is no such file, or its noise is not supported: not variance preserving, without
            signal at the last step, or with unknown betas.
    """

    def __init__(self, path: str | Path) -> None:
        file = scheduler_file(path)
        config = read_config(file)
        num_steps = int(_number(file, config, "num_train_timesteps", 1000))
        check_num_steps(num_steps)
        betas = _betas(file, config, num_steps)
        if not ((betas > 0) & (betas < 1)).all():
            raise ConfigurationError(
                f"{file}: expected betas between 0 and 1, got {betas.min():.4g} to {betas.max():.4g}"
            )
        super().__init__(betas)
        kind = config.get("prediction_type", "epsilon")
        if kind not in PREDICTIONS:
            raise ConfigurationError(f"{file}: expected prediction_type {', '.join(PREDICTIONS)}, got {kind}")
        self.trained_prediction = PREDICTIONS[kind]


def scheduler_file(path: str | Path) -> Path:
    """The config file in the folder of a saved pipeline or scheduler.

    Raises:
        ConfigurationError: If there is none.
    """
    files = [Path(path) / "scheduler" / FILE, Path(path) / FILE]
    for file in files:
        if file.is_file():
            return file
    raise ConfigurationError(
        f"{path}: expected a folder of the diffusers library with scheduler/{FILE}, found none; save a pipeline there, "
        "or unet and scheduler into folders of these names"
    )


def read_config(file: Path) -> dict[str, Any]:
    """Read a JSON file of named values.

    Raises:
        ConfigurationError: If it has other content.
    """
    try:
        config = json.loads(file.read_bytes())
    except (ValueError, OSError):
        config = None
    if not isinstance(config, dict):
        raise ConfigurationError(f"{file}: expected JSON with named values, as save_pretrained writes it")
    return config


def _betas(file: Path, config: Mapping[str, Any], num_steps: int) -> Tensor:
    """Betas (T,) float64, cleanest step first."""
    _check_noise(file, config)
    if config.get("trained_betas") is not None:
        return _trained(file, config["trained_betas"], num_steps)
    start, end = _number(file, config, "beta_start", 1e-4), _number(file, config, "beta_end", 0.02)
    kind = config.get("beta_schedule")
    if kind == "linear":
        return torch.linspace(start, end, num_steps, dtype=torch.float64)
    if kind == "scaled_linear":
        return torch.linspace(start**0.5, end**0.5, num_steps, dtype=torch.float64).square()
    if kind == "squaredcos_cap_v2":
        return cosine_betas(num_steps)
    if kind == "sigmoid":
        return start + (end - start) * torch.linspace(-6, 6, num_steps, dtype=torch.float64).sigmoid()
    raise ConfigurationError(
        f"{file}: expected beta_schedule linear, scaled_linear, squaredcos_cap_v2 or sigmoid, or trained_betas, got "
        f"{kind}"
    )


def _check_noise(file: Path, config: Mapping[str, Any]) -> None:
    """Refuse noise that betas cannot express."""
    if "beta_schedule" not in config and "trained_betas" not in config:
        raise ConfigurationError(
            f"{file}: expected a schedule of betas, which is variance preserving, got "
            f"{config.get('_class_name', 'a scheduler')} without any; `watch` sees such a model in its own pipeline"
        )
    if config.get("rescale_betas_zero_snr"):
        raise ConfigurationError(
            f"{file}: expected some signal at every step, got rescale_betas_zero_snr, which leaves none at the last "
            "one, where sigma / alpha is infinite"
        )
    if config.get("timestep_type", "discrete") != "discrete":
        raise ConfigurationError(f"{file}: expected timestep_type discrete, got {config['timestep_type']}")


def _trained(file: Path, values: Any, num_steps: int) -> Tensor:
    is_list = isinstance(values, list) and all(isinstance(each, int | float) for each in values)
    if not is_list or len(values) != num_steps:
        raise ConfigurationError(
            f"{file}: expected trained_betas as a list of num_train_timesteps = {num_steps} numbers, got "
            f"{len(values) if isinstance(values, list) else type(values).__name__}"
        )
    return torch.tensor(values, dtype=torch.float64)


def _number(file: Path, config: Mapping[str, Any], name: str, default: float) -> float:
    value = config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ConfigurationError(f"{file}: expected {name} to be a number >= 0, got {value!r}")
    return value
