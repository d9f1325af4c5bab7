"""What scores of a watch depend on, in plain data: a threshold set on them holds for the same settings alone."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.trajectories import Window

NETWORKS = ("unet", "transformer", "prior")
"""What pipelines call the network that is sampled."""


def settings_of(
    pipeline: Any | None, scheduler: Any | None, windows: Mapping[str, Window], num_steps: int
) -> dict[str, Any]:
    """Network, weights, scheduler, number of steps and windows.

    What a call is given (a guidance scale, a prompt) is not seen, so it is not among them: add it yourself where it
    varies.

    Args:
        pipeline: A pipeline, a bare scheduler, or None.
        scheduler: Its scheduler, if it has one.
        windows: Windows by name.
        num_steps: Steps of a trajectory.
    """
    network = next((found for name in NETWORKS if (found := getattr(pipeline, name, None)) is not None), None)
    settings: dict[str, Any] = {
        "num_steps": num_steps,
        "windows": {name: _plain(asdict(window)) for name, window in windows.items()},
    }
    if scheduler is not None:
        config = {name: _plain(value) for name, value in dict(scheduler.config).items() if not name.startswith("_")}
        settings["scheduler"] = {"class": type(scheduler).__name__, **config}
    if network is not None:
        settings |= {"model": type(network).__name__, "weights_sha256": weights_sha256(network.state_dict())}
    return settings


def _plain(value: Any) -> Any:
    """The same as JSON would give it back."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
