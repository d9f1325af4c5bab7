import pytest
import torch

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.init_args import NotPlainError, as_plain, import_path, init_args


class Base:
    def __init__(self, *, width=2, **more):
        self.made_with = init_args(self)


class Part(Base):
    def __init__(this, depth, sizes=(1, 2)):  # a name of its own
        Other()
        super().__init__(width=3, more=4)


class Leaf(Part):
    pass


class Other(Base):
    pass


def test_arguments_are_those_of_the_outermost_constructor():
    assert Part(7).made_with == {"depth": 7, "sizes": (1, 2)}
    assert Leaf(7, sizes=[3]).made_with == {"depth": 7, "sizes": [3]}
    assert Base(extra=1).made_with == {"width": 2, "extra": 1}


@pytest.mark.parametrize(
    "value",
    [object(), torch.zeros(2), torch.nn.Linear(1, 1), [len], {"a": {1, 2}}],
    ids=lambda value: type(value).__name__,
)
def test_what_a_config_cannot_say_is_refused(value):
    with pytest.raises(NotPlainError):
        as_plain(value)


def test_a_class_is_named_by_its_shortest_path():
    assert import_path(MLP) == "lightning_modeinterp.denoisers.MLP"
    assert as_plain([MLP((2,))])[0]["class_path"] == import_path(MLP)

    class Local:
        pass

    with pytest.raises(NotPlainError, match="Local is not found in"):
        import_path(Local)
