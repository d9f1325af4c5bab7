"""Test at each noise level whether a model knows a rule that all images of its data follow.

A model that does not know the rule sees no conflict in a violation, so the trajectory variance of its samples says
nothing about such hallucinations. The test is paired: the same part of an image with the same noise, once with the rule
kept and once broken. The exact posterior mean, if known, gives the optimal prediction.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.data.images.noised_images import noised_images
from lightning_modeinterp.data.probe import Probe, Subject
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.keyed_noise import keyed_generator

NOISE_TO_SIGNAL = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
DECISIVE = 2.0
"""Noise level from which the final image is still open; with less noise everything is visible."""

NUM_PAIRS = 192
"""Default number of pairs of images in a `RuleProbe`."""
BATCH = 32


@dataclass(frozen=True)
class ImagePairs:
    """N pairs of images.

    Args:
        allowed: (N, 1, S, S) uint8, images that keep the rule.
        forbidden: (N, 1, S, S) uint8, images that break it.
        looked_at: (N, 1, S, S) bool, the pixels to compare.
    """

    allowed: Tensor
    forbidden: Tensor
    looked_at: Tensor


class RuleProbe(Probe, ABC):
    """Compare a model's predictions of both images of a pair under the same noise. A subclass makes and compares them.

    Args:
        num_pairs: Number of pairs.
    """

    in_validation = True

    name: str
    """Name of the numbers, as in `names`, of the pairs and of the noise."""

    without_rule: float
    """Value of a model that treats each part of an image independently."""

    def __init__(self, num_pairs: int = NUM_PAIRS) -> None:
        self.num_pairs = num_pairs
        self.names = (self.name,)

    @abstractmethod
    def draw_pairs(self, generator: torch.Generator) -> ImagePairs:
        """Make ``num_pairs`` pairs.

        Args:
            generator: The only source of randomness.
        """

    def pairs(self) -> ImagePairs:
        """The pairs, always the same ones."""
        return self.draw_pairs(keyed_generator(0, self.name, 0))

    @abstractmethod
    def compare(self, allowed: Tensor, forbidden: Tensor, pairs: ImagePairs) -> Tensor:
        """Effect of the broken rule, (N,) float64.

        Args:
            allowed: Predictions for the allowed images, (N, 1, S, S) float64, model units.
            forbidden: Predictions for the forbidden ones.
            pairs: The pairs.
        """

    def measure(self, subject: Subject) -> dict[str, float]:
        """Compare at each level that the noise schedule reaches.

        Returns:
            ``<name>/<sigma/alpha>``, the mean over pairs, its standard error ``_error`` and, if the exact posterior
            mean is known, its value ``_exact``.
        """
        pairs, schedule, device = self.pairs(), subject.noise_schedule, subject.device
        values: dict[str, float] = {}
        for noise in filter(schedule.reaches, NOISE_TO_SIGNAL):
            name = f"{self.name}/{noise:g}"
            found = self.of_each(pairs, subject.predict_x_0, schedule, noise, device)
            values |= {name: found.mean().item(), f"{name}_error": found.std().item() / len(found) ** 0.5}
            if subject.exact is not None:
                values[f"{name}_exact"] = self.of_each(pairs, subject.exact, schedule, noise, device).mean().item()
        return values

    def of_each(
        self,
        pairs: ImagePairs,
        predict_x_0: PredictX0,
        schedule: NoiseSchedule,
        noise_to_signal: float,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """Effect of the broken rule in each pair, (N,) float64 on the CPU.

        Args:
            pairs: The N pairs.
            predict_x_0: The model, or the exact one.
            schedule: Its noise schedule.
            noise_to_signal: The level, as sigma / alpha.
            device: Device of the model.

        Raises:
            ConfigurationError: If the schedule does not reach the level.
        """

        def predicted(images: Tensor) -> Tensor:
            x_t, level = noised_images(images, schedule, noise_to_signal, self.name, torch.device(device))
            with torch.inference_mode():
                return torch.cat([predict_x_0(part, level).cpu() for part in torch.split(x_t, BATCH)]).double()

        return self.compare(predicted(pairs.allowed), predicted(pairs.forbidden), pairs)

    def knows_the_rule(self, values: Mapping[str, float]) -> bool:
        """Whether a model is closer to the exact posterior mean than to one that treats parts independently.

        Ours: at every noise level from `DECISIVE` on, it is more than half-way from `without_rule` to the exact value,
        by at least two standard errors.

        Args:
            values: Result of `measure`.
        """
        decisive = [f"{self.name}/{noise:g}" for noise in NOISE_TO_SIGNAL if noise >= DECISIVE]
        measured = [name for name in decisive if f"{name}_exact" in values]
        return bool(measured) and all(self._is_beyond_half(values, name) for name in measured)

    def _is_beyond_half(self, values: Mapping[str, float], name: str) -> bool:
        exact = values[f"{name}_exact"]
        beyond = values[name] - (self.without_rule + exact) / 2
        return (beyond if exact > self.without_rule else -beyond) >= 2 * values[f"{name}_error"]


def mean_over(values: Tensor, pixels: Tensor) -> Tensor:
    """Mean over selected pixels of each image, (N,).

    Args:
        values: (N, 1, S, S).
        pixels: (N, 1, S, S) bool.
    """
    return (values * pixels).flatten(1).sum(1) / pixels.flatten(1).sum(1)
