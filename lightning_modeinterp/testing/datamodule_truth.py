"""Checks that the ground truth of a data module is consistent with its data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.data import ModeInterpDataModule, Probe, Split
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.noise_schedules import LinearGammaSchedule
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.testing.denoiser import check_denoiser
from lightning_modeinterp.testing.draws import normal
from lightning_modeinterp.testing.expect import expect, expect_no_error
from lightning_modeinterp.testing.generation_metric import check_generation_metric

_MIN_TRUE_RATE = 0.99


def check_units(data: ModeInterpDataModule, rows: Tensor) -> None:
    """Check that `to_data_units` converts samples independently and keeps their shape; `to_model_units` inverts it.

    Args:
        data: A data module.
        rows: (N, *sample_shape) of its samples, model units.

    Raises:
        AssertionError: If it breaks the contract.
    """
    name, given = f"{type(data).__name__}.to_data_units", rows.clone()
    values = data.to_data_units(given)
    expect(
        values.shape == rows.shape and values.dtype == torch.float32,
        f"{name}: expected float32 of the shape {tuple(rows.shape)} that came in, got {values.dtype} of "
        f"{tuple(values.shape)}; reshape in the oracle or the figure instead",
    )
    expect(torch.equal(given, rows), f"{name}: expected samples to stay unchanged, got others; write into a copy")
    expect(
        torch.allclose(data.to_data_units(rows[:1]), values[:1]),
        f"{name}: expected independent conversion of samples, got another beside others; use constants of the data",
    )
    expect(
        torch.allclose(data.to_model_units(values), rows, atol=1e-5),
        f"{type(data).__name__}.to_model_units: expected what `to_data_units` was given, got other values; invert it",
    )


def check_truth(data: ModeInterpDataModule, rows: Mapping[Split, Tensor]) -> None:
    """Check that oracle, exact denoiser, metrics, probes and figures, if any, fit these data.

    Args:
        data: A data module.
        rows: All samples of each split, (N, *sample_shape), model units.

    Raises:
        AssertionError: If one of them does not.
    """
    _check_span(data, rows)
    _check_support(data, rows)
    _check_exact_denoiser(data, rows["train"])
    _check_metrics(data, rows["test"])
    _check_probes(data)
    _check_figures(data, rows["test"])


def _check_span(data: ModeInterpDataModule, rows: Mapping[Split, Tensor]) -> None:
    for split, samples in rows.items():
        expect(
            not data.has_diverged(samples).any(),
            f"{type(data).__name__}.has_diverged: expected no {split} sample to count as diverged; widen it",
        )


def _check_support(data: ModeInterpDataModule, rows: Mapping[Split, Tensor]) -> None:
    if data.support is None:
        return
    for split, samples in rows.items():
        rate = data.support.judge(data.to_data_units(samples)).in_support.double().mean().item()
        expect(
            rate > _MIN_TRUE_RATE,
            f"{type(data).__name__}.support: expected over {_MIN_TRUE_RATE} of the {split} samples in support, got "
            f"{rate:.4g}; judge in data units, and widen the support",
        )


def _check_exact_denoiser(data: ModeInterpDataModule, rows: Tensor) -> None:
    exact = data.exact_denoiser()
    if exact is None:
        return
    name = f"{type(data).__name__}.exact_denoiser"
    expect(
        exact.prediction == "x_0" and exact.sample_shape == data.sample_shape,
        f"{name}: expected a denoiser of x_0 for samples {data.sample_shape}, got {exact.prediction} for "
        f"{exact.sample_shape}; its output is used as the clean sample",
    )
    check_denoiser(exact)
    for gamma in (-6.0, 0.0, 6.0):
        error, guess = _squared_errors(exact, rows, gamma)
        expect(
            error < 1.1 * guess,
            f"{name}: expected no more error than the better of x_t / alpha and the mean, got {error:.3g} and not "
            f"{guess:.3g} at gamma = {gamma:g}; it has to use the training data, in model units",
        )


def _squared_errors(exact: Denoiser, x_0: Tensor, gamma: float) -> tuple[float, float]:
    """Mean squared error of a denoiser, and of the better of two guesses without one."""
    level = LinearGammaSchedule(gamma - 1, gamma + 1).level(torch.tensor([0.5]))
    x_t = noised(x_0, normal(*x_0.shape), level)
    with torch.inference_mode():
        error, of_noisy, of_mean = (
            (x - x_0).square().mean() for x in (exact(x_t, level), x_t / level.alpha, x_0.mean(0))
        )
    return error.item(), min(of_noisy.item(), of_mean.item())


def _check_metrics(data: ModeInterpDataModule, rows: Tensor) -> None:
    metrics, again, name = data.metrics(), data.metrics(), f"{type(data).__name__}.metrics"
    batches, names = _as_generated(data, rows), Counter[str]()
    for metric, other in zip(metrics, again, strict=True):
        expect(
            isinstance(metric, GenerationMetric) and metric is not other,
            f"{name}: expected a new GenerationMetric at each call, got {type(metric).__name__}, "
            f"{'the same again' if metric is other else 'a new one'}; build them in the method",
        )
        check_generation_metric(metric, batches)
        metric.update(batches[0])
        names.update(metric.compute().keys())
    repeated = [each for each, count in names.items() if count > 1]
    expect(not repeated, f"{name}: expected distinct names, got {', '.join(repeated)} more than once; remove one")


def _check_probes(data: ModeInterpDataModule) -> None:
    for probe, other in zip(data.probes(), data.probes(), strict=True):
        expect(
            isinstance(probe, Probe) and probe is not other,
            f"{type(data).__name__}.probes: expected a new Probe at each call, got {type(probe).__name__}, "
            f"{'the same again' if probe is other else 'a new one'}; build them in the method",
        )


def _check_figures(data: ModeInterpDataModule, rows: Tensor) -> None:
    name, (drawn, _) = f"{type(data).__name__}.sample_figures and test_figures", _as_generated(data, rows)
    for few in (drawn[:1], drawn[: len(drawn) // 2], replace(drawn, verdict=None)):
        with expect_no_error(f"{name}: expected figures of {len(few)} samples, with or without verdicts", "mend them"):
            made = [*data.sample_figures(few), *data.test_figures(few)]
        names = [each for each, _ in made]
        expect(
            all(isinstance(figure, Figure) for _, figure in made) and len(set(names)) == len(names),
            f"{name}: expected figures by distinct names, got {made}; yield name, figure",
        )
    marks = data.landmarks()
    expect(
        marks is None or marks.shape[1:] == data.sample_shape,
        f"{type(data).__name__}.landmarks: expected points of sample_shape {data.sample_shape}, got "
        f"{None if marks is None else tuple(marks.shape)}; return them in model units, one per row",
    )
    network = data.feature_network()
    if network is not None:
        features = network(drawn.samples)
        expect(
            features.ndim == 2 and len(features) == len(drawn),
            f"{type(data).__name__}.feature_network: expected features (N, F) of {len(drawn)} samples, got "
            f"{tuple(features.shape)}; flatten them",
        )


def _as_generated(data: ModeInterpDataModule, rows: Tensor) -> list[GeneratedBatch]:
    """True samples in two batches, as if the data's generation had scored them."""
    names, samples = data.generation.score_names, data.to_data_units(rows)
    scores = dict(zip(names, normal(len(rows), len(names)).exp().unbind(1), strict=True))
    half = -(-len(rows) // 2)
    return [
        GeneratedBatch(
            index=index,
            samples=samples[index],
            scores={name: values[index] for name, values in scores.items()},
            block_size=half,
            verdict=data.support.judge(samples[index]) if data.support else None,
        )
        for index in (torch.arange(half), torch.arange(half, len(rows)))
    ]
