"""LightningCLI with the groups ``run``, ``generation`` and ``checkpoint``, all output in the run directory."""

import math
import sys
from contextlib import ExitStack
from typing import Any

import lightning as L
import yaml
from jsonargparse import Namespace
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from lightning_modeinterp import checkpoint_paths, checkpoints, threads
from lightning_modeinterp.callbacks import LastCheckpoint, SampleStoreCallback
from lightning_modeinterp.cli.class_swaps import kept_by_swaps
from lightning_modeinterp.cli.completion import completion_script
from lightning_modeinterp.cli.filled_in import fill_content, fill_seeds
from lightning_modeinterp.cli.help import every_option
from lightning_modeinterp.cli.init_from import (
    RECORD,
    began_with,
    initial_weights,
    refuse_two_beginnings,
)
from lightning_modeinterp.cli.moved_run import refuse_moved
from lightning_modeinterp.cli.notes import is_first_process, note
from lightning_modeinterp.cli.overwriting import DropReplaced, at_work_in
from lightning_modeinterp.cli.refusals import (
    refuse_callbacks,
    refuse_half_precision,
    refuse_intervals,
    refuse_no_batches,
    refuse_processes_apart,
    refuse_random_weights,
    refuse_seed,
    refuse_uneven_batches,
    refuse_weights_alone,
    refuse_weights_only,
    rounds_constants,
)
from lightning_modeinterp.cli.replaced_lists import replaced_lists
from lightning_modeinterp.cli.sample_fingerprint import sample_fingerprint
from lightning_modeinterp.cli.trainer_callbacks import with_bar, with_ours
from lightning_modeinterp.configuration.parser import options_of
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.loggers import place_loggers
from lightning_modeinterp.moved_names import names_used
from lightning_modeinterp.replaced import Replaced
from lightning_modeinterp.run_directory import RunDirectory

SAMPLE_SHAPE = "model.init_args.denoiser.init_args.sample_shape"


