"""What the loggers of a run have on disk."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = 32768  # LevelDB's log format: blocks of pieces with a header of 7 bytes
HEADER = 7


def tensorboard_scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of every scalar, as TensorBoard shows it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def wandb_rows(folder: Path) -> list[dict[str, float]]:
    """Rows of the newest offline run below a folder, without W&B's own columns, images, histograms and tables."""
    rows = []
    for row in wandb_history(folder):
        plain = {key: value for key, value in row.items() if not isinstance(value, dict) and not key.startswith("_")}
        rows.append(dict(sorted(plain.items())))
    return rows


def wandb_history(folder: Path) -> list[dict[str, Any]]:
    """Rows of the newest offline run below a folder, as they are; media are dicts."""
    rows = []
    for record in wandb_records(folder):
        if record.WhichOneof("record_type") == "history":
            row: dict[str, Any] = {}
            for item in record.history.item:
                name, *rest = [item.key] if item.key else item.nested_key
                value = json.loads(item.value_json)
                row[name] = {**row.get(name, {}), "/".join(rest): value} if rest else value
            rows.append(row)
    return rows


def finish_wandb(folder: Path) -> None:
    """End the offline run of this process, and wait until all of it is on disk; `wandb.finish` alone does not."""
    import wandb

    wandb.finish()
    end = time.monotonic() + 30
    while not any(record.WhichOneof("record_type") == "exit" for record in wandb_records(folder)):
        assert time.monotonic() < end, "the offline run was not written"
        time.sleep(0.1)


def wandb_records(folder: Path) -> Iterator[Any]:
    """All that the newest offline run below a folder has written down."""
    from wandb.proto.wandb_internal_pb2 import Record

    newest = max(folder.glob("wandb/offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
    for content in complete_records(newest.read_bytes()):
        record = Record()
        record.ParseFromString(content)
        yield record


def complete_records(log: bytes) -> Iterator[bytes]:
    """The whole records of a log; its last one is left out while it is still being written."""
    position, record = 7, b""  # W&B's own header
    while position + HEADER <= len(log):
        if BLOCK - position % BLOCK < HEADER:
            position += BLOCK - position % BLOCK
            continue
        _, size, kind = struct.unpack("<IHB", log[position : position + HEADER])
        position += HEADER + size
        if position > len(log):
            return
        record += log[position - size : position]
        if kind in (1, 4):  # a whole record, or its last piece
            yield record
            record = b""
