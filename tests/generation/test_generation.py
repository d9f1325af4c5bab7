import weakref

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.detectors import NoiseNorm, ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.trajectories import PathLength, TrajectoryRecorder, TrajectoryVariance, Window

SCHEDULE = LinearBetaSchedule(200)
CPU = torch.device("cpu")


def predict(x_t, level):
    return torch.tanh(x_t)


def make_generation(num_steps=20, **settings):
    return Generation(AncestralSampler(num_steps), **{"block_size": 8, "num_samples": 20, **settings})


def draw(generation, block=0, purpose="predict", model=predict, **more):
    return generation.draw(block, purpose, model, SCHEDULE, (2,), CPU, **more)


def test_a_block_drawn_alone_equals_the_same_block_in_a_run():
    in_a_run = [draw(make_generation(), block) for block in range(4)]
    alone = draw(make_generation(), 2)
    assert torch.equal(alone.samples, in_a_run[2].samples)
    assert torch.equal(alone.scores["variance/last_10"], in_a_run[2].scores["variance/last_10"])
    values = torch.stack([block.samples for block in in_a_run]).flatten()
    assert len(values.unique()) == len(values)  # and no two blocks share a number


@pytest.mark.parametrize("other", [{"seed": 1}, {"purpose": "test"}, {"block": 1}], ids=str)
def test_another_key_gives_other_samples(other):
    seed = other.pop("seed", 0)
    assert not torch.isclose(draw(make_generation(seed=seed), **other).samples, draw(make_generation()).samples).any()


def test_no_seed_is_seed_zero():
    assert torch.equal(draw(make_generation(seed=None)).samples, draw(make_generation(seed=0)).samples)


def test_a_draw_holds_the_samplers_samples_and_the_variance_of_each_window():
    windows = {"late": Window(last_steps=5), "wide": Window(last_steps=20)}
    generation = make_generation(windows=windows, window="wide", observers={"path": TrajectoryRecorder(range(8))})
    result = draw(generation)
    assert (result.samples.shape, list(result.scores)) == ((8, 2), ["variance/late", "variance/wide"])
    path = result.statistics["path"].double()
    assert set(result.statistics) == {"path"}
    for name, num_last in (("late", 5), ("wide", 20)):
        expected = path[:, -num_last:].var(dim=1, correction=0).mean(1)
        torch.testing.assert_close(result.scores[f"variance/{name}"], expected)
    torch.testing.assert_close(result.samples, path[:, -1].float())  # the last step ends on the prediction


def test_observers_of_a_draw_take_the_place_of_the_configured_ones_and_change_no_sample():
    generation = make_generation(observers={"path": TrajectoryRecorder([0])})
    other = draw(generation, observers={"other": TrajectoryRecorder([3])})
    assert set(other.statistics) == {"other"}
    assert torch.equal(other.samples, draw(generation).samples)


def test_end_point_scores_are_those_of_the_samples_and_change_none():
    scores = {"noise": NoiseNorm(0.5), "laplacian": ScoreLaplacian(0.5)}
    result = draw(make_generation(end_point_scores=scores, observers={"path": PathLength()}))
    assert list(result.scores) == ["variance/last_10", "path", "noise", "laplacian"]
    assert not result.statistics
    for name, score in scores.items():
        assert torch.equal(result.scores[name], score.score(result.samples, predict, SCHEDULE))
    assert torch.equal(result.samples, draw(make_generation()).samples)


def test_a_block_that_is_drawn_again_with_other_observers_is_not_scored_again():
    generation = make_generation(end_point_scores={"noise": NoiseNorm(0.5)})
    again = draw(generation, observers={"path": TrajectoryRecorder([0])})
    assert (set(again.statistics), set(again.scores)) == ({"path"}, {"variance/last_10"})


def test_scores_are_what_gives_one_number_a_sample():
    observers = {"all": TrajectoryRecorder([0]), "path": PathLength()}
    generation = make_generation(observers=observers, end_point_scores={"noise": NoiseNorm(0.5)})
    assert generation.score_names == ("variance/last_10", "path", "noise")
    assert generation.statistic_names == ("all",)
    assert {name: scores.shape for name, scores in draw(generation).scores.items()} == dict.fromkeys(
        generation.score_names, (8,)
    )


