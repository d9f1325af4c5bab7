"""The samples in the report of a run, and which of them the detector flags."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from lightning_modeinterp.configuration.loaded_run import LoadedRun
from lightning_modeinterp.configuration.saved_config import read_config
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.store import MANIFEST
from lightning_modeinterp.threshold import Threshold, as_suspicion

NUM_SAMPLES, NUM_IMAGES = 4_096, 64
"""Default number of samples; fewer for images, which take longer to draw."""


@dataclass(frozen=True)
class ShownSamples:
    """Samples with the threshold that flags some of them.

    Args:
        batch: At least one sample; none has diverged.
        score: Name of the score that detects.
        threshold: Its threshold.
        source: Origin of the samples, in words.
        set_by: Origin of the threshold, in words.
    """

    batch: GeneratedBatch
    score: str
    threshold: Threshold
    source: str
    set_by: str

    @property
    def variance(self) -> Tensor:
        """(N,), the score, with nan as the most suspicious."""
        return as_suspicion(self.batch.score(self.score))

    @property
    def flagged(self) -> Tensor:
        """(N,) bool."""
        return self.threshold.flags(self.batch.score(self.score))


def samples_of(run: LoadedRun, config: Mapping[str, Any], num_samples: int | None) -> ShownSamples | None:
    """Samples as ``predict`` draws them: from its store if there is one, else drawn now.

    Args:
        run: The run.
        config: The config that its command has saved.
        num_samples: Number of samples; depends on the data if None. 0 for none.

    Returns:
        The samples; None if none are requested, or all have diverged.
    """
    asked = run.data.generation
    is_image = len(run.data.sample_shape) == 3
    by_default = min(NUM_IMAGES if is_image else NUM_SAMPLES, asked.num_samples)
    wanted = by_default if num_samples is None else num_samples
    if wanted == 0:
        return None
    store = run.path / "predictions"
    stored = _stored(store, wanted, asked.score) if (store / MANIFEST).is_file() else None
    batch = (run.draw(wanted) if stored is None else stored).sound()
    if not len(batch):
        return None
    source = "drawn for this page, as predict draws them" if stored is None else "the first that predict has written"
    value = _set_by_test(run.path, config)
    if value is not None:
        threshold = Threshold(value, asked.retained, 0, asked.score)
        return ShownSamples(batch, asked.score, threshold, source, "the test, on samples of its own")
    in_support = batch.verdict.in_support if batch.verdict else None
    threshold = Threshold.at_retained(batch.score(asked.score), in_support, asked.retained, asked.score)
    return ShownSamples(batch, asked.score, threshold, source, "these samples themselves")


def _stored(path: Path, wanted: int, score: str) -> GeneratedBatch | None:
    """The first samples of a store; None if it does not have the score."""
    store, batches, number = SampleStore.open(path, verify=False), [], 0
    if score not in store.manifest["scores"]:
        return None
    for batch in store:
        batches.append(batch[: wanted - number])
        number += len(batches[-1])
        if number >= wanted:
            break
    return GeneratedBatch.joined(batches)


def _set_by_test(folder: Path, config: Mapping[str, Any]) -> float | None:
    """The threshold of the run's test, if that used the same model, sampler and window."""
    metrics, tested = folder / "test_metrics.json", folder / "config_test.yaml"
    if not (metrics.is_file() and tested.is_file()) or _score_settings(read_config(tested)) != _score_settings(config):
        return None
    value = json.loads(metrics.read_text()).get("detection/threshold")
    return None if value is None else float(value)


def _score_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    generation = config.get("generation") or {}
    names = ("sampler", "windows", "window", "retained", "true_score")
    trainer = config.get("trainer") or {}
    return {
        **{name: generation.get(name) for name in names},
        "weights": config.get("ckpt_path"),
        "precision": trainer.get("precision"),
    }


def chosen(shown: ShownSamples, rows: Tensor, number: int) -> Tensor:
    """The most suspicious of some samples, in this order.

    Args:
        shown: The samples.
        rows: (N,) bool.
        number: Maximum number.

    Returns:
        (n,) int64.
    """
    there = rows.nonzero().flatten()
    return there[shown.variance[there].argsort(descending=True, stable=True)][:number]


def verdict_words(batch: GeneratedBatch, row: int) -> str:
    """The verdict of a sample, in words."""
    if batch.verdict is None:
        return "not judged"
    kind = int(batch.verdict.kind[row])
    name = batch.verdict.kinds[kind].replace("_", " ")
    return f"hallucination ({name})" if kind >= 2 else name


def mark(batch: GeneratedBatch, row: int) -> str:
    """The colour of a sample, by its verdict."""
    if batch.verdict is None:
        return "unjudged"
    return ("good", "unclear", "bad")[min(2, int(batch.verdict.kind[row]))]


def tip(shown: ShownSamples, row: int) -> str:
    """The tooltip of a sample: index, position, variance, verdict, and whether it is flagged."""
    batch = shown.batch
    values = batch.samples[row].flatten()
    place = f" at {', '.join(f'{value:.3g}' for value in values.tolist())}" if len(values) <= 2 else ""
    variance = batch.score(shown.score)[row].item()
    flagged = "flagged" if bool(shown.flagged[row]) else "not flagged"
    return f"sample {int(batch.index[row])}{place} · variance {variance:.3g} · {verdict_words(batch, row)} · {flagged}"
