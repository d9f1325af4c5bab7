"""A filter over ten million samples in flat memory."""

import subprocess
import sys

import pytest

FILL = """
import sys, time, threading
from pathlib import Path
import torch
from lightning_modeinterp.filters import {made}
from lightning_modeinterp.filters.kept_samples import keep
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter

folder, number, block = Path(sys.argv[1]), int(sys.argv[2]), 8192
writer = SampleStoreWriter(folder / "store", {{}}, number, block)
writer.prepare()
for start in range(0, number, block):
    index = torch.arange(start, min(start + block, number))
    scores = torch.rand(len(index), generator=torch.Generator().manual_seed(start))
    writer.add(GeneratedBatch(index, index.float().unsqueeze(1), {{"s": scores}}, block))
writer.flush()
assert writer.finish() == 0

def anonymous():
    (line,) = (line for line in open("/proc/self/status") if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024

peak = before = anonymous()
def watch():
    global peak
    while True:
        peak = max(peak, anonymous())
        time.sleep(0.002)

threading.Thread(target=watch, daemon=True).start()
store = SampleStore.open(folder / "store", verify=False)
manifest = keep([store], {call}, folder / "kept", {{}})
assert manifest["num_kept"] == number * 9 // 10
print(peak - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "call", ["LowestScore('s', number * 9 // 10)", "RandomSamples(number * 9 // 10)"], ids=["lowest", "random"]
)
def test_ten_million_samples_take_flat_memory(tmp_path, call):
    """Anonymous memory beyond the start, in MiB; what is mapped from files is not counted."""

    def peak(number):
        script = FILL.format(made=call.partition("(")[0], call=call)
        run = [sys.executable, "-c", script, str(tmp_path / str(number)), str(number)]
        return float(subprocess.run(run, check=True, capture_output=True, text=True).stdout)

    few, many = peak(1_000_000), peak(10_000_000)
    print(f"peak of a million: {few:.0f} MiB, of ten million: {many:.0f} MiB")
    assert many < few + 64
