import weakref
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.detectors import NoiseNorm, ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.trajectories import PathLength, TrajectoryRecorder, Window

SCHEDULE = LinearBetaSchedule(200)


def predict(x_t, level):
    return torch.tanh(x_t)


def make_generation(num_steps=20, **settings):
    return Generation(AncestralSampler(num_steps), **{"block_size": 8, "num_samples": 100, **settings})


def make_drawing(generation, model=predict, **more):
    return Drawing(model, SCHEDULE, (2,), generation, **more)


def draw(generation, block=0, purpose="predict", model=predict):
    return make_drawing(generation, model).block(block, purpose)


def test_a_block_drawn_alone_equals_the_same_block_in_a_run():
    in_a_run = list(make_drawing(make_generation(num_samples=32)).blocks())
    alone = draw(make_generation(), 2)
    assert torch.equal(alone.samples, in_a_run[2].samples)
    assert torch.equal(alone.index, in_a_run[2].index)
    assert torch.equal(alone.scores["variance/last_10"], in_a_run[2].scores["variance/last_10"])
    values = torch.stack([block.samples for block in in_a_run]).flatten()
    assert len(values.unique()) == len(values)  # and no two blocks share a number


@pytest.mark.parametrize("other", [{"seed": 1}, {"purpose": "test"}, {"block": 1}], ids=str)
def test_another_key_gives_other_samples(other):
    settings = {"seed": other["seed"]} if "seed" in other else {}
    key = {name: value for name, value in other.items() if name != "seed"}
    assert not torch.isclose(draw(make_generation(**settings), **key).samples, draw(make_generation()).samples).any()


def test_no_seed_is_seed_zero():
    assert torch.equal(draw(make_generation(seed=None)).samples, draw(make_generation(seed=0)).samples)


def test_a_block_holds_the_samplers_samples_and_the_variance_of_each_window():
    windows = {"late": Window(last_steps=5), "wide": Window(last_steps=20)}
    generation = make_generation(windows=windows, window="wide", observers={"path": TrajectoryRecorder(range(8))})
    result = draw(generation)
    assert (result.samples.shape, list(result.scores)) == ((8, 2), ["variance/late", "variance/wide"])
    path = result.statistics["path"].double()
    assert set(result.statistics) == {"path"}
    for name, num_last in (("late", 5), ("wide", 20)):
        expected = path[:, -num_last:].var(dim=1, correction=0).mean(1)
        torch.testing.assert_close(result.scores[f"variance/{name}"].double(), expected)
    torch.testing.assert_close(result.samples, path[:, -1].float())  # the last step ends on the prediction


def test_chosen_steps_of_all_samples_are_drawn_block_by_block():
    chosen, last = TrajectoryRecorder(window=Window(last_steps=5), every=2), TrajectoryRecorder()
    batch = make_drawing(make_generation(num_samples=20, observers={"chosen": chosen, "all": last})).draw()
    assert batch.statistics["chosen"].shape == (20, 3, 2)
    assert torch.equal(batch.statistics["chosen"], batch.statistics["all"][:, [-5, -3, -1]])


def test_watching_a_block_again_changes_no_sample_and_scores_nothing():
    drawing = make_drawing(make_generation(end_point_scores={"noise": NoiseNorm(0.5)}))
    samples, seen = drawing.sample(1, "predict", {"other": TrajectoryRecorder([3])})
    assert set(seen) == {"other"}
    assert torch.equal(samples, drawing.block(1).samples)


def test_end_point_scores_are_those_of_the_samples_and_change_none():
    scores = {"noise": NoiseNorm(0.5), "laplacian": ScoreLaplacian(0.5)}
    result = draw(make_generation(end_point_scores=scores, observers={"path": PathLength()}))
    assert list(result.scores) == ["variance/last_10", "path", "noise", "laplacian"]
    assert not result.statistics
    for name, score in scores.items():
        assert torch.equal(result.scores[name], score.score(result.samples, predict, SCHEDULE).float())
    assert torch.equal(result.samples, draw(make_generation()).samples)


