"""The seam: what is measured of a model itself, beside what its samples are."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from matplotlib.figure import Figure

from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.generation import Drawing


@dataclass(frozen=True)
class Subject:
    """What a probe may look at: a model, and what is known of the truth.

    Args:
        denoiser: The network itself.
        predict_x_0: What the network predicts, in model units.
        exact: A perfect learner of the data, on the device; None where none is known.
        drawing: Draws samples of the model as a test does, or of another in its place.
        results: What the metrics and the probes before have found in this evaluation, by name.
    """

    denoiser: Denoiser
    predict_x_0: PredictX0
    exact: Denoiser | None
    drawing: Drawing
    results: Mapping[str, float] = field(default_factory=dict)

    @property
    def sampled_model(self) -> PredictX0:
        """What samples are drawn from: `predict_x_0`, or the exact one under ``generation.true_score``."""
        return self.drawing.predict_x_0

    @property
    def noise_schedule(self) -> NoiseSchedule:
        """That of the model."""
        return self.drawing.schedule

    @property
    def device(self) -> torch.device:
        """That of the model."""
        return torch.device(self.drawing.device)


class Probe(ABC):
    """Measures a model on inputs of its own making. A data module names its probes in ``probes``.

    Every process measures the same by itself. The network, its training mode and PyTorch's random numbers stay as they
    were, and the same model has the same values: what is drawn comes from a keyed generator.
    """

    names: tuple[str, ...] = ()
    """What its numbers are called: each has one of these names, or one of them, a slash and more."""

    in_validation: bool = False
    """Whether `ValidationProbes` asks at each validation of a fit too; then there are no results yet."""

    @abstractmethod
    def measure(self, subject: Subject) -> dict[str, float]:
        """Measure by flat names; nan for what cannot be told, nothing at all where the question has no meaning.

        Args:
            subject: The model.
        """

    def figures(self, subject: Subject) -> Iterator[tuple[str, Figure]]:
        """Name and draw figures after a test. None by default.

        Args:
            subject: The model.
        """
        yield from ()
