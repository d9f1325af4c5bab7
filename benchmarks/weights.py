"""Make a small checkpoint of a fit: its weights and what they belong to, without the state of the training.

    python benchmarks/weights.py RUN_DIR docs/results/shapes/shapes_32.ckpt

validate, test and predict start from it by --ckpt_path FILE; a fit does not.
"""

import argparse
import io
from pathlib import Path

import torch
from samples import fit_directory

from lightning_modeinterp.checkpoints import DATA, read
from lightning_modeinterp.files import write_aside

KEPT = ("state_dict", "hyper_parameters", DATA, "pytorch-lightning_version", "epoch", "global_step", "loops")


def main(run: Path, out: Path) -> None:
    """Write the file, and say how large it is."""
    checkpoint = read(str(run / "checkpoints" / "last.ckpt"))
    content = io.BytesIO()
    torch.save({name: checkpoint[name] for name in KEPT if name in checkpoint}, content)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_aside(out, content.getvalue())
    print(f"{out}: {out.stat().st_size / 2**20:.2f} MiB after {checkpoint['global_step']:,} updates")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=fit_directory)
    parser.add_argument("out", type=Path)
    main(**vars(parser.parse_args()))
