"""Training losses as pure functions: tensors in, named terms out. The term ``loss`` is minimised."""

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.parameterization import PredictionType, expand
from lightning_modeinterp.records import NoiseLevel


def ddpm_loss(output: Tensor, target: Tensor, weight: Tensor | None = None) -> dict[str, Tensor]:
    """Mean squared error over samples and coordinates, optionally weighted by noise level.

    Args:
        output: Network output, (B, ...).
        target: Its target, (B, ...).
        weight: (B,), or None for the plain mean (Ho et al. 2020, equation 14).

    Returns:
        ``loss``, and with a weight also the unweighted ``mse``.

    Example:
        >>> ddpm_loss(torch.zeros(2, 3), torch.ones(2, 3))["loss"]
        tensor(1.)
    """
    squared_error = (output - target).square()
    mse = squared_error.mean()
    if weight is None:
        return {"loss": mse}
    return {"loss": (expand(weight, squared_error) * squared_error).mean(), "mse": mse.detach()}


def clamped_snr_weight(level: NoiseLevel, floor: float, cap: float, prediction: PredictionType) -> Tensor:
    """Weight of the error on x_0 by the SNR, limited to at least ``floor`` and at most ``cap``.

    On eps it is that over the SNR, on v over SNR + 1, since the squared errors differ by these factors.

    Args:
        level: Noise levels, (B,).
        floor: Lower bound of the weight on x_0. At 0 an error at high noise counts little, as in the plain mean on
            eps; at 1 it counts as much as one at sigma = alpha.
        cap: Upper bound of the weight on x_0.
        prediction: What the network predicts.

    Returns:
        (B,) float.

    References:
        Cap: Hang et al. 2023, Efficient Diffusion Training via Min-SNR Weighting Strategy, section 3.4; 5 there.
        Floor: Salimans and Ho 2022, Progressive Distillation, section 4 (truncated SNR weighting); 1 there. Both at
        once: ours.

    Example:
        >>> level = NoiseLevel(t=torch.zeros(2), gamma=torch.tensor([-10.0, 10.0]))
        >>> clamped_snr_weight(level, floor=0.0, cap=5.0, prediction="eps")  # small where there is hardly any noise
        tensor([2.2700e-04, 1.0000e+00])
    """
    snr = level.snr
    if prediction == "x_0":
        return snr.clamp(floor, cap)
    if prediction == "v":
        return snr.clamp(floor, cap) * torch.sigmoid(level.gamma)
    # computed on eps: SNR overflows float32 where there is no noise, cap / SNR does not
    on_eps = (cap / snr).clamp(max=1.0)
    return on_eps.maximum(floor / snr) if floor else on_eps
