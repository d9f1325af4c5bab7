"""The contract test of metrics of generated samples."""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict, variance_score
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.draws import normal
from lightning_modeinterp.testing.expect import expect, expect_no_error

KINDS = ("in_support", "ambiguous", "interpolated", "invalid")


def made_up_batches(
    kinds: Sequence[str] = KINDS,
    windows: Sequence[str] = ("last_10",),
    sample_shape: Sequence[int] = (2,),
    num_modes: int = 3,
    scores: Sequence[str] = (),
) -> list[GeneratedBatch]:
    """Four batches of 100 samples, judged and scored at random; hallucinations get ten times the variance.

    Args:
        kinds: Names of the kinds, as in an oracle.
        windows: Names of the windows that have a variance.
        sample_shape: Shape of one sample; mode k is around k in every coordinate.
        num_modes: Number of modes.
        scores: Names of further scores, of either sign.
    """
    batches = []
    for start in range(0, 400, 100):
        index = torch.arange(start, start + 100)
        kind, mode = torch.where(index % 7 < 5, 0, 1 + index % (len(kinds) - 1)), index % num_modes
        samples = 0.1 * normal(100, *sample_shape, seed=start) + mode.reshape(-1, *[1] * len(sample_shape))
        log_variance = -4 + 0.5 * normal(100, len(windows), seed=start + 1) + (kind >= 2).unsqueeze(1)
        verdict = SupportVerdict(kind.to(torch.int8), mode, tuple(kinds))
        values = dict(zip(map(variance_score, windows), (10**log_variance).unbind(1), strict=True))
        values |= {name: normal(100, seed=start + 2 + i) + (kind >= 2) for i, name in enumerate(scores)}
        batches.append(GeneratedBatch(index, samples, values, 50, verdict))
    return batches


