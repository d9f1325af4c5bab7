"""What is logged of the trajectory variance, against numpy on the samples that were drawn."""

import numpy as np
import pytest
import torch

from lightning_modeinterp.callbacks import TrajectoryVarianceLogger
from lightning_modeinterp.generation import Drawing

BIN = 10 ** (36 / 8190) - 1  # relative width of a fine bin


def of_all(batches, name="variance/last_5"):
    variance = torch.cat([batch.scores[name] for batch in batches]).numpy()
    samples = torch.cat([batch.samples for batch in batches]).numpy()
    return variance, samples


def verdicts(batches):
    kinds = batches[0].verdict.kinds
    return np.array(kinds)[torch.cat([batch.verdict.kind for batch in batches]).long().numpy()]


@pytest.mark.parametrize("judged", [True, False])
def test_scalars(evaluation, judged):
    trainer = evaluation.trainer(TrajectoryVarianceLogger())
    trainer.validate(evaluation.module, evaluation.data(judged), verbose=False)
    variance, _ = of_all(evaluation.drawn.batches)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items() if "trajectory" in name}
    names = {"median", "q96", "highest", *(("in_support_median", "hallucinated_median") if judged else ())}
    assert logged.keys() == {f"val/trajectory_variance/{name}" for name in names}
    assert logged["val/trajectory_variance/highest"] == pytest.approx(variance.max(), rel=1e-6)
    for name, share in (("median", 0.5), ("q96", 0.96)):
        expected = np.quantile(variance, share, method="inverted_cdf")
        assert logged[f"val/trajectory_variance/{name}"] == pytest.approx(expected * (1 + BIN / 2), rel=BIN)


def test_histograms_by_verdict(evaluation):
    evaluation.trainer(TrajectoryVarianceLogger(num_bins=10)).validate(
        evaluation.module, evaluation.data(), verbose=False
    )
    variance, _ = of_all(evaluation.drawn.batches)
    named = verdicts(evaluation.drawn.batches)
    parts = {"in_support": named == "in_support", "hallucinated": ~np.isin(named, ["in_support", "ambiguous"])}
    for name, part in parts.items():
        ((step, (counts, edges)),) = evaluation.shown.named(f"val/trajectory_variance/{name}")
        assert step == 0
        assert len(counts) <= 10
        assert np.isfinite(edges).all()
        assert counts.sum() == part.sum()
        if part.any():
            logarithms = np.log10(variance[part])
            assert np.abs(counts - np.histogram(logarithms, edges)[0]).sum() <= 2  # one on an edge may fall either way
            assert edges[0] <= logarithms.min()
            assert logarithms.max() <= edges[-1] + 1e-6


def test_without_an_oracle_there_is_variance_alone(evaluation):
    evaluation.trainer(TrajectoryVarianceLogger(num_samples=3)).validate(
        evaluation.module, evaluation.data(judged=False), verbose=False
    )
    ((_, (counts, _)),) = evaluation.shown.named("val/trajectory_variance/samples")
    assert counts.sum() == 64
    ((_, (columns, rows)),) = evaluation.shown.named("val/highest_variance")
    assert columns == ["index", "trajectory_variance", "x_0"]
    assert len(rows) == 3
    assert len(evaluation.shown.shown) == 2


def test_table_has_the_samples_that_moved_most(evaluation):
    evaluation.trainer(TrajectoryVarianceLogger(num_samples=5)).validate(
        evaluation.module, evaluation.data(), verbose=False
    )
    variance, samples = of_all(evaluation.drawn.batches)
    named = verdicts(evaluation.drawn.batches)
    ((_, (columns, rows)),) = evaluation.shown.named("val/highest_variance")
    assert columns == ["index", "trajectory_variance", "verdict", "x_0"]
    order = np.argsort(-variance)[:5]
    assert [row[0] for row in rows] == order.tolist()
    assert [row[1] for row in rows] == variance[order].tolist()
    assert [row[2] for row in rows] == named[order].tolist()
    assert [row[3] for row in rows] == samples[order, 0].tolist()


def test_a_test_counts_its_own_samples(evaluation):
    callback = TrajectoryVarianceLogger(num_samples=200)
    trainer = evaluation.trainer(callback)
    trainer.validate(evaluation.module, evaluation.data(), verbose=False)
    trainer.test(evaluation.module, evaluation.data(), verbose=False)
    ((_, (_, rows)),) = evaluation.shown.named("test/highest_variance")
    assert sorted(row[0] for row in rows) == list(range(96))


@pytest.mark.parametrize("loggers", [False, None])
def test_nothing_is_sampled_for_it(evaluation, loggers, monkeypatch):
    num_drawn = []
    sample = Drawing.sample
    monkeypatch.setattr(Drawing, "sample", lambda *args, **kwargs: num_drawn.append(1) or sample(*args, **kwargs))
    evaluation.trainer(TrajectoryVarianceLogger(), loggers=loggers).validate(
        evaluation.module, evaluation.data(), verbose=False
    )
    assert len(num_drawn) == 2  # the monitor's two blocks


def test_nothing_is_logged_where_nothing_is_drawn(evaluation):
    data = evaluation.data()
    data.generation.monitor = type(data.generation.monitor)(num_samples=0)
    trainer = evaluation.trainer(TrajectoryVarianceLogger())
    trainer.validate(evaluation.module, data, verbose=False)
    assert not [name for name in trainer.callback_metrics if "trajectory" in name]
    assert evaluation.shown.shown == []