class ModeInterpCLI(LightningCLI):
    """fit, validate, test and predict for a `DiffusionModule` and a `ModeInterpDataModule`.

    Args:
        held: Resources that are released when the command ends, such as the lock of its run directory.
        **kwargs: Those of `LightningCLI`.
    """

    def __init__(self, held: ExitStack, **kwargs: Any) -> None:
        self._held = held
        self._holds_run_directory = False
        self._goes_on = False  # a fit that resumes from a checkpoint of its own run directory
        self.first_step = 0  # optimiser steps before this start
        self._given = list(sys.argv[1:] if kwargs.get("args") is None else kwargs["args"])
        super().__init__(**kwargs)

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the seed; Lightning documents true as a random seed but reads it as 0."""
        text = "Seed of data, initialisation and all noise, from 0 to 2^32 - 1."
        parser.add_argument("--seed_everything", type=bool | int, default=self.seed_everything_default, help=text)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add our groups and links."""
        parser.add_class_arguments(RunDirectory, "run")
        parser.add_argument(
            "--allow_untrained", type=bool, default=False, help="Evaluate random weights where no checkpoint is given."
        )
        parser.add_argument(
            "--allow_other_data", type=bool, default=False, help="Judge a model by data it was not trained on."
        )
        parser.add_argument(
            "--num_threads", type=int | None, default=None, help="Threads per process; null sets them by batch size."
        )
        parser.add_argument(
            "--moved_names",
            type=dict[str, str] | None,
            default=None,
            help="Old to new names of classes that you have moved.",
        )
        parser.add_argument(
            "--init_from", type=str | None, default=None, help="Checkpoint whose weights start a new fit."
        )
        parser.add_class_arguments(Generation, "generation")
        parser.add_lightning_class_args(LastCheckpoint, "checkpoint")
        parser.set_defaults({"generation.sampler": {"class_path": "AncestralSampler"}})
        parser.link_arguments("data.sample_shape", SAMPLE_SHAPE, apply_on="instantiate")
        parser.link_arguments("run", "checkpoint.dirpath", _checkpoint_folder, apply_on="instantiate")

    def _prepare_subcommand_parser(self, klass: type, subcommand: str, **kwargs: Any) -> LightningArgumentParser:
        """Make the parser of the given command, and of others one without options, which is quicker."""
        if next(iter(self._given), subcommand) in {*self.subcommands()} - {subcommand}:
            return self.init_parser(**kwargs)
        return super()._prepare_subcommand_parser(klass, subcommand, **kwargs)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and say what a swapped class keeps from the one before it, and which lists are replaced."""
        given = self._given
        if given[:1] == ["completion"]:
            words = {name: options_of(each) for name, each in self._subcommand_parsers.items()}
            print(completion_script(words))
            raise SystemExit
        self.config = parser.parse_args(every_option(given))
        if is_first_process():
            config = self.config[self.config.subcommand].as_dict()
            for line in (*kept_by_swaps(given, config), *replaced_lists(given, config)):
                note(line)

    def instantiate_classes(self) -> None:
        """Instantiate, give the generation settings to the data, and refuse what does not fit before anything runs."""
        super().instantiate_classes()
        self.datamodule.generation = self._get(self.config_init, "generation")
        self.datamodule.generation.check(self.model.noise_schedule, self.datamodule.sample_shape)
        if self._checkpoint:
            checkpoints.check_sample_shape(self._checkpoint["hyper_parameters"], self.datamodule.sample_shape)
        if self._initial:
            checkpoints.check_sample_shape(self._initial.checkpoint["hyper_parameters"], self.datamodule.sample_shape)
            self._initial.load(self.model)
        command = str(self.subcommand)
        is_meant = self._get(self.config_init, "allow_untrained") or self.datamodule.generation.true_score
        refuse_random_weights(command, self.model, self._ckpt_path is not None or is_meant)
        refuse_no_batches(command, self.trainer)
        refuse_half_precision(command, self.datamodule, self.trainer.precision)
        if command == "predict":
            plain = self._plain_config()
            self._samples.fingerprint = sample_fingerprint(
                plain, self._checkpoint, self.model, self.datamodule, self.trainer
            )
        if command == "fit":
            refuse_uneven_batches(self.datamodule, self.trainer)
            self.model.configure_optimizers()  # refused before anything is written, if at all
        refuse_processes_apart(self.trainer, is_first_process())
        said = self._set_threads(command)
        if self.trainer.is_global_zero:
            if not self.is_dry_run:
                self._claim_run_directory()
            begun = self._initial.said if self._initial else None
            for line in filter(None, (self._about_checkpoint, begun, said, _moved())):
                note(line)

    def _set_threads(self, command: str) -> str | None:
        """Set the number of threads, and return a note about it. On a GPU nothing is set unless the user asks."""
        asked = self._get(self.config_init, "num_threads")
        if asked is None and self.trainer.strategy.root_device.type != "cpu":
            return None
        num_processes = self.trainer.num_devices
        data = self.datamodule
        num_samples = data.batch_size // num_processes if command == "fit" else data.generation.block_size
        return threads.choose(asked, num_samples * math.prod(data.sample_shape), num_processes)

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        """Put all output in the run directory; show a progress bar only on a terminal."""
        settings = self._get(self.config_init, "trainer")
        self.run_directory: RunDirectory = self._get(self.config_init, "run")
        folder = self.run_directory.path
        kwargs["default_root_dir"] = str(folder)
        # the config is saved as the user gave it, so that a run from the saved config elsewhere does not log here
        self.config[self.config.subcommand].trainer.logger = self._asked_logger
        self.save_config_kwargs = {
            "config_filename": f"config_{self.subcommand}.yaml",
            "save_to_log_dir": False,
            "began_with": self._began_with,
        }
        callbacks = with_ours(settings.callbacks)
        kwargs["enable_progress_bar"], settings.callbacks = with_bar(settings.enable_progress_bar, callbacks)
        if self.run_directory.overwrite and not settings.fast_dev_run:
            settings.callbacks.append(DropReplaced(Replaced(folder, str(self.subcommand))))
        (self._samples,) = (each for each in settings.callbacks if isinstance(each, SampleStoreCallback))
        if self.subcommand == "fit":
            refuse_callbacks(settings.callbacks)
            is_averaging = any(isinstance(callback, WeightAveraging) for callback in settings.callbacks)
            checkpoints.check_averaging(self._checkpoint, is_averaging)
            if rounds_constants(settings.callbacks) and is_first_process():
                note(
                    "trainer.callbacks: weight averaging rounds constants too, so a resumed fit is not bitwise the "
                    "same; give it use_buffers: false"
                )
        refuse_intervals(settings)
        return super().instantiate_trainer(**kwargs)

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Leave samples to the store and numbers to the summary: Lightning would keep and print all of them."""
        kwargs = super()._prepare_subcommand_kwargs(subcommand)
        quiet = {"predict": {"return_predictions": False}, "test": {"verbose": False}}  # we print a shorter table
        # Lightning reads the checkpoint a second time, and before torch 2.6 would unpickle whatever it holds
        return {**kwargs, "weights_only": True, **quiet.get(subcommand, {})}

    def _parse_ckpt_path(self) -> None:
        """Resolve the checkpoint. The base class would let its hyper-parameters win over the config; we compare."""
        command = self.config.subcommand
        config = self.config[command]
        refuse_seed(config.seed_everything)
        fill_seeds(config)
        fill_content(config.data)
        # resolving interpolations drops the targets of links, and a link without its target is silently left out
        if SAMPLE_SHAPE not in config:
            config[SAMPLE_SHAPE] = None
        refuse_weights_only(config.weights_only, command)
        run = RunDirectory(**config.run.as_dict())
        if is_first_process() and run.path.is_dir() and not config.trainer.fast_dev_run:
            self._hold(run, command)  # before anything is read there
        if command == "fit":
            refuse_two_beginnings(config.init_from, config.get("ckpt_path"))
        if config.get("ckpt_path") in ("last", "best"):
            refuse_moved(self._given, run)
        path = checkpoint_paths.resolve(config.get("ckpt_path"), run, command)
        config.ckpt_path = path
        self._checkpoint = {} if path is None else checkpoints.read(path)
        self._goes_on = command == "fit" and path is not None and run.has_checkpoint(path)
        self._about_checkpoint: str | None = None
        refuse_weights_alone(command, self._checkpoint, path)
        asked = self._plain_config()
        if path is not None:
            checkpoints.check_same_model(self._checkpoint["hyper_parameters"], asked["model"], command)
            if command != "fit":
                self._check_evaluated(config, asked, path)
            elif not self._goes_on:
                self._about_checkpoint = (
                    f"ckpt_path: {path} is from another run; training resumes in {run.path} with new logs"
                )
            run.refuse_replaced(command, path)
        if self._goes_on:
            checkpoints.check_same_run(run, asked)
            config.init_from = began_with(config.init_from, self._checkpoint)
        self._initial = None if path else initial_weights(config, command, asked["model"])
        if self._initial:
            run.refuse_replaced(command, self._initial.path, "init_from")
        self.first_step = self._checkpoint.get("global_step", 0)
        step = self.first_step if self._goes_on else None
        self._asked_logger = config.trainer.logger
        config.trainer.logger = place_loggers(self._asked_logger, run, command, step)

    def _check_evaluated(self, config: Namespace, asked: dict[str, Any], path: str) -> None:
        """Refuse to evaluate an untrained model, or to judge it by data it was not trained on."""
        if not config.allow_untrained:
            checkpoints.check_trained(self._checkpoint, path)
        self._about_checkpoint = checkpoints.check_same_data(self._checkpoint, asked["data"], config.allow_other_data)

    @property
    def _began_with(self) -> dict[str, Any] | None:
        """The initial weights of the fit, also where it resumes."""
        return self._initial.record if self._initial else self._checkpoint.get(RECORD)

    def _plain_config(self) -> dict[str, Any]:
        """The command's config as plain data."""
        dumped = yaml.safe_load(self.parser.dump(self.config, skip_none=False, format="yaml"))
        return dict(dumped[self.config.subcommand])

    @property
    def is_dry_run(self) -> bool:
        """Whether only a few batches are run, and nothing is written."""
        return bool(self._get(self.config_init, "trainer").fast_dev_run)

    def _hold(self, run: RunDirectory, command: str) -> None:
        self._held.enter_context(at_work_in(run, command))
        self._holds_run_directory = True

    def _claim_run_directory(self) -> None:
        """Move earlier results aside, unless a fit resumes."""
        run, command = self.run_directory, str(self.subcommand)
        if not self._holds_run_directory:
            self._hold(run, command)
        if self._goes_on:
            return
        run.refuse_earlier(command)
        if run.overwrite:
            for link in Replaced(run.path, command).move_aside():
                note(f"{link} was a link; its target is left as it is, and new results go to the run directory")
        if command == "predict":
            generation = self.datamodule.generation
            self._samples.make_writer(self.trainer, generation.num_samples, generation.block_size).check()

    @property
    def _ckpt_path(self) -> str | None:
        return self._get(self.config_init, "ckpt_path")  # type: ignore[no-any-return]


def _checkpoint_folder(run: RunDirectory) -> str:
    return str(run.path / "checkpoints")


def _moved() -> str | None:
    """A note on old names that were used; None if there were none."""
    moved = [f"{old} is now {new}" for old, new in names_used().items()]
    return f"{'; '.join(moved)}: the old names still work" if moved else None
