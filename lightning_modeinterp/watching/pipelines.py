"""The variance of x_0_hat, and any other observer, for any model and sampling loop."""

from collections.abc import Mapping, Sequence
from typing import Any

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import TrajectoryObserver, Window
from lightning_modeinterp.trajectories.window import named_windows
from lightning_modeinterp.watching.seen import Seen


def watch(
    pipeline: Any | None = None,
    windows: Mapping[str, Window | tuple[float, float]] | None = None,
    observers: Mapping[str, TrajectoryObserver[Any]] | None = None,
    noise_to_signal: Sequence[float] | None = None,
) -> Seen:
    """Watch the predictions of a sampling loop, without changing its samples.

    x_0_hat is the scheduler's input, so in a guided pipeline it is the guided one. Its variance is computed in float64
    and holds one batch in memory, for any number of steps.

    Args:
        pipeline: A diffusers pipeline, or the scheduler of your own loop. None for a loop without a scheduler, which
            calls `Seen.see` at each step.
        windows: Parts of the trajectory by name; a pair is the lowest and highest sigma / alpha, both included.
        observers: Further statistics by name.
        noise_to_signal: For a loop without a scheduler, sigma / alpha of all its steps, noisiest first. Required by
            observers and windows that count steps.

    Returns:
        The watch, a context manager for ``with``.

    Raises:
        ConfigurationError: For a pipeline without a scheduler, an unknown scheduler, or nothing to watch.

    Example:
        >>> import torch
        >>> with watch(windows={"late": (0.1, 0.5)}) as seen:
        ...     for noise_to_signal in (2.0, 0.5, 0.3, 0.1):
        ...         seen.see(torch.full((8, 2), noise_to_signal), noise_to_signal)
        >>> seen.scores["variance/late"].shape
        torch.Size([8])
    """
    if not windows and not observers:
        raise ConfigurationError(
            "watch: expected windows or observers, got none; give for example windows={'late': (0.0, 0.5)}"
        )
    scheduler = None if pipeline is None else scheduler_of(pipeline)
    if scheduler is not None and noise_to_signal is not None:
        raise ConfigurationError(
            f"watch: expected the levels of the {type(scheduler).__name__} alone, got noise_to_signal; remove it"
        )
    return Seen(named_windows(windows or {}), observers or {}, noise_to_signal, scheduler, pipeline)


def scheduler_of(pipeline: Any) -> Any:
    """The scheduler of a pipeline, or the argument if it is one.

    Raises:
        ConfigurationError: If there is none.
    """
    scheduler = getattr(pipeline, "scheduler", pipeline if callable(getattr(pipeline, "step", None)) else None)
    if scheduler is None:
        raise ConfigurationError(
            f"watch: expected a pipeline with a scheduler, or a scheduler, got {type(pipeline).__name__} without one; "
            "pass x_0_hat yourself with watch(windows=...) and see(x_0_hat, noise_to_signal)"
        )
    return scheduler
