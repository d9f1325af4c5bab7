"""Every log lands in the run directory, and what the user gave stays."""

from pathlib import Path

import pytest
import yaml
from jsonargparse import Namespace
from lightning.pytorch import Trainer
from lightning.pytorch.cli import LightningArgumentParser

from lightning_modeinterp.loggers import CSVHistory, WandbHistory, place_loggers
from lightning_modeinterp.run_directory import RunDirectory

RUN = RunDirectory("mixture", "seed_3", root="somewhere")
CSV = {"save_dir": "somewhere/mixture/seed_3", "name": "logs", "version": "fit", "keep_before_step": None}


def parsed(logger: object) -> object:
    """Logger settings as the command line has them: with Lightning's defaults filled in."""
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(Trainer, "trainer")
    return parser.parse_object({"trainer": {"logger": logger}}).trainer.logger


@pytest.mark.parametrize("default", [None, True])
def test_csv_is_the_default(default):
    placed = place_loggers(default, RUN, "fit")
    assert placed == Namespace(class_path="lightning_modeinterp.loggers.CSVHistory", init_args=Namespace(CSV))


def test_false_is_no_logger():
    assert place_loggers(False, RUN, "fit") is False


@pytest.mark.parametrize(("command", "step"), [("fit", 120), ("test", None)])
def test_known_loggers_go_to_the_run(command, step, monkeypatch):
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    asked = parsed(
        [
            {"class_path": "CSVLogger", "init_args": {"save_dir": "."}},
            {"class_path": "TensorBoardLogger", "init_args": {"save_dir": "."}},
            {"class_path": "WandbLogger"},
        ]
    )
    before = [entry.clone() for entry in asked]
    csv, tensorboard, wandb = place_loggers(asked, RUN, command, step)
    assert asked == before
    where = {"save_dir": "somewhere/mixture/seed_3", "name": "logs", "version": command}
    assert csv.class_path.endswith(".CSVHistory")
    assert {**where, "keep_before_step": step}.items() <= csv.init_args.as_dict().items()
    assert tensorboard.class_path == "lightning.pytorch.loggers.TensorBoardLogger"
    assert {**where, "purge_step": step or 0}.items() <= tensorboard.init_args.as_dict().items()
    expected = {
        "save_dir": "somewhere/mixture/seed_3",
        "project": "modeinterp",
        "name": "mixture/seed_3",
        "group": "mixture",
        "job_type": command,
        "resume": "allow",
        "id": None,
    }
    assert expected.items() <= wandb.init_args.as_dict().items()
    assert wandb.class_path.endswith(".WandbHistory" if command == "fit" else ".SteadyWandbLogger")
    assert wandb.init_args.get("keep_before_step") == step


def test_what_the_user_gave_stays():
    given = {
        "CSVLogger": {"save_dir": "mine", "name": "name", "version": 0, "prefix": "p"},
        "TensorBoardLogger": {"save_dir": "mine", "name": "name", "version": 7, "default_hp_metric": False},
        "WandbLogger": {"save_dir": "mine", "name": "name", "id": "abc", "project": "p", "tags": ["t"], "group": "g"},
    }
    entries = [{"class_path": name, "init_args": values} for name, values in given.items()]
    for entry, values in zip(place_loggers(parsed(entries), RUN, "fit", 4), given.values(), strict=True):
        assert {**entry.init_args.as_dict(), **values} == entry.init_args.as_dict()


def test_the_project_of_the_environment_stays(monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    assert place_loggers(parsed({"class_path": "WandbLogger"}), RUN, "test").init_args.project == "theirs"


def test_an_unknown_logger_stays_as_it_is():
    entry = Namespace(class_path="somebody.MyLogger", init_args=Namespace(save_dir="."))
    assert place_loggers(entry, RUN, "fit", 3) == entry
    assert place_loggers(Namespace(class_path="somebody.MyLogger"), RUN, "fit", 3).as_dict() == {
        "class_path": "somebody.MyLogger"
    }


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "configs/logger").glob("*.yaml")), ids=lambda p: p.stem
)
def test_shipped_configs_can_be_placed_and_made(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunDirectory("mixture", "seed_3")
    parser = LightningArgumentParser()
    parser.add_lightning_class_args(Trainer, "trainer")
    config = parser.parse_object(yaml.safe_load(path.read_text()))
    config.trainer.logger = place_loggers(config.trainer.logger, run, "fit", 10)
    made = parser.instantiate_classes(config).trainer.logger
    made = made if isinstance(made, list) else [made]
    assert isinstance(made[0], CSVHistory)
    assert made[0].log_dir == "runs/mixture/seed_3/logs/fit"
    assert made[0].keep_before_step == 10
    for logger in made[1:]:
        assert isinstance(logger, WandbHistory) or logger.log_dir == "runs/mixture/seed_3/logs/fit"
    assert not list(tmp_path.iterdir())
