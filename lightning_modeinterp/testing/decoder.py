"""The contract test of decoders."""

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.decoders import Decoder
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect

_GAMMAS = (-12.0, -6.0, 0.0)


def check_decoder(decoder: Decoder, x_0: Tensor) -> None:
    """Check that a decoder keeps the contract of its interface, on samples that it can decode.

    A likelihood is one finite number of nats per sample, independent of other samples and deterministic; at very low
    noise the sample that z_0 was made from is more likely than any other; and gamma has a gradient, for learned
    schedules.

    Args:
        decoder: Any decoder.
        x_0: (N, *sample_shape) different clean samples, model units; N >= 2.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(decoder)
    for gamma in _GAMMAS:
        _check_likelihoods(decoder, x_0, _level(gamma, x_0))
    _check_each_sample_alone(decoder, x_0, _level(_GAMMAS[1], x_0))
    _check_truth_is_likeliest(decoder, x_0, _level(2 * _GAMMAS[0], x_0))
    _check_gradient(decoder, x_0, _level(_GAMMAS[1], x_0))


def _level(gamma: float, like: Tensor) -> NoiseLevel:
    return NoiseLevel(like.new_zeros(1), like.new_full((1,), gamma))


def _z_0(x_0: Tensor, level: NoiseLevel) -> Tensor:
    eps = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(0), dtype=x_0.dtype)
    return noised(x_0, eps, level)


def _check_likelihoods(decoder: Decoder, x_0: Tensor, level: NoiseLevel) -> None:
    name, z_0 = f"{type(decoder).__name__}.log_likelihood", _z_0(x_0, level)
    nats = decoder.log_likelihood(x_0, z_0, level)
    expect(
        nats.shape == x_0.shape[:1] and nats.dtype == x_0.dtype and bool(nats.isfinite().all()),
        f"{name}: expected {len(x_0)} finite numbers in {x_0.dtype}, got {nats.dtype} of {tuple(nats.shape)}, "
        f"{int(nats.isfinite().sum())} of them finite; sum over all axes but the first, in logarithms",
    )
    expect(
        torch.equal(nats, decoder.log_likelihood(x_0, z_0, level)),
        f"{name}: expected the same result twice, got two; use no random numbers",
    )


def _check_each_sample_alone(decoder: Decoder, x_0: Tensor, level: NoiseLevel) -> None:
    z_0 = _z_0(x_0, level)
    together, alone = (decoder.log_likelihood(x_0[:n], z_0[:n], level) for n in (len(x_0), 1))
    expect(
        torch.allclose(together[:1], alone),
        f"{type(decoder).__name__}.log_likelihood: expected each sample to be independent, got {alone.item():.6g} for "
        f"one alone and {together[0].item():.6g} among others; use no statistics of the batch",
    )


def _check_truth_is_likeliest(decoder: Decoder, x_0: Tensor, level: NoiseLevel) -> None:
    z_0 = _z_0(x_0, level)
    right = decoder.log_likelihood(x_0, z_0, level)
    wrong = decoder.log_likelihood(x_0.roll(1, 0), z_0, level)
    expect(
        bool((right > wrong).all()),
        f"{type(decoder).__name__}.log_likelihood: expected the sample that z_0 was made from to be likelier than "
        f"another at gamma = {level.gamma.item():.3g}, got less for {int((right <= wrong).sum())} of {len(x_0)}; mind "
        "z_0 = alpha_0 x_0 + sigma_0 eps",
    )


def _check_gradient(decoder: Decoder, x_0: Tensor, level: NoiseLevel) -> None:
    gamma = level.gamma.clone().requires_grad_()
    level = NoiseLevel(level.t, gamma)
    total = decoder.log_likelihood(x_0, _z_0(x_0, level), level).sum()
    gradient = torch.autograd.grad(total, gamma, allow_unused=True)[0] if total.requires_grad else None
    expect(
        gradient is not None and bool(gradient.isfinite().all()),
        f"{type(decoder).__name__}.log_likelihood: expected a finite gradient for gamma, got {gradient}; a learned "
        "schedule needs one, so do not detach the level",
    )
