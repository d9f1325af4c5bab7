"""The contract of a support oracle; a plug-in author calls `check_oracle` on theirs."""

import inspect

import pytest
import torch

from lightning_modeinterp.distributions import GaussianMixture
from lightning_modeinterp.support import DensityThreshold, GaussianModes, SupportOracle

MIXTURE = GaussianMixture([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], std=0.05)
BUILDERS = {
    DensityThreshold: lambda: DensityThreshold(MIXTURE),
    GaussianModes: lambda: GaussianModes(MIXTURE),
}


def concrete_subclasses(base):
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def check_oracle(oracle, true_samples, hallucinations):
    """True samples are in support, diverged ones never; each sample is judged alone and none at all is no error."""
    assert oracle.kinds[:2] == ("in_support", "ambiguous")
    assert len(oracle.kinds) >= 3
    verdict = oracle.judge(true_samples)
    assert verdict.kinds == oracle.kinds
    assert (verdict.kind.dtype, verdict.mode.dtype) == (torch.int8, torch.int64)
    assert verdict.in_support.double().mean() > 0.99
    assert oracle.judge(hallucinations).hallucinated.all()
    for value in (torch.nan, torch.inf, -torch.inf):
        diverged = true_samples[:4].clone()
        diverged.flatten(1)[:, 0] = value
        assert oracle.judge(diverged).hallucinated.all()
    both = torch.cat([true_samples[:3], hallucinations])
    together, alone = oracle.judge(both), [oracle.judge(both[i : i + 1]) for i in range(len(both))]
    assert torch.equal(together.kind, torch.cat([v.kind for v in alone]))
    assert torch.equal(together.mode, torch.cat([v.mode for v in alone]))
    assert len(oracle.judge(true_samples[:0]).kind) == 0


@pytest.mark.parametrize("subclass", concrete_subclasses(SupportOracle))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contract(subclass, dtype):
    true_samples = MIXTURE.sample(500, torch.Generator().manual_seed(0)).to(dtype)
    hallucinations = torch.tensor([[0.5, 0.0], [3.0, 3.0], [0.4, 0.4]], dtype=dtype)
    # a KeyError here: add a line to BUILDERS for the new oracle
    check_oracle(BUILDERS[subclass](), true_samples, hallucinations)
