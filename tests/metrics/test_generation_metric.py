"""Every metric of generated samples keeps the contract, and what those of the package do beyond it."""

import inspect
import pickle

import pytest
import torch

from lightning_modeinterp.data.gaussian import ModeStatistics, PairInterpolation
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import (
    DivergedRate,
    GenerationMetric,
    HallucinationDetection,
    HighestVariance,
    SupportRates,
    TrajectoryVarianceHistogram,
)
from lightning_modeinterp.testing import check_generation_metric
from tests.families import rows
from tests.own_contracts import others

PAIRS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
CHANCE = 2 * torch.rand(1000, 2, generator=torch.Generator().manual_seed(0))
SCORES = ("variance/last", "variance/wide", "signed")
KINDS = ("in_support", "ambiguous", "interpolated", "invalid")
BUILDERS = {
    SupportRates: [lambda: SupportRates(KINDS)],
    ModeStatistics: [lambda: ModeStatistics([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [1, 1, 1], chance_share=0.4)],
    PairInterpolation: [lambda: PairInterpolation(PAIRS, radius=0.2, chance_points=CHANCE)],
    DivergedRate: [DivergedRate],
    HallucinationDetection: [
        lambda: HallucinationDetection(SCORES, "variance/last"),
        lambda: HallucinationDetection(SCORES, "signed", exact_up_to=0),
    ],
    TrajectoryVarianceHistogram: [
        lambda: TrajectoryVarianceHistogram("variance/wide"),
        lambda: TrajectoryVarianceHistogram("variance/last", is_judged=False),
    ],
    HighestVariance: [lambda: HighestVariance("variance/wide", (2,), num_samples=5)],
    **rows("METRICS"),
}
NEED_NO_VERDICT = (DivergedRate, HighestVariance)
every_metric = pytest.mark.parametrize("make_metric", [make for makes in BUILDERS.values() for make in makes])


def over(metric, batches):
    for batch in batches:
        metric.update(batch)
    return metric


@pytest.fixture
def batches(make_generated):
    return [make_generated(200, start=start) for start in range(0, 800, 200)]


@pytest.mark.parametrize("subclass", others(GenerationMetric))
def test_contract(subclass, batches):
    for make in BUILDERS[subclass]:  # a KeyError here: add a line to BUILDERS for the new metric
        check_generation_metric(make(), batches, rtol=1e-12)


@every_metric
def test_counts_are_int64_and_fractions_float64(make_metric, batches):
    for name, value in over(make_metric(), batches).compute().items():
        assert value.dtype == (torch.int64 if name.split("/")[-1].startswith("num_") else torch.float64)


@every_metric
def test_pickling_keeps_the_state(make_metric, batches):
    metric = over(make_metric(), batches[:2])
    copy = pickle.loads(pickle.dumps(metric))
    torch.testing.assert_close(over(copy, batches[2:]).compute(), over(metric, batches[2:]).compute())


@every_metric
@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric:UserWarning")
def test_nothing_gives_nan(make_metric):
    assert any(value.isnan() for value in make_metric().compute().values())


def questions(metric):
    """Names of all that a metric can be asked: `compute`, and what else it gives without an argument."""
    functions = inspect.getmembers(type(metric), inspect.isfunction)
    ours = [(name, each) for name, each in functions if each.__module__.startswith("lightning_modeinterp.")]
    return [name for name, each in ours if name[0] != "_" and len(inspect.signature(each).parameters) == 1]


@every_metric
@pytest.mark.parametrize("is_alone", [True, False])
def test_one_process_can_ask_alone(make_metric, is_alone, batches, monkeypatch):
    """As rank zero's figures do, of the samples that it has kept: no other process would answer."""
    asked = []

    def gather(value, group=None):
        asked.append(value)
        return [value]

    monkeypatch.setattr("torchmetrics.metric.gather_all_tensors", gather)
    for name in questions(make_metric()):
        metric = over(make_metric(), batches[:1])
        metric.distributed_available_fn = lambda: True
        metric.sync_on_compute = not is_alone
        asked.clear()
        getattr(metric, name)()
        assert bool(asked) is not is_alone, name


def test_every_further_question_is_found():
    detection, pairs = BUILDERS[HallucinationDetection][0](), BUILDERS[PairInterpolation][0]()
    assert questions(detection) == ["compute", "curves"]
    assert questions(pairs) == ["compute", "enrichment_of_pairs"]


@every_metric
def test_a_batch_without_verdict_is_refused_unless_it_is_enough(make_metric, make_generated):
    metric = make_metric()
    if isinstance(metric, NEED_NO_VERDICT) or getattr(metric, "is_judged", True) is False:
        metric.update(make_generated(judged=False))
        assert all(value.isfinite() for value in metric.compute().values())
    else:
        with pytest.raises(ConfigurationError, match="without a verdict; give the data a support oracle"):
            metric.update(make_generated(judged=False))


def test_update_and_compute_have_to_be_written():
    class Unfinished(GenerationMetric):
        def update(self, generated):
            pass

    with pytest.raises(TypeError, match="compute"):
        Unfinished()