def test_a_batch_is_its_blocks_in_a_row_judged_in_data_units():
    data = GaussianMixtureDataModule([1.0, 2.0, 3.0])
    judged = {"to_data_units": lambda samples: 3 * samples, "oracle": data.support}
    drawing = replace(make_drawing(make_generation(observers={"path": PathLength()}), **judged), sample_shape=(1,))
    whole, blocks = drawing.draw(20), list(drawing.blocks(range(3)))
    assert whole.index.tolist() == list(range(20))
    assert torch.equal(whole.samples, torch.cat([block.samples for block in blocks])[:20])
    model_units = torch.cat([drawing.sample(block, "predict", {})[0] for block in range(3)])
    assert torch.equal(whole.samples, 3 * model_units[:20])
    expected = data.support.judge(whole.samples)
    assert torch.equal(whole.verdict.kind, expected.kind)
    assert torch.equal(whole.verdict.mode, expected.mode)
    assert whole.scores["path"].shape == (20,)
    assert not whole.diverged.any()


def test_what_the_sampler_has_lost_is_asked_in_model_units():
    far = {"to_data_units": lambda samples: 0 * samples, "has_diverged": lambda samples: samples[:, 0] > 0}
    batch = make_drawing(make_generation(), **far).draw(20)
    expected = torch.cat([each.samples for each in make_drawing(make_generation()).blocks(range(3))])[:20, 0] > 0
    assert batch.diverged.any()
    assert torch.equal(batch.diverged, expected)


def test_a_draw_that_does_not_fit_is_refused_before_the_model_is_asked():
    def never(x_t, level):
        raise AssertionError

    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.4"):
        make_drawing(make_generation(5), never).draw()
    with pytest.raises(ConfigurationError, match="expected at least 1, got 0"):
        make_drawing(make_generation(), never).draw(0)


def test_what_is_drawn_carries_no_gradient():
    network = MLP((2,), width=4)
    assert all(weights.requires_grad for weights in network.parameters())
    batch = draw(make_generation(observers={"path": PathLength()}), model=network)
    assert not any(each.requires_grad for each in (batch.samples, *batch.scores.values()))
    assert not batch.samples.is_inference()  # so that a user may go on with it


def test_all_is_drawn_in_the_context():
    inside = []

    @contextmanager
    def context():
        inside.append(True)
        yield
        inside.pop()

    def model(x_t, level):
        assert inside
        return torch.tanh(x_t)

    class Score(NoiseNorm):
        def score(self, x_0, predict_x_0, schedule):
            assert inside
            return super().score(x_0, predict_x_0, schedule)

    drawing = make_drawing(make_generation(end_point_scores={"noise": Score(0.5)}), model, context=context)
    assert len(drawing.block(0)) == 8
    assert not inside


class PeakBytes(TorchDispatchMode):
    """Largest number of bytes that tensors of at least ``min_size`` elements held at once; an exact count."""

    def __init__(self, min_size):
        super().__init__()
        self.min_size, self.live, self.peak = min_size, {}, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.numel() >= self.min_size and id(tensor) not in self.live:
                self.live[id(tensor)] = tensor.nbytes
                weakref.finalize(tensor, self.live.pop, id(tensor), None)
        self.peak = max(self.peak, sum(self.live.values()))
        return result


def peak_bytes(num_steps, num_blocks, sampler=AncestralSampler, **settings):
    """Of tensors as large as a block; those of the schedule are smaller, (T,) or (S,)."""
    windows = {"late": Window(last_steps=10), "wide": Window(last_steps=20)}
    generation = Generation(sampler(num_steps), windows, "late", num_samples=10_000, block_size=1000, **settings)
    model = MLP((2,), width=4)
    with torch.no_grad(), PeakBytes(min_size=1000) as count:
        for block in range(num_blocks):
            draw(generation, block, model=model)
    return count.peak


