"""Runs whose samples are made up, so that it is known what claims have to find in them."""

import json
import zlib
from dataclasses import dataclass, field, replace

import torch

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.configuration.config_files import read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.records import GeneratedBatch, variance_score
from lightning_modeinterp.reproduction import CLAIMS, PRESETS
from tests.subclasses import concrete_subclasses

FEW = {"size": 64}
PRESET = replace(PRESETS["cpu"], num_seeds=3, training_sizes=(100, 1_000, 10_000))
WINDOWS = ("last_10", "released", "last_10_of_ddpm", "noise")


class Store(list):
    """Batches; as long as its samples."""

    def __len__(self):
        return sum(map(len, self))


@dataclass
class Asked:
    """What a draw is, as a world sees it."""

    options: dict[str, str]
    data: ModeInterpDataModule
    generator: torch.Generator

    def number(self, option, default):
        return json.loads(self.options.get(option, str(default)))

    @property
    def is_true_score(self):
        return self.options.get("generation.true_score") == "true"

    def in_support(self, num):
        """Of a Gaussian mixture."""
        data = self.data.mixture
        mode = torch.randint(len(data.means), (num,), generator=self.generator)
        noise = torch.randn(num, data.dimension, generator=self.generator)
        return (data.means[mode] + data.std * noise.clamp(-3, 3)).float()


def options_of(draw):
    return dict(each.removeprefix("--").split("=", 1) for each in (*draw.fit.options, *draw.options))


@dataclass
class FakeRuns:
    """As `CachedRuns`, from a world: a function of what is asked for, giving samples and how far x_0_hat moved."""

    world: object
    metrics: dict = field(default_factory=dict)
    folder: object = None

    def data(self, draw):
        given = {
            name.removeprefix("data.init_args."): json.loads(value) if value[0] in "[0123456789" else value
            for name, value in options_of(draw).items()
            if name.startswith("data.init_args.")
        }
        written = read_config(CONFIGS / draw.fit.config)["data"]
        (made,) = [each for each in concrete_subclasses(ModeInterpDataModule) if each.__name__ == written["class_path"]]
        return made(**{**written["init_args"], **FEW, **given, "batch_size": 1})

    def samples(self, draw):
        data = self.data(draw)
        seed = zlib.crc32(repr((draw.fit.options, draw.options)).encode())
        samples, moved = self.world(Asked(options_of(draw), data, torch.Generator().manual_seed(seed)))
        noise = torch.rand(len(samples), generator=torch.Generator().manual_seed(seed))
        scores = {variance_score(window): moved.square() for window in WINDOWS[:-1]}
        scores |= {variance_score(WINDOWS[-1]): noise, "ink": samples.flatten(1).mean(1)}
        verdict = data.support.judge(samples)
        return Store([GeneratedBatch(torch.arange(len(samples)), samples, scores, 32, verdict)])

    def tested(self, draw):
        (self.folder / "figures").mkdir(exist_ok=True)
        (self.folder / "test_metrics.json").write_text(json.dumps(self.metrics))
        for name in ("score", "predicted_x_0", "bottleneck"):
            (self.folder / "figures" / f"{name}.png").write_bytes(b"drawn")
        return self.folder


def verdicts(name, world):
    """Of a claim in a world."""
    findings = CLAIMS[name].findings(FakeRuns(world), PRESET)
    return [finding.verdict for finding in findings]
