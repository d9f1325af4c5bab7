"""Prediction types, and conversions between them.

With ``x_t = alpha x_0 + sigma eps`` and ``v = alpha eps - sigma x_0`` (Salimans and Ho 2022, section 4 and appendix D):

    x_0 = (x_t - sigma eps) / alpha = alpha x_t - sigma v
    eps = (x_t - alpha x_0) / sigma = sigma x_t + alpha v
    score = -eps / sigma
"""

from typing import Literal

from torch import Tensor

from lightning_modeinterp.records import NoiseLevel

PredictionType = Literal["eps", "x_0", "v"]


def expand(values: Tensor, like: Tensor) -> Tensor:
    """Append axes to values of shape (B,) or (1,) so that they broadcast over ``like`` of shape (B, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def scales(level: NoiseLevel, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return alpha and sigma, ready to broadcast over ``like``."""
    return expand(level.alpha, like), expand(level.sigma, like)


def noised(x_0: Tensor, eps: Tensor, level: NoiseLevel) -> Tensor:
    """Noise clean samples: ``x_t = alpha x_0 + sigma eps``; (B, ...), model units."""
    alpha, sigma = scales(level, x_0)
    return alpha * x_0 + sigma * eps


def target(x_0: Tensor, eps: Tensor, level: NoiseLevel, prediction: PredictionType) -> Tensor:
    """The training target of a prediction type.

    Args:
        x_0: Clean samples, (B, ...), model units.
        eps: The standard normal noise added to them, (B, ...).
        level: Noise levels, (B,).
        prediction: What the network predicts.

    Returns:
        (B, ...).
    """
    if prediction == "x_0":
        return x_0
    if prediction == "eps":
        return eps
    alpha, sigma = scales(level, x_0)
    return alpha * eps - sigma * x_0


def x_0_from(output: Tensor, x_t: Tensor, level: NoiseLevel, prediction: PredictionType) -> Tensor:
    """Convert a network's output to the clean sample.

    Args:
        output: Network output, (B, ...).
        x_t: Noised samples, (B, ...), model units.
        level: Noise levels, (B,) or (1,).
        prediction: Prediction type of the output.

    Returns:
        x_0_hat, (B, ...), model units.

    Example:
        >>> import torch
        >>> level = NoiseLevel(t=torch.tensor([0.5]), gamma=torch.tensor([1.0]))
        >>> x_0, eps = torch.randn(2, 4, 3)
        >>> x_t = noised(x_0, eps, level)
        >>> x_0_hat = x_0_from(target(x_0, eps, level, "v"), x_t, level, "v")
        >>> torch.allclose(x_0_hat, x_0, atol=1e-5)
        True
    """
    if prediction == "x_0":
        return output
    alpha, sigma = scales(level, x_t)
    if prediction == "eps":
        return (x_t - sigma * output) / alpha
    return alpha * x_t - sigma * output


def eps_from(output: Tensor, x_t: Tensor, level: NoiseLevel, prediction: PredictionType) -> Tensor:
    """Convert a network's output to the noise, (B, ...). See `x_0_from`."""
    if prediction == "eps":
        return output
    if prediction == "x_0":
        return eps_from_x_0(output, x_t, level)
    alpha, sigma = scales(level, x_t)
    return sigma * x_t + alpha * output  # going through x_0 would cancel digits where sigma is small


def eps_from_x_0(x_0_hat: Tensor, x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Noise implied by a predicted clean sample; (B, ...)."""
    alpha, sigma = scales(level, x_t)
    return (x_t - alpha * x_0_hat) / sigma


def score_from_x_0(x_0_hat: Tensor, x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Score ``grad log q(x_t)`` implied by a predicted clean sample; (B, ...), 1 / model units."""
    return -eps_from_x_0(x_0_hat, x_t, level) / expand(level.sigma, x_t)
