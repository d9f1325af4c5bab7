from lightning_modeinterp.cli.entry import main, run_command

__all__ = ["main", "run_command"]
