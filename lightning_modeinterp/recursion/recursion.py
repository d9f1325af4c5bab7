"""A recursion as a graph of ordinary commands: fit, test, predict, keep, fit ...

Generation 0 is trained on the original data and shared by all arms. For each generation, unfiltered samples are drawn
and compared with the original data (``test``). Others are drawn (``predict``) and filtered, and the next generation is
trained on those kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.recursion.arm import Arm
from lightning_modeinterp.runs import Draw, Fit, Keep, KeptData

SEEDS_APART = 1_000
"""Offset of the seed between generations: each has its own initialisation, noise and samples."""


@dataclass(frozen=True)
class Recursion:
    """Models, filters and number of generations of a recursion.

    Args:
        experiment: Config of generation 0: a file or a shipped name, such as ``gaussian_2d_grid``.
        arms: How the next generation's training data are chosen, by name.
        num_kept: Training samples of every generation after the first.
        num_generations: Generations after the first.
        seeds: Seeds; the recursion is repeated for each.
        num_measured: Unfiltered samples of each generation to measure.
        options: Further options of every fit, test and predict.
        num_updates: Optimiser steps per generation; those of the experiment if None.
        rounded: Round images to integers before training on them.

    Raises:
        ConfigurationError: If there is no arm, seed or generation, a seed occurs twice, or a number is too small.
    """

    experiment: str
    arms: Mapping[str, Arm]
    num_kept: int
    num_generations: int = 5
    seeds: Sequence[int] = (0,)
    num_measured: int = 10_240
    options: Sequence[str] = ()
    num_updates: int | None = None
    rounded: bool = False

    def __post_init__(self) -> None:
        if not self.arms or not self.seeds or min(self.num_generations, self.num_kept, self.num_measured) < 1:
            raise ConfigurationError(
                "recursion: expected at least one arm, seed, generation, kept and measured sample, got "
                f"{len(self.arms)}, {len(self.seeds)}, {self.num_generations}, {self.num_kept} and {self.num_measured}"
            )
        if len(set(self.seeds)) < len(self.seeds):
            raise ConfigurationError(f"recursion.seeds: expected each seed once, got {list(self.seeds)}")
        for name, arm in self.arms.items():
            drawn = self.num_drawn(arm)
            if drawn < self.num_kept - arm.num_real(self.num_kept):
                raise ConfigurationError(
                    f"recursion.arms.{name}.num_drawn: expected at least the {self.num_kept:,} samples that are kept, "
                    f"got {drawn:,}"
                )

    def num_drawn(self, arm: Arm) -> int:
        """Number of samples that an arm chooses from."""
        return self.num_kept - arm.num_real(self.num_kept) if arm.num_drawn is None else arm.num_drawn

    def chain(self, name: str, seed: int) -> "list[Generation]":
        """The generations of one arm and seed, including generation 0.

        Args:
            name: The arm.
            seed: One of the seeds.
        """
        arm = self.arms[name]
        generations = [Generation(0, self._fit(f"generation_0_{seed}", seed, 0))]
        for number in range(1, self.num_generations + 1):
            keeps = [self._keep(arm, name, seed, each, generations[0].fit) for each in generations]
            first, last = generations[0], generations[-1]
            accumulates = arm.keeps == "accumulate"
            data = KeptData(
                first.fit,
                tuple(keeps) if accumulates else (keeps[-1],),
                self.num_kept if accumulates else arm.num_real(self.num_kept),
                self.rounded,
            )
            generations[-1] = Generation(last.number, last.fit, keeps[-1])
            fit = self._fit(f"{name}_{number}_{seed}", seed, number, data, last.fit if arm.warm_start else None)
            generations.append(Generation(number, fit))
        return generations

    def measured(self, fit: Fit) -> Draw:
        """Unfiltered samples of a generation, for the test."""
        return Draw(fit.name, fit, (f"--generation.num_samples={self.num_measured}",))

    def _fit(self, name: str, seed: int, number: int, data: KeptData | None = None, before: Fit | None = None) -> Fit:
        updates = () if self.num_updates is None else (f"--trainer.max_steps={self.num_updates}",)
        options = (f"--seed_everything={seed + SEEDS_APART * number}", *updates, *self.options)
        return Fit(name, self._config(), options, data=data, init_from=before)

    def _config(self) -> str:
        is_file = self.experiment.endswith(".yaml")
        return str(Path(self.experiment).resolve()) if is_file else f"experiment/{self.experiment}.yaml"

    def _keep(self, arm: Arm, name: str, seed: int, generation: "Generation", first: Fit) -> Keep:
        def drawn(fit: Fit) -> Draw:
            return Draw(fit.name, fit, (f"--generation.num_samples={self.num_drawn(arm)}",))

        set_on = drawn(first) if arm.is_frozen and generation.number > 0 else None
        return Keep(f"{name}_{generation.number}_{seed}", drawn(generation.fit), arm.words(self.num_kept), set_on)


@dataclass(frozen=True)
class Generation:
    """One generation of an arm.

    Args:
        number: Its number; 0 is trained on the original data.
        fit: Its model.
        keep: The samples kept for the next one; None for the last.
    """

    number: int
    fit: Fit
    keep: Keep | None = None
