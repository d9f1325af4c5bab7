"""Compare sides on a machine that does other work too: rounds, medians, ratios, JSON.

A machine that is shared or changes its clock makes a single time worth little. So all sides take turns within a round,
every figure is a ratio of two sides of the same round, and what is reported is the median over the rounds with the
quartiles beside it. CPU time, summed over threads, stands beside wall time: other jobs lengthen the second, hardly the
first. A thread that waits for another one counts as working. On a GPU wall time alone is shown, until all that was
queued is done.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

ROUNDS = 9
CPU = "cpu"
RESULTS = Path("docs/results/performance")
_PACKAGES = ("lightning_modeinterp", "torch", "lightning", "diffusers")


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Args:
        run: Do it once.
        work: How many units of work that is; times are reported by unit.
    """

    run: Callable[[], object]
    work: float = 1.0


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Spread of at least two values."""
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(statistics.median(values), low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Times:
    """Seconds by unit of work, one value a round."""

    cpu: list[float]
    wall: list[float]


def interleave(
    sides: Mapping[str, Side], rounds: int = ROUNDS, num_threads: int = 1, device: str = CPU
) -> dict[str, Times]:
    """Time all sides in turn, after each has run once unseen; every other round backwards."""
    torch.set_num_threads(num_threads)
    finish = (lambda: None) if device == CPU else torch.cuda.synchronize
    times = {name: Times([], []) for name in sides}
    for side in sides.values():
        side.run()
        finish()
    for i in range(rounds):
        for name, side in (reversed if i % 2 else list)(sides.items()):
            cpu, wall = time.process_time(), time.perf_counter()
            side.run()
            finish()
            times[name].wall.append((time.perf_counter() - wall) / side.work)
            times[name].cpu.append((time.process_time() - cpu) / side.work)
    return times


def speedup(baseline: Sequence[float], side: Sequence[float]) -> Spread:
    """How many times as fast a side is, from the ratio within each round."""
    return Spread.of([b / s for b, s in zip(baseline, side, strict=True)])


def speedup_rows(times: Mapping[str, Times], baseline: str, num_threads: int, unit: float) -> list[dict[str, Any]]:
    """One row a side: time by unit of work and speed over the baseline.

    Args:
        times: Of all sides.
        baseline: Its name.
        num_threads: With how many they ran.
        unit: Seconds that times are given in, such as 1e-9.
    """
    return [
        {
            "side": name,
            "threads": num_threads,
            "cpu": asdict(Spread.of([t / unit for t in each.cpu])),
            "wall": asdict(Spread.of([t / unit for t in each.wall])),
            "x_cpu": asdict(speedup(times[baseline].cpu, each.cpu)),
            "x_wall": asdict(speedup(times[baseline].wall, each.wall)),
        }
        for name, each in times.items()
    ]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def speedup_table(rows: Sequence[Mapping[str, Any]], baseline: str, unit: str, device: str = CPU) -> str:
    """Markdown of `speedup_rows`."""
    if device == CPU:
        header = ["threads", f"CPU {unit}, median [quartiles]", f"speed over {baseline}, by CPU time", "by wall time"]
        body = [[row["threads"], _rounded(row["cpu"]), Spread(**row["x_cpu"]), Spread(**row["x_wall"])] for row in rows]
    else:
        header = [f"wall {unit}, median [quartiles]", f"speed over {baseline}"]
        body = [[_rounded(row["wall"]), Spread(**row["x_wall"])] for row in rows]
    return table(["side", *header], [[row["side"], *cells] for row, cells in zip(rows, body, strict=True)])


def _rounded(spread: Mapping[str, float]) -> str:
    return "{median:,.{p}f} [{low:,.{p}f}, {high:,.{p}f}]".format(**spread, p=0 if spread["median"] >= 100 else 1)


def multiplies_bfloat16() -> bool:
    """Whether this machine's CPU has instructions for products in bfloat16."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and any(name in info.read_text() for name in ("amx_bf16", "avx512_bf16"))


def gemm(num_rows: int, width: int, num_calls: int, dtype: torch.dtype = torch.float32, device: str = CPU) -> Side:
    """The product that bounds the network, in floating point operations."""
    h, weight = (torch.randn(shape).to(device, dtype) for shape in ((num_rows, width), (width, width)))

    def run() -> None:
        with torch.inference_mode():
            for _ in range(num_calls):
                torch.nn.functional.linear(h, weight)

    return Side(run, 2.0 * num_rows * width * width * num_calls)


def rate_of(name: str, times: Times, num_threads: int, device: str = CPU) -> str:
    """Operations a second of a product, in words."""
    if device == CPU:
        return f"{name}, {num_threads} threads: {Spread.of([1e-9 / t for t in times.cpu])} GFLOP a CPU second"
    return f"{name}: {Spread.of([1e-9 / t for t in times.wall])} GFLOP a second"


def named(name: str, device: str) -> str:
    """What results are called."""
    return name if device == CPU else f"{name}_gpu"


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a script be told where to measure."""
    parser.add_argument("--device", type=_device, default=CPU, help="cpu or cuda")


def _device(name: str) -> str:
    if name not in (CPU, "cuda"):
        raise argparse.ArgumentTypeError(f"expected cpu or cuda, got {name}")
    if name == "cuda" and not torch.cuda.is_available():
        raise argparse.ArgumentTypeError("expected a machine with a GPU, found none; leave --device out")
    return name


def add_rounds(parser: argparse.ArgumentParser, default: int = ROUNDS) -> None:
    """Let a script be told how often to measure each side."""
    parser.add_argument("--rounds", type=_rounds, default=default, help="at least two")


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"expected at least 2, since one time has no quartiles, got {text}")
    return int(text)


def threads_on(device: str, threads: list[int]) -> list[int]:
    """Numbers of threads to measure with; a GPU is measured once."""
    return threads if device == CPU else [1]


def device_of(options: Sequence[str]) -> str:
    """Where a command with these options computes."""
    return "cuda" if "--trainer.accelerator=gpu" in options else CPU


def publish(
    name: str,
    settings: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    markdown: str,
    out: Path,
    device: str = CPU,
) -> None:
    """Write NAME.json and NAME.md, and print the table."""
    out.mkdir(parents=True, exist_ok=True)
    machine = _machine(device)
    record = {"date": date.today().isoformat(), **machine, "settings": dict(settings), "rows": list(rows)}
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    said = ", ".join(f"{k} {v}" for k, v in settings.items())
    note = f"{record['date']}; {machine['machine']}; {versions}; {said}."
    (out / f"{name}.md").write_text(f"{markdown}\n{note}\n")
    print(markdown)
    print(note)


def _machine(device: str) -> dict[str, Any]:
    cpu = torch.backends.cpu.get_cpu_capability()
    gpu = "" if device == CPU else f"one {torch.cuda.get_device_name()}; "
    return {
        "machine": f"{gpu}{os.cpu_count()} shared {platform.machine()} cores ({cpu})",
        "versions": {name: _version(name) for name in _PACKAGES if _version(name)},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
