"""Decoders that break the contract, each in one way."""

import pytest
import torch

from lightning_modeinterp.diffusion.decoders import GaussianDecoder
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_decoder

X_0 = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))


class Sound(GaussianDecoder): ...


class GivesOneNumberForAll(Sound):
    def log_likelihood(self, x_0, z_0, level):
        return super().log_likelihood(x_0, z_0, level).sum()


class LeavesTheLogarithms(Sound):
    def log_likelihood(self, x_0, z_0, level):
        return (1000 * super().log_likelihood(x_0, z_0, level)).exp().log()


class Draws(Sound):
    def log_likelihood(self, x_0, z_0, level):
        return super().log_likelihood(x_0, z_0, level) + torch.rand(len(x_0))


class LooksAtTheBatch(Sound):
    def log_likelihood(self, x_0, z_0, level):
        nats = super().log_likelihood(x_0, z_0, level)
        return nats - nats.mean()


class ForgetsAlpha(Sound):
    def log_likelihood(self, x_0, z_0, level):
        return super().log_likelihood(-x_0, z_0, level)


class Detaches(Sound):
    def log_likelihood(self, x_0, z_0, level):
        return super().log_likelihood(x_0, z_0.detach(), NoiseLevel(level.t, level.gamma.detach()))


def test_accepts_what_keeps_the_contract():
    check_decoder(Sound(), X_0)


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (GivesOneNumberForAll, r"expected 8 finite numbers in torch.float32, got torch.float32 of \(\)"),
        (LeavesTheLogarithms, "0 of them finite"),
        (Draws, "the same result twice"),
        (LooksAtTheBatch, "each sample to be independent"),
        (ForgetsAlpha, "likelier than another at gamma = -24, got less for 6 of 8"),
        (Detaches, "a finite gradient for gamma, got None"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_decoder(subclass(), X_0)
