"""The Gaussian mixture: ground truth of the 1D and 2D data, at any noise level.

With ``x_t = alpha x_0 + sigma eps`` a mixture of ``N(mu_k, s^2 I)`` becomes one of ``N(alpha mu_k, v I)`` with
``v = alpha^2 s^2 + sigma^2``, so density, score and posterior mean have closed forms at every level.
"""

import copy
import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

_CLEAN = NoiseLevel(t=torch.zeros(1, dtype=torch.float64), gamma=torch.full((1,), -math.inf, dtype=torch.float64))


class GaussianMixture:
    """Mixture of K isotropic Gaussians in d dimensions. All is computed and returned in float64.

    Args:
        means: Centres, (K, d), or (K,) for d = 1; data units.
        std: Standard deviation of every mode, data units, > 0.
        weights: Probability of each mode, (K,), summing to 1. Equal if None. A mode of weight 0 is left out, and the
            others are numbered without it.

    Raises:
        ConfigurationError: For an empty or ragged list of means, std <= 0, or weights that are not a distribution.

    Example:
        >>> mixture = GaussianMixture([1.0, 2.0, 3.0], std=0.05)
        >>> mixture.log_density(torch.tensor([[2.0]])).exp()  # 1/3 of N(0; 0.05^2)
        tensor([2.6596], dtype=torch.float64)
    """

    def __init__(
        self,
        means: Sequence[float] | Sequence[Sequence[float]] | Tensor,
        std: float,
        weights: Sequence[float] | Tensor | None = None,
    ) -> None:
        self.means = _as_centres(means)
        if not (std > 0 and math.isfinite(std)):
            raise ConfigurationError(f"std: expected a number > 0, got {std}; set a positive one")
        self.std = float(std)
        shares = _as_weights(weights, len(self.means))
        self.means, self.weights = self.means[shares > 0], shares[shares > 0]

    @property
    def num_modes(self) -> int:
        """K, without those of weight 0."""
        return len(self.means)

    @property
    def dimension(self) -> int:
        """Number d of coordinates."""
        return self.means.shape[1]

    def divided_by(self, scale: float) -> Self:
        """The mixture after division of the samples by a number > 0."""
        other = copy.copy(self)
        other.means, other.std = self.means / scale, self.std / scale
        return other

    def modes_of(self, num_samples: int) -> Tensor:
        """Assign samples to modes, in proportion to the weights and evenly interleaved.

        Mode k gets n w_k samples, rounded by largest remainder; its j-th comes at time (j + 1/2) / w_k. With equal
        weights sample i belongs to mode i mod K, as in the authors' code.

        Returns:
            (num_samples,) int64.
        """
        shares = num_samples * self.weights
        counts = (shares + 1e-9).floor().long()
        counts[(shares - counts).argsort(descending=True, stable=True)[: num_samples - int(counts.sum())]] += 1
        modes = torch.arange(self.num_modes).repeat_interleave(counts)
        rank = torch.arange(num_samples) - (counts.cumsum(0) - counts)[modes]
        return modes[torch.argsort((rank + 0.5) / self.weights[modes], stable=True)]

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        """Draw samples, balanced over the modes by `modes_of`.

        Returns:
            (num_samples, d) float64, data units.
        """
        noise = torch.randn(num_samples, self.dimension, generator=generator, dtype=torch.float64)
        return self.means[self.modes_of(num_samples)] + self.std * noise

    def log_density(self, x: Tensor, level: NoiseLevel = _CLEAN) -> Tensor:
        """Log-density of the mixture noised to ``level``.

        Args:
            x: (N, d), data units.
            level: Shape (1,) or (N,). The clean data by default.

        Returns:
            (N,) float64, nats.
        """
        _, variance, log_joint = self._components(x, level)
        norm = -0.5 * self.dimension * torch.log(2 * math.pi * variance)
        return torch.logsumexp(log_joint, dim=1) + norm.squeeze(1)

    def score(self, x: Tensor, level: NoiseLevel = _CLEAN) -> Tensor:
        """Gradient of the log-density, ``sum_k r_k (alpha mu_k - x) / v`` with the responsibilities r.

        Args:
            x: (N, d), data units.
            level: Shape (1,) or (N,).

        Returns:
            (N, d) float64, 1 / data units.
        """
        offsets, variance, log_joint = self._components(x, level)
        responsibilities = torch.softmax(log_joint, dim=1)
        return -torch.einsum("nk,nkd->nd", responsibilities, offsets) / variance

    def posterior_mean(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """Expected clean sample, ``E[x_0 | x_t] = sum_k r_k (mu_k + alpha s^2 / v (x_t - alpha mu_k))``.

        Args:
            x_t: Noised samples, (N, d), data units.
            level: Shape (1,) or (N,).

        Returns:
            (N, d) float64, data units.
        """
        level = level.to(device=x_t.device, dtype=torch.float64)
        offsets, variance, log_joint = self._components(x_t, level)
        responsibilities = torch.softmax(log_joint, dim=1)
        shrink = _column(level.alpha) * self.std**2 / variance
        mean = responsibilities @ self.means.to(x_t.device)
        return mean + shrink * torch.einsum("nk,nkd->nd", responsibilities, offsets)

    def _components(self, x: Tensor, level: NoiseLevel) -> tuple[Tensor, Tensor, Tensor]:
        """Offsets x - alpha mu_k (N, K, d), variance v (N or 1, 1), log w_k - |offset|^2 / 2v (N, K)."""
        level = level.to(device=x.device, dtype=torch.float64)
        alpha, sigma = _column(level.alpha), _column(level.sigma)
        offsets = x.double().unsqueeze(1) - alpha.unsqueeze(2) * self.means.to(x.device)
        variance = (alpha * self.std).square() + sigma.square()
        log_joint = self.weights.to(x.device).log() - offsets.square().sum(2) / (2 * variance)
        return offsets, variance, log_joint


def _column(values: Tensor) -> Tensor:
    return values.double().unsqueeze(1)


def _as_centres(means: Sequence[float] | Sequence[Sequence[float]] | Tensor) -> Tensor:
    try:
        centres = torch.as_tensor(means, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"means: expected a list of numbers or of equally long lists, got {means}") from error
    centres = centres.unsqueeze(1) if centres.ndim == 1 else centres
    if centres.ndim != 2 or centres.numel() == 0 or not centres.isfinite().all():
        raise ConfigurationError(f"means: expected K >= 1 finite centres, shape (K,) or (K, d), got {means}")
    return centres


def _as_weights(weights: Sequence[float] | Tensor | None, num_modes: int) -> Tensor:
    if weights is None:
        return torch.full((num_modes,), 1 / num_modes, dtype=torch.float64)
    values = torch.as_tensor(weights, dtype=torch.float64).detach().cpu()
    if values.shape != (num_modes,):
        raise ConfigurationError(f"weights: expected one for each of the {num_modes} means, got {values.tolist()}")
    total = values.sum().item()
    if (values < 0).any() or not math.isclose(total, 1.0, abs_tol=1e-6):
        raise ConfigurationError(
            f"weights: expected non-negative numbers that sum to 1, got {values.tolist()} "
            f"(sum {total:.6g}); divide each by the sum"
        )
    return values / values.sum()
