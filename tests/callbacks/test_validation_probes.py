"""When probes are asked while a model is trained, and what with."""

import csv

import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from lightning.pytorch.loggers import CSVLogger

from lightning_modeinterp.callbacks import HallucinationMonitor, ValidationProbes
from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.hands import HandBankDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.generation import Monitor


class FirstWeight(Probe):
    """The first weight of the network."""

    in_validation = True

    def measure(self, subject):
        return {"first_weight": next(subject.denoiser.parameters()).flatten()[0].item()}


class OfATest(FirstWeight):
    """The same by another name, not in validation."""

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


def test_the_number_of_pairs_is_a_choice(evaluation):
    trainer, data = evaluation.trainer(), HandBankDataModule(32, num_turns=2, num_shifts=1, size=8, batch_size=4)
    trainer.datamodule = data
    for chosen, expected in ((None, 192), (8, 8)):
        callback = ValidationProbes(chosen)
        callback.setup(trainer, evaluation.module, "fit")
        assert [probe.num_pairs for probe in callback.probes] == [expected]
