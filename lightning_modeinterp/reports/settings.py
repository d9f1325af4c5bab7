"""The settings of a run, from its saved config: the main ones, and the whole config."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_modeinterp.reports.content import Folded, Section, Table

SEPARATE = (
    "means",
    "weights",
    "support",
    "seed",
    "denoiser",
    "noise_schedule",
    "optimizer",
    "lr_scheduler",
    "variance",
)
"""Settings that have their own line, or are too long for one."""


def settings(folder: Path, command: str, config: Mapping[str, Any]) -> Section:
    """The section with the settings.

    Args:
        folder: The run directory.
        command: The command of the config.
        config: The config.
    """
    file = folder / f"config_{command}.yaml"
    again = f"modeinterp {command} -c {file} --run.name again"
    others = [each for each in sorted(folder.glob("config_*.yaml")) if each != file]
    return Section(
        "What was run",
        [f"To repeat it: {again}"],
        [
            Table(["setting", "value"], list(map(list, _lines(config)))),
            *(Folded(each.name, each.read_text()) for each in (file, *others)),
        ],
    )


def _lines(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data, model, generation, trainer = (config.get(name) or {} for name in ("data", "model", "generation", "trainer"))
    of_model = model.get("init_args") or {}
    yield "data", described(data)
    yield "model", described(model)
    yield "network", described(of_model.get("denoiser"))
    yield "noise schedule", described(of_model.get("noise_schedule"))
    optimizer = of_model.get("optimizer") or {}
    yield "optimiser", f"{_name(optimizer)}, learning rate {(optimizer.get('init_args') or {}).get('lr', '?')}"
    yield "updates", _plain(trainer.get("max_steps"))
    yield "sampler", described(generation.get("sampler"))
    window = str(generation.get("window"))
    yield "variance over", f"{window}: {_plain((generation.get('windows') or {}).get(window))}"
    yield "samples", f"{_plain(generation.get('num_samples'))} in blocks of {_plain(generation.get('block_size'))}"
    yield "seed", _plain(config.get("seed_everything"))
    yield "precision", _plain(trainer.get("precision") or "32-true")
    yield "checkpoint", _plain(config.get("ckpt_path"))


def described(entry: object) -> str:
    """A class with those of its settings that fit in one line.

    Args:
        entry: Entry of a config, with ``class_path`` and ``init_args``.

    Example:
        >>> described({"class_path": "parts.Net", "init_args": {"width": 8, "deep": True, "bias": None}})
        'Net (width 8, deep true)'
    """
    if not isinstance(entry, Mapping) or "class_path" not in entry:
        return _plain(entry)
    given = {
        name: value
        for name, value in (entry.get("init_args") or {}).items()
        if name not in SEPARATE and value is not None and not isinstance(value, Mapping)
    }
    said = ", ".join(f"{name} {_plain(value)}" for name, value in given.items())
    return f"{_name(entry)} ({said})" if said else _name(entry)


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("class_path", "?")).rpartition(".")[2]


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items() if each is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value)
