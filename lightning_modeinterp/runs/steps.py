"""Steps of a graph of runs: each is an ordinary command, with a key of everything that determines its result.

A fit may train on filtered samples of other fits, so a recursion is a chain of steps.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.runs.keys import content_of, key_of


def path_of(config: str) -> Path:
    """The path of a shipped config, given its file under ``configs/``, or of any other config."""
    return CONFIGS / config


@dataclass(frozen=True)
class Fit:
    """A model to train.

    Args:
        name: A readable name; part of the directory's name, not of the key.
        config: A file under ``configs/``, or the path of any other config.
        options: Changes to it, as on the command line.
        after: A shorter fit of the same model, which this one resumes.
        init_from: A fit whose weights this one starts from, and nothing else. Random weights if None.
        data: Samples of other models to train on instead of the config's data. The config's data if None.
    """

    name: str
    config: str
    options: tuple[str, ...] = ()
    after: "Fit | None" = None
    data: "KeptData | None" = None
    init_from: "Fit | None" = None

    @cached_property
    def key(self) -> str:
        """Hash of everything that determines the weights."""
        begun = () if self.after is None else (self.after.key,)
        weights = () if self.init_from is None else ("init_from", self.init_from.key)
        data = () if self.data is None else (self.data.key,)
        return key_of("fit", content_of(path_of(self.config)), *self.options, *begun, *weights, *data)


@dataclass(frozen=True)
class Draw:
    """Samples to draw from a trained model.

    Args:
        name: A readable name.
        fit: The model. It is not trained for samples of the true score.
        options: Changes to the model's config, mainly ``generation`` settings.
    """

    name: str
    fit: Fit
    options: tuple[str, ...] = ()

    @property
    def needs_weights(self) -> bool:
        """Whether a trained model is needed."""
        return "--generation.true_score=true" not in self.options

    def key(self, command: str) -> str:
        """Hash of everything that determines the result of a command."""
        return key_of(command, self.fit.key, *self.options)


@dataclass(frozen=True)
class Keep:
    """A filter applied to samples.

    Args:
        name: A readable name.
        draw: The samples.
        filter: The filter as options of the command line, ``--filter=CLASS`` and its arguments, without ``set_on``.
        set_on: Samples that set its threshold, if it has one that is not set on ``draw``.
    """

    name: str
    draw: Draw
    filter: tuple[str, ...]
    set_on: Draw | None = None

    @cached_property
    def key(self) -> str:
        """Hash of everything that determines the kept samples."""
        others = () if self.set_on is None else (self.set_on.key("predict"),)
        return key_of("keep", self.draw.key("predict"), *self.filter, *others)


def keeps_behind(fit: Fit) -> "list[Keep]":
    """All filter steps that a fit depends on, directly or through earlier fits; each once, the earliest first."""
    keeps = fit.data.kept if fit.data else ()
    before = [keeps_behind(each) for each in (fit.after, fit.init_from) if each is not None]
    found = {each.key: each for each in chain.from_iterable(before)}
    for keep in keeps:
        found |= {each.key: each for each in (*keeps_behind(keep.draw.fit), keep)}
    return list(found.values())


@dataclass(frozen=True)
class KeptData:
    """Training data drawn from models.

    Args:
        first: The fit on the original data.
        kept: Sets of kept samples, at least one.
        num_real: Number of original training samples before them.
        rounded: Whether to round images to integers.
    """

    first: Fit
    kept: tuple[Keep, ...]
    num_real: int = 0
    rounded: bool = False

    @cached_property
    def key(self) -> str:
        """Hash of everything that determines the data."""
        return key_of(self.first.key, *(each.key for each in self.kept), str(self.num_real), str(self.rounded))
