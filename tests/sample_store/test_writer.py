"""A store is a function of its fingerprint and its size, whoever wrote it and however often they were killed."""

import contextlib
import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter
from lightning_modeinterp.sample_store import writer as store_writer
from tests.killed import Killed, killed_at

BLOCK, NUM_SAMPLES = 4, 22  # the last block is not full
KINDS = ("in_support", "ambiguous", "invalid")


def draw(block, num_samples):
    """Any function of the number of the sample."""
    index = torch.arange(block * BLOCK, min((block + 1) * BLOCK, num_samples))
    samples = torch.sin(index.float() * 100).unsqueeze(1).repeat(1, 3)
    kind = (index % 3).to(torch.int8)
    scores = {"a": samples[:, 0].abs(), "b": samples[:, 1].abs()}
    return GeneratedBatch(index, samples, scores, BLOCK, SupportVerdict(kind, index % 5, KINDS), {"x": samples})


TWO_BLOCKS = 450
"""Bytes of a shard."""


def make_writer(path, num_samples=NUM_SAMPLES, fingerprint=None, shard_bytes=TWO_BLOCKS):
    """A part for every block."""
    return SampleStoreWriter(path, fingerprint or {"seed": 1}, num_samples, BLOCK, shard_bytes, seconds=0.0)


def predict(path, num_samples=NUM_SAMPLES, num_processes=1, shard_bytes=TWO_BLOCKS):
    """Processes take turns; returns the blocks that were drawn."""
    writers = [make_writer(path, num_samples, shard_bytes=shard_bytes) for _ in range(num_processes)]
    writers[0].prepare()
    missing = writers[0].missing_blocks().tolist()
    for position, block in enumerate(missing):
        writers[position % num_processes].add(draw(block, num_samples))
    for writer in writers:
        writer.flush()
    writers[0].finish()
    return missing


def bytes_of(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


@pytest.fixture
def expected(tmp_path):
    predict(tmp_path / "expected")
    return bytes_of(tmp_path / "expected")


def test_the_store_holds_every_sample_once_in_order(expected, tmp_path):
    assert sorted(expected) == ["manifest.json", *(f"shard-{i:05d}.safetensors" for i in range(3))]
    shards = list(SampleStore.open(tmp_path / "expected"))
    assert [len(shard) for shard in shards] == [8, 8, 6]
    whole = [draw(block, NUM_SAMPLES) for block in range(6)]
    for name in ("index", "samples", "diverged"):
        assert torch.equal(torch.cat([getattr(s, name) for s in shards]), torch.cat([getattr(b, name) for b in whole]))
    assert torch.equal(torch.cat([s.verdict.mode for s in shards]), torch.cat([b.verdict.mode for b in whole]))


@pytest.mark.parametrize("num_processes", [2, 3, 7])
def test_any_number_of_processes_writes_the_same_bytes(expected, tmp_path, num_processes):
    predict(tmp_path / "store", num_processes=num_processes)
    assert bytes_of(tmp_path / "store") == expected


def test_a_finished_store_is_left_alone(expected, tmp_path):
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "expected").iterdir()}
    assert predict(tmp_path / "expected") == []
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "expected").iterdir()} == times


