"""What the benchmarks compare with. Nothing of a peer is copied here: each is used as it was published.

* the authors' code, from a checkout that the user names: ``git clone`` of locuslab/diffusion-model-hallucination,
* the sampling loop of diffusers with the same network,
* denoising-diffusion-pytorch, if it is installed, with the same network.
"""

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, patch

import torch
from torch import Tensor, nn

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.records import NoiseLevel

BETAS = (0.001, 0.2)
_FOR_PLOTS_AND_LOGS = ("wandb", "tqdm", "torchvision", "torchvision.utils", "sklearn", "sklearn.datasets")


class Authors:
    """The published code of Aithal et al. 2024.

    Args:
        checkout: Root of a clone of their repository.
        num_steps: Number T of steps.
        dimension: Coordinates of a sample.
        width: Features of the network; 128 as published.
        device: Where it runs.
    """

    def __init__(
        self, checkout: Path, num_steps: int = 1000, dimension: int = 1, width: int = 128, device: str = "cpu"
    ) -> None:
        toy = _import_toy(checkout)
        betas = toy.get_beta_schedule("linear", beta_start=BETAS[0], beta_end=BETAS[1], timesteps=num_steps)
        self.diffusion = toy.GaussianDiffusion(betas, "eps", "fixed-large", "mse")
        self.network = toy.Decoder(dimension, width, 3).to(device)
        self._trainer = toy.Trainer
        self.dimension = dimension
        self.device = torch.device(device)

    def training_step(self, batch: Tensor) -> Callable[[], None]:
        """Their `Trainer.step` on a batch (B, d)."""
        trainer = self._trainer(
            self.network,
            torch.optim.Adam(self.network.parameters(), lr=1e-3),
            self.diffusion,
            epochs=1,
            trainloader=[batch],
            shape=batch.shape[1:],
            device=self.device,
            args=SimpleNamespace(log_results=False),
        )
        return lambda: trainer.step(batch.to(self.device))

    def draw(self, num_samples: int, last: int = 10) -> Tensor:
        """Samples with their x_0_hat kept, and the variance over the last ones as their filter takes it; (N,)."""
        shape = (num_samples, self.dimension)
        _, _, _, x_0_hat = self.diffusion.p_sample_save_all(self.network, shape, self.device)
        stacked = torch.stack(x_0_hat, dim=1)
        return stacked[:, -last:].var(dim=1, correction=0).flatten(1).mean(1)


def diffusers_draw(
    network: MLP, num_samples: int, num_steps: int = 1000, last: int = 10, device: str = "cpu"
) -> Tensor:
    """Samples by the usual loop over a DDPMScheduler, the last x_0_hat kept, and their variance; (N,)."""
    from diffusers import DDPMScheduler

    peer = DDPMScheduler(num_steps, *BETAS, beta_schedule="linear", clip_sample=False, variance_type="fixed_large")
    kept: list[Tensor] = []
    with torch.inference_mode():
        x_t = torch.randn(num_samples, *network.sample_shape, device=device)
        for step in peer.timesteps:
            t = (step.to(device) / (num_steps - 1)).repeat(num_samples)  # one a sample, as diffusers' pipelines do
            out = peer.step(network(x_t, NoiseLevel(t, t)), step, x_t)
            x_t = out.prev_sample
            kept = [*kept[-last + 1 :], out.pred_original_sample]
        return torch.stack(kept, 1).var(dim=1, correction=0).flatten(1).mean(1)


class _LucidrainsNetwork(nn.Module):
    channels, self_condition = 1, False

    def __init__(self, network: MLP, num_steps: int) -> None:
        super().__init__()
        self.network, self.num_steps = network, num_steps

    def forward(self, x: Tensor, step: Tensor, _: Any = None) -> Tensor:
        t = step / (self.num_steps - 1)
        return self.network(x[:, 0], NoiseLevel(t, t)).unsqueeze(1)


def lucidrains_draw(
    network: MLP, num_samples: int, num_steps: int = 1000, device: str = "cpu"
) -> Callable[[], Tensor] | None:
    """Sampling by denoising-diffusion-pytorch, which keeps no variance; None if it is not installed."""
    if importlib.util.find_spec("denoising_diffusion_pytorch") is None:
        return None
    from denoising_diffusion_pytorch import GaussianDiffusion1D

    peer = GaussianDiffusion1D(
        _LucidrainsNetwork(network, num_steps),
        seq_length=network.sample_shape[0],
        timesteps=num_steps,
        beta_schedule="linear",
        auto_normalize=False,
    ).to(device)

    def draw() -> Tensor:
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            samples: Tensor = peer.sample(batch_size=num_samples)
            return samples

    return draw


@cache
def _import_toy(checkout: Path) -> Any:
    """Their toy package; what it imports for plots and logs alone may be missing."""
    source = checkout / "gaussian_experiments"
    if not (source / "ddpm_torch" / "toy").is_dir():
        raise SystemExit(f"--authors: expected a clone of locuslab/diffusion-model-hallucination, got {checkout}")
    missing = [name for name in _FOR_PLOTS_AND_LOGS if importlib.util.find_spec(name.split(".")[0]) is None]
    sys.path.insert(0, str(source))
    with patch.dict(sys.modules, {name: MagicMock() for name in missing}):
        import ddpm_torch.toy  # type: ignore[import-not-found]

        return ddpm_torch.toy