def check_generation_metric(
    metric: GenerationMetric, batches: Sequence[GeneratedBatch] | None = None, rtol: float = 1e-6
) -> None:
    """Check that a metric keeps the contract of its interface.

    `compute` gives flat names to scalars, the same names without samples. The split into batches, their order, and the
    number of processes, one of them perhaps without samples, change nothing beyond rounding; nor does a cast of the
    model around the metric. `forward` gives a batch's own values, `reset` clears the state, and a batch is not changed.
    One without a verdict is measured or refused with a `ConfigurationError`. Diverged samples change no number, unless
    the metric declares that it uses them.

    Args:
        metric: Any metric; copies are checked.
        batches: At least two batches that it can measure. Those of `made_up_batches` if None.
        rtol: Largest relative rounding error.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(metric)
    batches = made_up_batches() if batches is None else batches
    _check_values(metric, batches)
    _check_no_samples(metric, batches)
    _check_batches_are_left_as_they_were(metric, batches)
    _check_cut_and_order(metric, batches, rtol)
    _check_processes(metric, batches, rtol)
    _check_reset(metric, batches, rtol)
    _check_forward(metric, batches, rtol)
    _check_cast(metric, batches, rtol)
    _check_unjudged(metric, batches[0])
    _check_diverged(metric, batches, rtol)


def _over(metric: GenerationMetric, batches: Sequence[GeneratedBatch]) -> GenerationMetric:
    """A copy of the metric with these batches only."""
    other = copy.deepcopy(metric)
    other.reset()
    return _add(other, batches)


def _add(metric: GenerationMetric, batches: Sequence[GeneratedBatch]) -> GenerationMetric:
    for batch in batches:
        metric.update(batch)
    return metric


def _expect_same(
    actual: dict[str, Tensor], expected: dict[str, Tensor], rtol: float, contract: str, remedy: str
) -> None:
    for name, value in expected.items():
        got = actual[name]
        is_same = torch.allclose(got.double(), value.double(), rtol=rtol, atol=1e-12, equal_nan=True)
        expect(is_same, f"{contract}, got {name} = {got.tolist()} and not {value.item()}; {remedy}")


def _check_values(metric: GenerationMetric, batches: Sequence[GeneratedBatch]) -> None:
    name, values = f"{type(metric).__name__}.compute", _over(metric, batches).compute()
    expect(
        isinstance(values, dict) and bool(values),
        f"{name}: expected a dict of names to scalar tensors, got {type(values).__name__}; name each number",
    )
    wrong = [key for key, each in values.items() if not isinstance(each, Tensor) or each.ndim > 0]
    expect(not wrong, f"{name}: expected scalar tensors, got others for {', '.join(wrong)}; give each number its name")


def _check_no_samples(metric: GenerationMetric, batches: Sequence[GeneratedBatch]) -> None:
    contract = f"{type(metric).__name__}.compute: expected the same names without samples"
    remedy = "give nan for what cannot be measured"
    with warnings.catch_warnings(), expect_no_error(contract, remedy):
        warnings.simplefilter("ignore")  # torchmetrics warns about this, which is deliberate here
        none = _over(metric, []).compute()
    some = _over(metric, batches).compute()
    expect(none.keys() == some.keys(), f"{contract}, got {sorted(none)} and not {sorted(some)}; {remedy}")


def _check_batches_are_left_as_they_were(metric: GenerationMetric, batches: Sequence[GeneratedBatch]) -> None:
    given = copy.deepcopy(batches[0])
    _over(metric, [given]).compute()
    changed = [
        name
        for name, values in _columns(given).items()
        if not torch.equal(values, _columns(batches[0])[name])  # made up ones hold no nan
    ]
    expect(
        not changed,
        f"{type(metric).__name__}.update: expected the batch to stay unchanged, got another {', '.join(changed)}; the "
        "sample store reads it too, so write into new tensors",
    )


def _check_cut_and_order(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    expected, remedy = _over(metric, batches).compute(), "sum counts and values in float64, and divide in `compute`"
    contract = f"{type(metric).__name__}: expected the same values from one batch and from many"
    _expect_same(_over(metric, [GeneratedBatch.joined(batches)]).compute(), expected, rtol, contract, remedy)
    contract = f"{type(metric).__name__}: expected the same values in any order of the batches"
    _expect_same(_over(metric, batches[::-1]).compute(), expected, rtol, contract, remedy)


def _check_processes(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    contract = f"{type(metric).__name__}: expected the same values from several processes and from one"
    remedy = "keep all that `compute` reads in states, reduced by 'sum' or 'cat'"
    expected = _over(metric, batches).compute()
    for num_first in (1, len(batches)):  # in the second case the other process has no samples
        with expect_no_error(contract, remedy):
            merged = _over(metric, batches[:num_first])
            merged.merge_state(_over(metric, batches[num_first:]))
        _expect_same(merged.compute(), expected, rtol, contract, remedy)


def _check_reset(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    used, expected = _over(metric, batches[:1]), _over(metric, batches[1:]).compute()
    used.reset()
    contract = f"{type(metric).__name__}.reset: expected to clear everything"
    remedy = "declare with add_state everything that `update` changes"
    _expect_same(_add(used, batches[1:]).compute(), expected, rtol, contract, remedy)


def _check_forward(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    running, name = _over(metric, []), f"{type(metric).__name__}.forward"
    remedy = "leave `forward` to torchmetrics, and reduce states by 'sum' or 'cat'"
    for batch in batches:
        alone = _over(metric, [batch]).compute()
        _expect_same(running(batch), alone, rtol, f"{name}: expected the values of the batch alone", remedy)
    whole = _over(metric, batches).compute()
    _expect_same(running.compute(), whole, rtol, f"{name}: expected to count towards the whole", remedy)


def _check_cast(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    cast, expected = _over(metric, batches[:1]).to(torch.bfloat16), _over(metric, batches).compute()
    contract = f"{type(metric).__name__}: expected the same values when the model around it is cast to bfloat16"
    remedy = "keep numbers in states or buffers, which keep their precision"
    _expect_same(_add(cast, batches[1:]).compute(), expected, rtol, contract, remedy)


def _check_unjudged(metric: GenerationMetric, batch: GeneratedBatch) -> None:
    with expect_no_error(
        f"{type(metric).__name__}.update: expected a batch without a verdict to be measured or refused with a "
        "ConfigurationError",
        "read the verdict with self.verdict_of(generated)",
    ):
        try:
            _over(metric, [replace(batch, verdict=None)]).compute()
        except ConfigurationError:
            return


def _check_diverged(metric: GenerationMetric, batches: Sequence[GeneratedBatch], rtol: float) -> None:
    if metric.sees_diverged:
        return
    lost = replace(
        batches[0],
        samples=torch.full_like(batches[0].samples, torch.inf),
        diverged=torch.tensor(True).expand(len(batches[0])),
    )
    contract = f"{type(metric).__name__}: expected samples that diverged to count in no number"
    expected = _over(metric, batches).compute()
    remedy = "leave `update` to be wrapped by GenerationMetric"
    _expect_same(_over(metric, [*batches, lost]).compute(), expected, rtol, contract, remedy)


def _columns(batch: GeneratedBatch) -> dict[str, Tensor]:
    return {"index": batch.index, "samples": batch.samples, "diverged": batch.diverged, **batch.scores}
