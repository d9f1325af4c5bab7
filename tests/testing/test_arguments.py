from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from lightning_modeinterp.diffusion.samplers import AncestralSampler, Sampler
from lightning_modeinterp.testing.arguments import check_arguments


class Plain:
    def __init__(
        self,
        size: int,
        names: Sequence[str] = ("a", "b"),
        table: dict[str, list[float]] = {"x": [0.1]},  # noqa: B006
        path: Path = Path("runs"),
        make: Callable[[], Sampler] = AncestralSampler,
        change: Callable[[float], float] = abs,
        sampler: Sampler | None = None,
    ):
        pass


class Nothing:
    pass


class WithoutType:
    def __init__(self, size):
        pass


class WithKeywords:
    def __init__(self, **kwargs: int):
        pass


class WithPositions:
    def __init__(self, *sizes: int):
        pass


class WithObject:
    def __init__(self, sampler: Sampler = AncestralSampler()):  # noqa: B008
        pass


class WithTensorInside:
    def __init__(self, values: Sequence[torch.Tensor] = (torch.zeros(2),)):
        pass


@pytest.mark.parametrize("part", [Plain(3), Nothing()])
def test_accepts_what_a_config_can_hold(part):
    check_arguments(part)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (WithoutType(3), r"WithoutType\(size\): expected a type.* annotate"),
        (WithKeywords(), r"WithKeywords\(kwargs\): expected named arguments.* got \*\*kwargs: int; write out"),
        (WithPositions(), r"WithPositions\(sizes\): expected named arguments"),
        (WithObject(), r"WithObject\(sampler\): expected a default that YAML can hold.* use None"),
        (WithTensorInside(), r"WithTensorInside\(values\): expected a default that YAML can hold"),
    ],
)
def test_refuses_the_rest(part, message):
    with pytest.raises(AssertionError, match=message):
        check_arguments(part)
