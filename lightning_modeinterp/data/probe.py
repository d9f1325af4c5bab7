"""The interface of probes: measurements of a model itself, besides those of its samples."""

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
    """Input of a probe: a model, and the ground truth if known.

    Args:
        denoiser: The network itself.
        predict_x_0: The network's prediction of x_0, in model units.
        exact: The exact denoiser of the data, on the device; None if unknown.
        drawing: Draws samples of the model as in a test, or of another model.
        results: Results of metrics and earlier probes in this evaluation, by name.
    """

    denoiser: Denoiser
    predict_x_0: PredictX0
    exact: Denoiser | None
    drawing: Drawing
    results: Mapping[str, float] = field(default_factory=dict)

    @property
    def sampled_model(self) -> PredictX0:
        """The model to sample from: `predict_x_0`, or the exact one under ``generation.true_score``."""
        return self.drawing.predict_x_0

    @property
    def noise_schedule(self) -> NoiseSchedule:
        """The noise schedule of the model."""
        return self.drawing.schedule

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return torch.device(self.drawing.device)


class Probe(ABC):
    """Measures a model on chosen inputs. A data module lists its probes in ``probes``.

    Every process measures the same independently. The network, its training mode and PyTorch's random state stay
    unchanged, and the same model gives the same values: random draws come from a keyed generator.
    """

    names: tuple[str, ...] = ()
    """Names of its numbers: each has one of these names, or one of them followed by a slash and more."""

    in_validation: bool = False
    """Whether `ValidationProbes` runs it in validation too, where ``results`` is empty."""

    @abstractmethod
    def measure(self, subject: Subject) -> dict[str, float]:
        """Measurements by flat names; nan for undetermined values, empty if the probe does not apply.

        Args:
            subject: The model.
        """

    def figures(self, subject: Subject) -> Iterator[tuple[str, Figure]]:
        """Names and figures after a test. None by default.

        Args:
            subject: The model.
        """
        yield from ()
