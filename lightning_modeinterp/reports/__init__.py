"""One HTML file that shows what a run, a recursion or a reproduction has found, to somebody who was not there."""

from lightning_modeinterp.reports.report import write_report

__all__ = ["write_report"]
