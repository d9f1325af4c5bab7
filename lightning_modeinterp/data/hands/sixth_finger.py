"""How much of a sixth finger a model keeps, noise level by noise level.

Both images of a pair get the same noise (`offered_fingers`). How much brighter a model predicts the pixels of the sixth
finger on the second image than on the first, over how much brighter they are, is the share that it keeps: 1 where each
finger is taken for itself, 0 where the model is sure of the rule. What the exact posterior mean of the bank keeps is
what the rule leaves at that noise: it turns the hand rather than give it six fingers.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.data.hands.offered_fingers import OfferedFingers, offered_fingers
from lightning_modeinterp.data.images import to_model_units
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.keyed_noise import keyed_generator

NOISE_TO_SIGNAL = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
NUM_PAIRS = 192
BATCH = 32


def sixth_finger(
    predict_x_0: PredictX0,
    schedule: NoiseSchedule,
    bank: HandBank,
    device: torch.device | str = "cpu",
    num_pairs: int = NUM_PAIRS,
) -> dict[str, float]:
    """Measure the share of a sixth finger that a model keeps.

    Args:
        predict_x_0: The model, or the exact posterior mean.
        schedule: Its noise schedule.
        bank: The hands.
        device: Of the model.
        num_pairs: Number of pairs.

    Returns:
        At each noise level that the schedule reaches ``sixth_finger/<sigma/alpha>``, the mean over pairs, and its
        standard error ``_error``.
    """
    pairs = offered_fingers(bank, num_pairs, keyed_generator(0, "sixth_finger", 0))
    values: dict[str, float] = {}
    for noise in filter(schedule.reaches, NOISE_TO_SIGNAL):
        kept = share_kept(predict_x_0, schedule, pairs, noise, device)
        name = f"sixth_finger/{noise:g}"
        values |= {name: kept.mean().item(), f"{name}_error": kept.std().item() / len(kept) ** 0.5}
    return values


def share_kept(
    predict_x_0: PredictX0,
    schedule: NoiseSchedule,
    pairs: OfferedFingers,
    noise_to_signal: float,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Share of each sixth finger that a model keeps, (N,) float64 on the CPU.

    Args:
        predict_x_0: The model, or the exact one.
        schedule: Its noise schedule.
        pairs: The N pairs.
        noise_to_signal: The level, as sigma / alpha.
        device: Of the model.

    Raises:
        ConfigurationError: If the schedule does not reach the level.
    """
    level = schedule.level_at(noise_to_signal).to(torch.device(device), torch.float32)
    generator = keyed_generator(0, f"sixth_finger/{noise_to_signal}", 0)
    eps = torch.randn(pairs.plain.shape, generator=generator).to(device)
    seen = []
    for images in (pairs.plain, pairs.offered):
        x_t = noised(to_model_units(images).to(device), eps, level)
        with torch.inference_mode():
            seen.append(torch.cat([predict_x_0(part, level).cpu() for part in torch.split(x_t, BATCH)]).double())
    brighter = _mean(seen[1] - seen[0], pairs.looked_at)
    return brighter / _mean((pairs.offered.double() - pairs.plain.double()) / 127.5, pairs.looked_at)


def knows_the_rule(values: Mapping[str, float], exact: Mapping[str, float], decisive: float = 2.0) -> bool:
    """Whether a model is closer to the exact posterior mean than to one that takes each finger for itself.

    Ours: at every level from ``decisive`` on it keeps less than half-way from what the exact one keeps to all, by at
    least two standard errors.

    Args:
        values: What `sixth_finger` returns of the model.
        exact: What it returns of the exact posterior mean.
        decisive: From here on, as sigma / alpha, what an image becomes is open.
    """
    names = [f"sixth_finger/{noise:g}" for noise in NOISE_TO_SIGNAL if noise >= decisive]
    measured = [name for name in names if name in values]
    return bool(measured) and all(
        values[name] + 2 * values[f"{name}_error"] <= (1 + exact[name]) / 2 for name in measured
    )


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).flatten(1).sum(1) / chosen.flatten(1).sum(1)
