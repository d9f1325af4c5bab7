from lightning_modeinterp.cli.run import main, run_command

__all__ = ["main", "run_command"]
