"""Which files are a family's own: without them the package and all other tests stand as before."""

import inspect
from functools import cache
from pathlib import Path

from lightning_modeinterp.reproduction import CLAIMS, PRESETS, Claim

from . import ROOT, is_named_for


def is_own(family: str, path: Path) -> bool:
    """Whether a file is a family's: its code, its claims, and whatever else is named for it.

    Pages and results are no one's: they tell what was found.

    Args:
        family: Its name.
        path: Relative to the repository.
    """
    if path.parts[0] == "lightning_modeinterp":
        return path.is_relative_to(f"lightning_modeinterp/data/{family}") or path in files_of_claims(family)
    return path.parts[0] in ("configs", "tests", "benchmarks") and is_named_for(family, path.as_posix())


@cache
def files_of_claims(family: str) -> set[Path]:
    """Where the claims of a family stand."""
    return {Path(inspect.getfile(type(CLAIMS[name]))).relative_to(ROOT) for name in claims_of(family)}


def claims_of(family: str) -> list[str]:
    """Names of the claims that run an experiment of the family."""
    return [name for name, claim in CLAIMS.items() if any(is_named_for(family, each) for each in _configs_of(claim))]


def _configs_of(claim: Claim) -> set[str]:
    needs = claim.needs(PRESETS["cpu"])
    return {draw.fit.config for draw in (*needs.samples, *needs.tested)}
