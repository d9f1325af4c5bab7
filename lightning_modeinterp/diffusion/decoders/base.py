"""The interface of decoders: likelihood of the data given the cleanest state ``z_0 = alpha_0 x_0 + sigma_0 eps``."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from lightning_modeinterp.init_args import init_args
from lightning_modeinterp.records import NoiseLevel


class Decoder(nn.Module, ABC):
    """The last part ``p(x_0 | z_0)`` of a variational diffusion model. A subclass implements `log_likelihood`."""

    def __init__(self) -> None:
        super().__init__()  # without arguments of nn.Module: the command line reads this signature
        self._init_args = init_args(self)

    @abstractmethod
    def log_likelihood(self, x_0: Tensor, z_0: Tensor, level: NoiseLevel) -> Tensor:
        """Log-likelihood of clean samples.

        Args:
            x_0: Clean samples, (B, *sample_shape), model units.
            z_0: The same at t = 0, (B, *sample_shape), model units.
            level: The noise level at t = 0, shape (1,).

        Returns:
            (B,) nats, of a density for continuous data, of a probability for discrete data.
        """
