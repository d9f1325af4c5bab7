"""Two processes that share the batches give what one gives."""

import os

import pytest
import torch
import torch.distributed as dist

from lightning_modeinterp.data.gaussian import ModeStatistics, PairInterpolation
from lightning_modeinterp.metrics import (
    DivergedRate,
    HallucinationDetection,
    HighestVariance,
    SupportRates,
    TrajectoryVarianceHistogram,
    TrajectoryVarianceScores,
)
from lightning_modeinterp.trajectories import Window
from tests.integration.processes import on_two_processes, said

CHANCE_POINTS = torch.tensor([[0.1, 0.5], [0.9, 0.4], [0.4, 0.4], [0.7, 0.4]])


def make_metrics():
    detection = {"scores": ("variance/last", "variance/wide", "signed"), "main": "variance/last"}
    return {
        "rates": SupportRates(("in_support", "ambiguous", "interpolated", "invalid")),
        "modes": ModeStatistics([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [1, 1, 1], chance_share=0.4),
        "pairs": PairInterpolation([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], 0.2, CHANCE_POINTS),
        "diverged": DivergedRate(),
        "exact": HallucinationDetection(**detection),
        "binned": HallucinationDetection(**detection, exact_up_to=0),
        "few enough for a process, not for both": HallucinationDetection(**detection, exact_up_to=600),
        "spread": TrajectoryVarianceHistogram("variance/wide"),
        "highest": HighestVariance("variance/wide", (2,), num_samples=6),
    }


def evaluate(batches):
    results = {}
    for name, metric in make_metrics().items():
        for batch in batches:
            metric.update(batch)
        results[name] = dict(metric.compute())
        if isinstance(metric, HallucinationDetection):
            results[name] |= {f"curve/{key}": torch.stack(curve) for key, curve in metric.curves().items()}
        if isinstance(metric, TrajectoryVarianceHistogram):
            results[name] |= metric.histograms()
        if isinstance(metric, HighestVariance):
            results[name] |= vars(metric.samples())
    results["scores"] = variance_scores(batches)
    return results


def variance_scores(batches):
    metric = TrajectoryVarianceScores({"last": Window(last_steps=3)})
    for batch in batches:
        metric.update(torch.stack([step * batch.samples for step in (4.0, 1.0, 2.0, 4.0)]))
    return metric.compute()


def evaluate_shares(folder):
    """Evaluate shares of the batches: an uneven one, and one in which this process may have none."""
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    batches = torch.load(folder / "batches.pt", weights_only=False)
    shares = [batches[:1], batches[1:]], [batches, []]
    torch.save([evaluate(share[rank]) for share in shares], folder / f"results_{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.ddp
def test_two_processes_equal_one(tmp_path, make_generated):
    batches = [make_generated(200, start=start) for start in range(0, 800, 200)]
    torch.save(batches, tmp_path / "batches.pt")
    log = tmp_path / "log"
    assert on_two_processes(log, evaluate_shares, tmp_path) == [0, 0], said(log)
    expected = evaluate(batches)
    for rank in range(2):
        for results in torch.load(tmp_path / f"results_{rank}.pt", weights_only=False):
            assert results.keys() == expected.keys()
            for name, values in expected.items():
                torch.testing.assert_close(results[name], values, rtol=1e-12, atol=0)
