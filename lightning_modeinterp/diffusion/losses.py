"""Training losses, pure: tensors in, named terms out. The term ``loss`` is the one that is minimised."""

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.parameterization import PredictionType, expand
from lightning_modeinterp.records import NoiseLevel


def ddpm_loss(output: Tensor, target: Tensor, weight: Tensor | None = None) -> dict[str, Tensor]:
    """Mean squared error over samples and coordinates, optionally weighted by noise level.

    Args:
        output: Network output, (B, ...).
        target: What it should be, (B, ...).
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


def min_snr_weight(level: NoiseLevel, cap: float, prediction: PredictionType) -> Tensor:
    """Weight that counts the error on x_0 by at most ``cap`` times: ``min(SNR, cap)`` on x_0.

    On eps it is that over the SNR, on v over SNR + 1, since the squared errors differ by these factors.

    Args:
        level: Noise levels, (B,).
        cap: Upper bound of the weight on x_0; 5 is the reference's choice.
        prediction: What the network predicts.

    Returns:
        (B,) float.

    References:
        Hang et al. 2023, Efficient Diffusion Training via Min-SNR Weighting Strategy, section 3.4.

    Example:
        >>> level = NoiseLevel(t=torch.zeros(2), gamma=torch.tensor([-10.0, 10.0]))
        >>> min_snr_weight(level, cap=5.0, prediction="eps")  # damped where there is hardly noise
        tensor([2.2700e-04, 1.0000e+00])
    """
    snr = level.snr
    # computed on eps first: SNR overflows float32 where there is no noise, cap / SNR does not
    on_eps = (cap / snr).clamp(max=1.0)
    if prediction == "eps":
        return on_eps
    if prediction == "x_0":
        return snr.clamp(max=cap)
    return on_eps * torch.sigmoid(-level.gamma)
