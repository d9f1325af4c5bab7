"""Settings that the scores of a watch depend on, as plain data: a threshold is valid for equal settings only."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.trajectories import Window

NETWORKS = ("unet", "transformer", "prior")
"""Names of the network in pipelines."""


def settings_of(
    pipeline: Any | None, scheduler: Any | None, windows: Mapping[str, Window], num_steps: int
) -> dict[str, Any]:
    """Network, weights, scheduler, number of steps and windows.

    Arguments of a call (a guidance scale, a prompt) are not included: add them yourself if they vary.

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
    """The value after a round trip through JSON."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
