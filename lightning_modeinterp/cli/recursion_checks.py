"""Check a recursion before anything is trained."""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

import yaml

from lightning_modeinterp.cli.keep import parsed
from lightning_modeinterp.configuration.saved_config import data_of, generation_of
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.recursion import Recursion
from lightning_modeinterp.runs.steps import path_of


def check_recursion(recursion: Recursion) -> None:
    """Check the options and the files of the experiment, and that each filter fits the samples of its models.

    Args:
        recursion: The recursion.

    Raises:
        ConfigurationError: If an option or a filter's argument is wrong, files of the data are missing, or a filter
            needs a score or an oracle that the experiment does not have.
    """
    any_arm, any_seed = next(iter(recursion.arms)), recursion.seeds[0]
    fit = recursion.chain(any_arm, any_seed)[0].fit
    config = printed_config(["predict", "-c", str(path_of(fit.config)), *fit.options])
    data = data_of(config)
    data.content_of(config["data"].get("init_args") or {})
    scores, has_verdicts = generation_of(config).score_names, data.support is not None
    for name, arm in recursion.arms.items():
        try:
            _, chosen = parsed(["store", "--out=kept", *arm.words(recursion.num_kept)])
            chosen.check_columns(scores, has_verdicts)
        except ConfigurationError as error:
            raise ConfigurationError(f"recursion.arms.{name}: {error}") from error


def printed_config(args: Sequence[str]) -> Mapping[str, Any]:
    """The whole config of a command, as ``--print_config`` prints it.

    Args:
        args: The command and its options.

    Raises:
        ConfigurationError: If an option does not fit.
    """
    from lightning_modeinterp.cli.run import run_command  # it imports all commands

    with redirect_stdout(io.StringIO()) as printed, suppress(SystemExit):
        run_command([*args, "--print_config"])
    config: Mapping[str, Any] = yaml.safe_load(printed.getvalue())
    return config
