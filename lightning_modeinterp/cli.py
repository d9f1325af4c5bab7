"""The command line: LightningCLI with the groups ``run``, ``generation`` and ``checkpoint``, and errors of one line."""

import json
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import lightning as L
import yaml
from jsonargparse import Namespace, set_parsing_settings
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.callbacks import Callback, WeightAveraging
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.loggers import Logger
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lightning_modeinterp import checkpoints
from lightning_modeinterp.callbacks import (
    FigureLogger,
    HallucinationMonitor,
    LastCheckpoint,
    SampleStoreCallback,
    TrajectoryVarianceLogger,
)
from lightning_modeinterp.class_swaps import kept_by_swaps
from lightning_modeinterp.cli_completion import completion_script
from lightning_modeinterp.cli_errors import first_of, one_line
from lightning_modeinterp.cli_help import every_option, help_for
from lightning_modeinterp.datamodules import ModeInterpDataModule
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.generation import Generation
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import Sampler
from lightning_modeinterp.diffusion.trajectories import TrajectoryObserver
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.fingerprints import weights_sha256, without
from lightning_modeinterp.loggers import SteadyWandbLogger, log_config, place_loggers
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.modules import DiffusionModule, NonFiniteLossError
from lightning_modeinterp.run_directory import RunDirectory
from lightning_modeinterp.summary import summary
from lightning_modeinterp.support import SupportOracle

SAMPLE_SHAPE = "model.init_args.denoiser.init_args.sample_shape"

HALF_PRECISION = ("16-true", "bf16-true", "transformer-engine", "transformer-engine-float16")

WHAT_COMES_NEXT = {"fit": "test", "validate": "test", "test": "predict"}


class Parser(LightningArgumentParser):
    """Parser whose errors are one line, and which takes no abbreviated options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise instead of printing the usage."""
        parser = getattr(ex, "subcommand_parser", None) or self
        options = [option for action in parser._actions for option in action.option_strings]
        raise ConfigurationError(one_line(message, options, _class_names())) from ex


