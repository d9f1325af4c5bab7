"""Check the arms of a recursion before anything is trained."""

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


def refuse_arms(recursion: Recursion) -> None:
    """Refuse filters that do not fit the samples which the models of a recursion will draw.

    Args:
        recursion: The recursion.

    Raises:
        ConfigurationError: If a filter has wrong arguments, or needs a score or an oracle that the experiment has not.
    """
    any_arm, any_seed = next(iter(recursion.arms)), recursion.seeds[0]
    fit = recursion.chain(any_arm, any_seed)[0].fit
    config = printed_config(["predict", "-c", str(path_of(fit.config)), *fit.options])
    scores, has_verdicts = generation_of(config).score_names, data_of(config).support is not None
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
