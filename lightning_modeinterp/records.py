"""Records that several modules share.

Names: ``x_0`` is a clean sample, ``x_t = alpha * x_0 + sigma * eps`` a noised one, ``x_0_hat`` the clean sample that
the model predicts from ``x_t``. ``gamma = -log SNR = 2 log(sigma / alpha)`` grows with the noise. Time ``t`` runs from
0 (data) to 1 (noise); sampling walks it backwards.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lightning_modeinterp.errors import ConfigurationError

VARIANCE = "variance"
"""Prefix of the scores that are variances over a window."""


@dataclass(frozen=True)
class NoiseLevel:
    """Noise level of a batch; variance preserving, ``alpha^2 + sigma^2 = 1``.

    Args:
        t: Time in [0, 1], shape (B,) in training, (1,) in sampling where all samples share one level. A learned
            schedule gives gamma on a fixed scale instead, which may go slightly beyond.
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
        """Scale of the signal, ``sqrt(sigmoid(-gamma))``; computed in logs, since alpha^2 underflows before alpha."""
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
        """The levels on another device or in another precision."""
        return NoiseLevel(self.t.to(device=device, dtype=dtype), self.gamma.to(device=device, dtype=dtype))


@dataclass(frozen=True)
class SamplingStep:
    """One step of a reverse trajectory, as observers see it.

    Args:
        index: Steps left after this one: S - 1 at the first step (pure noise), 0 at the last.
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
    """An oracle's judgement of each sample.

    Args:
        kind: (N,) int8, an index into ``kinds``.
        mode: (N,) int64, the mode of the data that an in-support sample belongs to (the nearest one otherwise).
        kinds: Names of the kinds. The first two are always ``in_support`` and ``ambiguous``; the others are
            kinds of hallucination.
        details: Further findings of the oracle on each sample, by name; each (N, ...).
    """

    kind: Tensor
    mode: Tensor
    kinds: tuple[str, ...]
    details: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def joined(cls, verdicts: Sequence["SupportVerdict"]) -> "SupportVerdict":
        """Concatenate the verdicts of one oracle on at least one batch."""
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

    @property
    def ambiguous(self) -> Tensor:
        """(N,) bool."""
        return self.kind == 1

    def __getitem__(self, index: slice | Tensor) -> "SupportVerdict":
        return self._each(lambda values: values[index])

    def to(self, device: torch.device) -> "SupportVerdict":
        """The verdict on another device."""
        return self._each(lambda values: values.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "SupportVerdict":
        details = {name: change(values) for name, values in self.details.items()}
        return replace(self, kind=change(self.kind), mode=change(self.mode), details=details)


_UNKNOWN = torch.empty(0, dtype=torch.bool)


def variance_score(window: str) -> str:
    """Name of the score that is the variance over a window.

    Example:
        >>> variance_score("last_10")
        'variance/last_10'
    """
    return f"{VARIANCE}/{window}"


def check_score(name: str, scores: Collection[str]) -> None:
    """Check that a score is among those of some samples.

    Raises:
        ConfigurationError: If it is not.
    """
    if name not in scores:
        raise ConfigurationError(
            f"score: expected one of {', '.join(scores) or 'none'}, got {name}; add it to `generation`"
        )


def not_finite(samples: Tensor) -> Tensor:
    """Which samples (N, ...) hold a value that is not finite, (N,) bool."""
    return ~samples.flatten(1).isfinite().all(1)


@dataclass(frozen=True)
class GeneratedBatch:
    """Samples with all that is known about them; the record that metrics, callbacks and stores read.

    Args:
        index: (N,) int64, the number of each sample in its sample set.
        samples: (N, *sample_shape) float32, data units.
        scores: One number per sample, higher where it is more suspect, by name; each (N,) float32. The variance over
            a window is ``variance/<window>``, model units squared.
        block_size: Samples in a block; sample ``i`` belongs to block ``i // block_size``.
        verdict: The oracle's judgement, None if the data have no oracle.
        statistics: Further statistics of each trajectory, by name; each (N, ...).
        diverged: (N,) bool, which samples are not finite, or far outside the range of the data. They are in no rate.
            By default those that are not finite.
    """

    index: Tensor
    samples: Tensor
    scores: Mapping[str, Tensor]
    block_size: int
    verdict: SupportVerdict | None = None
    statistics: Mapping[str, Tensor] = field(default_factory=dict)
    diverged: Tensor = field(default_factory=lambda: _UNKNOWN)

    def __post_init__(self) -> None:
        if self.diverged is _UNKNOWN:
            object.__setattr__(self, "diverged", not_finite(self.samples))

    def __len__(self) -> int:
        return len(self.index)

    @property
    def block(self) -> Tensor:
        """(N,) int64, the block that each sample belongs to."""
        return self.index // self.block_size

    def score(self, name: str) -> Tensor:
        """One score, (N,) float32.

        Raises:
            ConfigurationError: If there is no such score.
        """
        check_score(name, self.scores)
        return self.scores[name]

    def sound(self) -> "GeneratedBatch":
        """The samples that have not diverged."""
        return self[~self.diverged] if self.diverged.any() else self

    @classmethod
    def joined(cls, batches: Sequence["GeneratedBatch"]) -> "GeneratedBatch":
        """Concatenate at least one batch of one sample set."""
        first, *others = batches
        if not others:
            return first
        verdicts = [batch.verdict for batch in batches if batch.verdict is not None]
        return replace(
            first,
            index=torch.cat([batch.index for batch in batches]),
            samples=torch.cat([batch.samples for batch in batches]),
            scores={name: torch.cat([batch.scores[name] for batch in batches]) for name in first.scores},
            verdict=SupportVerdict.joined(verdicts) if verdicts else None,
            statistics={name: torch.cat([batch.statistics[name] for batch in batches]) for name in first.statistics},
            diverged=torch.cat([batch.diverged for batch in batches]),
        )

    def __getitem__(self, rows: slice | Tensor) -> "GeneratedBatch":
        return self._each(lambda values: values[rows])

    def to(self, device: torch.device) -> "GeneratedBatch":
        """The batch on another device; Lightning calls this on what a step returns."""
        return self._each(lambda values: values.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "GeneratedBatch":
        return replace(
            self,
            index=change(self.index),
            samples=change(self.samples),
            scores={name: change(values) for name, values in self.scores.items()},
            verdict=self.verdict._each(change) if self.verdict else None,
            statistics={name: change(values) for name, values in self.statistics.items()},
            diverged=change(self.diverged),
        )
