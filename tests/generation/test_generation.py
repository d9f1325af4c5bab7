import pytest

from lightning_modeinterp.detectors import NoiseNorm, ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.trajectories import PathLength, TrajectoryRecorder, TrajectoryVariance, VarianceMap, Window

SCHEDULE = LinearBetaSchedule(200)


def make_generation(num_steps=20, **settings):
    return Generation(AncestralSampler(num_steps), **{"block_size": 8, "num_samples": 20, **settings})


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
        ({"observers": {"rows": TrajectoryRecorder([0, 3])}}, "observers.rows: expected a row for each .* got 2 rows"),
        ({"observers": {"rows": VarianceMap(Window(last_steps=5), [0])}}, "observers.rows: .* got 1 rows of a block"),
        ({"retained": 96}, "`retained` in"),
        ({"end_point_scores": {"samples": NoiseNorm(0.5)}}, "got samples, which"),
        ({"end_point_scores": {"last_10": NoiseNorm(0.5)}}, "got last_10, which a window"),
        ({"observers": {"a": PathLength()}, "end_point_scores": {"a": NoiseNorm(0.5)}}, "unique names, got a,"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        make_generation(**settings)


def test_scores_are_what_gives_one_number_a_sample():
    observers = {"all": TrajectoryRecorder(), "path": PathLength()}
    generation = make_generation(observers=observers, end_point_scores={"noise": NoiseNorm(0.5)})
    assert generation.score_names == ("variance/last_10", "path", "noise")
    assert generation.statistic_names == ("all",)


def test_another_number_of_samples_leaves_the_original():
    generation = make_generation(num_samples=20)
    assert (generation.of(33).num_samples, generation.num_samples) == (33, 20)
    assert (generation.blocks, generation.of(33).blocks) == (range(3), range(5))
    with pytest.raises(ConfigurationError, match="expected at least 1, got 0"):
        generation.of(0)
