"""Sizes of a reproduction, from a smoke test to the published ones, for the same questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lightning_modeinterp.recursion import Arm, Recursion, load_recursion
from lightning_modeinterp.reproduction.sample_set import sampling_seed
from lightning_modeinterp.runs import Draw, Fit

NO_VALIDATION = ("--trainer.val_check_interval=1000000000", "--trainer.enable_progress_bar=false")
"""Samples are drawn after training."""

FUSED = ("--model.init_args.denoiser.init_args.is_fused=true",)
FAST = ("--model.init_args.denoiser.init_args.time_table=true", *FUSED)
"""Faster training, the same up to the rounding of sums."""


@dataclass(frozen=True)
class System:
    """An experiment to train, to sample and to detect in.

    Args:
        name: Name of its models.
        config: A file under ``configs/``.
        window: The window that corresponds to the paper's last 10 steps.
        num_final: Samples that a detector is evaluated on.
        options: Changes to the config, in all commands.
    """

    name: str
    config: str
    window: str
    num_final: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preset:
    """Sizes of all runs.

    Args:
        name: Its name.
        about: Its purpose, in one line.
        num_seeds: Number of seeds, each with its own data, initialisation and noise.
        num_few_seeds: The same for a claim with long or many runs.
        gives_verdicts: Whether the runs are large enough for a verdict.
        line: DDPM on 1D modes.
        grid: DDPM on the 2D grid, or another 2D arrangement.
        vdm: Variational diffusion on the grid.
        shapes: DDPM on Simple Shapes.
        hands: DDPM on drawn hands.
        hands_bank: DDPM on a bank of hands, whose true score is known.
        batch_size: Batch size if the number of training samples varies; at most that number.
        training_sizes: Numbers of training samples to compare.
        equal_updates: Number of updates if it is equal for all numbers of training samples.
        updates_per_sample: Updates per training sample if they grow with the number; 1 as published.
        num_counted: Samples to draw and count per model.
        num_swept: The same with one model per number of training samples.
        num_calibrate: Samples that set a detector's threshold.
        num_images: Images per model to draw and count, or to set a detector's threshold.
        num_drawn_steps: Numbers of sampling steps T' of the variational models.
        recursions: Changes to shipped recursions, by name.
        options: Further options of every command, by `with_options`.
    """

    name: str
    about: str
    num_seeds: int
    num_few_seeds: int
    gives_verdicts: bool
    line: System
    grid: System
    vdm: System
    shapes: System
    hands: System
    hands_bank: System
    batch_size: int
    training_sizes: tuple[int, ...]
    equal_updates: int
    updates_per_sample: float
    num_counted: int
    num_swept: int
    num_calibrate: int
    num_images: int
    num_drawn_steps: tuple[int, int] = (100, 1000)
    recursions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    @property
    def seeds(self) -> range:
        """All seeds."""
        return range(self.num_seeds)

    @property
    def few_seeds(self) -> range:
        """The first seeds, for a claim with long or many runs."""
        return range(self.num_few_seeds)

    @property
    def both(self) -> dict[str, System]:
        """The 1D and 2D systems, by dimension."""
        return {"1D": self.line, "2D": self.grid}

    def with_options(self, options: Sequence[str]) -> "Preset":
        """The preset with further options of every command, such as another accelerator; they override earlier ones."""

        def given(system: System) -> System:
            return replace(system, options=(*system.options, *options))

        return replace(
            self,
            line=given(self.line),
            grid=given(self.grid),
            vdm=given(self.vdm),
            shapes=given(self.shapes),
            hands=given(self.hands),
            hands_bank=given(self.hands_bank),
            options=(*self.options, *options),
        )

    def recursion(self, name: str, arms: Sequence[str]) -> Recursion:
        """A shipped recursion at this size, with some of its arms and the first seeds.

        Args:
            name: Its name, such as ``gaussian_2d_grid``.
            arms: Names of its arms.
        """
        shipped = replace(load_recursion(f"recursion/{name}"), **self.recursions.get(name, {}))
        return replace(
            shipped,
            arms={arm: shipped.arms[arm] for arm in arms},
            seeds=list(shipped.seeds)[: self.num_seeds],
            options=(*shipped.options, *self.options),
        )

    def fit(self, system: System, seed: int, options: Sequence[str] = (), name: str | None = None) -> Fit:
        """A model of a system; later options override earlier ones. With other options it needs another name."""
        seeded = f"--seed_everything={seed}"
        return Fit(f"{name or system.name}_{seed}", system.config, (seeded, *NO_VALIDATION, *system.options, *options))

    def counted(self, fit: Fit, options: Sequence[str] = ()) -> Draw:
        """The samples of a model to count."""
        return Draw(fit.name, fit, (f"--generation.num_samples={self.num_counted}", *options))

    def counted_pairs(self, options: Sequence[str]) -> dict[str, list[tuple[Draw, Draw]]]:
        """By dimension, for each seed, the samples of a model to count, and those drawn with further options."""
        fits = {name: [self.fit(system, seed) for seed in self.seeds] for name, system in self.both.items()}
        return {name: [(self.counted(fit), self.counted(fit, options)) for fit in each] for name, each in fits.items()}

    def swept(self, fit: Fit) -> Draw:
        """The samples of one of many models to count."""
        return Draw(fit.name, fit, (f"--generation.num_samples={self.num_swept}",))

    def counted_images(self, fit: Fit, options: Sequence[str] = ()) -> Draw:
        """The images of a model to count."""
        return Draw(fit.name, fit, (f"--generation.num_samples={self.num_images}", *options))

    def looked_at(self, fit: Fit) -> Draw:
        """Fewer samples, for `test`: figures and slopes of the score."""
        return Draw(fit.name, fit, (f"--generation.num_samples={min(self.num_counted, 2_048)}",))

    def looked_at_images(self, fit: Fit) -> Draw:
        """A few images, for `test`: measurements of the model itself."""
        return Draw(fit.name, fit, (f"--generation.num_samples={min(self.num_images, 64)}",))

    def sealed(self, fit: Fit, seed: int, use: str, num_samples: int) -> Draw:
        """A set with its own sampling seed: ``calibrate`` or ``final``."""
        drawn = (f"--generation.seed={sampling_seed(seed, use)}", f"--generation.num_samples={num_samples}")
        return Draw(f"{fit.name}_{use}", fit, drawn)


LATE = ("--generation.sampler.init_args.start_alpha_bar=1e-7",)
"""Skip the steps at which x_t is still pure noise."""

CPU = Preset(
    name="cpu",
    about="short training, our 2D schedule; meant for half an hour per claim on two cores",
    num_seeds=5,
    num_few_seeds=3,
    gives_verdicts=True,
    line=System("line", "experiment/gaussian_1d.yaml", "last_10", 102_400, (*FAST, *LATE)),
    grid=System("grid", "experiment/gaussian_2d_grid.yaml", "released", 40_960, FAST),
    vdm=System("vdm", "experiment/gaussian_2d_vdm.yaml", "last_10_of_ddpm", 40_960, FUSED),
    batch_size=1_000,
    training_sizes=(1_000, 3_000, 10_000, 30_000, 100_000),
    equal_updates=4_000,
    updates_per_sample=0.12,
    num_counted=20_480,
    num_swept=10_240,
    num_calibrate=10_240,
    shapes=System("shapes", "experiment/shapes_32.yaml", "0.5_to_2", 1_536),
    hands=System("hands", "experiment/hands_32.yaml", "0.5_to_2", 1_536),
    hands_bank=System("hands_bank", "experiment/hands_bank_32.yaml", "0.5_to_2", 1_536),
    num_images=768,
)

TINY = (
    "--data.init_args.size=128",
    "--data.init_args.batch_size=64",
    "--data.init_args.validation_size=16",
    "--data.init_args.test_size=16",
    "--model.init_args.denoiser.init_args.width=8",
    "--model.init_args.denoiser.init_args.is_fused=false",  # every command would compile it
    "--trainer.max_steps=10",
    "--generation.sampler.init_args.num_steps=50",
    "--generation.sampler.init_args.x_0_range=[-3,3]",  # samples of a network of ten updates would diverge
    "--generation.block_size=128",
)

TINY_IMAGES = (
    "--data.init_args.size=128",
    "--data.init_args.batch_size=16",
    "--data.init_args.validation_size=16",
    "--data.init_args.test_size=16",
    "--model.init_args.denoiser.init_args.base_channels=8",
    "--model.init_args.denoiser.init_args.head_channels=8",
    "--model.init_args.denoiser.init_args.num_res_blocks=1",
    "--trainer.max_steps=10",
    "--generation.sampler.init_args.num_steps=50",
    "--generation.sampler.init_args.x_0_range=[-3,3]",
)


def tiny_recursion(score: str, *options: str) -> dict[str, Any]:
    """Changes to a recursion for a smoke test; the arms stay the same except for their sizes.

    Args:
        score: Score of the filter by variance.
        options: Options of every command.
    """
    lowest = {name: Arm("LowestScore", {"score": each}, 96) for name, each in (("variance", score), ("ink", "ink"))}
    arms = {"none": Arm(), "random": Arm("RandomSamples", num_drawn=96), "variance_10": lowest["variance"], **lowest}
    sizes = {"num_generations": 1, "num_kept": 64, "num_measured": 64, "num_updates": None, "arms": arms}
    return {**sizes, "options": (*NO_VALIDATION, *options)}


SMOKE = Preset(
    name="smoke",
    about="everything runs once, tiny; gives no verdict; minutes",
    num_seeds=1,
    num_few_seeds=1,
    gives_verdicts=False,
    line=System("line", CPU.line.config, CPU.line.window, 256, TINY),
    grid=System("grid", CPU.grid.config, CPU.grid.window, 256, TINY),
    vdm=System("vdm", CPU.vdm.config, CPU.vdm.window, 256, TINY),
    batch_size=64,
    training_sizes=(64, 128),
    equal_updates=10,
    updates_per_sample=0.1,
    num_counted=256,
    num_swept=256,
    num_calibrate=256,
    shapes=System("shapes", CPU.shapes.config, CPU.shapes.window, 32, TINY_IMAGES),
    hands=System("hands", CPU.hands.config, CPU.hands.window, 32, TINY_IMAGES),
    hands_bank=System("hands_bank", CPU.hands_bank.config, CPU.hands_bank.window, 32, TINY_IMAGES),
    num_images=32,
    num_drawn_steps=(40, 50),
    recursions={
        "gaussian_2d_grid": tiny_recursion("variance/to_0.07", *TINY),
        "shapes_32": tiny_recursion("variance/0.5_to_2", *TINY_IMAGES),
        "mnist_16": tiny_recursion("variance/0.25_to_1", *TINY_IMAGES),
    },
)

PAPER = Preset(
    name="paper",
    about="the published sizes and schedule; for a GPU, or days",
    num_seeds=3,
    num_few_seeds=3,
    gives_verdicts=True,
    line=System("line", "experiment/gaussian_1d_paper.yaml", "last_10", 1_000_448, FAST),
    grid=System("grid", "experiment/gaussian_2d_paper.yaml", "last_10", 501_760, FAST),
    vdm=System(
        "vdm", "experiment/gaussian_2d_vdm.yaml", "last_10_of_ddpm", 501_760, (*FUSED, "--trainer.max_steps=100000")
    ),
    batch_size=10_000,
    training_sizes=(1_000, 5_000, 20_000, 50_000, 100_000),
    equal_updates=50_000,
    updates_per_sample=1.0,
    num_counted=100_352,
    num_swept=100_352,
    num_calibrate=100_352,
    shapes=System("shapes", "experiment/shapes.yaml", CPU.shapes.window, 8_192),
    hands=System("hands", "experiment/hands_cpu.yaml", CPU.hands.window, 8_192),
    hands_bank=System("hands_bank", CPU.hands_bank.config, CPU.hands_bank.window, 8_192),
    num_images=8_192,
)

PRESETS = {preset.name: preset for preset in (SMOKE, CPU, PAPER)}
"""All presets by name."""
