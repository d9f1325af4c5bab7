"""From a model and its data to what probes may look at."""

from collections.abc import Mapping

from lightning_modeinterp.data import ModeInterpDataModule, Subject
from lightning_modeinterp.modules.diffusion_module import DiffusionModule


def subject_of(
    module: DiffusionModule, data: ModeInterpDataModule, results: Mapping[str, float] | None = None
) -> Subject:
    """What the probes of the data may look at.

    Args:
        module: The model.
        data: Its data.
        results: What has been found so far in this evaluation, by name. Nothing if None.
    """
    return Subject(
        denoiser=module.denoiser,
        predict_x_0=module.predict_x_0,
        exact=data.exact_denoiser_on(module.device),
        drawing=module.drawing(data=data),
        results=results or {},
    )
