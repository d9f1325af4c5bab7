"""The exact score against itself, and against one that is known to be smoother."""

import pytest
import torch

from lightning_modeinterp import figures
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture, GaussianMixtureDataModule, ScoreSlopes
from lightning_modeinterp.data.gaussian.learned_score import noise_levels, score, slope_ratios
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.modules import DDPM, subject_of

LINE = [[1.0], [2.0], [3.0]]
SQUARE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
CUBE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
STD = 0.05
WIDE = LinearGammaSchedule(gamma_min=-13.3, gamma_max=5.0)


def data_of(means, std=STD):
    return GaussianMixtureDataModule(means, std, size=64, validation_size=32, test_size=32, batch_size=32)


def module_of(means, std=STD, schedule=WIDE):
    return DDPM(ExactMixture((len(means[0]),), means, std), schedule, prediction="x_0")


def slopes_against_exact(module, data):
    return ScoreSlopes().measure(subject_of(module, data))


def score_figures(module, data):
    return ScoreSlopes().figures(subject_of(module, data))


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of the figure functions that were called."""
    calls = {}
    for name in ("score_curves", "score_field"):
        draw = getattr(figures, name)

        def noting(*args, name=name, draw=draw):
            calls[name] = args
            return draw(*args)

        monkeypatch.setattr(figures, name, noting)
    return calls


@pytest.mark.parametrize("means", [LINE, SQUARE, CUBE])
def test_a_perfect_learner_is_as_sharp_as_the_truth(means):
    values = slopes_against_exact(module_of(means), data_of(means))
    levels = [f"score_slope_ratio/{noise}_std" for noise in ("0.5", "1", "2", "4")]
    assert list(values) == [f"{level}{end}" for level in levels for end in ("", "_min", "_max")]
    assert list(values.values()) == pytest.approx([1.0] * len(values), abs=1e-9)


@pytest.mark.parametrize("means", [LINE, SQUARE])
@pytest.mark.parametrize("noise", [0.5, 1, 2, 4])
def test_a_learner_of_wider_modes_is_smoother_by_the_closed_form(means, noise):
    level, wide = WIDE.level_at(noise * STD), 0.1
    exact = data_of(means).exact_denoiser()
    ratios = slope_ratios(module_of(means, std=wide).predict_x_0, exact, level, torch.device("cpu"))
    alpha, sigma = level.alpha.item(), level.sigma.item()
    slopes = []
    for std in (wide, STD):
        m, v = alpha / 2, alpha**2 * std**2 + sigma**2
        slopes.append(m**2 / v**2 - 1 / v)
    assert len(ratios) == {1: 2, 2: 4}[len(means[0])]
    torch.testing.assert_close(ratios, torch.full_like(ratios, slopes[0] / slopes[1]), rtol=1e-2, atol=0)


def test_units_of_the_data_do_not_matter():
    data = data_of((4 * torch.tensor(SQUARE)).tolist(), 4 * STD)
    scaled = GaussianMixtureDataModule(data.mixture.means.tolist(), 4 * STD, size=64, batch_size=32, scale=4.0)
    values = slopes_against_exact(module_of(SQUARE, std=0.1), scaled)
    assert values == pytest.approx(slopes_against_exact(module_of(SQUARE, std=0.1), data_of(SQUARE)))
    assert values["score_slope_ratio/1_std"] < 0.5


def test_levels_that_the_schedule_does_not_reach_are_left_out():
    schedule = LinearBetaSchedule(num_steps=1000, beta_start=0.001, beta_end=0.2)  # least noise 0.0316
    levels = noise_levels(schedule, GaussianMixture(LINE, STD))
    assert list(levels) == ["1_std", "2_std", "4_std"]
    for name, noise in (("1_std", 1), ("2_std", 2), ("4_std", 4)):
        assert levels[name].noise_to_signal.item() == pytest.approx(noise * STD)


@pytest.mark.parametrize(("half_distance", "num_levels"), [(1.5, 0), (1.6, 1), (2.1, 2), (12.0, 5)])
def test_levels_that_make_one_mode_of_two_are_left_out(half_distance, num_levels):
    # in stds of a mode: half the distance is at least sqrt(2 (1 + noise^2)): 1.58, 2, 3.16, 5.83, 11.4
    mixture = GaussianMixture([[0.0], [2 * half_distance * 0.01]], 0.01)
    assert len(noise_levels(WIDE, mixture)) == num_levels


@pytest.mark.parametrize("means", [[[1.0]], [[1.0], [1.0]]])
def test_data_of_one_mode_have_nothing_between_modes(means):
    assert slopes_against_exact(module_of(means), data_of(means)) == {}
    assert list(score_figures(module_of(means), data_of(means))) == []


def test_data_that_do_not_know_their_score_are_not_compared():
    data = data_of(LINE)
    data.exact_denoiser = lambda: None
    assert slopes_against_exact(module_of(LINE), data) == {}
    assert list(score_figures(module_of(LINE), data)) == []


def test_score_is_that_of_the_mixture():
    level, mixture = WIDE.level_at(0.1), GaussianMixture(LINE, STD)
    x = torch.linspace(0.5, 3.5, 301, dtype=torch.float64).unsqueeze(1)
    found = score(ExactMixture((1,), LINE, STD), x, level, torch.device("cpu"))
    torch.testing.assert_close(found, mixture.score(x, level), rtol=1e-3, atol=1e-3)


def test_curves_of_a_perfect_learner_lie_on_the_truth(drawn):
    ((name, _),) = score_figures(module_of(LINE), data_of(LINE))
    (curves,) = drawn["score_curves"]
    assert name == "score"
    assert list(curves) == ["0.5 std", "1 std", "2 std", "4 std"]
    for curve in curves.values():
        assert torch.equal(curve.learned, curve.true)
    alpha = WIDE.level_at(STD).alpha.item()
    x, modes = curves["1 std"].x, curves["1 std"].modes
    assert modes.tolist() == pytest.approx([alpha, 2 * alpha, 3 * alpha])
    assert [x[0].item(), x[-1].item()] == pytest.approx([0.5 * alpha, 3.5 * alpha])


def test_fields_of_a_perfect_learner_differ_nowhere(drawn):
    ((name, _),) = score_figures(module_of(SQUARE), data_of(SQUARE))
    x, learned, true, modes, noise, ratio = drawn["score_field"]
    assert (name, noise, ratio) == ("score", "4 std", 1.0)
    assert torch.equal(learned, true)
    alpha = WIDE.level_at(4 * STD).alpha.item()
    assert modes.max().item() == pytest.approx(alpha)
    corners = [x[0, 0].tolist(), x[0, -1].tolist(), x[-1, 0].tolist()]
    for corner, expected in zip(corners, ([-0.5, -0.5], [1.5, -0.5], [-0.5, 1.5]), strict=True):
        assert corner == pytest.approx([alpha * each for each in expected])
    torch.testing.assert_close(
        true[5, 7], GaussianMixture(SQUARE, STD).score(x[5, 7].unsqueeze(0), WIDE.level_at(4 * STD))[0],
        rtol=1e-3, atol=1e-3,
    )  # fmt: skip


def test_a_field_at_less_noise_where_modes_are_near(drawn):
    list(score_figures(module_of(SQUARE, std=0.15), data_of(SQUARE, std=0.15)))
    assert drawn["score_field"][4] == "0.5 std"


def test_more_dimensions_have_numbers_and_no_figure():
    assert list(score_figures(module_of(CUBE), data_of(CUBE))) == []
