"""Check that all measurements of a run have different names: in files and loggers one would overwrite the other."""

from collections.abc import Sequence

from lightning_modeinterp.data import Probe
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric


def check_names(metrics: Sequence[GenerationMetric], probes: Sequence[Probe]) -> None:
    """Raise if a probe uses a name of a metric or another probe.

    Args:
        metrics: Metrics of the samples, without updates so far.
        probes: Probes of the model.

    Raises:
        ConfigurationError: If a name occurs twice, or a probe does not name its numbers.
    """
    # the class's method, since the object's would synchronise the processes
    taken = {name: type(metric).__name__ for metric in metrics for name in type(metric).compute(metric)}
    for probe in probes:
        ours = type(probe).__name__
        if not probe.names:
            raise ConfigurationError(
                f"{ours}.names: expected the names of its numbers, got none; set them in the class"
            )
        for name in probe.names:
            for other, theirs in taken.items():
                if f"{other}/".startswith(f"{name}/"):
                    raise ConfigurationError(
                        f"{ours}.names: expected a unique name, got {name}, where {theirs} measures "
                        f"{other}; rename one of them"
                    )
        taken |= dict.fromkeys(probe.names, ours)
