"""A sampler that trades variety for fewer samples off the data."""

from dataclasses import replace

from lightning_modeinterp.diffusion.samplers import AncestralSampler, UpdateScales
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class TemperedSampler(AncestralSampler):
    """Ancestral sampling with less noise in every step: ``x_s = a x_t + b x_0_hat + temperature c eps``.

    Below 1 the samples crowd where the model is surest, so they are no draws from the data's distribution. At 1 it is
    `AncestralSampler`.

    Args:
        temperature: What the noise of each step is multiplied by, in [0, 1].
        num_steps: See `AncestralSampler`, as for the next.
        start_alpha_bar: Begin at the noisiest level whose alpha^2 reaches this.

    Raises:
        ConfigurationError: If a number is out of range.
    """

    def __init__(self, temperature: float = 1.0, num_steps: int | None = None, start_alpha_bar: float = 0.0) -> None:
        super().__init__(num_steps, start_alpha_bar)
        if not 0 <= temperature <= 1:
            raise ConfigurationError(f"sampler.temperature: expected a number in [0, 1], got {temperature}")
        self.temperature = temperature

    def update_scales(self, level: NoiseLevel, next_level: NoiseLevel) -> UpdateScales:
        """See `Sampler.update_scales`."""
        scales = super().update_scales(level, next_level)
        return replace(scales, noise=self.temperature * scales.noise)