@pytest.mark.parametrize("sampler", [AncestralSampler, DDIMSampler])
def test_memory_grows_neither_with_steps_nor_with_samples(sampler):
    expected = peak_bytes(20, 1, sampler)
    assert expected > 1000 * 2 * 8  # something was counted
    assert peak_bytes(200, 1, sampler) == expected
    assert peak_bytes(20, 5, sampler) == expected


def test_the_count_of_bytes_sees_what_grows():
    recorder = {"observers": {"path": TrajectoryRecorder(range(1000))}}
    assert peak_bytes(100, 1, **recorder) - peak_bytes(20, 1, **recorder) >= 80 * 1000 * 2 * 4


class ReadsBack(TorchDispatchMode):
    """Counts how often a number is read back from a tensor: on a GPU the host would wait for it."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def watched(num_steps):
    windows = {"late": Window(last_steps=10), "levels": Window(noise_to_signal=(0.2, 1.0))}
    observers = {"path": TrajectoryRecorder()}
    return Generation(AncestralSampler(num_steps), windows, "late", block_size=8, observers=observers)


@pytest.mark.parametrize("num_steps", [20, 200])
def test_no_step_reads_a_number_back(num_steps):
    with torch.no_grad(), ReadsBack() as reads:
        draw(watched(num_steps), model=MLP((2,), width=4))
    few = reads.count
    with torch.no_grad(), ReadsBack() as reads:
        draw(watched(40), model=MLP((2,), width=4))
    assert reads.count == few


@pytest.mark.gpu
def test_no_step_waits_for_the_gpu():
    """What CUDA graphs need too: nothing between the first step and the last depends on what the host reads."""
    network = MLP((2,), width=16).cuda()

    def predict_and_watch(x_t, level):
        torch.cuda.set_sync_debug_mode("error")
        return network(x_t, level)

    generation = watched(100)
    drawing = make_drawing(generation, predict_and_watch, device="cuda")
    try:
        with torch.inference_mode():
            drawing.sample(0, "predict", generation.observers, generation.variance.windows)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.parametrize("block_size", [8, 300])
def test_as_cuda_graphs_samples_and_what_is_watched_are_those_of_the_plain_path(block_size):
    torch.manual_seed(0)
    network, device, drawn = MLP((2,), width=16).cuda(), torch.device("cuda"), []
    for compile in (False, True):
        generation = watched(100)
        generation.block_size, generation.compile = block_size, compile
        with torch.inference_mode():
            drawn.append(list(make_drawing(generation, network, device=device).blocks(range(3))))
    for expected, actual in zip(*drawn, strict=True):
        torch.testing.assert_close(actual.samples, expected.samples, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            actual.scores["variance/late"], expected.scores["variance/late"], rtol=1e-3, atol=1e-6
        )
        torch.testing.assert_close(actual.statistics["path"], expected.statistics["path"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("compile", [False, True])
def test_the_prediction_is_compiled_when_asked_for_and_only_then(monkeypatch, compile):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda function, **_: compiled.append(function) or function)
    draw(make_generation(compile=compile))
    assert compiled == [predict] * compile


@pytest.mark.slow
def test_compiled_samples_are_those_of_the_plain_path_up_to_rounding_and_compiled_once():
    network = MLP((2,), width=16)

    def model(x_t, level):
        return network(x_t, level)

    settings = {"num_steps": 50, "windows": {"late": Window(last_steps=5)}, "window": "late"}
    plain, compiled = make_generation(**settings), make_generation(**settings, compile=True)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    with torch.inference_mode():
        for block in range(3):
            expected, actual = draw(plain, block, model=model), draw(compiled, block, model=model)
            torch.testing.assert_close(actual.samples, expected.samples, rtol=1e-3, atol=1e-3)
            torch.testing.assert_close(
                actual.scores["variance/late"], expected.scores["variance/late"], rtol=1e-2, atol=1e-4
            )
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not torch._dynamo.utils.counters["graph_break"]
