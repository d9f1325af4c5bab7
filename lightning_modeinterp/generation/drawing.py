"""Samples of any model, block by block, judged, without a Trainer.

A block is the unit of both noise and network calls: its noise depends only on (seed, purpose, block number), and the
network always sees exactly one block. So the sample set is the same for any batch size, number of processes or restart,
and any block can be redrawn alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation.generation import Generation
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import GeneratedBatch, NoiseLevel, not_finite
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.trajectories import TrajectoryObserver, Window


def as_they_are(samples: Tensor) -> Tensor:
    """The identity, for data units that equal model units."""
    return samples


@dataclass(frozen=True)
class Drawing:
    """A model, its sampling settings, and an oracle for its samples. Samples carry no gradient.

    Args:
        predict_x_0: The model.
        schedule: Its noise schedule.
        sample_shape: Shape of one sample.
        generation: Sampling settings.
        to_data_units: Converts samples (N, *sample_shape) from model units to data units.
        oracle: Judges samples in data units. Samples are not judged if None.
        has_diverged: From samples in model units to which of them diverged, (N,) bool.
        device: Device to sample on.
        context: Factory of the context to draw in, such as an autocast.

    Example:
        >>> from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
        >>> def exact(x_t, level):
        ...     return level.alpha * x_t  # the posterior mean of data that are standard normal
        >>> drawing = Drawing(exact, LinearBetaSchedule(100, 0.001, 0.2), (1,), Generation(block_size=32))
        >>> drawing.draw(40).samples.shape
        torch.Size([40, 1])
    """

    predict_x_0: PredictX0
    schedule: NoiseSchedule
    sample_shape: Sequence[int]
    generation: Generation
    to_data_units: Callable[[Tensor], Tensor] = as_they_are
    oracle: SupportOracle | None = None
    has_diverged: Callable[[Tensor], Tensor] = not_finite
    device: torch.device | str = "cpu"
    context: Callable[[], AbstractContextManager[None]] = nullcontext

    def draw(self, num_samples: int | None = None, purpose: str = "predict") -> GeneratedBatch:
        """Draw samples into one batch.

        Args:
            num_samples: How many; as in ``generation`` if None.
            purpose: Use of the samples; each purpose has its own noise. ``predict`` gives the samples of that command.
        """
        asked = self if num_samples is None else replace(self, generation=self.generation.of(num_samples))
        asked.generation.check(self.schedule, self.sample_shape)
        return GeneratedBatch.joined(list(asked.blocks(purpose=purpose)))

    def blocks(self, numbers: Iterable[int] | None = None, purpose: str = "predict") -> Iterator[GeneratedBatch]:
        """Draw block after block.

        Args:
            numbers: Numbers of the blocks; if None, all that cover the generation's number of samples. Samples beyond
                that number are left out.
            purpose: Use of the samples; each purpose has its own noise.
        """
        return (self.block(number, purpose) for number in (self.generation.blocks if numbers is None else numbers))

    @torch.no_grad()
    def block(self, number: int, purpose: str = "predict") -> GeneratedBatch:
        """Draw one block and judge it."""
        asked = self.generation
        first = number * asked.block_size
        count = max(0, min(asked.block_size, asked.num_samples - first))
        with self.context():
            x_0, seen = self.sample(number, purpose, asked.observers, asked.variance.windows)
            for name, score in asked.end_point_scores.items():  # one call each, not worth compiling
                seen[name] = score.score(x_0, self.predict_x_0, self.schedule)
            _check_rows(seen, asked.block_size)
            x_0 = x_0[:count]
            samples = self.to_data_units(x_0)
            verdict = None if self.oracle is None else self.oracle.judge(samples)
            diverged = self.has_diverged(x_0)
        return GeneratedBatch(
            index=torch.arange(first, first + count, device=self.device),
            samples=samples,
            scores={name: seen.pop(name)[:count].float() for name in asked.score_names},
            block_size=asked.block_size,
            verdict=verdict,
            statistics={name: values[:count] for name, values in seen.items()},
            diverged=diverged,
        )

    @torch.no_grad()
    def sample(
        self,
        number: int,
        purpose: str,
        observers: Mapping[str, TrajectoryObserver[Any]],
        windows: Mapping[str, Window] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw one block in model units and observe it; `blocks` gives the same samples.

        Args:
            number: Number of the block.
            purpose: Use of the samples.
            observers: Observers by name, instead of those in ``generation``.
            windows: Windows of the variance by name, instead of those in ``generation``.

        Returns:
            Samples (block_size, *sample_shape), and the results of `TrajectoryWatch`.
        """
        asked = self.generation
        generator = keyed_generator(asked.seed, f"samples/{purpose}", number, self.device)
        shape = (asked.block_size, *self.sample_shape)

        def draw_noise() -> Tensor:
            return torch.randn(shape, generator=generator, device=self.device)

        model = compiled(self.predict_x_0) if asked.compile else self.predict_x_0
        with self.context():
            return asked.sampler.sample(model, self.schedule, draw_noise, observers, windows)


def _check_rows(seen: Mapping[str, Tensor], block_size: int) -> None:
    for name, values in seen.items():
        shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        if not isinstance(shape, tuple) or shape[:1] != (block_size,):
            raise ConfigurationError(
                f"generation: {name}: expected a row for each of the {block_size} samples of a block, got {shape}; "
                "return a tensor (B, ...)"
            )


def compiled(predict_x_0: PredictX0) -> PredictX0:
    """Compile a model for one shape; all samplers and blocks share the result.

    Args:
        predict_x_0: The model. It must not read values back from the device.
    """
    fast = torch.compile(predict_x_0, dynamic=False, mode="reduce-overhead")

    def predict(x_t: Tensor, level: NoiseLevel) -> Tensor:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        x_0_hat: Tensor = fast(x_t, level)
        return x_0_hat.clone()  # the next replay of a CUDA graph overwrites this memory

    return predict
