"""The contract test of denoisers."""

import copy
import inspect
from typing import get_args

import torch
from torch import Tensor

from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.draws import normal
from lightning_modeinterp.testing.expect import expect, expect_no_error

_NUM_SAMPLES = 5
_SCHEDULES = {
    "the schedule of the paper, where alpha falls to 1e-23": LinearBetaSchedule(1000, 0.001, 0.2),
    "a linear gamma": LinearGammaSchedule(),
}


def check_denoiser(denoiser: Denoiser) -> None:
    """Check that a denoiser keeps the contract of its interface.

    In evaluation mode it gives finite float32 numbers of the shape of x_t at every noise level, deterministically; each
    sample independently, since samples may not depend on the others in a block; and for one level of shape (1,) the
    same as for that level repeated. x_t is not changed. In training every weight affects the output. The constructor
    takes ``sample_shape`` from the data, and other arguments that a config can hold.

    A copy with slightly changed weights is checked, since a network initialised to zero would hide everything.

    Args:
        denoiser: Any denoiser; a small one, since it runs about thirty times.

    Raises:
        AssertionError: If it breaks the contract.
    """
    _check_declaration(denoiser)
    check_arguments(denoiser)
    moved = _with_moved_weights(denoiser)
    x_t = normal(_NUM_SAMPLES, *denoiser.sample_shape)
    for name, schedule in _SCHEDULES.items():
        levels = schedule.level(torch.linspace(0, 1, _NUM_SAMPLES))
        with torch.inference_mode():
            _check_output(moved, x_t, levels, name)
            _check_each_sample_alone(moved, x_t, levels)
            for level in (levels[:1], levels[2:3], levels[4:]):
                _check_one_level_for_all(moved, x_t, level)
    _check_every_weight_has_a_part(moved, x_t, levels)


def _check_declaration(denoiser: Denoiser) -> None:
    name = type(denoiser).__name__
    kinds = (None, *get_args(PredictionType))
    expect(
        denoiser.prediction in kinds,
        f"{name}.prediction: expected one of {kinds}, got {denoiser.prediction!r}; leave it None unless the output "
        "has only one possible type",
    )
    expect(
        "sample_shape" in inspect.signature(type(denoiser)).parameters,
        f"{name}: expected an argument `sample_shape`, which the command line takes from the data, got none; "
        "add it and pass it to super().__init__",
    )


def _with_moved_weights(denoiser: Denoiser) -> Denoiser:
    moved = copy.deepcopy(denoiser).cpu().eval()
    with torch.no_grad():
        for seed, weights in enumerate(moved.parameters()):
            weights.add_(0.02 * normal(*weights.shape, seed=seed))
    return moved


def _check_output(denoiser: Denoiser, x_t: Tensor, levels: NoiseLevel, where: str) -> None:
    name, given = f"{type(denoiser).__name__}.forward", x_t.clone()
    output = denoiser(given, levels)
    expect(
        output.shape == x_t.shape and output.dtype == torch.float32,
        f"{name}: expected float32 of the shape {tuple(x_t.shape)} of x_t, got {output.dtype} of {tuple(output.shape)}",
    )
    is_finite = output.flatten(1).isfinite().all(1)
    expect(
        bool(is_finite.all()),
        f"{name}: expected finite numbers at every noise level, got others at gamma = "
        f"{levels.gamma[~is_finite].tolist()} of {where}; use t or gamma as the network's input, since alpha, sigma "
        "and their ratios span many decades",
    )
    expect(
        torch.equal(given, x_t),
        f"{name}: expected x_t to stay as it was, got another; the sampler and its observers still need it, so write "
        "into a new tensor",
    )
    expect(
        torch.equal(denoiser(x_t, levels), output),
        f"{name}: expected the same output for the same input in evaluation mode, got another; use no random numbers",
    )


def _check_each_sample_alone(denoiser: Denoiser, x_t: Tensor, levels: NoiseLevel) -> None:
    name, together = f"{type(denoiser).__name__}.forward", denoiser(x_t, levels)
    alone = torch.cat([denoiser(x_t[i : i + 1], levels[i : i + 1]) for i in range(len(x_t))])
    expect(
        _are_close(together, alone),
        f"{name}: expected each sample to be independent in evaluation mode, got another output for a sample alone "
        "than within a batch; normalise over features, not over the batch",
    )


def _check_one_level_for_all(denoiser: Denoiser, x_t: Tensor, level: NoiseLevel) -> None:
    contract = f"{type(denoiser).__name__}.forward: expected a level of shape (1,) to apply to all samples"
    remedy = "let it broadcast, and read the batch size from x_t"
    each = denoiser(x_t, NoiseLevel(level.t.repeat(len(x_t)), level.gamma.repeat(len(x_t))))
    with expect_no_error(contract, remedy):
        one = denoiser(x_t, level)
    is_same = one.shape == each.shape and _are_close(one, each)
    expect(is_same, f"{contract}, got another output than for that level of each; {remedy}")


def _check_every_weight_has_a_part(denoiser: Denoiser, x_t: Tensor, levels: NoiseLevel) -> None:
    trained = {name: weights for name, weights in denoiser.named_parameters() if weights.requires_grad}
    if not trained:
        return
    denoiser.train()(x_t, levels).square().sum().backward()
    idle = [name for name, weights in trained.items() if weights.grad is None]
    expect(
        not idle,
        f"{type(denoiser).__name__}: expected every weight to affect the output, got no effect of "
        f"{', '.join(idle)}; training on several processes waits for their gradients, so remove them",
    )


def _are_close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-4, atol=1e-4)  # kernels round differently for other batch sizes
