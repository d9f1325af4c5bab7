"""Peak memory of predict over the same process just before it draws: it follows neither N nor T.

    python benchmarks/memory.py [--authors PATH]

Every case has a process of its own. Ours is Trainer.predict with the sample store, as `modeinterp predict`; the
authors' side is `p_sample_save_all` on the whole set with the variance of the last steps. A narrow network keeps the
long cases short: what is asked is what grows with N and T; the activations of the full width have a case of their own.

Linux only: the kernel's high-water mark is set back before drawing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import lightning as L
import torch
from interleaved import RESULTS, publish, table
from peers import BETAS, Authors

from lightning_modeinterp.callbacks import SampleStoreCallback
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.modules import DDPM

MIB = 2**20
NARROW, FULL = 4, 128
CASES = [(10_000, 100, NARROW), (100_000, 100, NARROW), (10_000, 1000, NARROW), (100_000, 1000, NARROW),
         (10_000, 100, FULL)]  # fmt: skip


def ours(num_samples: int, num_steps: int, width: int) -> float:
    """Peak above base, bytes."""
    data = GaussianMixtureDataModule([1.0, 2.0, 3.0], size=100, batch_size=100)
    data.generation = Generation(num_samples=num_samples, block_size=512)
    module = DDPM(MLP((1,), width=width), LinearBetaSchedule(num_steps, *BETAS))
    mark = Mark()
    with tempfile.TemporaryDirectory() as root:
        settings = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        trainer = L.Trainer(
            accelerator="cpu", default_root_dir=root, callbacks=[mark, SampleStoreCallback()], **settings
        )
        trainer.predict(module, data, return_predictions=False)
    return mark.peak - mark.base


def authors(num_samples: int, num_steps: int, width: int, checkout: Path) -> float:
    """Peak above base, bytes."""
    peer = Authors(checkout, num_steps, width=width)
    base = set_back()
    peer.draw(num_samples)
    return high_water() - base


class Mark(L.Callback):
    """Notes memory before predict and its peak after."""

    base, peak = 0.0, 0.0

    def on_predict_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Set the mark back."""
        self.base = set_back()

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Read it; the store is finished after this, from what is written."""
        self.peak = high_water()


def set_back() -> float:
    """Set the high-water mark of this process to what it holds now; bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def high_water() -> float:
    """Largest resident size since `set_back`, bytes."""
    return _status("VmHWM")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * float(line.split()[1]) for line in lines if line.startswith(key))


def measured_apart(arguments: list[str]) -> float:
    """One case in a process of its own."""
    done = subprocess.run([sys.executable, "-W", "ignore", __file__, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(json.loads(done.stdout.splitlines()[-1]))


def main(checkout: Path | None, out: Path) -> None:
    """Measure all cases, and write `memory.json` and `memory.md`."""
    rows: list[dict[str, Any]] = []
    for num_samples, num_steps, width in CASES:
        case = ["--case", str(num_samples), str(num_steps), str(width)]
        row: dict[str, Any] = {"samples": num_samples, "steps": num_steps, "width": width}
        row["ours"] = measured_apart(case) / MIB
        if checkout:
            row["authors"] = measured_apart([*case, "--authors", str(checkout)]) / MIB
        rows.append(row)
        print(row, flush=True)
    header = ["samples N", "steps T", "width", "ours, MiB", "authors, MiB"]
    body = [[f"{row['samples']:,}", row["steps"], row["width"], f"{row['ours']:.0f}",
             f"{row['authors']:,.0f}" if "authors" in row else ""] for row in rows]  # fmt: skip
    publish("memory", {"windows": "last_10", "block size": 512}, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--case", type=int, nargs=3, metavar=("N", "T", "WIDTH"), help="one case, in this process")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.case is None:
        main(options.authors, options.out)
    elif options.authors:
        print(json.dumps(authors(*options.case, options.authors)))
    else:
        print(json.dumps(ours(*options.case)))
