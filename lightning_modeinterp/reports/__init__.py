"""Results of a run, a recursion or a reproduction as one HTML file, for readers who do not know it."""

from lightning_modeinterp.reports.report import write_report

__all__ = ["write_report"]
