"""The settings that a threshold is valid for: those that the size of the scores depends on."""

from collections.abc import Mapping
from typing import Any

from lightning_modeinterp.checkpoints import HOW_IT_IS_COMPUTED
from lightning_modeinterp.fingerprints import leaves, without
from lightning_modeinterp.records import VARIANCE


def score_settings(fingerprint: Mapping[str, Any], score: str) -> dict[str, Any]:
    """Model, weights, sampler with its steps, precision, and how the score is computed.

    Seeds, data, block size and device are left out: they change the samples, but not the size of their scores. For a
    store of another program, the whole fingerprint counts.

    Args:
        fingerprint: The fingerprint in a store's manifest.
        score: Name of the score.

    Example:
        >>> asked = {"seed": 3, "sampler": {"num_steps": 9}, "windows": {"late": {"last_steps": 5}}}
        >>> score_settings({"generation": asked}, "variance/late")
        {'sampler': {'num_steps': 9}, 'score': {'variance/late': {'last_steps': 5}}}
    """
    generation = fingerprint.get("generation")
    if generation is None:
        return {**fingerprint, "score": score}
    group, _, window = score.partition("/")
    taken = (generation.get("windows") or {}).get(window) if group == VARIANCE else None
    for kind in ("observers", "end_point_scores"):
        taken = (generation.get(kind) or {}).get(score, taken)
    settings = {
        "model": without(leaves(_model(fingerprint)), HOW_IT_IS_COMPUTED),
        **{name: fingerprint.get(name) for name in ("weights_sha256", "precision")},
        **{name: generation.get(name) for name in ("sampler", "true_score")},
        "score": {score: taken},
    }
    return {name: value for name, value in settings.items() if value}


def _model(fingerprint: Mapping[str, Any]) -> Mapping[str, Any]:
    model = fingerprint.get("model") or {}
    return {"class_path": model.get("class_path"), **model.get("init_args", {})} if model else {}
