"""Steps of a graph of runs: each is an ordinary command, and known by what it is a function of.

A fit may train on what was kept of samples that other fits have drawn, so a recursion is a chain of them.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.runs.keys import content_of, key_of


def path_of(config: str) -> Path:
    """A shipped config by its file under ``configs/``, or any other by its path."""
    return CONFIGS / config


@dataclass(frozen=True)
class Fit:
    """A model to train.

    Args:
        name: What it is, for people; part of the directory's name, not of the key.
        config: A file under ``configs/``.
        options: What is different from it, as on the command line.
        after: A shorter fit of the same model, which this one resumes.
        init_from: A fit whose weights this one begins with, and nothing else of it. None for random weights.
        data: Samples of other models to train on, in the place of the config's data. None for those.
    """

    name: str
    config: str
    options: tuple[str, ...] = ()
    after: "Fit | None" = None
    data: "KeptData | None" = None
    init_from: "Fit | None" = None

    @cached_property
    def key(self) -> str:
        """What the weights are a function of, hashed."""
        begun = () if self.after is None else (self.after.key,)
        weights = () if self.init_from is None else ("init_from", self.init_from.key)
        data = () if self.data is None else (self.data.key,)
        return key_of("fit", content_of(path_of(self.config)), *self.options, *begun, *weights, *data)


@dataclass(frozen=True)
class Draw:
    """Samples to draw from a trained model.

    Args:
        name: What they are, for people.
        fit: The model. For samples of the true score it is not trained.
        options: What is different from the model's config; ``generation`` settings in the first place.
    """

    name: str
    fit: Fit
    options: tuple[str, ...] = ()

    @property
    def needs_weights(self) -> bool:
        """Whether a trained model is sampled."""
        return "--generation.true_score=true" not in self.options

    def key(self, command: str) -> str:
        """What the result of a command is a function of, hashed."""
        return key_of(command, self.fit.key, *self.options)


@dataclass(frozen=True)
class Keep:
    """What a filter keeps of samples.

    Args:
        name: What it is, for people.
        draw: The samples.
        filter: The filter as the command line is given it, ``--filter=CLASS`` and its arguments. Where it names a
            store to set a threshold on, that is ``set_on``.
        set_on: Samples that set its threshold, if it has one and these do not themselves.
    """

    name: str
    draw: Draw
    filter: tuple[str, ...]
    set_on: Draw | None = None

    @cached_property
    def key(self) -> str:
        """What the kept samples are a function of, hashed."""
        others = () if self.set_on is None else (self.set_on.key("predict"),)
        return key_of("keep", self.draw.key("predict"), *self.filter, *others)


def keeps_behind(fit: Fit) -> "list[Keep]":
    """All that was kept for a fit to train on, directly or by the fits before it; each once, the earliest first."""
    keeps = fit.data.kept if fit.data else ()
    before = [keeps_behind(each) for each in (fit.after, fit.init_from) if each is not None]
    found = {each.key: each for each in chain.from_iterable(before)}
    for keep in keeps:
        found |= {each.key: each for each in (*keeps_behind(keep.draw.fit), keep)}
    return list(found.values())


@dataclass(frozen=True)
class KeptData:
    """Training data that models have drawn.

    Args:
        first: The fit whose data all of this is to look like.
        kept: Sets of kept samples, at least one.
        num_real: So many training samples of the first fit's own data before them.
        rounded: Images are rounded to whole numbers first.
    """

    first: Fit
    kept: tuple[Keep, ...]
    num_real: int = 0
    rounded: bool = False

    @cached_property
    def key(self) -> str:
        """What the data are a function of, hashed."""
        return key_of(self.first.key, *(each.key for each in self.kept), str(self.num_real), str(self.rounded))
