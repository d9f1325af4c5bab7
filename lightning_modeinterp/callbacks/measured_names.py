"""No two of what a run measures have the same name: in its files and loggers one would take the place of the other."""

from collections.abc import Sequence

from lightning_modeinterp.data import Probe
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric


def check_names(metrics: Sequence[GenerationMetric], probes: Sequence[Probe]) -> None:
    """Raise where a probe measures what a metric or another probe is called.

    Args:
        metrics: Of the samples; they have seen none yet.
        probes: Of the model.

    Raises:
        ConfigurationError: If a name is there twice, or a probe does not say how its numbers are called.
    """
    # of the class, since that of the object asks the other processes
    taken = {name: type(metric).__name__ for metric in metrics for name in type(metric).compute(metric)}
    for probe in probes:
        ours = type(probe).__name__
        if not probe.names:
            raise ConfigurationError(
                f"{ours}.names: expected what its numbers are called, got none; say it in the class"
            )
        for name in probe.names:
            for other, theirs in taken.items():
                if f"{other}/".startswith(f"{name}/"):
                    raise ConfigurationError(
                        f"{ours}.names: expected a name that nothing else has, got {name}, where {theirs} measures "
                        f"{other}; rename one of them"
                    )
        taken |= dict.fromkeys(probe.names, ours)
