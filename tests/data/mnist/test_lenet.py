import json

import pytest
import torch

from lightning_modeinterp.data.mnist import lenet, read_digits, resized
from lightning_modeinterp.data.mnist.lenet import NUM_MEMBERS, RECORD, WEIGHTS, as_input, in_batches, record, weights
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fingerprints import weights_sha256

NUM_FULL = 10_000


@pytest.mark.parametrize("size", [16, 28, 32])
@pytest.mark.parametrize("member", range(NUM_MEMBERS))
def test_networks_know_digits(digits, size, member):
    test = read_digits(digits, "test")
    network = lenet(member)
    features = in_batches(network, torch.from_numpy(resized(test.images, size)))
    assert features.shape == (1000, 84)
    right = network.logits(features).argmax(1) == torch.from_numpy(test.labels)
    assert right.double().mean() > 0.985


def test_the_record_is_of_these_weights():
    assert record() == json.loads(RECORD.read_text())
    assert record()["weights_sha256"] == weights_sha256(weights())
    assert WEIGHTS.stat().st_size < 10**6
    assert all(min(record()["test_accuracy"][size]) >= 0.985 for size in ("16", "32"))


def test_features_are_those_of_the_bytes_that_a_file_would_hold():
    network, images = lenet(), torch.rand(4, 1, 32, 32) * 300 - 20
    assert torch.equal(network(images), network(images.round().clamp(0, 255)))


def test_mixed_precision_changes_nothing():
    network, images = lenet(), torch.rand(4, 1, 32, 32) * 255
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(images.bfloat16().float())
        assert mixed.dtype == torch.float32
        assert torch.equal(network(images), lenet()(images))
    assert torch.equal(network(images), lenet()(images))


def test_28_pixels_are_framed_and_16_doubled():
    images = torch.randint(256, (2, 1, 28, 28)).float()
    framed = as_input(images)
    assert framed.shape == (2, 1, 32, 32)
    assert torch.equal(framed[..., 2:-2, 2:-2], images / 255)
    assert framed[..., :2].sum() == 0
    assert as_input(torch.full((1, 1, 16, 16), 255.0)).allclose(torch.ones(1, 1, 32, 32))


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (2, 1, 64, 64), (2, 32, 32)], ids=str)
def test_other_images_are_refused(shape):
    with pytest.raises(ConfigurationError, match="grey images of 16, 28 or 32 pixels"):
        as_input(torch.zeros(shape))
