"""Hallucinations of diffusion models on PyTorch Lightning: mode interpolation, trajectory variance, detection."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lightning_modeinterp import moved_names

if TYPE_CHECKING:
    from lightning_modeinterp.configuration.loaded_run import load_run
    from lightning_modeinterp.trajectories import TrajectoryWatch, trajectory_variance
    from lightning_modeinterp.watching import watch

__all__ = ["TrajectoryWatch", "load_run", "trajectory_variance", "watch"]

# Threads that wait for a late one sleep instead of spinning, so that it gets a core on a busy machine. OpenMP reads
# this when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

# Imported on first use: torch takes seconds, and help and the version do not need it. No class that a config can name
# is among them, since the command line would then save it under this shorter name.
_HOMES = {
    "TrajectoryWatch": "trajectories",
    "load_run": "configuration.loaded_run",
    "trajectory_variance": "trajectories",
    "watch": "watching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


moved_names.install()
