"""A statement of the paper that can be tested by running it."""

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
    """The runs that a claim needs.

    Args:
        samples: Drawn by ``predict``.
        tested: Judged by ``test``.
    """

    samples: Sequence[Draw] = ()
    tested: Sequence[Draw] = ()


class Claim(ABC):
    """Runs, statistic, rule and figures of one statement.

    A subclass sets class attributes, the runs that it `needs`, and its `findings` on them. All three methods depend
    only on the preset, and read the same cached runs.
    """

    name: ClassVar[str]
    sentence: ClassVar[str]
    """The paper's statement, in our words."""

    figures: ClassVar[tuple[str, ...]]
    """Figures of the paper that show it, such as ``5_1``."""

    rule: ClassVar[str]
    """The measurement and the bound, written before the run. See `Finding` for how a verdict follows."""

    def missing(self, preset: Preset) -> str | None:
        """What the claim needs and this machine lacks, in a few words; None if it can be tested here.

        Such a claim is skipped when all claims are run.
        """
        return None

    @abstractmethod
    def needs(self, preset: Preset) -> Needs:
        """All runs that the claim is measured on."""

    @abstractmethod
    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Measure on the finished runs: one finding for each question."""

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Draw into an existing folder, from the runs of the first seed; returns the files.

        A figure of all seeds against the bounds is drawn for every claim; by default there is no other.
        """
        return []
