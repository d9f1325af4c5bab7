"""Whether a model has learned that no image has a shape twice, noise level by noise level.

A model that does not know the rule has nothing to be torn about, so what trajectory variance makes of its samples says
nothing of hallucinations. The test is paired: the same shape with the same noise, beside a companion that the data
allow and beside its own double; see `exclusion_pairs`. Of the latter the exact posterior mean leaves a half, whichever
of the two it takes for the true one; where noise hides both it leaves as much as of the former.
"""

from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from lightning_modeinterp.callbacks.generated import data_of
from lightning_modeinterp.callbacks.noised_images import noised_images
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.shapes import ExclusionPairs, SimpleShapesDataModule, exclusion_pairs
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.modules import DiffusionModule

NOISE_TO_SIGNAL = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
DECISIVE = 2.0
"""From here on what an image becomes is open; with less noise all shapes show, and no training image has a double."""

NUM_PAIRS = 192
BATCH = 32


def exclusion(module: DiffusionModule, data: ModeInterpDataModule, num_pairs: int = NUM_PAIRS) -> dict[str, float]:
    """Measure how much less of a shape a model leaves beside its double.

    Args:
        module: The model.
        data: Its data.
        num_pairs: Number of pairs.

    Returns:
        At each noise level ``exclusion/<sigma/alpha>``, the mean over pairs of the predicted brightness (0 black, 1
        white) of the shape beside an allowed companion less that beside its double, and its standard error ``_error``.
        Empty for data that are not Simple Shapes with their rule, and without levels that the schedule does not reach.
    """
    values: dict[str, float] = {}
    for name, lost in _lost(module.predict_x_0, module, data, num_pairs).items():
        values |= {name: lost.mean().item(), f"{name}_error": lost.std().item() / len(lost) ** 0.5}
    return values


def exact_exclusion(
    module: DiffusionModule, data: ModeInterpDataModule, num_pairs: int = NUM_PAIRS
) -> dict[str, float]:
    """What `exclusion` would be of the exact posterior mean on the model's schedule, ``exclusion/<sigma/alpha>_exact``.

    Args:
        module: The model.
        data: Its data.
        num_pairs: Number of pairs.
    """
    exact = data.exact_denoiser_on(module.device)
    if exact is None:
        return {}
    each = _lost(exact, module, data, num_pairs)
    return {f"{name}_exact": lost.mean().item() for name, lost in each.items()}


def knows_the_rule(values: Mapping[str, float]) -> bool:
    """Whether a model passes the test: it is closer to the exact posterior mean than to one that sees each shape alone.

    Ours: at every noise level from `DECISIVE` on it loses more than half of what the exact one loses, by at least two
    standard errors.

    Args:
        values: What `exclusion` and `exact_exclusion` return, together.
    """
    decisive = [f"exclusion/{noise:g}" for noise in NOISE_TO_SIGNAL if noise >= DECISIVE]
    measured = [name for name in decisive if name in values]
    beyond_half = (values[name] - 2 * values[f"{name}_error"] >= values[f"{name}_exact"] / 2 for name in measured)
    return bool(measured) and all(beyond_half)


def _lost(
    predict_x_0: PredictX0, module: DiffusionModule, data: ModeInterpDataModule, num_pairs: int
) -> dict[str, Tensor]:
    if not isinstance(data, SimpleShapesDataModule) or not data.distribution.has_column_rule:
        return {}
    pairs = exclusion_pairs(data.distribution, num_pairs, keyed_generator(0, "exclusion", 0))
    return {
        f"exclusion/{noise:g}": brightness_lost(predict_x_0, module.noise_schedule, pairs, noise, module.device)
        for noise in NOISE_TO_SIGNAL
        if module.noise_schedule.reaches(noise)
    }


def brightness_lost(
    predict_x_0: PredictX0, schedule: NoiseSchedule, pairs: ExclusionPairs, noise_to_signal: float, device: torch.device
) -> Tensor:
    """What the double takes of the predicted brightness of each shape, (N,) float64 on the CPU.

    Args:
        predict_x_0: The model, or the exact one.
        schedule: Its noise schedule.
        pairs: The N pairs.
        noise_to_signal: The level, as sigma / alpha.
        device: Of the model.

    Raises:
        ConfigurationError: If the schedule does not reach the level.
    """
    brightness = []
    for images in (pairs.allowed, pairs.forbidden):
        x_t, level = noised_images(images, schedule, noise_to_signal, "exclusion", device)
        with torch.inference_mode():
            x_0_hat = torch.cat([predict_x_0(part, level).cpu() for part in torch.split(x_t, BATCH)])
        white = (x_0_hat.double() + 1) / 2 * pairs.looked_at
        brightness.append(white.flatten(1).sum(1) / pairs.looked_at.flatten(1).sum(1))
    return brightness[0] - brightness[1]


class ExclusionMonitor(Callback):
    """Log ``val/exclusion/<sigma/alpha>`` at each validation of a fit on Simple Shapes; see `exclusion`.

    ``_exact`` beside it is what a model that knows the rule has.

    Args:
        num_pairs: Number of pairs.
    """

    def __init__(self, num_pairs: int = NUM_PAIRS) -> None:
        self.num_pairs = num_pairs
        self.values: dict[str, float] = {}
        self.exact: dict[str, float] = {}

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Measure with the first batch, while averaged weights are in place."""
        if batch_idx == dataloader_idx == 0 and isinstance(pl_module, DiffusionModule):
            data = data_of(trainer)
            self.exact = self.exact or exact_exclusion(pl_module, data, self.num_pairs)
            self.values = self.exact | exclusion(pl_module, data, self.num_pairs)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log; every process has measured the same."""
        pl_module.log_dict({f"val/{name}": value for name, value in self.values.items()}, sync_dist=True)
