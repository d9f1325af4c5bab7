"""The contract test of noise schedules."""

import copy
import math

import torch

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect

_TOLERANCE = 1e-3  # in gamma; 0.05 % of sigma / alpha
_SMOOTH_RATE = 0.95


def check_noise_schedule(schedule: NoiseSchedule) -> None:
    """Check that a noise schedule keeps the contract of its interface.

    gamma is finite and never falls from t = 0 to t = 1, where there is more noise; it accepts times of any shape in
    float32 and float64, each independently, and agrees in both. A level is variance preserving,
    ``alpha^2 + sigma^2 = 1``, and can be found by its noise. The grid holds ``num_steps`` evenly spaced levels of the
    same gamma, in float64 even if the module is cast. gamma' by forward mode is the slope of gamma.

    A schedule with parameters may give a network another t than the time, one that rises with gamma; a cast rounds its
    parameters, so its levels may change. Its gamma and gamma' have gradients for each parameter.

    Args:
        schedule: Any schedule; a copy is checked.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(schedule)
    schedule = copy.deepcopy(schedule).cpu()
    _check_gamma_rises(schedule)
    _check_times_of_any_shape(schedule)
    _check_both_precisions_agree(schedule)
    _check_levels(schedule)
    _check_levels_by_noise(schedule)
    _check_grid(schedule)
    _check_grid_survives_a_cast(schedule)
    _check_rate(schedule)
    _check_parameters_are_reached(schedule)


def _check_gamma_rises(schedule: NoiseSchedule) -> None:
    name, t = f"{type(schedule).__name__}.gamma", torch.linspace(0, 1, 5001, dtype=torch.float64)
    gamma = schedule.gamma(t).detach()
    expect(
        bool(gamma.isfinite().all()),
        f"{name}: expected finite numbers for t from 0 to 1, got {gamma[~gamma.isfinite()][:3].tolist()} among them; "
        "keep SNR(0) and SNR(1) finite and positive",
    )
    falls = int(gamma.diff().argmin())
    expect(
        bool((gamma.diff() >= 0).all()) and bool(gamma[-1] > gamma[0]),
        f"{name}: expected -log SNR to rise from t = 0 (data) to t = 1 (noise) and never to fall, got "
        f"{gamma[0]:.6g} at t = 0, {gamma[-1]:.6g} at t = 1 and a step of {gamma.diff()[falls]:.3g} at "
        f"t = {t[falls]:.4g}; check the sign and the direction of time",
    )


def _check_times_of_any_shape(schedule: NoiseSchedule) -> None:
    name = f"{type(schedule).__name__}.gamma"
    for dtype in (torch.float32, torch.float64):
        times = torch.linspace(0.05, 0.95, 6, dtype=dtype).reshape(3, 2)
        for t in (times, times[:, 0], times[0, 0]):
            gamma = schedule.gamma(t)
            expect(
                gamma.shape == t.shape and gamma.dtype == dtype,
                f"{name}: expected {dtype} of the shape {tuple(t.shape)} of t, got {gamma.dtype} of "
                f"{tuple(gamma.shape)}; keep the shape and dtype of t",
            )
        expect(
            torch.equal(schedule.gamma(times)[:, 0], schedule.gamma(times[:, 0])),
            f"{name}: expected gamma of each time to be independent, got another beside other times; use t alone",
        )


def _check_both_precisions_agree(schedule: NoiseSchedule) -> None:
    t = torch.linspace(0, 1, 5001)
    error = (schedule.gamma(t).double() - schedule.gamma(t.double())).abs().max()
    expect(
        bool(error < _TOLERANCE),
        f"{type(schedule).__name__}.gamma: expected the same in float32 and float64 within {_TOLERANCE}, got "
        f"{error:.3g} apart; compute in float64, or in forms such as log1p and expm1 that do not cancel",
    )


def _check_levels(schedule: NoiseSchedule) -> None:
    name, t = f"{type(schedule).__name__}.level", torch.linspace(0, 1, 101, dtype=torch.float64)
    level = schedule.level(t)
    is_time = bool((level.t.diff() > 0).all()) if _has_parameters(schedule) else torch.equal(level.t, t)
    expect(
        is_time and torch.equal(level.gamma, schedule.gamma(t)),
        f"{name}: expected the requested times and their gamma, got others; leave `level` to the base class",
    )
    total = level.alpha.square() + level.sigma.square()
    expect(
        torch.allclose(total, torch.ones_like(total)),
        f"{name}: expected alpha^2 + sigma^2 = 1, got {total.min():.6g} to {total.max():.6g}; let gamma give both",
    )


def _check_levels_by_noise(schedule: NoiseSchedule) -> None:
    times = torch.linspace(0, 1, 11, dtype=torch.float64)
    for wanted in schedule.level(times).noise_to_signal.tolist():
        level = schedule.level_at(wanted)
        got = level.noise_to_signal
        expect(
            got.shape == (1,) and abs(2 * math.log(got.item() / wanted)) < _TOLERANCE,
            f"{type(schedule).__name__}.level_at: expected one level of noise_to_signal {wanted:.6g}, got "
            f"{got.tolist()}; let gamma be continuous, and leave `level_at` to the base class",
        )


def _check_grid(schedule: NoiseSchedule) -> None:
    name, grid, num_steps = f"{type(schedule).__name__}.grid", schedule.grid(), schedule.num_steps
    expect(
        grid.gamma.dtype == torch.float64 and grid.gamma.shape == grid.t.shape == (num_steps,),
        f"{name}: expected num_steps = {num_steps} levels in float64, got {grid.gamma.dtype} of "
        f"{tuple(grid.gamma.shape)}; pass num_steps to super().__init__",
    )
    times = torch.linspace(0, 1, num_steps, dtype=torch.float64)
    expect(
        torch.equal(grid.t, schedule.level(times).t),
        f"{name}: expected times evenly spaced from 0 to 1, got others; change gamma instead",
    )
    expect(
        torch.equal(grid.gamma, schedule.gamma(times)),
        f"{name}: expected gamma at the grid's own times, got other values; leave `grid` to the base class",
    )


def _check_grid_survives_a_cast(schedule: NoiseSchedule) -> None:
    grid = schedule.grid()
    for dtype in (torch.float32, torch.bfloat16):
        cast = copy.deepcopy(schedule).to(dtype).grid()
        is_same = _has_parameters(schedule) or torch.equal(cast.gamma, grid.gamma)
        expect(
            cast.gamma.dtype == torch.float64 and is_same,
            f"{type(schedule).__name__}.grid: expected the same levels after the module was cast to {dtype}, got "
            f"{cast.gamma.dtype} and others; keep tables as plain float64 attributes, not as buffers",
        )


def _check_rate(schedule: NoiseSchedule) -> None:
    name, t = f"{type(schedule).__name__}.rate", torch.linspace(0.001, 0.999, 997, dtype=torch.float64)
    rate, step = schedule.rate(t), 1e-7
    expect(
        torch.equal(rate.level.gamma, schedule.level(t).gamma) and torch.equal(rate.level.t, schedule.level(t).t),
        f"{name}: expected the levels of the times that were asked for, got others; take them from the same gamma",
    )
    expected = (schedule.gamma(t + step) - schedule.gamma(t - step)) / (2 * step)
    is_near = torch.isclose(rate.slope, expected, rtol=1e-3, atol=1e-3)
    expect(
        float(is_near.double().mean()) > _SMOOTH_RATE,  # a piecewise gamma has kinks
        f"{name}: expected gamma'(t), about {expected[~is_near][:3].tolist()} at t = {t[~is_near][:3].tolist()}, got "
        f"{rate.slope[~is_near][:3].tolist()}; write gamma in differentiable operations",
    )


def _check_parameters_are_reached(schedule: NoiseSchedule) -> None:
    rate = schedule.rate(torch.linspace(0.1, 0.9, 5))
    total = (rate.level.gamma.square() + rate.slope.square()).sum()
    for name, parameter in schedule.named_parameters():
        is_reached = False
        if total.requires_grad:
            (gradient,) = torch.autograd.grad(total, parameter, retain_graph=True, allow_unused=True)
            is_reached = gradient is not None and bool(gradient.isfinite().all() and (gradient != 0).any())
        expect(
            is_reached,
            f"{type(schedule).__name__}.{name}: expected a finite gradient from gamma and gamma', got none; use it "
            "without detaching, or remove it",
        )


def _has_parameters(schedule: NoiseSchedule) -> bool:
    return next(schedule.parameters(), None) is not None
