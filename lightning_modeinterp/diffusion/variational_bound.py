"""The variational bound on the data's log-likelihood and its three terms, as pure functions (Kingma et al. 2021).

With noised samples ``z_t = alpha_t x_0 + sigma_t eps``,

    -log p(x_0) <= diffusion + prior + reconstruction
    diffusion = 1/2 E_t[gamma'(t) |eps - eps_hat|^2]                                     in continuous time
              = T/2 E_i[expm1(gamma(t_i) - gamma(t_{i-1})) |eps - eps_hat|^2]            in T steps, t_i = i / T
    prior = KL(q(z_1 | x_0) || N(0, I))
    reconstruction = -E log p(x_0 | z_0)

The reconstruction comes from a decoder. All terms are (B,) in nats; their sum estimates the bound of each sample.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus


def continuous_diffusion_loss(eps_hat: Tensor, eps: Tensor, slope: Tensor) -> Tensor:
    """Diffusion loss in continuous time, ``1/2 gamma'(t) |eps - eps_hat|^2`` at a uniform t.

    Args:
        eps_hat: Predicted noise, (B, ...).
        eps: The noise, (B, ...).
        slope: ``gamma'(t)``, (B,).

    Returns:
        (B,) nats.

    References:
        Kingma et al. 2021, section 5.

    Example:
        >>> continuous_diffusion_loss(torch.zeros(2, 3), torch.ones(2, 3), torch.tensor([1.0, 2.0]))
        tensor([1.5000, 3.0000])
    """
    return 0.5 * slope * _squared_norm(eps - eps_hat)


def discrete_diffusion_loss(eps_hat: Tensor, eps: Tensor, gamma_step: Tensor, num_steps: int) -> Tensor:
    """Diffusion loss in T steps, ``T/2 expm1(gamma(t_i) - gamma(t_{i-1})) |eps - eps_hat|^2`` at a uniform i.

    Args:
        eps_hat: Noise predicted at t_i, (B, ...).
        eps: The noise, (B, ...).
        gamma_step: ``gamma(t_i) - gamma(t_{i-1})``, (B,).
        num_steps: T.

    Returns:
        (B,) nats.

    References:
        Kingma et al. 2021, section 4.

    Example:
        >>> discrete_diffusion_loss(torch.zeros(1, 3), torch.ones(1, 3), torch.tensor([2.0]).log(), num_steps=10)
        tensor([15.])
    """
    return 0.5 * num_steps * torch.expm1(gamma_step) * _squared_norm(eps - eps_hat)


def prior_loss(x_0: Tensor, gamma_1: Tensor) -> Tensor:
    """``KL(q(z_1 | x_0) || N(0, I)) = 1/2 sum(alpha_1^2 (x_0^2 - 1) - log sigma_1^2)``.

    Args:
        x_0: Clean samples, (B, ...), model units.
        gamma_1: gamma(1), shape (1,).

    Returns:
        (B,) nats, >= 0.

    Example:
        >>> prior_loss(torch.ones(1, 2), torch.zeros(1))  # log 2
        tensor([0.6931])
    """
    signal = torch.sigmoid(-gamma_1) * (x_0.square().flatten(1) - 1)
    return 0.5 * (signal + softplus(-gamma_1)).sum(1)


def bits_per_dimension(nats: Tensor, sample_shape: Sequence[int]) -> Tensor:
    """Convert nats per sample to bits per coordinate.

    Args:
        nats: Any shape.
        sample_shape: Shape of one sample.

    Example:
        >>> bits_per_dimension(torch.tensor(2.0).log(), (2, 2))
        tensor(0.2500)
    """
    return nats / (math.prod(sample_shape) * math.log(2))


def descend_square(behind: Sequence[Tensor], loss: Tensor) -> None:
    """Make the parameters behind some tensors minimise ``mean(loss^2)``, while others minimise ``mean(loss)``.

    The gradient of each row of the tensors is multiplied by twice the loss of that sample. For parameters that do not
    change the mean of the loss, this lowers its variance. Call it before the backward pass of ``mean(loss)``.

    Args:
        behind: Tensors (B,), each row of which affects the loss of that sample alone.
        loss: (B,).

    References:
        Kingma et al. 2021, appendix I.2.

    Example:
        >>> w = torch.tensor(3.0, requires_grad=True)
        >>> row = w * torch.ones(2)
        >>> descend_square([row], row)
        >>> row.mean().backward()
        >>> w.grad  # of w^2
        tensor(6.)
    """
    factor = 2 * loss.detach()
    for each in behind:
        if each.requires_grad:
            each.register_hook(lambda gradient: factor * gradient)  # type: ignore[no-untyped-call]


def _squared_norm(difference: Tensor) -> Tensor:
    return difference.square().flatten(1).sum(1)
