"""Networks in the interface of torch-fidelity."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import FeatureNetwork

FEATURES, LOGITS = "features", "logits"
NETWORK = "modeinterp-network"
INCEPTION = "inception-v3-compat"
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"


@runtime_checkable
class Classifier(Protocol):
    """A network that also classifies."""

    def logits(self, features: Tensor) -> Tensor:
        """Unnormalised log-probabilities (N, K) from features (N, F)."""


class _AsTorchFidelity(FeatureExtractorBase):  # type: ignore[misc]  # its package has no types
    """A network of the data; in float64, so that means keep their precision.

    Args:
        name: Registered name.
        features_list: ``features``, ``logits`` or both.
        network: The network.
        options: Options that torch-fidelity passes to all extractors.
    """

    def __init__(self, name: str, features_list: Sequence[str], *, network: FeatureNetwork, **options: Any) -> None:
        super().__init__(name, features_list)
        self.network = deepcopy(network)  # which may be moved to another device

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        """Names of its outputs."""
        return FEATURES, LOGITS

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        """Logits for the inception score, else features."""
        return LOGITS if metric == "isc" else FEATURES

    @staticmethod
    def can_be_compiled() -> bool:
        """False: compile the network before it is given."""
        return False

    def forward(self, input: Tensor) -> tuple[Tensor, ...]:
        """The requested outputs, each (N, ...), for bytes (N, C, H, W)."""
        features = self.network(input.float())
        given = {FEATURES: lambda: features, LOGITS: lambda: cast(Classifier, self.network).logits(features)}
        return tuple(given[name]().double() for name in self.features_list)


if NETWORK not in FEATURE_EXTRACTORS_REGISTRY:  # registering a name twice is refused
    register_feature_extractor(NETWORK, _AsTorchFidelity)


class Extractor(ABC):
    """The network of the features, and the suffix of its numbers."""

    suffix: str
    options: dict[str, Any]
    has_logits: bool = True

    @abstractmethod
    def prepared(self, images: Tensor) -> Tensor:
        """Prepare images (N, C, H, W) uint8 for the network.

        Raises:
            ConfigurationError: If the network does not accept them.
        """

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Features (N, F) float64 of prepared images."""


class NetworkOfData(Extractor):
    """A network that belongs to data; see `ModeInterpDataModule.feature_network`.

    Args:
        network: Maps images (N, C, H, W) in data units to features. If it has ``logits``, the inception score is
            computed too.
    """

    def __init__(self, network: FeatureNetwork) -> None:
        self.network = network
        self.suffix = f"_{network.name}"
        self.has_logits = isinstance(network, Classifier)
        self.options = {"feature_extractor": NETWORK, "network": network}

    def prepared(self, images: Tensor) -> Tensor:
        """See `Extractor.prepared`; the network itself checks its input."""
        return images

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """See `Extractor.features`."""
        return torch.cat([self.network(part.float()) for part in torch.split(images, 1000)]).double()


class Inception(Extractor):
    """Inception v3 as in the definition of FID, with weights from a file.

    Args:
        weights: ``weights-inception-2015-12-05-6726825d.pth`` of torch-fidelity's releases.

    Raises:
        ConfigurationError: If the file is missing or has other content.
    """

    suffix = ""

    def __init__(self, weights: str | Path) -> None:
        if not Path(weights).is_file():
            raise ConfigurationError(
                f"fidelity: expected the weights of Inception at {weights}, found none; get {INCEPTION_FILE} from "
                "torch-fidelity's releases, or remove --inception if the data have their own network"
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
