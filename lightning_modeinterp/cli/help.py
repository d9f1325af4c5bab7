"""Help that fits one screen: what a command does, its main options, an example. ``--help all`` lists the rest."""

import difflib
import re
from collections.abc import Sequence

from lightning_modeinterp.errors import ConfigurationError

OVERVIEW = """\
usage: modeinterp COMMAND -c CONFIG [--OPTION VALUE ...]

Train diffusion models, count their hallucinations, and detect them by how much the predicted clean sample still moves.

commands:
  fit         train; each validation draws and judges some samples
  validate    one validation of a trained model
  test        draw and judge generation.num_samples: test_metrics.json, figures
  predict     draw generation.num_samples into a sample store
  reproduce   test claims of the paper: modeinterp reproduce --list
  configs     list the configs in the package; --copy DIR copies them
  export      write the samples of a store as npz, PNG or a folder, or a model as a diffusers folder
  fidelity    compare samples with data: FID, KID, precision and recall
  keep        write the samples of a store that pass a filter, to train on
  recurse     train models on their own output, for several generations
  report      write the results of a run, recursion or reproduction as one HTML file
  sheet       write a page of images to look at and label
  threshold   set the threshold of a score on samples, and save it for new samples of the same model and sampler
  completion  print a completion script for bash and zsh

options of fit, validate, test and predict:
  -c FILE | NAME              a config, or a shipped experiment; several are merged in order, later values win
  --seed_everything N         data, initialisation, training and sampling noise
  --run.name NAME             the run directory is runs/<experiment>/<name>
  --run.overwrite true        replace earlier results of this command in the run directory
  --SECTION FILE              swap a section: --trainer configs/trainer/gpu.yaml
  --A.B.C VALUE               set one value; for a typo, the error suggests the nearest name

examples:
  modeinterp fit  -c configs/experiment/gaussian_1d.yaml
  modeinterp test -c configs/experiment/gaussian_1d.yaml --ckpt_path last
  modeinterp fit  -c configs/experiment/gaussian_1d.yaml --run.name wide --model.init_args.denoiser.init_args.width 256

  modeinterp COMMAND --help          the main options
  modeinterp COMMAND --help all      every option
  modeinterp COMMAND -c CONFIG --print_config    the whole config, without running it
  modeinterp --version
  MODEINTERP_DEBUG=1 modeinterp ...  show the traceback of an error
"""

_COMMON = """\
  -c FILE                                 a config: configs/experiment/*.yaml
  --run.name NAME, --run.root DIR         where the output goes: <root>/<experiment>/<name>
  --run.overwrite true                    replace earlier results of this command in the run directory
"""

_TRAINED = """\
  --ckpt_path last | best | FILE          the newest or best checkpoint of the run directory, or any other
  --allow_untrained true                  evaluate random weights
"""

_GENERATION = """\
  --generation.num_samples N              how many samples
  --generation.sampler DDIMSampler        another sampler; its settings: --generation.sampler.init_args.num_steps 100
  --generation.windows '{w: {last_steps: 10}}'  --generation.window w
                                          where the variance is taken, and which window detects
  --trainer.accelerator gpu               or --trainer configs/trainer/{gpu,ddp,mixed,slurm}.yaml
"""

_COMMANDS = {
    "fit": (
        "Train. To resume an interrupted fit, repeat the command with --ckpt_path last.",
        _COMMON
        + """\
  --ckpt_path last                        resume; starts from scratch if there is no checkpoint
  --init_from FILE                        start a new run from these weights, such as with a lower learning rate
  --data CLASS, --data.init_args.NAME V   another data set, or one of its settings
  --model.init_args.NAME V                denoiser, noise_schedule, prediction, optimizer, lr_scheduler
  --generation.monitor '{num_samples: 0}' how many samples each validation draws
  --trainer.max_steps N                   total optimiser steps
  --trainer.val_check_interval N          optimiser steps between validations
  --trainer configs/trainer/FILE          gpu, ddp, slurm, mixed, ema; merged over the experiment's
  --checkpoint.every_n_steps N            steps between checkpoints
  --model.help CLASS, --data.help CLASS   the arguments of a class
""",
        "modeinterp fit -c configs/experiment/gaussian_1d.yaml --seed_everything 3 --ckpt_path last",
    ),
    "validate": (
        "One validation of a trained model: loss, rates and detection on the monitor's samples.",
        _COMMON
        + _TRAINED
        + """\
  --generation.monitor '{num_samples: N}' how many samples
""",
        "modeinterp validate -c configs/experiment/gaussian_1d.yaml --ckpt_path last",
    ),
    "test": (
        "Draw and judge samples: test_metrics.json and figures, with intervals.",
        _COMMON + _TRAINED + _GENERATION,
        "modeinterp test -c configs/experiment/gaussian_1d.yaml --ckpt_path last --generation.num_samples 100_000",
    ),
    "predict": (
        "Draw samples into a store. Repeat the command to resume; a larger num_samples extends the store.",
        _COMMON + _TRAINED + _GENERATION,
        "modeinterp predict -c configs/experiment/gaussian_1d.yaml --ckpt_path last --generation.num_samples 1_000_000",
    ),
}


COMMANDS = tuple(re.findall(r"^  (\w+) {2,}\w", OVERVIEW.partition("commands:")[2].partition("\n\n")[0], re.M))
"""Names of all commands."""


def refuse_unknown(args: Sequence[str]) -> None:
    """Refuse an unknown command, also with ``--help``.

    Raises:
        ConfigurationError: If the first argument is neither an option nor a command.

    Example:
        >>> refuse_unknown(["fit", "--help"])
        >>> refuse_unknown(["--help"])
    """
    if args and not args[0].startswith("-") and args[0] not in COMMANDS:
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(f"{args[0]}: no such command; {hint}commands are {', '.join(COMMANDS)}")


def help_for(args: Sequence[str]) -> str | None:
    """Help for these arguments; None if they ask for none, or for every option.

    Example:
        >>> print(help_for(["fit", "--help"]).splitlines()[0])
        usage: modeinterp fit -c CONFIG [--OPTION VALUE ...]
    """
    wanted = [i for i, arg in enumerate(args) if arg in ("-h", "--help")]
    if not wanted or list(args[wanted[0] + 1 :]) == ["all"]:
        return None if args else OVERVIEW
    if args[0] in COMMANDS and args[0] not in (*_COMMANDS, "completion"):
        return None  # its own parser prints the help
    command = next((arg for arg in args if arg in _COMMANDS), None)
    if command is None:
        return OVERVIEW
    does, options, example = _COMMANDS[command]
    usage = f"usage: modeinterp {command} -c CONFIG [--OPTION VALUE ...]"
    rest = f"every option: modeinterp {command} --help all"
    return f"{usage}\n\n{does}\n\nmain options:\n{options}\nexample:\n  {example}\n\n{rest}\n"


def every_option(args: Sequence[str]) -> list[str]:
    """Arguments for the parser, which does not know ``--help all``."""
    return list(args[:-1]) if list(args[-2:]) in (["--help", "all"], ["-h", "all"]) else list(args)
