from abc import ABC, abstractmethod

from lightning_modeinterp.diffusion.noise_schedules import BetaSchedule, LinearBetaSchedule, NoiseSchedule
from tests.subclasses import concrete_subclasses


class Seam(ABC):
    @abstractmethod
    def work(self): ...


class Abstract(Seam): ...


class Left(Abstract):
    def work(self): ...


class Right(Seam):
    def work(self): ...


class Both(Left, Right): ...


class _Private(Right): ...


def test_finds_all_that_can_be_built_once_however_deep():
    assert set(concrete_subclasses(Seam, __name__)) == {Left, Right, Both}
    assert len(concrete_subclasses(Seam, __name__)) == 3


def test_finds_those_of_one_package_only():
    class Elsewhere(BetaSchedule): ...

    class Example(BetaSchedule):
        __module__ = BetaSchedule.__module__

    found = concrete_subclasses(NoiseSchedule)
    assert {BetaSchedule, LinearBetaSchedule} < set(found)
    assert not {Elsewhere, Example} & set(found)
    assert concrete_subclasses(Seam) == []
    assert concrete_subclasses(Seam, __name__[:-1]) == []  # a package is more than the beginning of a name
