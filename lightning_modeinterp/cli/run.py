"""Run a command; report where its output is and what to run next, or in one line what was wrong."""

import json
import logging
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from jsonargparse import set_parsing_settings
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modeinterp.callbacks.stop_request import StoppedBySignal
from lightning_modeinterp.cli import export, fidelity, keep, recurse, report, reproduce, sheet, threshold
from lightning_modeinterp.cli.command_line import ModeInterpCLI
from lightning_modeinterp.cli.error_lines import said_of
from lightning_modeinterp.cli.help import help_for
from lightning_modeinterp.cli.inline_yaml import refuse_missing_spaces
from lightning_modeinterp.cli.moved_names_option import moved_names_in
from lightning_modeinterp.cli.notes import is_first_process, note
from lightning_modeinterp.cli.save_config import SaveConfig
from lightning_modeinterp.cli.summary import summary
from lightning_modeinterp.configuration import with_shipped_paths
from lightning_modeinterp.configuration.config_files import check_config_files
from lightning_modeinterp.configuration.parser import Parser
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.loggers import SteadyWandbLogger
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.moved_names import add_moved_names

WITHOUT_CONFIG = {
    "export": export.main,
    "fidelity": fidelity.main,
    "keep": keep.main,
    "recurse": recurse.main,
    "report": report.main,
    "reproduce": reproduce.main,
    "sheet": sheet.main,
    "threshold": threshold.main,
}
"""Commands that are not Lightning's. `entry` adds ``configs``, which needs no import of this module."""

WHAT_COMES_NEXT = {"fit": "test", "validate": "test", "test": "predict"}


def main(args: Sequence[str] | None = None) -> None:
    """Run ``modeinterp``. A user error is reported in one line, with exit status 2; a signal gives 128 + number.

    Args:
        args: Arguments of the command line; those of the process if None.
    """
    debug = os.environ.get("MODEINTERP_DEBUG") == "1"
    given = list(sys.argv[1:] if args is None else args)
    try:
        refuse_missing_spaces(given)
        if given[:1] and given[0] in WITHOUT_CONFIG:
            WITHOUT_CONFIG[given[0]](given[1:])
        else:
            run_command(args)
        return
    except StoppedBySignal as stop:
        raise SystemExit(_say_how_to_go_on(stop, given)) from None
    except SIGTERMException:  # its status is 0, so a script would take an unfinished fit for a finished one
        raise SystemExit(_say_stopped(signal.SIGTERM)) from None
    except KeyboardInterrupt:
        raise SystemExit(_say_stopped(signal.SIGINT)) from None
    except SystemExit as end:
        if not isinstance(end.__context__, KeyboardInterrupt):
            raise
        raise SystemExit(_say_stopped(signal.SIGINT)) from None  # Lightning turns it into status 1
    except Exception as error:
        said = None if debug else said_of(error)
        if said is None:
            raise
        print(f"modeinterp: {said.line}", file=sys.stderr)
        if said.shown is None:
            raise SystemExit(said.status) from None
        shown = said.shown
    raise shown  # raised here, so that the parser's wrapping is not shown


def _say_how_to_go_on(stop: StoppedBySignal, given: list[str]) -> int:
    """Say what was saved and how to resume from it; returns the exit status."""
    if not is_first_process():
        return 0  # on any other status a launcher kills the first process, which is still writing
    line = f"modeinterp: stopped by {stop.number.name} at step {stop.step}"
    if stop.checkpoint is not None:
        command = ["modeinterp", *without_options(("--ckpt_path", "--run.overwrite"), given), "--ckpt_path", "last"]
        line += f", which is saved in {stop.checkpoint}; resume with: {shlex.join(command)}"
    print(line, file=sys.stderr)
    return 128 + stop.number


def _say_stopped(number: signal.Signals) -> int:
    """Say that a command was stopped; returns the exit status."""
    end = "the same command resumes it, a fit with --ckpt_path last"
    print(f"modeinterp: stopped by {number.name}; {end}", file=sys.stderr)
    return 128 + number


def run_command(args: Sequence[str] | None = None) -> ModeInterpCLI:
    """Parse, instantiate and run a command, and say where its output is."""
    given = list(sys.argv[1:] if args is None else args)
    if (text := help_for(given)) is not None:
        print(text, end="")
        raise SystemExit
    add_moved_names(moved_names_in(given))
    args = with_shipped_paths(given)
    check_config_files(args)
    set_parsing_settings(omegaconf_absolute_to_relative_paths=True)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(lambda r: "litlogger" not in r.getMessage())
    with ExitStack() as held:
        cli = ModeInterpCLI(
            held=held,
            model_class=DiffusionModule,
            datamodule_class=ModeInterpDataModule,
            save_config_callback=SaveConfig,
            subclass_mode_model=True,
            subclass_mode_data=True,
            parser_class=Parser,
            parser_kwargs={"parser_mode": "omegaconf+"},
            auto_configure_optimizers=False,
            seed_everything_default=0,
            trainer_defaults={"num_sanity_val_steps": 0},  # it would draw samples from random weights
            args=args,
        )
        for logger in cli.trainer.loggers:
            if isinstance(logger, SteadyWandbLogger):
                logger.finish()  # W&B would log the next command of this process into the same run
        if cli.trainer.is_global_zero:
            _say_what_is_next(cli, given)
    return cli


def _say_what_is_next(cli: ModeInterpCLI, args: list[str]) -> None:
    folder = cli.run_directory.path
    if cli.is_dry_run:
        print(f"\ndry run of {cli.subcommand} finished; nothing was written")
        return
    if cli.subcommand == "fit" and cli.trainer.global_step == cli.first_step:
        note(f"nothing was left to train after step {cli.first_step}; raise --trainer.max_steps to train further")
    print(f"\n{cli.subcommand} finished; its output is in {folder}")
    if cli.subcommand == "test":
        print(f"\n{summary(json.loads((folder / 'test_metrics.json').read_text()))}\n")
        print("\n".join(str(path) for path in sorted((folder / "figures").glob("*.png"))))
    if command := WHAT_COMES_NEXT.get(str(cli.subcommand)):
        which = "best" if any(each in ("best", "--ckpt_path=best") for each in args) else "last"
        checkpoint = ["--ckpt_path", which] if cli.run_directory.last_checkpoint.exists() else []
        kept = without_options(
            ("--ckpt_path", "--init_from", "--run.overwrite"), args[args.index(str(cli.subcommand)) + 1 :]
        )
        print("next:", shlex.join(["modeinterp", command, *kept, *checkpoint]))


def without_options(options: tuple[str, ...], args: list[str]) -> list[str]:
    """Arguments without some options, given as ``--name value`` or ``--name=value``."""
    kept: list[str] = []
    left = iter(args)
    for arg in left:
        if arg in options:
            next(left, None)
        elif arg.split("=")[0] not in options:
            kept.append(arg)
    return kept