class SaveConfig(SaveConfigCallback):
    """Save the resolved config in the run directory, under a name of its own for each command, and in the loggers."""

    def save_config(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Save it; called on rank zero."""
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        config = self.config.clone()
        if stage == "fit":
            config.ckpt_path = None  # repeated, the run is to start anew
        dumped = self.parser.dump(config, skip_none=False)
        write_aside(folder / self.config_filename, dumped.encode())
        for logger in trainer.loggers:
            log_config(logger, yaml.safe_load(dumped))


class ModeInterpCLI(LightningCLI):
    """fit, validate, test and predict for a `DiffusionModule` and a `ModeInterpDataModule`."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add our groups and links."""
        parser.add_class_arguments(RunDirectory, "run")
        parser.add_argument(
            "--allow_untrained", type=bool, default=False, help="Evaluate random weights where no checkpoint is given."
        )
        parser.add_class_arguments(Generation, "generation")
        parser.add_lightning_class_args(LastCheckpoint, "checkpoint")
        parser.set_defaults({"generation.sampler": {"class_path": "AncestralSampler"}})
        parser.link_arguments("data.sample_shape", SAMPLE_SHAPE, apply_on="instantiate")
        parser.link_arguments("run", "checkpoint.dirpath", _checkpoint_folder, apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and say what a swapped class takes over from the one before it."""
        given = list(sys.argv[1:] if args is None else args)
        if given[:1] == ["completion"]:
            print(completion_script({name: _options_of(each) for name, each in self._subcommand_parsers.items()}))
            raise SystemExit
        self.config = parser.parse_args(every_option(given))
        if is_first_process():
            for line in kept_by_swaps(given, self._plain_config()):
                note(line)

    def instantiate_classes(self) -> None:
        """Instantiate, hand the generation settings to the data, and refuse what does not fit before anything runs."""
        super().instantiate_classes()
        self.datamodule.generation = self._get(self.config_init, "generation")
        self.datamodule.generation.check(self.model.noise_schedule)
        self._refuse_random_weights()
        self._refuse_half_precision()
        self._refuse_uneven_batches()
        if self.subcommand == "predict":
            self._samples.fingerprint = self._fingerprint()
        if self.subcommand == "fit":
            self.model.configure_optimizers()  # refused before anything is written, if at all
        if is_first_process():
            self._claim_run_directory()

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        """Put everything in the run directory; a bar only on a terminal."""
        settings = self._get(self.config_init, "trainer")
        self.run_directory: RunDirectory = self._get(self.config_init, "run")
        folder = self.run_directory.path
        kwargs["default_root_dir"] = str(folder)
        # the config is saved as the user gave it: repeated elsewhere, it is not to log here
        self.config[self.config.subcommand].trainer.logger = self._asked_logger
        if settings.enable_progress_bar is None:
            kwargs["enable_progress_bar"] = sys.stderr.isatty()
        self.save_config_kwargs = {"config_filename": f"config_{self.subcommand}.yaml", "save_to_log_dir": False}
        ours: list[Callback] = [HallucinationMonitor(), TrajectoryVarianceLogger(), FigureLogger()]
        ours.append(SampleStoreCallback())
        given = {type(callback) for callback in settings.callbacks or []}
        settings.callbacks = [*(settings.callbacks or []), *(each for each in ours if type(each) not in given)]
        (self._samples,) = (each for each in settings.callbacks if isinstance(each, SampleStoreCallback))
        if self.subcommand == "fit":
            averaging = [callback for callback in settings.callbacks if isinstance(callback, WeightAveraging)]
            checkpoints.check_averaging(self._checkpoint, bool(averaging))
            if any(callback._use_buffers for callback in averaging) and is_first_process():
                note(
                    "trainer.callbacks: weight averaging rounds constants too, so a resumed fit is not bitwise the "
                    "same; give it use_buffers: false"
                )
        if settings.val_check_interval == 0:
            raise ConfigurationError("trainer.val_check_interval: expected a number > 0 or null, got 0")
        try:
            return super().instantiate_trainer(**kwargs)
        except (ValueError, ImportError) as error:  # an accelerator, strategy or number of devices it does not know
            raise ConfigurationError(f"trainer: {error}") from error

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Leave samples to the store and numbers to the summary: Lightning would keep and print all of them."""
        kwargs = super()._prepare_subcommand_kwargs(subcommand)
        quiet = {"predict": {"return_predictions": False}, "test": {"verbose": False}}  # we print a shorter table
        return kwargs | quiet.get(subcommand, {})

    def _parse_ckpt_path(self) -> None:
        """Resolve the checkpoint. The base class would let its hyper-parameters win over the config; we compare."""
        command = self.config.subcommand
        config = self.config[command]
        _fill_seeds(config)
        # resolving interpolations drops the targets of links, and a link without its target is silently left out
        if SAMPLE_SHAPE not in config:
            config[SAMPLE_SHAPE] = None
        _check_seed(config.seed_everything)
        run = RunDirectory(**config.run.as_dict())
        path = checkpoints.resolve(config.get("ckpt_path"), run, command)
        config.ckpt_path = path
        self._checkpoint = {} if path is None else checkpoints.read(path)
        if path is not None:
            asked = self._plain_config()
            checkpoints.check_same_model(self._checkpoint["hyper_parameters"], asked["model"], command)
            if command == "fit" and Path(path) == run.last_checkpoint:
                checkpoints.check_same_run(run, asked)
        step = self._checkpoint.get("global_step") if command == "fit" else None
        self._asked_logger = config.trainer.logger
        config.trainer.logger = place_loggers(self._asked_logger, run, command, step)

    def _plain_config(self) -> dict[str, Any]:
        """The command's config as plain data."""
        dumped = yaml.safe_load(self.parser.dump(self.config, skip_none=False, format="yaml"))
        return dict(dumped[self.config.subcommand])

    def _fingerprint(self) -> dict[str, Any]:
        """What generated samples are a function of, but for their number."""
        config = self._plain_config()
        model, data = config["model"], config["data"]
        return {
            "model": {**model, "init_args": without(model["init_args"], checkpoints.ONLY_FOR_FIT)},
            "data": {**data, "init_args": without(data["init_args"], ("batch_size",))},
            "generation": without(config["generation"], ("num_samples", "monitor")),
            "weights_sha256": weights_sha256(self._checkpoint.get("state_dict") or self.model.state_dict()),
            "precision": self.trainer.precision,
            "device": self.trainer.strategy.root_device.type,
        }

    def _claim_run_directory(self) -> None:
        """Make room in the run directory, unless a fit goes on there."""
        if self.subcommand == "fit" and self._ckpt_path is not None:
            return
        self.run_directory.claim(str(self.subcommand))
        if self.subcommand == "predict":
            generation = self.datamodule.generation
            self._samples.make_writer(self.trainer, generation.num_samples, generation.block_size).check()

    def _refuse_random_weights(self) -> None:
        is_trained = self._ckpt_path is not None or not any(p.requires_grad for p in self.model.parameters())
        if self.subcommand != "fit" and not is_trained and not self._get(self.config_init, "allow_untrained"):
            raise ConfigurationError(
                f"ckpt_path: expected a checkpoint, since {self.subcommand} of random weights means nothing; give "
                "--ckpt_path last or a file (--allow_untrained true if you mean it)"
            )

    def _refuse_half_precision(self) -> None:
        precision = self.trainer.precision
        draws = self.subcommand != "fit" or self.datamodule.generation.monitor.num_samples > 0
        if draws and precision in HALF_PRECISION:
            raise ConfigurationError(
                f"trainer.precision: expected 32-true, 16-mixed or bf16-mixed to draw samples, got {precision}, "
                "which would keep trajectories and their variances in half precision and drown what is to be detected"
            )

    def _refuse_uneven_batches(self) -> None:
        num_processes = self.trainer.num_devices * self.trainer.num_nodes
        if self.subcommand == "fit" and self.datamodule.batch_size % num_processes:
            raise ConfigurationError(
                f"data.batch_size: expected a multiple of the {num_processes} processes, since it is the global one, "
                f"got {self.datamodule.batch_size}"
            )

    @property
    def _ckpt_path(self) -> str | None:
        return self._get(self.config_init, "ckpt_path")  # type: ignore[no-any-return]


def main(args: Sequence[str] | None = None) -> None:
    """Run ``modeinterp``. What a user got wrong is said in one line, with exit status 2.

    Args:
        args: Arguments of the command line; those of the process if None.
    """
    debug = os.environ.get("MODEINTERP_DEBUG") == "1"
    try:
        run_command(args)
    except Exception as error:
        cause = first_of((ConfigurationError, MisconfigurationException, NonFiniteLossError), error)
        if debug or cause is None:
            raise
        print(f"modeinterp: {' '.join(str(cause).split())}", file=sys.stderr)
        raise SystemExit(1 if isinstance(cause, NonFiniteLossError) else 2) from None


def run_command(args: Sequence[str] | None = None) -> ModeInterpCLI:
    """Parse, instantiate and run a command, and say where its output is."""
    if (text := help_for(sys.argv[1:] if args is None else args)) is not None:
        print(text, end="")
        raise SystemExit
    set_parsing_settings(omegaconf_absolute_to_relative_paths=True)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(lambda r: "litlogger" not in r.getMessage())
    cli = ModeInterpCLI(
        DiffusionModule,
        ModeInterpDataModule,
        save_config_callback=SaveConfig,
        subclass_mode_model=True,
        subclass_mode_data=True,
        parser_class=Parser,
        parser_kwargs={"parser_mode": "omegaconf+"},
        auto_configure_optimizers=False,
        seed_everything_default=0,
        trainer_defaults={"num_sanity_val_steps": 0},  # it would draw samples from random weights
        args=None if args is None else list(args),
    )
    for logger in cli.trainer.loggers:
        if isinstance(logger, SteadyWandbLogger):
            logger.finish()  # W&B would log the next command of this process into the same run
    if cli.trainer.is_global_zero:
        _say_what_is_next(cli, list(sys.argv[1:] if args is None else args))
    return cli


def _say_what_is_next(cli: ModeInterpCLI, args: list[str]) -> None:
    folder = cli.run_directory.path
    print(f"\n{cli.subcommand} finished; its output is in {folder}")
    if cli.subcommand == "test":
        print(f"\n{summary(json.loads((folder / 'test_metrics.json').read_text()))}\n")
        print("\n".join(str(path) for path in sorted((folder / "figures").glob("*.png"))))
    if command := WHAT_COMES_NEXT.get(str(cli.subcommand)):
        checkpoint = ["--ckpt_path", "last"] if cli.run_directory.last_checkpoint.exists() else []
        kept = without_options(("--ckpt_path", "--run.overwrite"), args[args.index(str(cli.subcommand)) + 1 :])
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


def _check_seed(seed: Any) -> None:
    if type(seed) is int and not 0 <= seed < 2**32:
        raise ConfigurationError(f"seed_everything: expected a number from 0 to 2^32 - 1, got {seed}")


def _fill_seeds(config: Namespace) -> None:
    """Let every seed that is left out follow ``seed_everything``, and be seen in the saved config."""
    seed = config.seed_everything if type(config.seed_everything) is int else 0
    for key in ("data.init_args.seed", "model.init_args.seed", "generation.seed"):
        if key in config and config[key] is None:
            config[key] = seed


def _class_names() -> set[str]:
    """Names of all classes that a config may mean, as far as they are imported."""
    bases: list[type] = [DiffusionModule, ModeInterpDataModule, Denoiser, NoiseSchedule, Sampler, TrajectoryObserver]
    bases += [SupportOracle, GenerationMetric, Callback, Logger, Optimizer, LRScheduler]
    names: set[str] = set()
    while bases:
        base = bases.pop()
        names.add(base.__name__)
        bases += base.__subclasses__()
    return names


def _options_of(parser: LightningArgumentParser) -> list[str]:
    return sorted(option for action in parser._actions for option in action.option_strings if option.startswith("--"))


def note(line: str) -> None:
    """Tell the user something that is no error."""
    print(f"modeinterp: note: {line}", file=sys.stderr)


def is_first_process() -> bool:
    """Whether this is the process that writes, of those that a launcher has started or will start."""
    return rank_zero_only.rank == 0  # type: ignore[no-any-return,attr-defined]


def _checkpoint_folder(run: RunDirectory) -> str:
    return str(run.path / "checkpoints")
