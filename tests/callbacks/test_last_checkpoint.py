"""A fit that breaks off between any two hooks and goes on from last.ckpt ends like one that did not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging

from lightning_modeinterp.callbacks import LastCheckpoint
from lightning_modeinterp.callbacks.last_checkpoint import aside_of
from lightning_modeinterp.data import BatchLoader
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.loggers import CSVHistory


class BrokenOffError(Exception):
    """Stands for a kill."""


class Clock:
    """Counts hooks, and breaks the fit off at one of them."""

    def __init__(self, end: int | None = None) -> None:
        self.time, self.end = 0, end

    def tick(self) -> None:
        self.time += 1
        if self.time == self.end:
            raise BrokenOffError


class Ticks(Callback):
    """Ticks before the hooks of LastCheckpoint, which Lightning puts last."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_train_batch_start(self, *args: Any) -> None:
        self.clock.tick()

    def on_train_batch_end(self, *args: Any) -> None:
        self.clock.tick()

    def on_validation_end(self, *args: Any) -> None:
        self.clock.tick()

    def on_train_epoch_end(self, *args: Any) -> None:
        self.clock.tick()

    def on_train_end(self, *args: Any) -> None:
        self.clock.tick()


class Line(L.LightningModule):
    """Fits a line; its own hooks tick after those of the callbacks."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.layer = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(self.layer.weight)
        torch.nn.init.zeros_(self.layer.bias)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        loss = (self.layer(batch) - 3 * batch - 1).square().mean()
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        self.log("val/loss", (self.layer(batch) - 3 * batch - 1).square().mean(), batch_size=len(batch))

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = torch.optim.Adam(self.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_train_batch_start(self, batch: torch.Tensor, batch_idx: int) -> None:
        self.clock.tick()

    def on_train_batch_end(self, outputs: Any, batch: torch.Tensor, batch_idx: int) -> None:
        self.clock.tick()

    def on_validation_end(self) -> None:
        self.clock.tick()

    def on_train_epoch_end(self) -> None:
        self.clock.tick()

    def on_train_end(self) -> None:
        self.clock.tick()


def fit(
    folder: Path, every_n_steps: int = 3, clock: Clock | None = None, num_batches: int = 4, **settings: Any
) -> L.Trainer:
    """Fit, from last.ckpt where there is one.

    Args:
        num_batches: Number of batches of an epoch.
    """
    clock = clock or Clock()
    path = folder / "checkpoints/last.ckpt"
    step = torch.load(path, weights_only=True)["global_step"] if path.exists() else None
    callbacks = [*settings.pop("callbacks", []), Ticks(clock), LastCheckpoint(every_n_steps)]
    trainer = L.Trainer(
        **{"max_epochs": -1, "num_sanity_val_steps": 1, "log_every_n_steps": 1, **settings},
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        callbacks=callbacks,
        logger=CSVHistory(folder, version="fit", keep_before_step=step),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = torch.linspace(-1, 1, 4 * num_batches).unsqueeze(1)
    train, validation = BatchLoader(data, 4, shuffle_seed=0, drop_last=True), BatchLoader(data, 8)
    trainer.fit(Line(clock), train, validation, ckpt_path=str(path) if step else None)
    return trainer


@dataclass
class Case:
    """Settings of a fit, what ends up in its log, and what is lost with the end of an epoch."""

    settings: dict[str, Any]
    last_step: int
    validated: list[int]
    but: tuple[str, ...] = ()


def callbacks(is_averaging_first: bool) -> list[Callback]:
    both = [EMAWeightAveraging(decay=0.99), EarlyStopping("val/loss", patience=99)]
    return both if is_averaging_first else both[::-1]


STEPS = {"max_steps": 14, "check_val_every_n_epoch": None}
CASES = {
    "validation where no save is due": Case({**STEPS, "val_check_interval": 5}, 14, [4, 9]),
    "validation at each save": Case({**STEPS, "val_check_interval": 3}, 14, [2, 5, 8, 11]),
    "validation after every batch": Case({**STEPS, "val_check_interval": 1}, 14, list(range(14))),
    "validation after the last step": Case({**STEPS, "val_check_interval": 7}, 14, [6, 13]),
    "save at each step": Case({**STEPS, "val_check_interval": 5, "every_n_steps": 1}, 14, [4, 9]),
    "epochs": Case({"max_epochs": 3}, 12, [3, 7, 11]),
    "validation within epochs": Case({"max_epochs": 3, "val_check_interval": 0.5}, 12, [1, 3, 5, 7, 9, 11]),
    "epochs of one batch": Case(
        {"max_epochs": 7, "num_batches": 1, "every_n_steps": 2},
        7,
        list(range(7)),
        but=("/epoch_progress/", "val_loop.", "/EarlyStopping"),
    ),
    "accumulation": Case({"max_epochs": 4, "accumulate_grad_batches": 3, "every_n_steps": 2}, 8, [1, 3, 5, 7]),
    "accumulation and steps": Case(
        {**STEPS, "max_steps": 9, "accumulate_grad_batches": 2, "val_check_interval": 3, "every_n_steps": 2},
        9,
        [1, 2, 4, 5, 7, 8],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_broken_off_between_any_two_hooks(name, tmp_path):
    case, clock = CASES[name], Clock()
    fit(tmp_path / "whole", clock=clock, callbacks=callbacks(True), **case.settings)
    whole = torch.load(tmp_path / "whole/checkpoints/last.ckpt", weights_only=True)
    log = (tmp_path / "whole/logs/fit/metrics.csv").read_text()
    assert whole["global_step"] == case.last_step
    assert steps_with("val/loss", log) == case.validated
    assert steps_with("train/loss", log) == list(range(case.last_step))
    for end in range(1, clock.time + 1, 9):
        folder, is_first = tmp_path / f"broken_{end}", end % 2 == 0
        with pytest.raises(BrokenOffError):
            fit(folder, clock=Clock(end), callbacks=callbacks(is_first), **case.settings)
        fit(folder, callbacks=callbacks(is_first), **case.settings)
        resumed = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
        found = [path for path in differences(whole, resumed) if not any(part in path for part in case.but)]
        assert found == [], f"broken off at hook {end} of {clock.time}"
        assert (folder / "logs/fit/metrics.csv").read_text() == log, f"broken off at hook {end} of {clock.time}"
        assert [path.name for path in (folder / "checkpoints").iterdir()] == ["last.ckpt"]


def steps_with(name: str, log: str) -> list[int]:
    header, *rows = (line.split(",") for line in log.splitlines())
    return [int(row[header.index("step")]) for row in rows if row[header.index(name)]]


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    if isinstance(a, dict):
        keys = [f"{path}: keys"] if a.keys() != b.keys() else []
        return keys + [found for key in a.keys() & b.keys() for found in differences(a[key], b[key], f"{path}/{key}")]
    if isinstance(a, list):
        return [found for i, (x, y) in enumerate(zip(a, b, strict=True)) for found in differences(x, y, f"{path}/{i}")]
    is_same = torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
    return [] if is_same else [f"{path}: {a} {b}"]


class Stop(Callback):
    """Ask for a stop in one hook, at one step."""

    def __init__(self, hook: str, step: int) -> None:
        setattr(self, hook, lambda trainer, *_: setattr(trainer, "should_stop", trainer.global_step >= step))


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_validation_end", "on_train_epoch_end"])
@pytest.mark.parametrize("min_steps", [None, 9])
def test_an_early_stop_leaves_its_last_state(hook, min_steps, tmp_path):
    trainer = fit(tmp_path, every_n_steps=100, callbacks=[Stop(hook, 6)], max_epochs=5, min_steps=min_steps)
    checkpoint = torch.load(tmp_path / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == trainer.global_step < 20
    assert torch.equal(checkpoint["state_dict"]["layer.weight"], trainer.lightning_module.layer.weight)


def test_after_a_stop_in_the_middle_the_steps_go_on_counting(tmp_path):
    settings = {**STEPS, "val_check_interval": 5}
    fit(tmp_path, callbacks=[Stop("on_train_batch_end", 7)], **settings)
    fit(tmp_path, **settings)
    assert steps_with("train/loss", (tmp_path / "logs/fit/metrics.csv").read_text()) == list(range(14))


class Watch(Callback):
    """Note which steps stand in last.ckpt when a batch begins."""

    def __init__(self, folder: Path) -> None:
        self.path, self.steps = folder / "checkpoints/last.ckpt", set()

    def on_train_batch_start(self, *args: Any) -> None:
        if self.path.exists():
            self.steps.add(torch.load(self.path, weights_only=True)["global_step"])


def test_saves_every_n_steps_but_behind_no_epoch(tmp_path):
    watch = Watch(tmp_path)
    fit(tmp_path, every_n_steps=2, callbacks=[watch], max_steps=15, check_val_every_n_epoch=None)
    assert watch.steps == {2, 5, 6, 9, 10, 13}  # 4, 8 and 12 end an epoch


def test_loggers_save_between_the_state_and_its_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "checkpoints/last.ckpt", []
    monkeypatch.setattr(CSVHistory, "save", lambda logger: seen.append((aside_of(path).exists(), path.exists())))
    fit(tmp_path, every_n_steps=100, **STEPS, val_check_interval=100)
    assert seen[-1] == (True, False)
    assert (aside_of(path).exists(), path.exists()) == (False, True)


def test_a_state_left_by_a_kill_is_removed(tmp_path):
    left = aside_of(tmp_path / "checkpoints/last.ckpt")
    left.parent.mkdir()
    left.write_bytes(b"torn")
    fit(tmp_path, every_n_steps=100, clock=Clock(), **STEPS, val_check_interval=100)
    assert not left.exists()


def test_a_fast_run_for_developers_saves_nothing(tmp_path):
    fit(tmp_path, every_n_steps=1, fast_dev_run=3)
    assert not (tmp_path / "checkpoints").exists()


def test_refuses_no_steps():
    with pytest.raises(ConfigurationError, match="every_n_steps: expected a number of optimiser steps >= 1, got 0"):
        LastCheckpoint(0)
