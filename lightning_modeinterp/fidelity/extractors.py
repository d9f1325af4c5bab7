"""Networks as torch-fidelity asks for them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor

from lightning_modeinterp.data.mnist import lenet
from lightning_modeinterp.errors import ConfigurationError

FEATURES, LOGITS = "features", "logits"
LENET = "modeinterp-lenet"
INCEPTION = "inception-v3-compat"
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"


class LenetExtractor(FeatureExtractorBase):  # type: ignore[misc]  # its package has no types
    """The digits' LeNet; float64, so that means do not lose digits.

    Args:
        name: As registered.
        features_list: ``features``, ``logits`` or both.
        options: Whatever torch-fidelity hands to all extractors.
    """

    def __init__(self, name: str, features_list: Sequence[str], **options: Any) -> None:
        super().__init__(name, features_list)
        self.network = lenet()

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        """Names of what it gives."""
        return FEATURES, LOGITS

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        """Logits for the inception score, features else."""
        return LOGITS if metric == "isc" else FEATURES

    @staticmethod
    def can_be_compiled() -> bool:
        """It is too small to gain."""
        return False

    def forward(self, input: Tensor) -> tuple[Tensor, ...]:
        """What was asked for, each (N, ...), of bytes (N, 1, S, S)."""
        features = self.network.features(input)
        given = {FEATURES: features, LOGITS: self.network.logits(features)}
        return tuple(given[name].double() for name in self.features_list)


if LENET not in FEATURE_EXTRACTORS_REGISTRY:  # registering a name twice is refused
    register_feature_extractor(LENET, LenetExtractor)


class Extractor(ABC):
    """Which network gives the features, and how its numbers are called."""

    suffix: str
    options: dict[str, Any]

    @abstractmethod
    def prepared(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) uint8 as the network takes them.

        Raises:
            ConfigurationError: If it cannot take them.
        """

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Features (N, F) float64 of prepared images."""


class Lenet(Extractor):
    """Our LeNet, for grey digits of 16, 28 or 32 pixels."""

    suffix = "_lenet"

    def __init__(self) -> None:
        self.options = {"feature_extractor": LENET}

    def prepared(self, images: Tensor) -> Tensor:
        """See `Extractor.prepared`."""
        if tuple(images.shape[1:]) not in {(1, side, side) for side in (16, 28, 32)}:
            raise ConfigurationError(
                f"fidelity: expected grey images of 16, 28 or 32 pixels for the features of digits, got shape "
                f"{tuple(images.shape[1:])}; give the weights of Inception with --inception {INCEPTION_FILE}"
            )
        return images

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """See `Extractor.features`."""
        network = lenet()
        return torch.cat([network.features(part) for part in torch.split(images, 1000)]).double()


class Inception(Extractor):
    """Inception v3 as FID is defined with; its weights come from a file.

    Args:
        weights: ``weights-inception-2015-12-05-6726825d.pth`` of torch-fidelity's releases.

    Raises:
        ConfigurationError: If the file is missing or holds something else.
    """

    suffix = ""

    def __init__(self, weights: str | Path) -> None:
        if not Path(weights).is_file():
            raise ConfigurationError(
                f"fidelity: expected the weights of Inception at {weights}, found none; get {INCEPTION_FILE} from "
                "torch-fidelity's releases, or leave --inception out for digits"
            )
        self.options = {"feature_extractor": INCEPTION, "feature_extractor_weights_path": str(weights)}
        try:
            self.network = FeatureExtractorInceptionV3(
                INCEPTION, ["2048"], feature_extractor_weights_path=str(weights), verbose=False
            ).eval()
        except Exception as error:  # unpickling anything may raise anything
            raise ConfigurationError(
                f"fidelity: expected {INCEPTION_FILE} at {weights}, got another file ({type(error).__name__})"
            ) from error

    def prepared(self, images: Tensor) -> Tensor:
        """See `Extractor.prepared`; grey becomes three equal channels."""
        return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """See `Extractor.features`."""
        return torch.cat([self.network(part)[0] for part in torch.split(images, 64)]).double()
