"""The contract test of support oracles."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect, expect_no_error

_MIN_TRUE_RATE = 0.99


def check_support_oracle(oracle: SupportOracle, true_samples: Tensor, hallucinations: Tensor) -> None:
    """Check that a support oracle keeps the contract of its interface, on samples with known verdicts.

    The kinds are ``in_support``, ``ambiguous`` and at least one kind of hallucination. True samples are in support
    (99 %, since a density has tails), hallucinations are detected, and so is every sample that is not finite. Each
    sample is judged independently and deterministically, and is not changed; an empty batch is allowed.

    Args:
        oracle: Any oracle.
        true_samples: (N, *sample_shape) samples of the data, data units; a few hundred.
        hallucinations: (M, *sample_shape) samples that are hallucinations beyond doubt, data units; at least one.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(oracle)
    _check_kinds(oracle)
    with torch.inference_mode():
        _check_verdict(oracle, torch.cat([true_samples, hallucinations]))
        _check_truth(oracle, true_samples, hallucinations)
        _check_diverged_samples(oracle, true_samples[:4])
        _check_each_sample_alone(oracle, torch.cat([true_samples[:8], hallucinations[:8]]))
        _check_no_samples(oracle, true_samples[:0])


def _check_kinds(oracle: SupportOracle) -> None:
    expect(
        oracle.kinds[:2] == ("in_support", "ambiguous") and 3 <= len(oracle.kinds) == len(set(oracle.kinds)),
        f"{type(oracle).__name__}.kinds: expected in_support, ambiguous and then distinct kinds of hallucination, got "
        f"{oracle.kinds}; pass your own kinds to super().__init__",
    )


def _check_verdict(oracle: SupportOracle, samples: Tensor) -> None:
    name, given = f"{type(oracle).__name__}.judge", samples.clone()
    verdict = oracle.judge(given)
    expect(
        verdict.kinds == oracle.kinds,
        f"{name}: expected a verdict in the oracle's kinds {oracle.kinds}, got {verdict.kinds}; use self.kinds",
    )
    for column, dtype in (("kind", torch.int8), ("mode", torch.int64)):
        values = getattr(verdict, column)
        expect(
            values.dtype == dtype and values.shape == samples.shape[:1],
            f"{name}: expected `{column}` to be {dtype} of shape {tuple(samples.shape[:1])}, got {values.dtype} of "
            f"{tuple(values.shape)}; give one for each sample",
        )
    expect(
        bool(((verdict.kind >= 0) & (verdict.kind < len(oracle.kinds))).all()) and bool((verdict.mode >= 0).all()),
        f"{name}: expected kinds 0 to {len(oracle.kinds) - 1} and modes from 0 on, got kinds "
        f"{sorted(set(verdict.kind.tolist()))} and modes {sorted(set(verdict.mode.tolist()))}; both count from 0",
    )
    expect(torch.equal(given, samples), f"{name}: expected samples to stay unchanged, got others; judge a copy")
    expect(
        _are_same(oracle.judge(samples), verdict),
        f"{name}: expected the same verdict twice, got two; use no random numbers",
    )


def _check_truth(oracle: SupportOracle, true_samples: Tensor, hallucinations: Tensor) -> None:
    name = f"{type(oracle).__name__}.judge"
    rate = oracle.judge(true_samples).in_support.double().mean().item()
    expect(
        rate > _MIN_TRUE_RATE,
        f"{name}: expected more than {_MIN_TRUE_RATE} of the true samples in support, got {rate:.4g}; widen the "
        "support, and check that oracle and samples are both in data units",
    )
    is_missed = ~oracle.judge(hallucinations).hallucinated
    expect(
        not is_missed.any(),
        f"{name}: expected all {len(hallucinations)} hallucinations to be detected, got others for the rows "
        f"{is_missed.nonzero().flatten()[:5].tolist()}; kinds of hallucinations begin at 2, so narrow the support",
    )


def _check_diverged_samples(oracle: SupportOracle, true_samples: Tensor) -> None:
    for value in (math.nan, math.inf, -math.inf):
        contract = f"{type(oracle).__name__}.judge: expected samples with {value} to be hallucinations"
        remedy = "test whether a sample is inside, which nan never is, not whether it is outside"
        diverged = true_samples.flatten(1).clone()
        diverged[:, 0] = value
        with expect_no_error(contract, remedy):
            verdict = oracle.judge(diverged.reshape(true_samples.shape))
        kinds = [oracle.kinds[kind] for kind in sorted(set(verdict.kind.tolist()))]
        expect(bool(verdict.hallucinated.all()), f"{contract}, got {', '.join(kinds)}; {remedy}")


def _check_each_sample_alone(oracle: SupportOracle, samples: Tensor) -> None:
    together = oracle.judge(samples)
    for i in range(len(samples)):
        alone = oracle.judge(samples[i : i + 1])
        expect(
            _are_same(alone, together[i : i + 1]),
            f"{type(oracle).__name__}.judge: expected each sample to be judged independently, got kind "
            f"{alone.kind.item()} and mode {alone.mode.item()} for a sample alone and {together.kind[i].item()} and "
            f"{together.mode[i].item()} among others; use no statistics of the batch",
        )


def _check_no_samples(oracle: SupportOracle, none: Tensor) -> None:
    contract = f"{type(oracle).__name__}.judge: expected an empty verdict for no samples"
    remedy = "allow shapes (0, ...)"
    with expect_no_error(contract, remedy):
        verdict = oracle.judge(none)
    expect(len(verdict.kind) == len(verdict.mode) == 0, f"{contract}, got {len(verdict.kind)} verdicts; {remedy}")


def _are_same(a: SupportVerdict, b: SupportVerdict) -> bool:
    return torch.equal(a.kind, b.kind) and torch.equal(a.mode, b.mode)
