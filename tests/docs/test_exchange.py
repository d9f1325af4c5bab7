"""The Python of docs/exchange.md runs."""

from pathlib import Path

import pytest
import torch

from tests.denoisers.test_toy_checkpoint import made_up

from .test_snippets import ROOT, blocks_of

BLOCKS = blocks_of((ROOT / "docs/exchange.md").read_text())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[2])
def test_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model": made_up(), "epoch": 3}, tmp_path / "ddpm_gaussian25_gen_0.pt")
    exec(block.replace("10_000", "32"), {})


def test_there_are_two() -> None:
    assert len(BLOCKS) == 2
