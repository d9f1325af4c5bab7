"""A statement of the paper as an object that a sceptic can run."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw


@dataclass(frozen=True)
class Needs:
    """What has to be run before a claim can be decided.

    Args:
        samples: Drawn by ``predict``.
        tested: Judged by ``test``.
    """

    samples: Sequence[Draw] = ()
    tested: Sequence[Draw] = ()


class Claim(ABC):
    """Runs, statistic, rule and figure of one statement.

    A subclass says what it stands for in class attributes, what it `needs`, and what it finds there. All three methods
    are functions of the preset alone, and read the same kept runs.
    """

    name: ClassVar[str]
    sentence: ClassVar[str]
    """What the paper says, in our words."""

    figures: ClassVar[tuple[str, ...]]
    """Figures of the paper's summary that show it, such as ``5_1``."""

    rule: ClassVar[str]
    """What is measured and where the bound lies; written before the run. See `Finding` for how a verdict follows."""

    def missing(self, preset: Preset) -> str | None:
        """What this machine does not have and the claim needs, in a few words; None if it can be decided here.

        A claim that lacks something is left out where all claims are asked for.
        """
        return None

    @abstractmethod
    def needs(self, preset: Preset) -> Needs:
        """All runs."""

    @abstractmethod
    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Measure on the finished runs."""

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Draw into a folder that exists, from the runs of the first seed, and say what was drawn.

        A figure of all seeds against the bounds is drawn for every claim; by default there is no other.
        """
        return []
