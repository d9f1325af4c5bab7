"""LeNet-5, trained on MNIST: features and classes of digits.

Its weights are shipped. ``lenet.json`` has the command and data that made them, and the networks' accuracy on the
10,000 test digits. Distances in its features cannot be compared with those of other networks.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, pad, relu

from lightning_modeinterp.errors import ConfigurationError

WEIGHTS = Path(__file__).with_name("lenet.safetensors")
RECORD = Path(__file__).with_name("lenet.json")

NUM_FEATURES = 84
NUM_MEMBERS = 3
SIDE = 32


class LeNet(nn.Module):
    """Two 5 x 5 convolutions with 2 x 2 max pooling, then layers of 120, 84 and 10 units.

    Images are in data units, [0, 255], of 16, 28 or 32 pixels a side: 28 are padded with black, 16 are upsampled.
    Features are the 84 units before their ReLU, which a Gaussian fits better than after it.

    References:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
        Proceedings of the IEEE 86 (1998); with ReLU and max pooling instead of its tanh and average pooling.
    """

    name = "lenet"
    num_features = NUM_FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.conv_1, self.conv_2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.linear_1, self.linear_2, self.linear_3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def features(self, images: Tensor) -> Tensor:
        """Features of digits.

        Args:
            images: (N, 1, S, S), data units.

        Returns:
            (N, 84).
        """
        with torch.autocast(images.device.type, enabled=False):  # half precision would change them
            h = max_pool2d(relu(self.conv_1(as_input(images.float()))), 2)
            h = max_pool2d(relu(self.conv_2(h)), 2).flatten(1)
            features: Tensor = self.linear_2(relu(self.linear_1(h)))
        return features

    def logits(self, features: Tensor) -> Tensor:
        """Unnormalised log-probabilities (N, 10) of the digits, from features (N, 84)."""
        with torch.autocast(features.device.type, enabled=False):
            logits: Tensor = self.linear_3(relu(features))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """Features of digits, see `features`."""
        return self.features(images)


def as_input(images: Tensor) -> Tensor:
    """Digits of 16, 28 or 32 pixels as input of the networks: (N, 1, 32, 32) in [0, 1], rounded to bytes.

    Raises:
        ConfigurationError: If they are not grey images of such a size.
    """
    if images.ndim != 4 or tuple(images.shape[1:]) not in {(1, side, side) for side in (16, 28, 32)}:
        raise ConfigurationError(
            f"lenet: expected grey images of 16, 28 or 32 pixels a side, got shape {tuple(images.shape)}; other images "
            "need other features"
        )
    shades = images.round().clamp(0, 255) / 255  # as in an image file
    if shades.shape[-1] == 28:
        shades = pad(shades, (2, 2, 2, 2))
    if shades.shape[-1] == 16:
        shades = interpolate(shades, scale_factor=2, mode="bilinear", align_corners=False)
    return shades


def lenet(member: int = 0) -> LeNet:
    """One of the trained networks, for evaluation; a new one at each call.

    Args:
        member: 0 is the feature network; 0 to 2 together are the classifiers.
    """
    network = LeNet()
    network.load_state_dict(
        {name.partition(".")[2]: value for name, value in weights().items() if name.startswith(f"{member}.")}
    )
    return network.eval().requires_grad_(False)


@cache
def weights() -> dict[str, Tensor]:
    """All shipped tensors: those of member m as ``m.*``, and statistics of the features as ``features.*``."""
    return load_file(WEIGHTS)


@cache
def record() -> dict[str, Any]:
    """How the weights were made, and their accuracy."""
    return dict(json.loads(RECORD.read_text()))


@torch.inference_mode()
def in_batches(network: LeNet, images: Tensor, batch_size: int = 1000) -> Tensor:
    """Features (N, 84) of images (N, 1, S, S) of any number type, data units, on the network's device."""
    device = network.linear_3.weight.device
    return torch.cat([network.features(part.to(device).float()) for part in torch.split(images, batch_size)])