def test_monitoring_changes_counts_only_and_leaves_the_original():
    generation = make_generation(monitor=Monitor(num_samples=5, num_steps=10), seed=3)
    monitoring = generation.monitoring()
    assert (monitoring.num_samples, monitoring.sampler.num_steps) == (5, 10)
    assert (generation.num_samples, generation.sampler.num_steps) == (20, 20)
    assert (monitoring.seed, monitoring.block_size, monitoring.windows) == (3, 8, generation.windows)
    assert make_generation(monitor=Monitor(num_samples=0)).monitoring().sampler.num_steps == 20


def test_the_defaults_are_the_papers_window_and_all_steps():
    generation = Generation()
    assert generation.windows == (generation.window,) == ("last_10",)
    levels = generation.sampler.levels(SCHEDULE)
    assert len(levels) == 200
    assert generation.variance.windows["last_10"].steps_left(levels) == range(10)


def test_check_accepts_what_fits():
    make_generation(windows={"all": Window(last_steps=20)}, window="all").check(SCHEDULE, (2,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": 5}, r"expected steps within 0\.\.4"),
        ({"windows": {"last_10": Window(noise_to_signal=(1e-9, 1e-8))}}, "expected noise levels within"),
        ({"monitor": Monitor(num_steps=5)}, r"expected steps within 0\.\.4"),
        ({"observers": {"more": TrajectoryVariance({"all": Window(last_steps=30)})}}, r"expected steps within 0\.\.19"),
        ({"end_point_scores": {"noise": NoiseNorm(1e-6)}}, "expected the noise schedule's"),
        ({"end_point_scores": {"laplacian": ScoreLaplacian(0.5, max_dimensions=1)}}, "at most 1 numbers, got 2"),
        ({"num_steps": 201}, "at most the 200 levels"),
        ({"monitor": Monitor(num_steps=201)}, "at most the 200 levels"),
        ({"monitor": Monitor(num_steps=0)}, "expected at least 2"),
        ({"monitor": Monitor(num_steps=-3)}, "expected at least 2"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_check_refuses_what_does_not_fit(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        make_generation(**settings).check(SCHEDULE, (2,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": "first"}, r"generation\.window: expected one of last_10, got first"),
        ({"num_samples": 0}, "num_samples >= 1"),
        ({"block_size": 0}, "block_size >= 1"),
        ({"monitor": Monitor(num_samples=-1)}, r"monitor\.num_samples >= 0"),
        ({"windows": {}}, "windows: expected at least one"),
        ({"observers": {"variance/last_10": TrajectoryRecorder([0])}}, "got variance/last_10, which"),
        ({"observers": {"diverged": TrajectoryRecorder([0])}}, "got diverged, which"),
        ({"retained": 96}, "`retained` in"),
        ({"end_point_scores": {"samples": NoiseNorm(0.5)}}, "got samples, which"),
        ({"end_point_scores": {"last_10": NoiseNorm(0.5)}}, "got last_10, which a window"),
        ({"observers": {"a": PathLength()}, "end_point_scores": {"a": NoiseNorm(0.5)}}, "names of their own, got a,"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        make_generation(**settings)


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
    generation = Generation(sampler(num_steps), windows, "late", block_size=1000, **settings)
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
    observers = {"path": TrajectoryRecorder([0, 3])}
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

    device = torch.device("cuda")
    try:
        with torch.inference_mode():
            watched(100).draw(0, "predict", predict_and_watch, SCHEDULE, (2,), device)
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
            drawn.append([generation.draw(block, "predict", network, SCHEDULE, (2,), device) for block in range(3)])
    for expected, actual in zip(*drawn, strict=True):
        torch.testing.assert_close(actual.samples, expected.samples, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            actual.scores["variance/late"], expected.scores["variance/late"], rtol=1e-3, atol=1e-6
        )
        torch.testing.assert_close(actual.scores["path"], expected.scores["path"], rtol=1e-4, atol=1e-4)


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
