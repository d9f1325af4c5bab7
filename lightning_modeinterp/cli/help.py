"""Help that fits one screen: what a command does, the options one needs, an example. ``--help all`` lists the rest."""

import difflib
import re
from collections.abc import Sequence

from lightning_modeinterp.errors import ConfigurationError

OVERVIEW = """\
usage: modeinterp COMMAND -c CONFIG [--OPTION VALUE ...]

Train diffusion models, count what they invent, and detect it by how much the predicted clean sample still moves.

commands:
  fit         train; at each validation draw some samples and judge them
  validate    one validation of a trained model
  test        draw and judge generation.num_samples: test_metrics.json, figures
  predict     draw generation.num_samples into a sample store
  reproduce   decide claims of the paper: modeinterp reproduce --list
  configs     list the configs that come with the package; --copy DIR writes them out
  export      write the samples of a store as npz, PNG or a folder, or a model as a diffusers folder
  fidelity    compare samples with data: FID, KID, precision and recall
  keep        write the samples of a store that a filter keeps, to train on
  recurse     train models on their own output, generation after generation
  report      write what a run, recursion or reproduction has found as one HTML file
  sheet       write a page of images to look at and label
  threshold   set the threshold of a score on samples, and save it for others of the same model and sampler
  completion  print a completion script for bash and zsh

options of every command:
  -c FILE | NAME              a config, or a shipped experiment; several are read in order, later values win
  --seed_everything N         data, initialisation, training and sampling noise
  --run.name NAME             the run directory is runs/<experiment>/<name>
  --run.overwrite true        start anew where this command has been run before
  --SECTION FILE              swap a section: --trainer configs/trainer/gpu.yaml
  --A.B.C VALUE               set one value; a typo is answered with the nearest name

examples:
  modeinterp fit  -c configs/experiment/gaussian_1d.yaml
  modeinterp test -c configs/experiment/gaussian_1d.yaml --ckpt_path last
  modeinterp fit  -c configs/experiment/gaussian_1d.yaml --run.name wide --model.init_args.denoiser.init_args.width 256

  modeinterp COMMAND --help          what this command needs
  modeinterp COMMAND --help all      every option
  modeinterp COMMAND -c CONFIG --print_config    the whole config, without running it
  modeinterp --version
  MODEINTERP_DEBUG=1 modeinterp ...  the traceback of an error
"""

_COMMON = """\
  -c FILE                                 a config: configs/experiment/*.yaml
  --run.name NAME, --run.root DIR         where the output goes: <root>/<experiment>/<name>
  --run.overwrite true                    start anew where this command has been run before
"""

_TRAINED = """\
  --ckpt_path last | best | FILE          the newest or best checkpoint of the run directory, or any other
  --allow_untrained true                  random weights, if you mean it
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
        "Train. Goes on after a kill when the same command is given with --ckpt_path last.",
        _COMMON
        + """\
  --ckpt_path last                        go on; a cold start where there is no checkpoint
  --init_from FILE                        a new run with the weights of another, such as with a lower learning rate
  --data CLASS, --data.init_args.NAME V   another data set, or one of its settings
  --model.init_args.NAME V                denoiser, noise_schedule, prediction, optimizer, lr_scheduler
  --generation.monitor '{num_samples: 0}' how much is drawn at each validation
  --trainer.max_steps N                   optimiser steps in all
  --trainer.val_check_interval N          optimiser steps between validations
  --trainer configs/trainer/FILE          gpu, ddp, slurm, mixed, ema: they lie over the experiment's
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
        "Draw samples into a store. Goes on where it was killed; more samples extend it.",
        _COMMON + _TRAINED + _GENERATION,
        "modeinterp predict -c configs/experiment/gaussian_1d.yaml --ckpt_path last --generation.num_samples 1_000_000",
    ),
}


COMMANDS = tuple(re.findall(r"^  (\w+) {2,}\w", OVERVIEW.partition("commands:")[2].partition("\n\n")[0], re.M))
"""Names of all commands."""


def refuse_unknown(args: Sequence[str]) -> None:
    """Refuse a command that there is not, also where its help is asked for.

    Raises:
        ConfigurationError: If the first argument is neither an option nor a command.

    Example:
        >>> refuse_unknown(["fit", "--help"])
        >>> refuse_unknown(["--help"])
    """
    if args and not args[0].startswith("-") and args[0] not in COMMANDS:
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(f"{args[0]}: no such command; {hint}there are {', '.join(COMMANDS)}")


def help_for(args: Sequence[str]) -> str | None:
    """Help that these arguments ask for; None if they ask for none, or for every option.

    Example:
        >>> print(help_for(["fit", "--help"]).splitlines()[0])
        usage: modeinterp fit -c CONFIG [--OPTION VALUE ...]
    """
    wanted = [i for i, arg in enumerate(args) if arg in ("-h", "--help")]
    if not wanted or list(args[wanted[0] + 1 :]) == ["all"]:
        return None if args else OVERVIEW
    if args[0] in COMMANDS and args[0] not in (*_COMMANDS, "completion"):
        return None  # it has a parser of its own, which helps
    command = next((arg for arg in args if arg in _COMMANDS), None)
    if command is None:
        return OVERVIEW
    does, options, example = _COMMANDS[command]
    usage = f"usage: modeinterp {command} -c CONFIG [--OPTION VALUE ...]"
    rest = f"every option: modeinterp {command} --help all"
    return f"{usage}\n\n{does}\n\noptions one needs:\n{options}\nexample:\n  {example}\n\n{rest}\n"


def every_option(args: Sequence[str]) -> list[str]:
    """Arguments for the parser, which knows no ``--help all``."""
    return list(args[:-1]) if list(args[-2:]) in (["--help", "all"], ["-h", "all"]) else list(args)
