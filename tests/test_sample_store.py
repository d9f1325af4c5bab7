"""What is written is what is read, and a store that is not whole is no store."""

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter

KINDS = ("in_support", "ambiguous", "invalid")


def batch(start, size=8, judged=True):
    kind = torch.arange(size, dtype=torch.int8) % 3
    return GeneratedBatch(
        index=torch.arange(start, start + size),
        samples=torch.randn(size, 2),
        trajectory_variance=torch.rand(size, 3),
        windows=("a", "b", "c"),
        block_size=8,
        verdict=SupportVerdict(kind, kind.long(), KINDS) if judged else None,
        statistics={"path_length": torch.rand(size)},
    )


def write(path, batches, shard_size=16):
    writer = SampleStoreWriter(path, {"seed": 1}, shard_size)
    for each in batches:
        writer.add(each)
    writer.close()
    return SampleStore(path)


@pytest.mark.parametrize("judged", [True, False])
def test_round_trip(tmp_path, judged):
    batches = [batch(start, judged=judged) for start in (0, 8, 16)]
    store = write(tmp_path / "store", batches)
    shards = list(store)
    assert len(store) == 24
    assert [len(shard) for shard in shards] == [16, 8]
    assert torch.equal(torch.cat([s.samples for s in shards]), torch.cat([b.samples for b in batches]))
    assert torch.equal(
        torch.cat([s.statistics["path_length"] for s in shards]),
        torch.cat([b.statistics["path_length"] for b in batches]),
    )
    assert shards[0].windows == ("a", "b", "c")
    assert shards[0].block_size == 8
    assert (shards[0].verdict is not None) == judged
    if judged:
        assert torch.equal(shards[1].verdict.kind, batches[2].verdict.kind)
        assert shards[1].verdict.kinds == KINDS
    assert store.manifest["provenance"] == {"seed": 1}


def test_no_manifest_no_store(tmp_path):
    writer = SampleStoreWriter(tmp_path / "store", {}, shard_size=4)
    writer.add(batch(0))
    with pytest.raises(ConfigurationError, match="expected a finished sample store"):
        SampleStore(tmp_path / "store")


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_damaged_shard_is_named(tmp_path, damage):
    store = write(tmp_path / "store", [batch(0), batch(8), batch(16)])
    shard = tmp_path / "store/shard-00001.safetensors"
    if damage == "changed":
        content = bytearray(shard.read_bytes())
        content[-1] ^= 1
        shard.write_bytes(content)
    else:
        shard.unlink()
    with pytest.raises(ConfigurationError, match=r"shard-00001\.safetensors"):
        list(store)


def test_nothing_is_overwritten(tmp_path):
    write(tmp_path / "store", [batch(0)])
    with pytest.raises(ConfigurationError, match="expected no samples there yet"):
        SampleStoreWriter(tmp_path / "store", {})


def test_no_half_written_files_are_left(tmp_path):
    write(tmp_path / "store", [batch(0), batch(8)])
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"manifest.json", "shard-00000.safetensors"}
