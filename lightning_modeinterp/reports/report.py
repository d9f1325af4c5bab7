"""Write the report of a directory as one HTML file."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from lightning_modeinterp import __version__, reports
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.pages import render
from lightning_modeinterp.reports.content import Report
from lightning_modeinterp.reports.of_recursion import is_recursion, report_of_recursion
from lightning_modeinterp.reports.of_reproduction import is_reproduction, report_of_reproduction
from lightning_modeinterp.reports.of_run import is_run, report_of_run

FILE = "report.html"


def write_report(path: str | Path, out: str | Path | None = None, num_samples: int | None = None) -> Path:
    """Write the results in a directory as one HTML file, which needs no network.

    Args:
        path: Directory of a run, a recursion or a reproduction.
        out: The file; ``report.html`` in the directory if None.
        num_samples: Number of samples in the gallery of a run, see `report_of_run`.

    Returns:
        The file.

    Raises:
        ConfigurationError: If the directory is not one of these, or is not finished.
    """
    path = Path(path)
    file = path / FILE if out is None else Path(out)
    if out is not None and not file.parent.is_dir():  # before samples are drawn
        raise ConfigurationError(
            f"report: expected an existing folder, got {file.parent}; create it, or choose another --out"
        )
    write_aside(file, page(_report(path, num_samples)).encode())
    return file


def page(report: Report) -> str:
    """The report as HTML."""
    facts = {"written": date.today().isoformat(), "lightning_modeinterp": __version__, **report.facts}
    return render(reports.__name__, "report.html", title=report.title, report=replace(report, facts=facts))


def _report(path: Path, num_samples: int | None) -> Report:
    if is_run(path):
        return report_of_run(path, num_samples)
    if num_samples is not None:
        raise ConfigurationError(f"report: expected --num with a run only, got {num_samples} for {path}; remove it")
    if is_recursion(path):
        return report_of_recursion(path)
    if is_reproduction(path):
        return report_of_reproduction(path)
    raise ConfigurationError(
        f"report: expected the directory of a run, a recursion or a reproduction, got {path}; give the one that fit, "
        "recurse or reproduce prints at its end"
    )
