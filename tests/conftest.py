import pytest
import wandb

LONG = ("integration", "docs")


def pytest_collection_modifyitems(items):
    """Folders of long files first, so that at the end no worker waits long for the other."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture
def offline_wandb(monkeypatch):
    """W&B as in a new process, offline: its client keeps what an earlier test has told it."""
    wandb.teardown()
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield
    wandb.teardown()
