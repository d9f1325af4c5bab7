"""A threshold on a score: samples above it count as hallucinations, and are removed.

It keeps a given share of the samples in support that set it. Set it on one set of samples and use it on another: on the
samples that set it, its effect says little.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.fingerprints import differences

PUBLISHED_RETAINED = 0.96
"""Share of the samples in support that Aithal et al. 2024 keep."""


def as_suspicion(scores: Tensor) -> Tensor:
    """Replace nan by +inf: a sample without a score is the most suspicious.

    Args:
        scores: Any shape and units, higher where more suspect.

    Returns:
        Same shape, float32, with +inf for nan.

    Example:
        >>> as_suspicion(torch.tensor([1.0, torch.nan]))
        tensor([1., inf])
    """
    return scores.float().nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)


def check_retained(retained: float) -> None:
    """Raise a `ConfigurationError` if a share to keep is not in (0, 1]."""
    if not 0 < retained <= 1:
        raise ConfigurationError(f"expected `retained` in (0, 1], got {retained}; 0.96 is the paper's share")


@dataclass(frozen=True)
class Threshold:
    """The highest score that is kept.

    Args:
        value: In the units of the score; nan if there was no sample in support to set it.
        retained: Share of the samples in support to keep, in (0, 1].
        num_in_support: How many samples in support set it.
        score: Name of the score.
        set_on: Settings it is valid for, as plain data: model, sampler, number of steps ... Empty if unknown.
    """

    value: float
    retained: float
    num_in_support: int
    score: str = ""
    set_on: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_counts(
        cls, values: Tensor, in_support_counts: Tensor, retained: float = PUBLISHED_RETAINED, score: str = ""
    ) -> Self:
        """The smallest score that keeps the share: ``min { v : sum_{u <= v} n_u / N >= retained }``.

        Args:
            values: (V,) rising scores; for bins their *upper* edges, so that ``score <= threshold`` keeps a whole bin.
            in_support_counts: (V,) int64, number of in-support samples at each.
            retained: Share of in-support samples to keep, in (0, 1].
            score: Name of the score.

        Raises:
            ConfigurationError: If the share is not in (0, 1].

        Example:
            >>> Threshold.of_counts(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([48, 48, 4])).value
            2.0
        """
        check_retained(retained)
        kept = in_support_counts.cumsum(-1)
        total = int(kept[-1]) if kept.numel() else 0
        if total == 0:
            return cls(math.nan, retained, 0, score)
        is_enough = kept.double() / total >= retained
        return cls(values[is_enough.int().argmax()].item(), retained, total, score)

    @classmethod
    def at_retained(
        cls,
        scores: Tensor,
        in_support: Tensor | None = None,
        retained: float = PUBLISHED_RETAINED,
        score: str = "",
        set_on: Mapping[str, Any] | None = None,
    ) -> Self:
        """The same from the scores of samples.

        Args:
            scores: (N,).
            in_support: (N,) bool; only these count. If None, as without an oracle, all samples count.
            retained: Share of in-support samples to keep, in (0, 1].
            score: Name of the score.
            set_on: Settings it is valid for, see `Threshold`.

        Raises:
            ConfigurationError: If the share is not in (0, 1].

        Example:
            >>> threshold = Threshold.at_retained(torch.tensor([1.0, 2.0, 9.0]), torch.tensor([True, True, False]))
            >>> threshold.flags(torch.tensor([1.5, 2.5, torch.nan]))
            tensor([False,  True,  True])
        """
        counted = scores if in_support is None else scores[in_support]
        values, counts = torch.unique(as_suspicion(counted), return_counts=True)
        return replace(cls.of_counts(values, counts, retained, score), set_on=dict(set_on or {}))

    @property
    def is_known(self) -> bool:
        """Whether any sample in support set it. Otherwise it flags nothing."""
        return not math.isnan(self.value)

    def flags(self, scores: Tensor) -> Tensor:
        """Which samples it removes, (N,) bool; also those with score nan, unless the threshold itself is unknown.

        Args:
            scores: (N,).
        """
        return as_suspicion(scores) > torch.tensor(self.value, dtype=torch.float32, device=scores.device)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise a `ConfigurationError` if it was set on other settings than these."""
        if not self.set_on:
            raise ConfigurationError(
                f"threshold of {self.score or 'a score'}: expected one that says which model and sampler it was set "
                "on, got one that does not; set it again"
            )
        if found := differences(self.set_on, settings):
            raise ConfigurationError(
                f"threshold of {self.score or 'a score'}: expected the settings it was set on; {'; '.join(found)}; "
                "set it on samples of these settings"
            )

    def save(self, path: str | Path) -> None:
        """Write it to a JSON file, with what it was set on; an existing file is overwritten.

        Raises:
            ConfigurationError: If no sample set it, there is no such folder, or what it was set on is unknown.
        """
        if not self.is_known or not self.set_on:
            missing = "samples that set it" if not self.is_known else "what it was set on: model, sampler, steps"
            raise ConfigurationError(f"threshold of {self.score or 'a score'}: expected {missing}, got none")
        if not Path(path).parent.is_dir():
            raise ConfigurationError(f"threshold: expected an existing folder, got {Path(path).parent}; create it")
        write_aside(Path(path), self.to_json().encode())

    @classmethod
    def load(cls, path: str | Path, fingerprint: Mapping[str, Any]) -> Self:
        """Read a saved threshold for samples of the settings it was set on.

        Args:
            path: The file.
            fingerprint: Settings of the samples, as plain data: that of a watch, or `score_settings` of a store.

        Raises:
            ConfigurationError: If there is no such file, or it was set on other settings; the difference is shown.
        """
        threshold = cls.read(path)
        threshold.check(fingerprint)
        return threshold

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a saved threshold, whatever it was set on; `check` it before use.

        Raises:
            ConfigurationError: If there is no such file.
        """
        if not Path(path).is_file():
            raise ConfigurationError(f"threshold: expected a saved threshold, found none at {path}; set one first")
        return cls.from_json(Path(path).read_bytes().decode(errors="replace"))

    def to_json(self) -> str:
        """As text; `from_json` reads it."""
        return json.dumps({**asdict(self), "value": self.value if self.is_known else None})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ConfigurationError: If it is something else.
        """
        try:
            values = json.loads(text)
            value = math.nan if values["value"] is None else float(values["value"])
            read = cls(**{**values, "value": value, "set_on": dict(values.get("set_on", {}))})
            check_retained(read.retained)
            return read
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigurationError(
                f"threshold: expected what `to_json` writes, got {text[:80]!r} ({error}); set it again"
            ) from error
