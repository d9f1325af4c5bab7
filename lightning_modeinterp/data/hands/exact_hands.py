"""The optimal denoiser of a bank of hands.

An image is ``x_0 = T_k + s e`` with one of K equally likely templates and pixel noise of standard deviation s. So
``x_t = alpha x_0 + sigma eps`` given k is Gaussian with mean ``alpha T_k`` and variance ``v = alpha^2 s^2 + sigma^2``,

    p(k | x_t) = softmax_k( (alpha x_t . T_k - alpha^2 |T_k|^2 / 2) / v ),
    E[x_0 | x_t] = m + (alpha s^2 / v) (x_t - alpha m)    with    m = sum_k p(k | x_t) T_k.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class ExactHands(Denoiser):
    """Posterior mean ``E[x_0 | x_t]`` of a bank of hands; the weights of the templates are computed in float64.

    Args:
        sample_shape: Shape (1, S, S) of one image; the command line takes it from the data.
        num_turns: As in the data module.
        num_shifts: As in the data module.
        noise: As in the data module.

    Raises:
        ConfigurationError: If samples are not square grey images.
    """

    prediction: PredictionType | None = "x_0"
    templates: Tensor

    def __init__(
        self, sample_shape: Sequence[int], num_turns: int = 25, num_shifts: int = 5, noise: float = 0.02
    ) -> None:
        super().__init__(sample_shape)
        if len(self.sample_shape) != 3 or self.sample_shape[0] != 1 or self.sample_shape[1] != self.sample_shape[2]:
            raise ConfigurationError(f"ExactHands: expected square grey images (1, S, S), got {self.sample_shape}")
        self.noise = noise
        bank = HandBank(self.sample_shape[1], num_turns, num_shifts, noise)
        self.register_buffer("templates", bank.templates.flatten(1).double(), persistent=False)

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`; x_0 in the dtype of x_t."""
        return posterior_mean(x_t, level, self.templates, self.noise)


def posterior_mean(x_t: Tensor, level: NoiseLevel, templates: Tensor, noise: float) -> Tensor:
    """Posterior mean of templates with noise on their pixels.

    Args:
        x_t: (B, *sample_shape).
        level: Noise level, shape (B,) or (1,).
        templates: (K, D) float64, equally likely.
        noise: Standard deviation s of the noise on pixels; may be 0.

    Returns:
        Shape and dtype of x_t.

    Example:
        >>> level = NoiseLevel(torch.zeros(1), torch.zeros(1))
        >>> posterior_mean(torch.zeros(1, 1), level, torch.tensor([[-1.0], [1.0]]).double(), 0.0)
        tensor([[0.]])
    """
    level = level.to(dtype=torch.float64)
    alpha, flat = level.alpha[:, None], x_t.flatten(1).double()
    variance = (alpha * noise).square() + level.sigma[:, None].square()
    fit = alpha * (flat @ templates.T) - alpha.square() * templates.square().sum(1) / 2
    mean = torch.softmax(fit / variance, dim=1) @ templates
    x_0 = mean + alpha * noise**2 / variance * (flat - alpha * mean)
    return x_0.reshape(x_t.shape).to(x_t.dtype)
