"""The contract test of probes."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from matplotlib.figure import Figure

from lightning_modeinterp import figures
from lightning_modeinterp.data import Probe, Subject
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.parameterization import x_0_from
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.records import NoiseLevel, SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect, expect_no_error


class _MadeUpOracle(SupportOracle):
    """Samples with a positive mean over coordinates are in support."""

    def __init__(self) -> None:
        super().__init__(["made_up"])

    def judge(self, samples: torch.Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`."""
        kind = torch.where(samples.flatten(1).mean(1) > 0, 0, 2)
        return SupportVerdict(kind.to(torch.int8), torch.zeros_like(kind), self.kinds)


def made_up_subject(sample_shape: tuple[int, ...] = (2,)) -> Subject:
    """A small network that predicts noise, with fixed weights, no exact model, and a toy oracle.

    Args:
        sample_shape: Shape (d,) of one sample.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = MLP(sample_shape, width=16).eval()

    def predict_x_0(x_t: torch.Tensor, level: NoiseLevel) -> torch.Tensor:
        return x_0_from(network(x_t, level), x_t, level, "eps")

    generation = Generation(AncestralSampler(20, x_0_range=(-2.0, 2.0)), num_samples=100, block_size=50)
    return Subject(
        denoiser=network,
        predict_x_0=predict_x_0,
        exact=None,
        drawing=Drawing(predict_x_0, LinearBetaSchedule(), sample_shape, generation, oracle=_MadeUpOracle()),
        results={"hallucination_rate": 0.1},
    )


def check_probe(probe: Probe, subject: Subject | None = None) -> None:
    """Check that a probe keeps the contract of its interface.

    `measure` gives at least one number of this subject, each named as in `names` and finite or nan, and independent of
    PyTorch's generator; figures have unique names and can be drawn. The network keeps its weights, gradients and
    training mode, and PyTorch its random state.

    Args:
        probe: Any probe.
        subject: A model that it can measure, in evaluation. That of `made_up_subject` if None.

    Raises:
        AssertionError: If it breaks the contract.
    """
    subject = made_up_subject() if subject is None else subject
    check_arguments(probe)
    name = type(probe).__name__
    expect(
        isinstance(probe.in_validation, bool),
        f"{name}.in_validation: expected True or False, got {probe.in_validation!r}; set it in the class",
    )
    with _expect_untouched(subject, f"{name}.measure"):  # outside of inference mode, as in a notebook
        _check_values(name, probe.names, probe.measure(subject))
    with torch.inference_mode():
        _check_same_values(probe, subject)
        with _expect_untouched(subject, f"{name}.figures"):
            _check_figures(probe, subject)


def _check_values(name: str, names: tuple[str, ...], values: dict[str, float]) -> None:
    expect(
        isinstance(values, dict) and bool(values),
        f"{name}.measure: expected numbers by name, got {values!r}; pass a subject that it can measure to the check",
    )
    wrong = [key for key, value in values.items() if not isinstance(value, float) or math.isinf(value)]
    expect(
        not wrong,
        f"{name}.measure: expected floats, finite or nan, got others for {', '.join(map(str, wrong))}; use .item(), "
        "and nan for undetermined values",
    )
    strange = [key for key in values if not any(f"{key}/".startswith(f"{each}/") for each in names)]
    expect(
        not strange,
        f"{name}.names: expected the names of all numbers, or their part before a slash, got {names} for "
        f"{', '.join(strange)}; add them, so that a clash with a metric is found before anything is drawn",
    )


def _check_figures(probe: Probe, subject: Subject) -> None:
    name = f"{type(probe).__name__}.figures"
    drawn = list(probe.figures(subject))
    expect(
        all(isinstance(figure, Figure) for _, figure in drawn),
        f"{name}: expected pairs of a name and a figure, got {drawn}; yield name, figure",
    )
    for _, figure in drawn:
        figures.pixels(figure)
    names = [figure_name for figure_name, _ in drawn]
    expect(len(names) == len(set(names)), f"{name}: expected distinct names, got {', '.join(names)}; rename one")


def _check_same_values(probe: Probe, subject: Subject) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = probe.measure(subject)
        torch.manual_seed(2)
        second = probe.measure(subject)
    expect(
        {key: str(value) for key, value in first.items()} == {key: str(value) for key, value in second.items()},
        f"{type(probe).__name__}.measure: expected the same values twice, got others; draw from keyed_generator(...) "
        "and hold no state on self",
    )


@contextmanager
def _expect_untouched(subject: Subject, name: str) -> Iterator[None]:
    """Check that a probe has not changed the network and the random state."""
    network = subject.denoiser
    mode, random = [part.training for part in network.modules()], torch.get_rng_state()
    weights = weights_sha256(network.state_dict())
    with expect_no_error(f"{name}: expected a subject that it can measure", "pass another `subject` to the check"):
        yield
    expect(
        weights_sha256(network.state_dict()) == weights,
        f"{name}: expected the network's weights to stay unchanged, got others; change a copy",
    )
    expect(
        all(weight.grad is None for weight in network.parameters()),
        f"{name}: expected no gradients on the network, got some; compute them with torch.autograd.grad",
    )
    expect(
        [part.training for part in network.modules()] == mode,
        f"{name}: expected the network's training mode to stay unchanged, got another; it is in evaluation already",
    )
    expect(
        torch.equal(torch.get_rng_state(), random),
        f"{name}: expected PyTorch's random state to stay unchanged, got another; draw from keyed_generator(...)",
    )
