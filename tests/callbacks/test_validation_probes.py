"""When probes are asked while a model is trained, and what with."""

import csv
import json

import pytest
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from lightning.pytorch.loggers import CSVLogger

from lightning_modeinterp.callbacks import HallucinationMonitor, ValidationProbes
from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.hands import HandBankDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Monitor
from tests.integration.conftest import Runner


@pytest.fixture
def run(tmp_path):
    return Runner(tmp_path)


class FirstWeight(Probe):
    """The first weight of the network."""

    names = ("first_weight",)
    in_validation = True

    def measure(self, subject):
        return {"first_weight": next(subject.denoiser.parameters()).flatten()[0].item()}


class OfATest(FirstWeight):
    """The same by another name, not in validation."""

    names = ("of_a_test",)
    in_validation = False

    def measure(self, subject):
        return {"of_a_test": super().measure(subject)["first_weight"]}


class Raw(Callback):
    """Remembers the weight that training left."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.weight = next(pl_module.denoiser.parameters()).flatten()[0].item()


def fitted(evaluation, *callbacks, num_monitored=64):
    """Fit for three epochs; rows of the log that have a validation."""
    data = evaluation.data()
    data.generation.monitor = Monitor(num_samples=num_monitored)
    data.probes = lambda: [FirstWeight(), OfATest()]
    torch.manual_seed(0)
    evaluation.module.denoiser = MLP((1,), width=8, num_steps=20)
    logger = CSVLogger(evaluation.folder, name="", version="")
    trainer = evaluation.trainer(HallucinationMonitor(), *callbacks, loggers=[logger])
    trainer.fit_loop.max_epochs = 3
    trainer.fit(evaluation.module, data)
    with (evaluation.folder / "metrics.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["val/loss"]]


def test_those_that_are_meant_for_it_are_logged_at_each_validation_of_averaged_weights(evaluation):
    raw = Raw()
    averaging = EMAWeightAveraging(decay=0.5, use_buffers=False)
    rows = fitted(evaluation, averaging, ValidationProbes(), raw)  # after it, as in a user's config
    found = [float(row["val/first_weight"]) for row in rows]
    assert len(set(found)) == 3
    averaged = next(evaluation.module.denoiser.parameters()).flatten()[0].item()  # what a fit ends with
    assert found[-1] == torch.tensor(averaged).item() != raw.weight
    assert not any("of_a_test" in name for name in rows[0])


def test_nothing_has_to_be_sampled(evaluation):
    assert all(row["val/first_weight"] for row in fitted(evaluation, ValidationProbes(), num_monitored=0))


def test_none_is_asked_without_the_callback(evaluation):
    assert "val/first_weight" not in fitted(evaluation)[0]


def test_a_probe_of_ones_own_is_asked_in_validation_and_after_a_test(evaluation):
    data, callbacks = evaluation.data(), (HallucinationMonitor(), ValidationProbes(probes=[FirstWeight(), OfATest()]))
    evaluation.module.denoiser = MLP((1,), width=8, num_steps=20)
    (logged,) = evaluation.trainer(*callbacks).validate(evaluation.module, data, verbose=False)[:1]
    evaluation.trainer(*callbacks).test(evaluation.module, data, verbose=False)
    written = json.loads((evaluation.folder / "test_metrics.json").read_text())
    assert logged["val/first_weight"] == written["first_weight"] == written["of_a_test"]
    assert "val/of_a_test" not in logged


def test_a_config_names_a_probe_of_ones_own(run):
    probe = f"{{class_path: {__name__}.FirstWeight}}"
    callback = f"{{class_path: ValidationProbes, init_args: {{probes: [{probe}]}}}}"
    run("fit", f"--trainer.callbacks+={callback}", "--trainer.max_steps=6")
    assert "val/first_weight" in (run.folder / "logs/fit/metrics.csv").read_text()


class Taken(OfATest):
    """Measures what a metric is called."""

    names = ("hallucination_rate",)


class Above(OfATest):
    """Begins with what a metric's name begins with."""

    names = ("detection",)


class Unnamed(OfATest):
    """Does not say what its numbers are called."""

    names = ()


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ([Taken()], "got hallucination_rate, where SupportRates measures hallucination_rate; rename one of them"),
        ([Above()], "got detection, where HallucinationDetection measures detection/"),
        ([FirstWeight(), FirstWeight()], "got first_weight, where FirstWeight measures first_weight"),
        ([Unnamed()], r"Unnamed\.names: expected the names of its numbers, got none"),
    ],
)
@pytest.mark.parametrize("stage", ["validate", "test"])
def test_a_name_that_something_else_has_is_refused_before_anything_is_drawn(evaluation, stage, probes, message):
    asked = []
    evaluation.module.denoiser.register_forward_pre_hook(lambda *_: asked.append(True))
    trainer = evaluation.trainer(HallucinationMonitor(), ValidationProbes(probes=probes))
    with pytest.raises(ConfigurationError, match=message):
        getattr(trainer, stage)(evaluation.module, evaluation.data(), verbose=False)
    assert not asked


def test_the_number_of_pairs_is_a_choice(evaluation):
    trainer, data = evaluation.trainer(), HandBankDataModule(32, num_turns=2, num_shifts=1, size=8, batch_size=4)
    trainer.datamodule = data
    for chosen, expected in ((None, 192), (8, 8)):
        callback = ValidationProbes(chosen)
        callback.setup(trainer, evaluation.module, "fit")
        assert [probe.num_pairs for probe in callback.probes] == [expected]
