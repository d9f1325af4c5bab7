"""The contract of every metric of generated samples."""

import pickle

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric, ModeStatistics, SupportRates, TrajectoryVarianceDetection

METRICS = {
    "support_rates": lambda: SupportRates(("in_support", "ambiguous", "interpolated", "invalid")),
    "mode_statistics": lambda: ModeStatistics([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [1, 1, 1], chance_share=0.4),
    "detection": lambda: TrajectoryVarianceDetection(("last", "wide"), "last"),
    "binned_detection": lambda: TrajectoryVarianceDetection(("last", "wide"), "last", exact_up_to=0),
}
every_metric = pytest.mark.parametrize("make_metric", METRICS.values(), ids=METRICS.keys())


def over(metric, batches):
    for batch in batches:
        metric.update(batch)
    return metric


@pytest.fixture
def batches(make_generated):
    return [make_generated(200, start=start) for start in range(0, 800, 200)]


@every_metric
def test_results_are_flat_scalars(make_metric, batches):
    for name, value in over(make_metric(), batches).compute().items():
        assert value.shape == ()
        assert value.dtype == (torch.int64 if name.split("/")[-1].startswith("num_") else torch.float64)


@every_metric
def test_one_batch_equals_many_in_any_order(make_metric, batches, make_generated):
    forwards = over(make_metric(), batches).compute()
    torch.testing.assert_close(over(make_metric(), reversed(batches)).compute(), forwards, rtol=1e-12, atol=0)


@every_metric
def test_merged_states_equal_one_metric_over_everything(make_metric, batches):
    first, second = over(make_metric(), batches[:1]), over(make_metric(), batches[1:])
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), over(make_metric(), batches).compute(), rtol=1e-12, atol=0)


@every_metric
def test_forward_gives_the_batch_and_adds_to_the_whole(make_metric, batches):
    metric = make_metric()
    for batch in batches:
        torch.testing.assert_close(metric(batch), over(make_metric(), [batch]).compute(), equal_nan=True)
    torch.testing.assert_close(metric.compute(), over(make_metric(), batches).compute(), rtol=1e-12, atol=0)


@every_metric
def test_pickling_keeps_the_state(make_metric, batches):
    metric = over(make_metric(), batches[:2])
    copy = pickle.loads(pickle.dumps(metric))
    torch.testing.assert_close(over(copy, batches[2:]).compute(), over(metric, batches[2:]).compute())


@every_metric
def test_reset_forgets(make_metric, batches):
    metric = over(make_metric(), batches[:3])
    metric.reset()
    torch.testing.assert_close(over(metric, batches[3:]).compute(), over(make_metric(), batches[3:]).compute())


@every_metric
@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric:UserWarning")
def test_nothing_gives_nan_and_not_an_error(make_metric, batches):
    metric = make_metric()
    empty = metric.compute()
    assert empty.keys() == over(make_metric(), batches).compute().keys()
    assert any(value.isnan() for value in empty.values())


@every_metric
@pytest.mark.parametrize("cast", [lambda m: m.to(torch.bfloat16), lambda m: m.half()], ids=["to", "half"])
def test_states_keep_their_precision_when_the_model_is_cast(make_metric, batches, cast):
    model = torch.nn.Module()
    model.metric = over(make_metric(), batches[:2])
    cast(model)
    expected = over(make_metric(), batches).compute()
    torch.testing.assert_close(over(model.metric, batches[2:]).compute(), expected, rtol=1e-12, atol=0)


@every_metric
def test_a_batch_without_verdict_is_refused(make_metric, make_generated):
    with pytest.raises(ConfigurationError, match="without a verdict; give the data a support oracle"):
        make_metric().update(make_generated(judged=False))


def test_update_and_compute_have_to_be_written():
    class Unfinished(GenerationMetric):
        def update(self, generated):
            pass

    with pytest.raises(TypeError, match="compute"):
        Unfinished()
