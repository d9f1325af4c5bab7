"""The curves that the samples lie near: two half circles of radius 1 that reach into each other.

    moon 0: (cos a, sin a)        moon 1: (1 - cos a, 1/2 - sin a)        0 <= a <= pi

These are data units. The model sees the points about their mean, divided by their spread.
"""

import math

import torch
from torch import Tensor

NUM_MOONS = 2
CENTRES = ((0.0, 0.0), (1.0, 0.5))
SIGNS = (1.0, -1.0)

TOP, TIP = (0.0, 1.0), (0.0, 0.5)
"""Where the gap is narrowest: the top of moon 0, and the end of moon 1 below it."""

GAP = 0.5
"""Their distance."""

MEAN, SPREAD = (0.5, 0.25), 0.7
"""Mean of the data, and root mean square of a coordinate about it."""


def to_model_units(points: Tensor) -> Tensor:
    """Points (N, 2) about 0, with coordinates of size 1."""
    return (points - points.new_tensor(MEAN)) / SPREAD


def to_data_units(points: Tensor) -> Tensor:
    """Points (N, 2) back to where they came from."""
    return points * SPREAD + points.new_tensor(MEAN)


def on_moon(moon: int, angle: Tensor) -> Tensor:
    """Points of a moon, (N, 2).

    Args:
        moon: 0 or 1.
        angle: (N,), radians, in [0, pi].
    """
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    return angle.new_tensor(CENTRES[moon]) + SIGNS[moon] * circle


def nearest_angle(moon: int, samples: Tensor) -> Tensor:
    """Where on a moon the point nearest to each sample lies, (N,), radians, in [0, pi].

    Args:
        moon: 0 or 1.
        samples: (N, 2), data units.
    """
    x, y = (SIGNS[moon] * (samples - samples.new_tensor(CENTRES[moon]))).unbind(1)
    nearest_end = torch.where(x > 0, 0.0, math.pi)
    return torch.where(y > 0, torch.atan2(y, x), nearest_end)


def distances(samples: Tensor) -> Tensor:
    """Distance of each sample to each moon, (N, 2), data units; nan for samples that are not finite.

    Args:
        samples: (N, 2), data units.
    """
    nearest = [on_moon(moon, nearest_angle(moon, samples)) for moon in range(NUM_MOONS)]
    return torch.stack([torch.linalg.vector_norm(samples - point, dim=1) for point in nearest], dim=1)
