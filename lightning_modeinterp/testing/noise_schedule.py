"""What every noise schedule has to do."""

import copy

import torch

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect

_TOLERANCE = 1e-3  # in gamma; 0.05 % of sigma / alpha


def check_noise_schedule(schedule: NoiseSchedule) -> None:
    """Check that a noise schedule keeps the contract of its seam.

    gamma is finite and never falls from t = 0 to t = 1, where there is more noise; it takes times of any shape in
    float32 and float64, each by itself, and is as good in both. A level is variance preserving,
    ``alpha^2 + sigma^2 = 1``. The grid holds ``num_steps`` evenly spread levels of that same gamma, in float64 whatever
    the module is cast to.

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
    _check_grid(schedule)
    _check_grid_survives_a_cast(schedule)


def _check_gamma_rises(schedule: NoiseSchedule) -> None:
    name, t = f"{type(schedule).__name__}.gamma", torch.linspace(0, 1, 5001, dtype=torch.float64)
    gamma = schedule.gamma(t)
    expect(
        bool(gamma.isfinite().all()),
        f"{name}: expected finite numbers for t from 0 to 1, got {gamma[~gamma.isfinite()][:3].tolist()} among them; "
        "keep SNR(0) and SNR(1) off infinity and 0",
    )
    falls = int(gamma.diff().argmin())
    expect(
        bool((gamma.diff() >= 0).all()) and bool(gamma[-1] > gamma[0]),
        f"{name}: expected -log SNR to rise from t = 0 (data) to t = 1 (noise) and never to fall, got "
        f"{gamma[0]:.6g} at t = 0, {gamma[-1]:.6g} at t = 1 and a step of {gamma.diff()[falls]:.3g} at "
        f"t = {t[falls]:.4g}; mind the sign and the way time runs",
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
                f"{tuple(gamma.shape)}; return what t is",
            )
        expect(
            torch.equal(schedule.gamma(times)[:, 0], schedule.gamma(times[:, 0])),
            f"{name}: expected gamma of each time by itself, got another beside other times; use t alone",
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
    expect(
        torch.equal(level.t, t) and torch.equal(level.gamma, schedule.gamma(t)),
        f"{name}: expected the times that were asked for and their gamma, got others; leave `level` to the base class",
    )
    total = level.alpha.square() + level.sigma.square()
    expect(
        torch.allclose(total, torch.ones_like(total)),
        f"{name}: expected alpha^2 + sigma^2 = 1, got {total.min():.6g} to {total.max():.6g}; let gamma give both",
    )


def _check_grid(schedule: NoiseSchedule) -> None:
    name, grid, num_steps = f"{type(schedule).__name__}.grid", schedule.grid(), schedule.num_steps
    expect(
        grid.gamma.dtype == torch.float64 and grid.gamma.shape == grid.t.shape == (num_steps,),
        f"{name}: expected num_steps = {num_steps} levels in float64, got {grid.gamma.dtype} of "
        f"{tuple(grid.gamma.shape)}; hand num_steps to super().__init__",
    )
    expect(
        torch.equal(grid.t, torch.linspace(0, 1, num_steps, dtype=torch.float64)),
        f"{name}: expected times evenly spread from 0 to 1, got others; bend gamma instead",
    )
    expect(
        torch.equal(grid.gamma, schedule.gamma(grid.t)),
        f"{name}: expected gamma at the grid's own times, got other values; leave `grid` to the base class",
    )


def _check_grid_survives_a_cast(schedule: NoiseSchedule) -> None:
    grid = schedule.grid()
    for dtype in (torch.float32, torch.bfloat16):
        cast = copy.deepcopy(schedule).to(dtype).grid()
        expect(
            cast.gamma.dtype == torch.float64 and torch.equal(cast.gamma, grid.gamma),
            f"{type(schedule).__name__}.grid: expected the same levels after the module was cast to {dtype}, got "
            f"{cast.gamma.dtype} and others; hold tables as plain float64 attributes, not as buffers",
        )
