import csv
import warnings

import numpy as np
import pytest
import torch

from lightning_modeinterp import TrajectoryWatch, watch
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import DistanceMoved, PathLength, TrajectoryRecorder, Window
from tests.watching.loops import CASES, variance_in, walk

LEVELS = (8.0, 2.0, 0.9, 0.5, 0.2)
WINDOWS = {"late": (0.1, 1.0)}


def show(seen, x_0_hats, levels=LEVELS):
    for x_0_hat, noise in zip(x_0_hats, levels, strict=True):
        seen.see(x_0_hat, noise)


def expected_of(x_0_hats):
    return x_0_hats[2:].double().var(dim=0, correction=0).flatten(1).mean(1)


def x_0_hats(seed=0, num_samples=6):
    return torch.randn(5, num_samples, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("as_numpy", [False, True])
def test_a_loop_without_a_scheduler_shows_its_steps(as_numpy):
    levels = np.array(LEVELS) if as_numpy else LEVELS
    with watch(windows=WINDOWS) as seen:
        show(seen, x_0_hats(), levels)
    torch.testing.assert_close(seen.scores["variance/late"], expected_of(x_0_hats()))


def test_batches_are_joined_in_the_order_of_drawing():
    batches = [x_0_hats(0), x_0_hats(1), x_0_hats(2, num_samples=2)]
    with watch(windows=WINDOWS) as seen:
        for each in batches:
            show(seen, each)
    torch.testing.assert_close(seen.scores["variance/late"], torch.cat([expected_of(each) for each in batches]))


def test_calls_of_a_scheduler_are_joined_too():
    case, scheduler = CASES["euler"], CASES["euler"].make()
    walks = []
    with watch(scheduler, {"late": (0.0, 1.0)}) as seen:
        for i, num_steps in enumerate((20, 20, 30)):
            walks.append(walk(case, scheduler, num_steps=num_steps, seed=i))
            assert len(seen.scores["variance/late"]) == 4 * (i + 1)  # as soon as a call is over
    np.testing.assert_allclose(
        seen.scores["variance/late"], np.concatenate([variance_in(each, 0, 1) for each in walks]), rtol=1e-5
    )


def test_observers_and_windows_that_count_steps_know_the_levels_of_a_scheduler():
    case, scheduler = CASES["heun"], CASES["heun"].make()
    observers = {"moved": DistanceMoved(Window(last_steps=4)), "path": TrajectoryRecorder([2])}
    with watch(scheduler, {"last": Window(last_steps=5)}, observers) as seen:
        walked = walk(case, scheduler)
    assert list(seen.scores) == ["moved", "variance/last"]
    assert list(seen.statistics) == ["path"]
    x = walked.x_0_hat
    torch.testing.assert_close(seen.scores["variance/last"], x[-5:].var(dim=0, correction=0).flatten(1).mean(1))
    torch.testing.assert_close(seen.scores["moved"], (x[-1] - x[-4]).flatten(1).norm(dim=1))
    torch.testing.assert_close(seen.statistics["path"], x[:, 2:3].transpose(0, 1), rtol=1e-6, atol=1e-6)


def test_recorded_steps_of_calls_with_other_numbers_of_steps_are_not_joined():
    case, scheduler = CASES["ddim"], CASES["ddim"].make()
    with watch(scheduler, observers={"path": TrajectoryRecorder([2])}) as seen:
        walk(case, scheduler)
        walk(case, scheduler, num_steps=30)
    with pytest.raises(ConfigurationError, match="of one shape and number of steps for path, got rows of"):
        _ = seen.statistics
    with watch(scheduler, observers={"path": TrajectoryRecorder(window=Window(last_steps=5), every=2)}) as seen:
        walk(case, scheduler)
        walk(case, scheduler, num_steps=30)
    assert seen.statistics["path"].shape == (8, 3, 3, 2, 2)


def test_a_bare_loop_gives_its_levels_to_observers():
    with watch(
        windows={"last": Window(last_steps=3)}, observers={"path": PathLength()}, noise_to_signal=LEVELS
    ) as seen:
        for seed in range(2):
            show(seen, x_0_hats(seed))
    lengths = torch.cat([each.double().diff(dim=0).norm(dim=2).sum(0) for each in (x_0_hats(0), x_0_hats(1))])
    torch.testing.assert_close(seen.scores["path"], lengths)
    with pytest.raises(ConfigurationError, match="expected the levels of the loop"):
        watch(windows={"last": Window(last_steps=3)})
    with pytest.raises(ConfigurationError, match="expected the levels of the loop"):
        watch(observers={"path": PathLength()})


def test_a_start_in_the_middle_is_seen_from_there():
    scheduler = CASES["dpm_multi"].make()
    scheduler.set_timesteps(20)
    with watch(scheduler, {"late": (0.0, 1.0), "last": Window(last_steps=3)}) as seen:
        scheduler.set_begin_index(8)
        x = torch.ones(4, 3, 2, 2)
        for t in scheduler.timesteps[8:]:
            x = scheduler.step(0.1 * x, t, x).prev_sample
    assert seen.scores["variance/last"].shape == (4,)
    scheduler.set_timesteps(20)
    scheduler.set_begin_index(8)
    refused = pytest.raises(ConfigurationError, match="the sampler has no such step")
    with watch(scheduler, {"last": Window(last_steps=15)}), refused:
        scheduler.step(x, scheduler.timesteps[8], x)


@pytest.mark.parametrize(("ends", "is_there"), [((5.0, 50.0), True), ((0.0, 1.0), False)])
def test_a_call_that_stops_early_counts_where_it_got_through_the_window(ends, is_there):
    scheduler, x = CASES["ddim"].make(), torch.ones(4, 3, 2, 2)
    with warnings.catch_warnings(record=True) as said, watch(scheduler, {"window": ends}) as seen:
        warnings.simplefilter("always")
        for _ in range(2):
            scheduler.set_timesteps(40)
            for t in scheduler.timesteps[:30]:
                x = scheduler.step(0.1 * x, t, x).prev_sample
    notes = [str(each.message) for each in said if "left out" in str(each.message)]
    if is_there:
        assert seen.scores["variance/window"].shape == (8,)
        assert not notes
    else:
        assert notes == ["watch: left out a batch that stopped after 30 of 40 steps"] * 2
        with pytest.raises(ConfigurationError, match="expected at least one batch of whole trajectories, got none"):
            _ = seen.scores


def test_a_window_that_no_step_meets_is_refused_at_the_first_step():
    scheduler = CASES["ddim"].make()
    scheduler.set_timesteps(20)
    x = torch.zeros(4, 3, 2, 2)
    for ends, message in (((1e-4, 1e-3), "got 0.0001..0.001"), ((0.0, 0.02), r"expected at least 3 .* got 1;")):
        with watch(scheduler, {"window": ends}), pytest.raises(ConfigurationError, match=message):
            scheduler.step(x, scheduler.timesteps[0], x)


def test_a_window_that_no_step_of_a_bare_loop_meets_is_refused_in_the_end():
    seen = watch(windows={"late": (0.01, 0.02)}).__enter__()
    show(seen, x_0_hats())
    with pytest.raises(ConfigurationError, match=r"expected at least 3 .* got 0;"):
        seen.__exit__(None, None, None)


def test_it_is_what_a_trajectory_watch_says():
    one = TrajectoryWatch({"late": Window(noise_to_signal=(0.1, 1.0))})
    one.start()
    show(one, x_0_hats())
    with watch(windows=WINDOWS) as seen:
        show(seen, x_0_hats())
    assert torch.equal(seen.scores["variance/late"], one.results()["variance/late"])


def test_the_table_has_a_row_a_sample_and_is_what_is_saved(tmp_path):
    with watch(windows={**WINDOWS, "all": (0.0, 9.0)}) as seen:
        show(seen, x_0_hats())
    table = seen.table()
    assert [row["index"] for row in table] == list(range(6))
    assert [row["variance/all"] for row in table] == seen.scores["variance/all"].tolist()
    path = tmp_path / "scores.csv"
    seen.save(path)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in row.items()} for row in rows] == table
    assert list(rows[0]) == ["index", "variance/late", "variance/all"]
    with pytest.raises(ConfigurationError, match=r"expected a new file, got .*give overwrite=True"):
        seen.save(path)
    path.write_text("old")
    seen.save(path, overwrite=True)
    assert path.read_text().startswith("index,")
    with pytest.raises(ConfigurationError, match="create its folder"):
        seen.save(tmp_path / "none" / "scores.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["scores.csv"]


def test_what_cannot_be_is_refused_in_one_line():
    with pytest.raises(ConfigurationError, match="expected a step within its `with` block"):
        watch(windows=WINDOWS).see(torch.zeros(2, 3), 1.0)
    with watch(windows=WINDOWS) as seen:
        show(seen, x_0_hats())
    with pytest.raises(ConfigurationError, match="expected a step within its `with` block, got one outside"):
        seen.see(torch.zeros(2, 3), 1.0)
    with pytest.raises(ConfigurationError, match="expected a watch that was not opened yet"), seen:
        pass
    with watch(windows=WINDOWS) as nothing:
        pass
    with pytest.raises(ConfigurationError, match="expected at least one batch of whole trajectories, got none"):
        _ = nothing.scores
    of_a_scheduler = pytest.raises(ConfigurationError, match="expected the steps of the DDIMScheduler alone, got see")
    with watch(CASES["ddim"].make(), WINDOWS) as seen, of_a_scheduler:
        seen.see(torch.zeros(2, 3), 1.0)
