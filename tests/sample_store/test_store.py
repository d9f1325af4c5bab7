"""What is read is what was written, and a store that is not whole is named."""

import json
import shutil

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import sha256
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter

KINDS = ("in_support", "ambiguous", "invalid")


def batch(start, size=8, judged=True):
    kind = torch.arange(size, dtype=torch.int8) % 3
    return GeneratedBatch(
        index=torch.arange(start, start + size),
        samples=torch.randn(size, 2),
        scores={"variance/a": torch.rand(size), "path_length": torch.rand(size)},
        block_size=8,
        verdict=SupportVerdict(kind, kind.long(), KINDS, {"squares": kind + start}) if judged else None,
        statistics={"steps": torch.rand(size, 3)},
        diverged=torch.arange(size) == 5,
    )


def write(path, batches):
    writer = SampleStoreWriter(path, {"seed": 1}, sum(map(len, batches)), 8, shard_bytes=800)
    writer.prepare()
    for each in batches:
        writer.add(each)
    writer.flush()
    writer.finish()
    return SampleStore.open(path)


@pytest.mark.parametrize("judged", [True, False])
def test_round_trip(tmp_path, judged):
    batches = [batch(start, judged=judged) for start in (0, 8, 16)]
    store = write(tmp_path / "store", batches)
    shards = list(store)
    assert len(store) == 24
    assert [len(shard) for shard in shards] == [16, 8]
    for name in ("index", "samples", "diverged"):
        assert torch.equal(
            torch.cat([getattr(s, name) for s in shards]), torch.cat([getattr(b, name) for b in batches])
        )
    for read, written in zip(shards, (batches[:2], batches[2:]), strict=True):
        expected = GeneratedBatch.joined(written)
        assert list(read.scores) == ["variance/a", "path_length"]
        assert all(torch.equal(read.scores[name], values) for name, values in expected.scores.items())
        assert torch.equal(read.statistics["steps"], expected.statistics["steps"])
        assert set(read.statistics) == {"steps"}
    assert store.manifest["num_diverged"] == 3
    assert shards[0].block_size == 8
    assert (shards[0].verdict is not None) == judged
    if judged:
        assert torch.equal(shards[1].verdict.kind, batches[2].verdict.kind)
        assert shards[1].verdict.kinds == KINDS
        assert torch.equal(shards[1].verdict.details["squares"], batches[2].verdict.details["squares"])
    assert store.manifest["fingerprint"] == {"seed": 1}
    assert {path.name for path in (tmp_path / "store").iterdir()} == {
        "manifest.json",
        "shard-00000.safetensors",
        "shard-00001.safetensors",
    }


def test_tensors_are_mapped_from_the_file(tmp_path):
    (first, _) = write(tmp_path / "store", [batch(0), batch(8), batch(16)])
    address = first.samples.untyped_storage().data_ptr()
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps if "shard-00000" in line]
    assert any(int(low, 16) <= address < int(high, 16) for low, high in ranges)


def test_no_store_and_an_unfinished_one_are_told_apart(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no manifest\.json; run predict first"):
        SampleStore.open(tmp_path / "store")
    SampleStoreWriter(tmp_path / "store", {}, 8, 8).prepare()
    with pytest.raises(ConfigurationError, match="unfinished one; the same predict command resumes it"):
        SampleStore.open(tmp_path / "store")


def cut(shard):
    shard.write_bytes(shard.read_bytes()[:-1])


def flip(shard):
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "says"), [(cut, "bytes instead of"), (flip, "other bytes"), (lambda shard: shard.unlink(), "missing")]
)
def test_damaged_shard_is_named(tmp_path, damage, says):
    write(tmp_path / "store", [batch(0), batch(8), batch(16)])
    damage(tmp_path / "store/shard-00001.safetensors")
    with pytest.raises(ConfigurationError, match=rf"shard-00001\.safetensors: .*{says}"):
        SampleStore.open(tmp_path / "store")


