"""From a model and its data to what probes may look at."""

from collections.abc import Mapping

import torch

from lightning_modeinterp.data import ModeInterpDataModule, Subject
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.modules.diffusion_module import DiffusionModule
from lightning_modeinterp.records import GeneratedBatch


def subject_of(
    module: DiffusionModule, data: ModeInterpDataModule, results: Mapping[str, float] | None = None
) -> Subject:
    """What the probes of the data may look at.

    Args:
        module: The model; one that runs, where a probe draws samples.
        data: Its data.
        results: What has been found so far in this evaluation, by name. Nothing if None.
    """
    asked = data.generation

    def draw_from(predict_x_0: PredictX0, num_blocks: int) -> GeneratedBatch:
        blocks = torch.arange(min(num_blocks, -(-asked.num_samples // asked.block_size)))
        return module.generate(asked.bare(), blocks, "test", predict_x_0=predict_x_0)

    return Subject(
        denoiser=module.denoiser,
        predict_x_0=module.predict_x_0,
        sampled_model=module.sampled_model(asked),
        exact=data.exact_denoiser_on(module.device),
        noise_schedule=module.noise_schedule,
        device=module.device,
        draw_from=draw_from,
        results=results or {},
    )
