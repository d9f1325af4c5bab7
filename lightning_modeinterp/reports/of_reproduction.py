"""The report of a reproduction: the paper's claims with their results."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.reports.content import Folded, Part, Picture, Report, Section, Table, Tile
from lightning_modeinterp.reports.words import HALLUCINATION, VARIANCE
from lightning_modeinterp.reproduction import report as verdicts
from lightning_modeinterp.reproduction.reproduce import MARKER

LEAD = (
    "Each claim of the paper is one section. Its rule was written before the runs; a claim holds if the whole 95 % "
    "interval over seeds is on the claimed side of the bound, fails if it is on the other, and is undecided "
    "otherwise."
)


def is_reproduction(path: Path) -> bool:
    """Whether a directory belongs to a reproduction."""
    return (path / MARKER).is_file() or (path / verdicts.VERDICTS).is_file()


def report_of_reproduction(path: Path) -> Report:
    """The results of a reproduction so far.

    Args:
        path: Its directory.
    """
    records = verdicts.read(path)
    found = Counter(finding["verdict"] for each in records.values() for finding in each["findings"])
    return Report(
        "The claims, decided",
        "A reproduction of Understanding Hallucinations in Diffusion Models through Mode Interpolation (NeurIPS 2024)",
        [HALLUCINATION, VARIANCE, LEAD if records else "No claim has been decided here yet."],
        [Tile(str(number), _of_verdict(name)) for name, number in found.most_common()],
        [_overview(records), *(_claim(path, name, each) for name, each in records.items())] if records else [],
    )


def _of_verdict(name: str) -> str:
    if name == verdicts.NO_VERDICT:
        return "questions without a verdict: the runs are too small for one"
    return f"of the questions: {name}"


def _overview(records: Mapping[str, Mapping[str, Any]]) -> Section:
    rows = [
        [name, each["sentence"], _counted(finding["verdict"] for finding in each["findings"])]
        for name, each in records.items()
    ]
    return Section("All claims", [], [Table(["claim", "what the paper says, in our words", "verdicts"], rows)])


def _counted(found: Iterable[str]) -> str:
    """The count of each verdict; only its name if all are equal."""
    counts = Counter(found)
    return ", ".join(name if len(counts) == 1 else f"{number} {name}" for name, number in counts.items())


def _claim(path: Path, name: str, each: Mapping[str, Any]) -> Section:
    words = [
        each["sentence"],
        f"Rule: {each['rule']}",
        f"Figures of the paper: {', '.join(each['figures of the paper']) or 'none'}.",
    ]
    return Section(name, words, list(_parts(path, name, each)))


def _parts(path: Path, name: str, each: Mapping[str, Any]) -> Iterator[Part]:
    rows = [
        [
            finding["question"],
            f"{finding['claimed']} {finding['bound']:g}",
            verdicts.interval(finding),
            ", ".join(map(verdicts.number, finding["seeds"])),
            finding["verdict"],
        ]
        for finding in each["findings"]
    ]
    yield Table(["measured", "claimed", "mean over seeds [95 %]", "each seed", "verdict"], rows)
    for file in each["figures"]:
        if (path / file).is_file():
            yield Picture.of(path / file, *_said(Path(file).stem))
    yield Folded(f"How {name} was run", "\n".join(_how(name, each)))


def _said(figure: str) -> tuple[str, str]:
    if figure == "seeds":
        return "Every seed", "The measurement of each seed, the mean with its interval, and the bound."
    return figure.replace("_", " ").capitalize(), "From the first seed."


def _how(name: str, each: Mapping[str, Any]) -> Iterator[str]:
    given = each.get("options") or []  # records of earlier versions have none
    options = f" -- {' '.join(given)}" if given else ""
    yield f"modeinterp reproduce {name} --preset {each['preset']}{options}"
    minutes = each.get("core_minutes")
    took = "" if minutes is None else f"; {minutes:g} minutes of one core"
    yield f"seeds {', '.join(map(str, each['seeds']))}; {each['date']}{took}"
    for finding in each["findings"]:
        for fact, value in finding["facts"].items():
            yield f"{finding['question']}: {fact}: {value}"