@pytest.mark.parametrize(
    ("lost", "says"), [(torch.zeros_like, "expected each sample once"), (lambda each: each.flip(0), "other samples")]
)
def test_a_shard_with_other_samples_than_its_own_is_named_whatever_its_checksum(tmp_path, lost, says):
    """Rows that an earlier version lost are zeros, and the checksum is that of what was written."""
    write(tmp_path / "store", [batch(0), batch(8), batch(16)])
    shard, manifest = (tmp_path / "store" / name for name in ("shard-00001.safetensors", "manifest.json"))
    before = sha256(shard)
    fields = {name: lost(values) for name, values in load_file(shard).items()}
    with safe_open(shard, "pt") as content:
        metadata = content.metadata()
    save_file(fields, shard, metadata)
    manifest.write_text(manifest.read_text().replace(before, sha256(shard)))
    with pytest.raises(ConfigurationError, match=rf"shard-00001\.safetensors: .*{says}"):
        SampleStore.open(tmp_path / "store")


def test_without_verifying_other_bytes_pass_and_other_sizes_do_not(tmp_path):
    write(tmp_path / "store", [batch(0), batch(8), batch(16)])
    flip(tmp_path / "store/shard-00001.safetensors")
    assert len(SampleStore.open(tmp_path / "store", verify=False)) == 24
    cut(tmp_path / "store/shard-00001.safetensors")
    with pytest.raises(ConfigurationError, match="bytes instead of"):
        SampleStore.open(tmp_path / "store", verify=False)


def test_another_format_is_refused(tmp_path):
    write(tmp_path / "store", [batch(0)])
    manifest = tmp_path / "store/manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 3', '"format": 1'))
    with pytest.raises(ConfigurationError, match="expected a sample store of format 3, got format 1"):
        SampleStore.open(tmp_path / "store")


def changed(path, change):
    """A store whose manifest somebody else wrote."""
    write(path, [batch(0), batch(8), batch(16)])
    manifest = json.loads((path / "manifest.json").read_text())
    change(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("where", ["../elsewhere/{}", "{root}/elsewhere/{}", "./{}", "sub/../{}", "{}/.", "other.bin"])
def test_a_shard_is_a_file_of_its_store(tmp_path, where, verify):
    """A store may come from a stranger, and what it names is read."""
    elsewhere = write(tmp_path / "elsewhere", [batch(0), batch(8), batch(16)]).path
    name = where.format("shard-00001.safetensors", root=tmp_path)
    path = changed(tmp_path / "store", lambda manifest: manifest["shards"][1].update(file=name))
    shutil.copy(elsewhere / "shard-00001.safetensors", path / "other.bin")
    with pytest.raises(ConfigurationError, match=r"manifest\.json: expected names of shards such as shard-00000"):
        SampleStore.open(path, verify)


@pytest.mark.parametrize("verify", [True, False])
def test_a_shard_that_is_a_link_is_not_read(tmp_path, verify):
    shard = write(tmp_path / "store", [batch(0), batch(8), batch(16)]).path / "shard-00001.safetensors"
    shutil.move(shard, tmp_path / "private")
    shard.symlink_to(tmp_path / "private")
    with pytest.raises(ConfigurationError, match=r"shard-00001\.safetensors: .*found a link"):
        SampleStore.open(tmp_path / "store", verify)


def test_a_store_that_is_linked_is_read(tmp_path):
    write(tmp_path / "store", [batch(0)])
    (tmp_path / "link").symlink_to(tmp_path / "store")
    assert len(SampleStore.open(tmp_path / "link")) == 8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda manifest: manifest.pop("kinds") and manifest.pop("scores"), "expected scores to be"),
        (lambda manifest: manifest.update(num_samples="8"), "expected num_samples to be"),
        (lambda manifest: manifest.update(shards=["shard-00000.safetensors"]), "expected file to be"),
        (lambda manifest: manifest["shards"][0].pop("sha256"), "expected sha256 to be"),
        (lambda manifest: manifest.pop("format"), "got format None"),
    ],
)
def test_a_manifest_that_is_not_ours_is_named(tmp_path, change, says):
    with pytest.raises(ConfigurationError, match=says):
        SampleStore.open(changed(tmp_path / "store", change))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_a_manifest_that_holds_something_else_is_named(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"manifest\.json: expected JSON with named values"):
        SampleStore.open(tmp_path)


def test_a_column_that_the_manifest_names_and_no_shard_has_is_named(tmp_path):
    path = changed(tmp_path / "store", lambda manifest: manifest.update(details=["squares", "circles"]))
    with pytest.raises(ConfigurationError, match=r"expected a store with circles, got .*squares"):
        next(iter(SampleStore.open(path)))
