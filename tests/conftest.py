import pytest
import wandb


@pytest.fixture
def offline_wandb(monkeypatch):
    """W&B as in a new process, offline: its client keeps what an earlier test has told it."""
    wandb.teardown()
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield
    wandb.teardown()
