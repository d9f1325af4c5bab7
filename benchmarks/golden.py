"""Numbers that a change of structure must leave alone: save them before, save them after, compare.

    python benchmarks/golden.py save runs/golden/before
    python benchmarks/golden.py save runs/golden/after
    python benchmarks/golden.py compare runs/golden/before runs/golden/after

Saved are the metrics and the samples of short fits on 1D and 2D data and of the kept weights of Simple Shapes, and what
every claim measures at the smoke preset. All of it is a function of the code on one machine, so two sets are equal to
the bit, or what differs is printed by name, with the largest deviation. Some fifteen minutes on two cores.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from lightning_modeinterp.sample_store import SampleStore

SHORT = ["--trainer.max_steps=400", "--trainer.val_check_interval=200"]
WEIGHTS = "docs/results/shapes/shapes_32.ckpt"
FITS = {
    "gaussian_1d": ["-c", "configs/experiment/gaussian_1d.yaml", *SHORT],
    "gaussian_2d_grid": ["-c", "configs/experiment/gaussian_2d_grid.yaml", *SHORT],
    "gaussian_2d_vdm": ["-c", "configs/experiment/gaussian_2d_vdm.yaml", *SHORT],
}
BASELINES = ["-c", "configs/generation/baselines.yaml"]
SAMPLES = "--generation.num_samples=4096"


def main() -> None:
    """Save or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("save").add_argument("folder", type=Path)
    compared = commands.add_parser("compare")
    compared.add_argument("before", type=Path)
    compared.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.command == "save":
        save(options.folder)
    else:
        sys.exit(compare(options.before, options.after))


def save(folder: Path) -> None:
    """Compute everything and write ``<name>.json`` and ``<name>.safetensors``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in FITS.items():
        place = [f"--run.root={folder}/runs", f"--run.name={name}", "--run.overwrite=true"]
        modeinterp("fit", *options, *place)
        evaluate(folder, name, [*options, *place, "--ckpt_path=last"], SAMPLES)
    shapes = ["-c", "configs/experiment/shapes_32.yaml", f"--run.root={folder}/runs", "--run.name=shapes_32"]
    evaluate(
        folder, "shapes_32", [*shapes, "--run.overwrite=true", f"--ckpt_path={WEIGHTS}"], "--generation.num_samples=256"
    )
    modeinterp("reproduce", "--preset", "smoke", "--out", f"{folder}/runs/reproduce")
    write(folder / "reproduce.json", json.loads((folder / "runs/reproduce/verdicts.json").read_text()))


def evaluate(folder: Path, name: str, options: list[str], num_samples: str) -> None:
    """Test and predict, and keep the metrics and the samples."""
    modeinterp("test", *options, num_samples)
    modeinterp("predict", *options, num_samples)
    (run,) = (folder / "runs").glob(f"*/{name}")
    write(folder / f"{name}.json", json.loads((run / "test_metrics.json").read_text()))
    batches = list(SampleStore.open(run / "predictions"))
    columns = {
        key: torch.cat([columns_of(batch)[key] for batch in batches]).contiguous() for key in columns_of(batches[0])
    }
    save_file(columns, folder / f"{name}.safetensors")


def columns_of(batch) -> dict[str, torch.Tensor]:  # noqa: ANN001
    """All that a store says of its samples, by name."""
    columns = {"samples": batch.samples, "diverged": batch.diverged, **batch.scores}
    if batch.verdict:
        columns |= {"kind": batch.verdict.kind, "mode": batch.verdict.mode, **batch.verdict.details}
    return columns | dict(batch.statistics)


def compare(before: Path, after: Path) -> int:
    """Print what differs; 0 if nothing does."""
    differences = []
    for path in sorted(before.glob("*.json")):
        was, now = (dict(leaves(json.loads((each / path.name).read_text()))) for each in (before, after))
        differences += [
            f"{path.stem}: {key}: {was.get(key, '-')} -> {now.get(key, '-')}"
            for key in sorted(was.keys() | now.keys())
            if was.get(key, "-") != now.get(key, "-")
        ]
    for path in sorted(before.glob("*.safetensors")):
        was, now = load_file(path), load_file(after / path.name)
        for key in sorted(was.keys() | now.keys()):
            if key not in was or key not in now:
                differences.append(f"{path.stem}: column {key}: only {'before' if key in was else 'after'}")
            elif not torch.equal(was[key].nan_to_num(), now[key].nan_to_num()):
                differences.append(
                    f"{path.stem}: column {key}: by up to {(was[key].double() - now[key].double()).abs().max():.3g}"
                )
    print("\n".join(differences) or "equal")
    return len(differences) > 0


def leaves(value: object, name: str = "") -> list[tuple[str, object]]:
    """Names and values of nested JSON; nothing that says how long something took or where it lies."""
    if isinstance(value, dict):
        return [
            leaf
            for key, each in value.items()
            if key not in ("minutes", "core_minutes", "machine")
            for leaf in leaves(each, f"{name}/{key}")
        ]
    if isinstance(value, list):
        return [leaf for i, each in enumerate(value) for leaf in leaves(each, f"{name}/{i}")]
    return [(name, value)]


def write(path: Path, value: object) -> None:
    """Write JSON."""
    path.write_text(json.dumps(value, indent=1, sort_keys=True))


def modeinterp(*arguments: str) -> None:
    """Run a command."""
    print("modeinterp", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "lightning_modeinterp", *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
