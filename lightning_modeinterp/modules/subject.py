"""Build the record that probes see from a model and its data."""

from collections.abc import Mapping

from lightning_modeinterp.data import ModeInterpDataModule, Subject
from lightning_modeinterp.modules.diffusion_module import DiffusionModule


def subject_of(
    module: DiffusionModule, data: ModeInterpDataModule, results: Mapping[str, float] | None = None
) -> Subject:
    """The record that the probes of the data see.

    Args:
        module: The model.
        data: Its data.
        results: Results of this evaluation so far, by name. Empty if None.
    """
    return Subject(
        denoiser=module.denoiser,
        predict_x_0=module.predict_x_0,
        exact=data.exact_denoiser_on(module.device),
        drawing=module.drawing(data=data),
        results=results or {},
    )