@pytest.mark.parametrize("fewer", [1, 4, 6, 8, 13, 16, 21])
def test_more_samples_extend_a_store_and_draw_only_what_is_new(expected, tmp_path, fewer):
    predict(tmp_path / "store", fewer)
    assert len(SampleStore.open(tmp_path / "store")) == fewer
    assert predict(tmp_path / "store") == list(range(fewer // BLOCK, 6))  # a block that was cut is drawn again, whole
    assert bytes_of(tmp_path / "store") == expected


OTHER_SIZES = (1, 3 * TWO_BLOCKS // 2, 2 * TWO_BLOCKS, 100 * TWO_BLOCKS)
"""Shards of one block, of three, of four, and one shard."""


@pytest.mark.parametrize("shard_bytes", OTHER_SIZES)
@pytest.mark.parametrize("fewer", [4, 6, 16, 21])
def test_a_store_with_shards_of_another_size_is_extended_to_the_same_bytes(expected, tmp_path, shard_bytes, fewer):
    predict(tmp_path / "store", fewer, shard_bytes=shard_bytes)
    assert predict(tmp_path / "store") == list(range(fewer // BLOCK, 6))
    assert bytes_of(tmp_path / "store") == expected


def kill_at(patch, number):
    """Let the process die at the given change to the file system, or before a shard is written."""
    killed_at(patch, number, (store_writer, "save_file"))


@pytest.mark.parametrize("earlier", [None, 6, 14])
@pytest.mark.parametrize("num_processes", [1, 3])
def test_killed_before_any_change_it_ends_with_the_same_bytes(expected, tmp_path, monkeypatch, earlier, num_processes):
    """Also while a smaller store is being extended."""
    number, was_killed = 0, True
    while was_killed:
        number += 1
        path = tmp_path / f"store_{number}"
        if earlier is not None:
            predict(path, earlier)
        with monkeypatch.context() as patch:
            kill_at(patch, number)
            try:
                predict(path, num_processes=num_processes)
                was_killed = False
            except Killed:
                pass
        if (path / "manifest.json").exists():
            SampleStore.open(path)  # whole: the earlier one or the one asked for
        predict(path, num_processes=4 - num_processes)
        assert bytes_of(path) == expected, f"killed at change {number}"
    assert number > 15


@pytest.mark.parametrize("sizes", [(1, 100 * TWO_BLOCKS), (100 * TWO_BLOCKS, 1)])
def test_killed_while_shards_change_their_size_it_ends_with_the_same_bytes(expected, tmp_path, monkeypatch, sizes):
    """Twice, from one size on the way to another and from there to a third; no sample that was there is drawn again."""
    number, was_killed = 0, True
    while was_killed:
        number += 2
        path, was_killed = tmp_path / f"store_{number}", False
        predict(path, 16, shard_bytes=sizes[0])
        for num_samples, shard_bytes, change in ((20, sizes[1], number), (NUM_SAMPLES, TWO_BLOCKS, number // 2)):
            with monkeypatch.context() as patch:
                kill_at(patch, change)
                try:
                    predict(path, num_samples, shard_bytes=shard_bytes)
                except Killed:
                    was_killed = True
        assert not {0, 1, 2, 3} & set(predict(path)), f"killed at change {number}"
        assert bytes_of(path) == expected, f"killed at change {number}"
    assert number > 15


@pytest.mark.parametrize("num_kills", [3, 10])
def test_killed_again_and_again(expected, tmp_path, monkeypatch, num_kills):
    for number in range(num_kills):
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            kill_at(patch, 1 + (5 * number + 2) % 7)
            predict(tmp_path / "store", num_processes=2)
    predict(tmp_path / "store")
    assert bytes_of(tmp_path / "store") == expected


def test_drawn_blocks_are_not_drawn_again(tmp_path):
    writer = make_writer(tmp_path)
    writer.prepare()
    for block in (0, 3, 4):
        writer.add(draw(block, NUM_SAMPLES))
    assert make_writer(tmp_path).missing_blocks().tolist() == [1, 2, 5]
    assert predict(tmp_path) == [1, 2, 5]


def test_samples_of_other_settings_are_refused_and_kept(expected, tmp_path):
    other = make_writer(tmp_path / "expected", fingerprint={"seed": 2, "steps": 9})
    with pytest.raises(ConfigurationError, match=r"seed: expected 1, got 2; steps: expected nothing, got 9\. Choose"):
        other.prepare()
    assert bytes_of(tmp_path / "expected") == expected
    make_writer(tmp_path / "begun").prepare()
    with pytest.raises(ConfigurationError, match="seed: expected 1, got 2"):
        make_writer(tmp_path / "begun", fingerprint={"seed": 2}).prepare()


def test_fewer_samples_than_there_are_is_refused(expected, tmp_path):
    with pytest.raises(ConfigurationError, match="at least the 22 that are there, got 21; the first 21 of them"):
        make_writer(tmp_path / "expected", 21).prepare()


def test_other_files_are_not_written_among(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="found other files"):
        make_writer(tmp_path).prepare()


def test_a_store_with_missing_samples_is_not_finished(tmp_path):
    writer = make_writer(tmp_path)
    writer.prepare()
    writer.add(draw(0, NUM_SAMPLES))
    assert writer.finish() == 5
    assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_shard_that_is_removed_is_drawn_again(expected, tmp_path, number):
    """What `SampleStore.open` says to do where a shard is damaged."""
    shard = tmp_path / f"expected/shard-{number:05d}.safetensors"
    shard.write_bytes(b"torn")
    with pytest.raises(ConfigurationError, match=rf"{shard.name}: .*; remove the file and run the same predict again"):
        SampleStore.open(tmp_path / "expected")
    shard.unlink()
    assert predict(tmp_path / "expected") == [2 * number, 2 * number + 1]
    assert bytes_of(tmp_path / "expected") == expected


def test_a_shard_whose_rows_were_lost_is_not_taken_for_one_with_sample_0(expected, tmp_path):
    """As versions up to 0.1.0 wrote where the size of shards changed: rows of zeros, number 0 among them."""
    shard = tmp_path / "expected/shard-00001.safetensors"
    save_file({name: torch.zeros_like(values) for name, values in load_file(shard).items()}, shard)
    with pytest.raises(ConfigurationError, match=rf"{shard.name}: expected each sample once, found some twice; remove"):
        make_writer(tmp_path / "expected", NUM_SAMPLES + 1).missing_blocks()


def test_a_torn_part_is_named(tmp_path):
    writer = make_writer(tmp_path)
    writer.prepare()
    writer.add(draw(0, NUM_SAMPLES))
    (part,) = (tmp_path / "unfinished").glob("part-*")
    part.write_bytes(part.read_bytes()[:-3])
    with pytest.raises(ConfigurationError, match=rf"{part.name}: expected a complete safetensors file"):
        make_writer(tmp_path).missing_blocks()


def test_a_part_that_is_a_link_is_not_read(tmp_path):
    writer = make_writer(tmp_path)
    writer.prepare()
    writer.add(draw(0, NUM_SAMPLES))
    (part,) = (tmp_path / "unfinished").glob("part-*")
    part.rename(tmp_path / "private")
    part.symlink_to(tmp_path / "private")
    with pytest.raises(ConfigurationError, match=rf"{part.name}: expected a file in the store, found a link"):
        make_writer(tmp_path).missing_blocks()


def test_what_a_part_says_of_itself_is_no_more_than_of_its_columns(tmp_path):
    writer = make_writer(tmp_path)
    writer.prepare()
    writer.add(draw(0, NUM_SAMPLES))
    (part,) = (tmp_path / "unfinished").glob("part-*")
    header = {"scores": ["a", "b"], "kinds": list(KINDS), "details": [], "num_samples": 9, "format": 1}
    save_file(load_file(part), part, {"header": json.dumps(header)})
    predict(tmp_path)
    assert len(SampleStore.open(tmp_path)) == NUM_SAMPLES


def test_parts_are_written_when_it_is_time_or_there_is_a_shard_full(tmp_path):
    patient = SampleStoreWriter(tmp_path / "patient", {}, NUM_SAMPLES, BLOCK, shard_bytes=450, seconds=1e9)
    patient.prepare()
    patient.add(draw(0, NUM_SAMPLES))
    assert not list((tmp_path / "patient").rglob("part-*"))
    patient.add(draw(1, NUM_SAMPLES))
    patient.add(draw(2, NUM_SAMPLES))
    assert len(list((tmp_path / "patient").rglob("part-*"))) == 1


FLAT_MEMORY = """
import sys, time, threading
from pathlib import Path
import torch
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store import SampleStoreWriter

def anonymous():
    (line,) = (line for line in open("/proc/self/status") if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024

peak = 0.0
def watch():
    global peak
    while True:
        peak = max(peak, anonymous())
        time.sleep(0.002)

path, num_samples, block = Path(sys.argv[1]), int(sys.argv[2]), 8192
threading.Thread(target=watch, daemon=True).start()
peak = before = anonymous()
writer = SampleStoreWriter(path, {}, num_samples, block)
writer.prepare()
for start in range(0, num_samples, block):
    index = torch.arange(start, min(start + block, num_samples))
    samples = index.float().unsqueeze(1)
    writer.add(GeneratedBatch(index, samples, {name: samples[:, 0].clone() for name in "abcdefghij"}, block))
writer.flush()
writer.finish()
total = sum(float(batch.samples.double().sum()) for batch in SampleStore.open(path))
blocks = (torch.arange(start, min(start + block, num_samples)) for start in range(0, num_samples, block))
expected = sum(float(each.float().double().sum()) for each in blocks)
assert total == expected, (total, expected)
print(peak - before)
"""


@pytest.mark.slow
def test_ten_million_samples_take_flat_memory(tmp_path):
    """Anonymous memory beyond the start, in MiB; what is mapped from files is not counted."""

    def peak(num_samples):
        command = [sys.executable, "-c", FLAT_MEMORY, str(tmp_path / str(num_samples)), str(num_samples)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    few, many = peak(10**6), peak(10**7)
    print(f"peak of a million samples {few:.0f} MiB, of ten million {many:.0f} MiB")
    assert many < few + 100
    assert many < 500
