"""Run what claims need in parallel, measure, and save the results.

Runs are cached commands, so claims share them, an interrupted reproduction is resumed, and a second one only measures.
Everything is in one directory:

    OUT/reproduction.json    preset, further options and version of the package
    OUT/runs/                the cached runs
    OUT/verdicts.json, table.md
    OUT/<claim>/             figures
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from lightning_modeinterp import __version__
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.reproduction import report
from lightning_modeinterp.reproduction.claim import Claim
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw, Fit, RankedPool, RunFailedError
from lightning_modeinterp.runs.progress import Progress
from lightning_modeinterp.runs.steps import keeps_behind

MARKER, RUNS, LOCK = "reproduction.json", "runs", ".reproduction.lock"
OVERVIEW = "seeds.png"

Begun = dict[str, Future[list[Future[object]]]]
"""By the key of a fit: its future, whose result is the futures of its draws."""


@dataclass
class Outcome:
    """The outcome of a claim: its findings, or why its runs failed."""

    claim: Claim
    findings: list[Finding] = field(default_factory=list)
    failure: str | None = None


@dataclass(frozen=True)
class Work:
    """A model and all its draws."""

    fit: Fit
    samples: tuple[Draw, ...]
    tested: tuple[Draw, ...]

    @property
    def needs_weights(self) -> bool:
        """Whether the model has to be trained."""
        return any(draw.needs_weights for draw in (*self.samples, *self.tested))

    def train(self, runs: CachedRuns) -> None:
        """Train the model, if one is needed and not cached."""
        if self.needs_weights:
            runs.checkpoint(self.fit)

    def draws(self, runs: CachedRuns) -> list[Callable[[], object]]:
        """Its draws, which can run in any order once it is trained."""
        samples = [partial(runs.samples, draw) for draw in self.samples]
        return [*samples, *(partial(runs.tested, draw) for draw in self.tested)]

    def seconds(self, runs: CachedRuns) -> float:
        """Total time of its commands; nan if not recorded."""
        fit = runs.seconds("fit", self.fit) if self.needs_weights else 0.0
        drawn = [runs.seconds("predict", draw) for draw in self.samples]
        return sum([fit, *drawn, *(runs.seconds("test", draw) for draw in self.tested)])


def reproduce(
    claims: Sequence[Claim], preset: Preset, out: str | Path, jobs: int, say: Callable[[str], None] = print
) -> list[Outcome]:
    """Test claims.

    Args:
        claims: At least one.
        preset: Sizes of the runs.
        out: Output directory; an interrupted reproduction with the same preset is resumed.
        jobs: Commands to run in parallel, >= 1.
        say: Prints progress messages and findings.

    Returns:
        One outcome per claim, in their order. If a run failed, the other claims are still decided.

    Raises:
        ConfigurationError: If the directory belongs to something else, or there are no jobs.
    """
    if jobs < 1:
        raise ConfigurationError(f"--jobs: expected at least 1, got {jobs}")
    out = Path(out)
    claim_directory(out, preset)
    progress = Progress(say)
    runs = CachedRuns(out / RUNS, progress.begun, progress.ended)
    works = work_of(claims, preset)
    progress.expect(sum_of_commands(runs, works))
    pool = RankedPool(jobs)
    try:
        begun = begin(claims, preset, runs, pool)
        outcomes = [decide(claim, preset, runs, begun, out, say) for claim in claims]
    except BaseException:  # the user stops it
        pool.stop()
        runs.stop()
        raise
    pool.stop()  # nothing is waiting any more
    return outcomes


def begin(claims: Sequence[Claim], preset: Preset, runs: CachedRuns, pool: RankedPool) -> Begun:
    """Submit all that claims need: earlier claims first, and within a claim the fits, which the draws wait for."""
    rank_of: dict[str, int] = {}
    for rank, claim in enumerate(claims):
        for work in work_of([claim], preset):
            rank_of.setdefault(work.fit.key, rank)
    works = {work.fit.key: work for work in work_of(claims, preset)}
    return {
        key: pool.submit((rank_of[key], 0), partial(_train, work, rank_of[key], runs, pool))
        for key, work in works.items()
    }


def _train(work: Work, rank: int, runs: CachedRuns, pool: RankedPool) -> list[Future[object]]:
    work.train(runs)
    return [pool.submit((rank, 1), draw) for draw in work.draws(runs)]


def decide(
    claim: Claim, preset: Preset, runs: CachedRuns, begun: Begun, out: str | Path, say: Callable[[str], None]
) -> Outcome:
    """Wait for the runs of a claim and measure; or report the first that failed, and wait for the rest."""
    failure: str | None = None
    for error in _errors([begun[work.fit.key] for work in work_of([claim], preset)]):
        if not failure:
            say(f"{claim.name}: not decided because a run failed: {error}")
        failure = failure or str(error)
    if failure:
        return Outcome(claim, failure=failure)
    findings = measure(claim, preset, runs, out)
    for finding in findings:
        say(f"{claim.name}: {in_words(finding, preset)}")
    return Outcome(claim, findings)


def _errors(trained: Iterable[Future[list[Future[object]]]]) -> Iterator[RunFailedError]:
    """Errors of all fits and then their draws, as they end."""
    for fit in as_completed(trained):
        if (error := _error(fit)) is not None:
            yield error
            continue
        yield from filter(None, map(_error, as_completed(fit.result())))


def _error(ended: Future[Any]) -> RunFailedError | None:
    try:
        ended.result()
    except RunFailedError as error:
        return error
    return None


def claim_directory(out: str | Path, preset: Preset) -> None:
    """Create the directory, or check that it belongs to this preset and version.

    Raises:
        ConfigurationError: If it belongs to something else.
    """
    ours = {"preset": preset.name, "version": __version__, "options": list(preset.options)}
    out = Path(out)
    marker = out / MARKER
    if not marker.is_file() and (out.is_file() or (out.is_dir() and any(each.name != LOCK for each in out.iterdir()))):
        raise ConfigurationError(f"{out}: expected an empty directory or an earlier reproduction; choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(out / LOCK):  # serialises two that start at once
        if not marker.is_file():
            write_aside(marker, json.dumps(ours).encode())
        theirs = {"options": [], **json.loads(marker.read_text())}
    if theirs != ours:
        raise ConfigurationError(
            f"{out}: expected runs of {_described(ours)}, found those of {_described(theirs)}; choose another --out"
        )


def _described(runs: Mapping[str, Any]) -> str:
    said = f"preset {runs.get('preset')} by version {runs.get('version')}"
    return f"{said} with {' '.join(runs['options'])}" if runs["options"] else said


def work_of(claims: Iterable[Claim], preset: Preset) -> list[Work]:
    """All models that claims need, each once, in the order of the claims."""
    found: dict[str, Work] = {}
    for claim in claims:
        needs = claim.needs(preset)
        for draw in (*needs.samples, *needs.tested):
            work = found.setdefault(draw.fit.key, Work(draw.fit, (), ()))
            samples = _with(work.samples, draw, "predict") if draw in needs.samples else work.samples
            tested = _with(work.tested, draw, "test") if draw in needs.tested else work.tested
            found[draw.fit.key] = Work(work.fit, samples, tested)
    return list(found.values())


def _with(draws: tuple[Draw, ...], draw: Draw, command: str) -> tuple[Draw, ...]:
    is_there = draw.key(command) in {each.key(command) for each in draws}
    return draws if is_there else (*draws, draw)


def sum_of_commands(runs: CachedRuns, works: Iterable[Work]) -> dict[str, int]:
    """Number of commands of each kind still to run."""
    works = list(works)
    keeps = {keep.key: keep for work in works for keep in keeps_behind(work.fit)}
    draws = [draw for work in works for draw in work.samples] + [keep.draw for keep in keeps.values()]
    return {
        "fit": sum(work.needs_weights and not runs.has_fit(work.fit) for work in works),
        "predict": len({draw.key("predict") for draw in draws if not runs.has_samples(draw)}),
        "test": sum(not runs.has_tested(draw) for work in works for draw in work.tested),
        "keep": sum(not runs.has_kept(keep) for keep in keeps.values()),
    }


def measure(claim: Claim, preset: Preset, runs: CachedRuns, out: str | Path) -> list[Finding]:
    """Measure a claim whose runs are finished, draw its figures, and save both."""
    out = Path(out)
    folder = out / claim.name
    folder.mkdir(exist_ok=True)
    findings = claim.findings(runs, preset)
    drawn = [
        report.overview(claim, findings, preset, folder / OVERVIEW),
        *claim.draw_figures(runs, preset, folder),
    ]
    names = [path.relative_to(out).as_posix() for path in drawn]
    minutes = sum(work.seconds(runs) for work in work_of([claim], preset)) / 60
    report.add(out, {claim.name: report.record(claim, findings, preset, names, minutes)})
    return findings


def in_words(finding: Finding, preset: Preset) -> str:
    """A finding in one line."""
    found = finding.estimate
    ends = f" [{found.low:.3g}, {found.high:.3g}]" if found.low == found.low else ""
    claimed = f"claimed {finding.side} {finding.bound:g}"
    return f"{finding.question}: {found.mean:.3g}{ends}, {claimed}: {report.verdict_of(finding, preset)}"
