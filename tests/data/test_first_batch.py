"""What a newcomer's `make_dataset` may give: converted without loss, or one line with the remedy."""

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset, random_split

from lightning_modeinterp.data.first_batch import looked_at, note_size
from lightning_modeinterp.data.row_checks import refuse_rows_of
from lightning_modeinterp.errors import ConfigurationError
from tests.families import rows

NAME = "data: Mine.make_dataset('train')"
SAMPLES = torch.linspace(-1, 1, 40).reshape(20, 2)


class Batches:
    """A data set of the user's own."""

    def __init__(self, convert=lambda batch: batch):
        self.convert = convert

    def __len__(self):
        return len(SAMPLES)

    def __getitem__(self, index):
        return self.convert(SAMPLES[index])


def served(dataset, sample_shape=(2,), batch_size=8):
    return looked_at(dataset, sample_shape, batch_size, NAME)


CONVERTED = {
    "numpy": SAMPLES.numpy(),
    "read-only numpy": np.frombuffer(SAMPLES.numpy().tobytes(), np.float32).reshape(20, 2),
    "list of tensors": list(SAMPLES),
    "list of numbers": SAMPLES.tolist(),
    "data set of tensors": TensorDataset(SAMPLES),
    "part of one": random_split(TensorDataset(SAMPLES), [20, 0])[0],
    "with a gradient": SAMPLES.clone().requires_grad_(),
    "batches of numpy": Batches(lambda batch: batch.numpy()),
    "batches in tuples": Batches(lambda batch: (batch,)),
}


@pytest.mark.parametrize("name", CONVERTED)
@pytest.mark.filterwarnings("error")
def test_what_can_be_converted_without_loss_is(name):
    batch = served(CONVERTED[name])[torch.arange(20)]
    assert (batch.dtype, batch.requires_grad) == (torch.float32, False)
    if name == "part of one":
        batch = batch[batch[:, 0].argsort()]
    assert torch.equal(batch, SAMPLES)


@pytest.mark.parametrize("give", [lambda x: x, lambda x: x.numpy(), lambda x: Batches(lambda _: x[:8])])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_another_precision_becomes_float32_and_that_is_said(give, dtype):
    with pytest.warns(UserWarning, match=r"^data: Mine\.make_dataset: float\d\d samples are converted to float32"):
        data = served(give(SAMPLES.to(dtype)))
    assert torch.equal(data[torch.arange(8)], SAMPLES[:8].to(dtype).float())


@pytest.mark.parametrize(
    "dataset",
    [
        TensorDataset(SAMPLES, torch.zeros(20)),
        (SAMPLES, torch.zeros(20)),
        (SAMPLES.numpy(), np.zeros(20)),
        Batches(lambda batch: (batch, 0)),
    ],
)
def test_labels_are_left_out_and_that_is_said(dataset):
    with pytest.warns(UserWarning, match="the first of 2 tensors is used as the samples"):
        assert torch.equal(served(dataset)[torch.arange(20)], SAMPLES)


NAN = SAMPLES.clone()
NAN[5, 1] = torch.nan
REFUSED = {
    "bytes": (SAMPLES.byte(), (2,), r"got uint8; scale bytes to about \[-1, 1\], x.float\(\) / 127.5 - 1, and back in"),
    "integers": (SAMPLES.long(), (2,), r"expected float32 samples in model units, got int64; give x.float\(\)"),
    "complex": (SAMPLES.cfloat(), (2,), "got complex64; give real and imaginary parts as two channels"),
    "no axis": (SAMPLES[:, 0], (1,), r"expected samples of shape \(1,\).*got \(\); add the axis with x.unsqueeze\(1\)"),
    "no channel": (torch.zeros(9, 4, 4), (1, 4, 4), r"got \(4, 4\); add the axis with x.unsqueeze\(1\)"),
    "channels last": (torch.zeros(9, 4, 4, 3), (3, 4, 4), r"channels come first: x.permute\(0, 3, 1, 2\)"),
    "other shape": (SAMPLES, (3,), r"got \(2,\); make sample_shape and make_dataset agree"),
    "one sample for all": (Batches(lambda batch: batch[0]), (2,), "expected 8 samples for 8 positions, got shape"),
    "nan": (NAN, (2,), r"expected finite numbers, got nan in row 5 \(1 such among rows 0 to 7\)"),
    "nothing": (SAMPLES[:0], (2,), "expected at least one sample, got none"),
    "none": (None, (2,), r"got NoneType; such as a tensor \(N, 2\)"),
    "dict": ({"x": SAMPLES}, (2,), "got dict"),
    "generator": ((row for row in SAMPLES), (2,), "got generator"),
    "loader": (DataLoader(SAMPLES), (2,), "got DataLoader"),
    "per item": (ConcatDataset([TensorDataset(SAMPLES)] * 2), (2,), "got ConcatDataset, which returns one sample at a"),
    "list of all sorts": ([SAMPLES[0], "cat"], (2,), "expected samples of one shape, got a list of Tensor and others"),
    "batches in dicts": (Batches(lambda batch: {"x": batch}), (2,), "expected a tensor for a tensor of positions, got"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(name):
    dataset, sample_shape, message = REFUSED[name]
    with pytest.raises(ConfigurationError, match=message) as error:
        served(dataset, sample_shape)
    assert str(error.value).startswith(f"{NAME}: expected ")
    assert "\n" not in str(error.value)


def test_what_a_users_class_raises_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        served(Batches(lambda batch: 1 // 0))
    with pytest.raises(TypeError, match="can only concatenate"):
        served(Batches(lambda batch: "a" + 1))


def test_nothing_is_copied_drawn_or_wrapped_where_all_is_well():
    state = torch.get_rng_state()
    assert served(SAMPLES).data_ptr() == SAMPLES.data_ptr()
    own = Batches()
    assert served(own) is own
    note_size(own, 8, NAME)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("factor", [100.0, 1e-3])
def test_a_size_far_from_that_of_the_noise_is_said(factor):
    with pytest.warns(
        UserWarning, match=r"^data: Mine\.make_dataset: values have a root mean square of .*to_data_units"
    ):
        note_size(Batches(lambda batch: batch * factor), 8, NAME)


@pytest.mark.parametrize("name", [*rows("DATAMODULES")], ids=lambda each: each.__name__)
@pytest.mark.filterwarnings("error")
def test_our_own_data_pass(name):
    data = rows("DATAMODULES")[name](0)
    data.train_dataloader()
    assert data.served("test")[torch.arange(1)].dtype == torch.float32


def test_a_row_far_back_is_found_by_its_number():
    refuse_rows_of(SAMPLES, 8, NAME)
    late = SAMPLES.clone()
    late[17, 0] = -torch.inf
    with pytest.raises(ConfigurationError, match=r"got -inf in row 17 \(1 such among rows 16 to 19\)"):
        refuse_rows_of(late, 8, NAME)
