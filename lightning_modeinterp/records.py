"""The records that cross rooms.

Names: ``x_0`` is a clean sample, ``x_t = alpha * x_0 + sigma * eps`` a noised one, ``x_0_hat`` the clean sample that
the model predicts from ``x_t``. ``gamma = -log SNR = 2 log(sigma / alpha)`` grows with the noise. Time ``t`` runs from
0 (data) to 1 (noise); sampling walks it backwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lightning_modeinterp.errors import ConfigurationError


@dataclass(frozen=True)
class NoiseLevel:
    """How much noise a batch carries; variance preserving, ``alpha^2 + sigma^2 = 1``.

    Args:
        t: Time in [0, 1], shape (B,) in training, (1,) in sampling where all samples stand at one level. A learned
            schedule gives gamma on a fixed scale in its place, which may go a little beyond.
        gamma: ``-log SNR`` at ``t``, same shape.

    Example:
        >>> level = NoiseLevel(t=torch.tensor([0.5]), gamma=torch.tensor([0.0]))
        >>> (level.sigma.square() + level.alpha.square()).allclose(torch.ones(1))
        True
    """

    t: Tensor
    gamma: Tensor

    @property
    def alpha(self) -> Tensor:
        """Scale of the signal, ``sqrt(sigmoid(-gamma))``; by its logarithm, since alpha^2 underflows before alpha."""
        return torch.exp(logsigmoid(-self.gamma) / 2)

    @property
    def sigma(self) -> Tensor:
        """Scale of the noise, ``sqrt(sigmoid(gamma))``."""
        return torch.exp(logsigmoid(self.gamma) / 2)

    @property
    def snr(self) -> Tensor:
        """Signal-to-noise ratio ``alpha^2 / sigma^2 = exp(-gamma)``."""
        return torch.exp(-self.gamma)

    @property
    def noise_to_signal(self) -> Tensor:
        """``sigma / alpha = exp(gamma / 2)``: the noise in units of the data."""
        return torch.exp(self.gamma / 2)

    def __getitem__(self, index: int | slice | Tensor) -> "NoiseLevel":
        return NoiseLevel(self.t[index], self.gamma[index])

    def __len__(self) -> int:
        return len(self.t)

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> "NoiseLevel":
        """The same levels elsewhere or in another precision."""
        return NoiseLevel(self.t.to(device=device, dtype=dtype), self.gamma.to(device=device, dtype=dtype))


@dataclass(frozen=True)
class SamplingStep:
    """One step of a reverse trajectory, as observers see it.

    Args:
        index: Steps that are left after this one: S - 1 at the first step (pure noise), 0 at the last.
        level: Noise level of ``x_t``, shape (1,).
        x_t: Current state, (B, *sample_shape), model units.
        x_0_hat: Clean sample predicted from ``x_t``, (B, *sample_shape), model units.
    """

    index: int
    level: NoiseLevel
    x_t: Tensor
    x_0_hat: Tensor


@dataclass(frozen=True)
class SupportVerdict:
    """What an oracle says of each sample.

    Args:
        kind: (N,) int8, an index into ``kinds``.
        mode: (N,) int64, the mode of the data that an in-support sample belongs to (the nearest one otherwise).
        kinds: Names of the kinds. The first two are always ``in_support`` and ``ambiguous``; the others are the ways
            in which a sample of this data can be a hallucination.
        details: What else the oracle found on each sample, by name; each (N, ...).
    """

    kind: Tensor
    mode: Tensor
    kinds: tuple[str, ...]
    details: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def joined(cls, verdicts: Sequence["SupportVerdict"]) -> "SupportVerdict":
        """The verdicts of one oracle on several batches, at least one, in a row."""
        first = verdicts[0]
        return replace(
            first,
            kind=torch.cat([verdict.kind for verdict in verdicts]),
            mode=torch.cat([verdict.mode for verdict in verdicts]),
            details={name: torch.cat([verdict.details[name] for verdict in verdicts]) for name in first.details},
        )

    @property
    def in_support(self) -> Tensor:
        """(N,) bool."""
        return self.kind == 0

    @property
    def hallucinated(self) -> Tensor:
        """(N,) bool. Ambiguous samples are neither in support nor hallucinated."""
        return self.kind >= 2

    def __getitem__(self, index: slice | Tensor) -> "SupportVerdict":
        return self._each(lambda values: values[index])

    def to(self, device: torch.device) -> "SupportVerdict":
        """The same verdict elsewhere."""
        return self._each(lambda values: values.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "SupportVerdict":
        details = {name: change(values) for name, values in self.details.items()}
        return replace(self, kind=change(self.kind), mode=change(self.mode), details=details)


@dataclass(frozen=True)
class GeneratedBatch:
    """Samples with everything that is known about them; the one record that metrics, callbacks and stores read.

    Args:
        index: (N,) int64, the number of each sample in its sample set.
        samples: (N, *sample_shape) float32, data units.
        trajectory_variance: (N, W) float32, model units squared, one column a window.
        windows: Names of the W windows.
        block_size: Samples in a block; sample ``i`` belongs to block ``i // block_size``.
        verdict: The oracle's judgement, None where the data have no oracle.
        statistics: What further observers made of each trajectory, and scores of the end points, by name; each
            (N, ...).
    """

    index: Tensor
    samples: Tensor
    trajectory_variance: Tensor
    windows: tuple[str, ...]
    block_size: int
    verdict: SupportVerdict | None = None
    statistics: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def block(self) -> Tensor:
        """(N,) int64, the block that each sample belongs to."""
        return self.index // self.block_size

    def scores(self, names: Sequence[str]) -> Tensor:
        """Statistics of one number a sample, side by side.

        Args:
            names: Their names.

        Returns:
            (N, len(names)) float64.

        Raises:
            ConfigurationError: If there is no such statistic, or it is not one number a sample.
        """
        for name in names:
            if name not in self.statistics or self.statistics[name].ndim != 1:
                known = [each for each, values in self.statistics.items() if values.ndim == 1]
                raise ConfigurationError(
                    f"scores: expected statistics of one number a sample, which are {', '.join(known) or 'none'}, got "
                    f"{name}; let the generation take it"
                )
        columns = [self.statistics[name].double() for name in names]
        return torch.stack(columns, dim=1) if columns else self.samples.new_empty((len(self), 0), dtype=torch.float64)

    def to(self, device: torch.device) -> "GeneratedBatch":
        """The same batch elsewhere; Lightning moves what it returns with this."""
        return replace(
            self,
            index=self.index.to(device),
            samples=self.samples.to(device),
            trajectory_variance=self.trajectory_variance.to(device),
            verdict=self.verdict.to(device) if self.verdict else None,
            statistics={name: values.to(device) for name, values in self.statistics.items()},
        )
