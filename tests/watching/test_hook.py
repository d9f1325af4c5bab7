"""A watched scheduler makes the same samples, and is in the end what it was."""

import copy
import inspect
import pickle

import pytest
import torch

from lightning_modeinterp import watch
from lightning_modeinterp.errors import ConfigurationError
from tests.watching.loops import CASES, diffusers, walk

WINDOWS = {"late": (0.0, 1.0)}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_samples_are_the_same_bit_for_bit(name, dtype):
    case, states = CASES[name], []
    samples = []
    for is_watched in (False, True):
        torch.manual_seed(7)
        scheduler = case.make()
        if is_watched:
            with watch(scheduler, WINDOWS):
                samples.append(walk(case, scheduler, dtype=dtype).samples)
        else:
            samples.append(walk(case, scheduler, dtype=dtype).samples)
        states.append(torch.get_rng_state())
    assert samples[0].isfinite().all()
    assert samples[0].dtype == samples[1].dtype
    assert torch.equal(*samples)
    assert torch.equal(*states)


def test_what_the_scheduler_holds_is_untouched():
    scheduler, other = CASES["ddim"].make(), CASES["ddim"].make()
    with watch(scheduler, WINDOWS):
        assert type(scheduler).__name__ == "DDIMScheduler"
        assert isinstance(scheduler, diffusers.DDIMScheduler)
        assert vars(scheduler).keys() == vars(other).keys()
        assert inspect.signature(scheduler.step) == inspect.signature(other.step)
        assert scheduler.to_json_string() == other.to_json_string()
        walk(CASES["ddim"], scheduler)
    assert type(scheduler) is diffusers.DDIMScheduler
    assert vars(scheduler).keys() == vars(other).keys()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_goes_its_own_way(duplicate):
    scheduler = CASES["euler"].make()
    with watch(scheduler, WINDOWS) as seen:
        samples = walk(CASES["euler"], scheduler).samples
        other = duplicate(scheduler)
        assert type(other) is diffusers.EulerDiscreteScheduler
        assert torch.equal(walk(CASES["euler"], other).samples, samples)
        made_of_it = type(scheduler).from_config(scheduler.config)
        assert torch.equal(walk(CASES["euler"], made_of_it).samples, samples)
        with watch(made_of_it, WINDOWS) as seen_of_other:
            walk(CASES["euler"], made_of_it)
    assert seen.scores["variance/late"].shape == (4,)
    assert torch.equal(seen.scores["variance/late"], seen_of_other.scores["variance/late"])


def test_it_is_undone_after_an_error():
    scheduler = CASES["ddim"].make()
    seen, x = watch(scheduler, WINDOWS), torch.zeros(4, 3, 2, 2)

    def fail():
        with seen:
            walk(CASES["ddim"], scheduler)
            scheduler.set_timesteps(20)
            scheduler.step(x, scheduler.timesteps[0], x)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert type(scheduler) is diffusers.DDIMScheduler
    assert seen.scores["variance/late"].shape == (4,)  # of the batch before


def test_one_watch_at_a_time():
    scheduler = CASES["ddim"].make()
    with watch(scheduler, WINDOWS) as seen:
        with pytest.raises(ConfigurationError, match="expected a DDIMScheduler that is not watched yet"):
            watch(scheduler, WINDOWS).__enter__()
        walk(CASES["ddim"], scheduler)
    assert type(scheduler) is diffusers.DDIMScheduler
    with watch(scheduler, WINDOWS) as again:
        walk(CASES["ddim"], scheduler)
    assert torch.equal(again.scores["variance/late"], seen.scores["variance/late"])


def test_a_timestep_that_was_not_laid_out_is_refused():
    scheduler = CASES["ddim"].make()
    scheduler.set_timesteps(20)
    x = torch.zeros(4, 3, 2, 2)
    with watch(scheduler, WINDOWS), pytest.raises(ConfigurationError, match=r"one of the 20 timesteps .* got 7;"):
        scheduler.step(x, 7, x)


def test_a_step_too_many_is_the_schedulers_to_refuse():
    scheduler = CASES["euler"].make()
    with watch(scheduler, WINDOWS) as seen:
        samples = walk(CASES["euler"], scheduler).samples
        with pytest.raises(IndexError, match="out of bounds"):
            scheduler.step(samples, scheduler.timesteps[-1], samples)
    assert seen.scores["variance/late"].shape == (4,)


def test_nothing_that_was_seen_carries_a_gradient():
    scheduler, weight = CASES["ddim"].make(), torch.ones((), requires_grad=True)
    scheduler.set_timesteps(20)
    x = torch.ones(4, 3, 2, 2)
    with watch(scheduler, WINDOWS) as seen:
        for t in scheduler.timesteps:
            x = scheduler.step(weight * x, t, x).prev_sample
    assert x.requires_grad
    assert not seen.scores["variance/late"].requires_grad


def test_memory_does_not_grow_with_the_steps():
    scheduler = CASES["ddim"].make()
    held = []
    for num_steps in (20, 200):
        with watch(scheduler, {"all": (0.0, 1e6)}) as seen:
            scheduler.set_timesteps(num_steps)
            x = torch.zeros(4, 3, 2, 2)
            for t in scheduler.timesteps:
                x = scheduler.step(x, t, x).prev_sample
            (moments,) = seen._trajectories._watch._states["variance/"].moments.values()
            held.append(sum(each.nbytes for each in vars(moments).values() if isinstance(each, torch.Tensor)))
    assert held[0] == held[1] == 3 * 8 * x.numel()
