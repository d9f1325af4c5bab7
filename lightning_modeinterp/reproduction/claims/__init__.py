"""The paper's statements, one file each. A new one gets its line here."""

from lightning_modeinterp.reproduction.claim import Claim
from lightning_modeinterp.reproduction.claims.between_heights import BetweenHeights
from lightning_modeinterp.reproduction.claims.detection import DetectionOnGrid, DetectionOnLine
from lightning_modeinterp.reproduction.claims.detection_hands import DetectionOnHands, SeparationOnHands
from lightning_modeinterp.reproduction.claims.detection_shapes import DetectionOnShapes, SeparationOnShapes
from lightning_modeinterp.reproduction.claims.distance import Distance
from lightning_modeinterp.reproduction.claims.filter_mnist import FilterOnDigits
from lightning_modeinterp.reproduction.claims.filter_shapes import FilterOnShapes
from lightning_modeinterp.reproduction.claims.imbalanced import ImbalancedInterpolates
from lightning_modeinterp.reproduction.claims.more_samples import MoreSamples
from lightning_modeinterp.reproduction.claims.nearest_modes import NearestModes
from lightning_modeinterp.reproduction.claims.recursion_2d import Collapse, FilterIn2D, FilterPrice
from lightning_modeinterp.reproduction.claims.repeated_shapes import RepeatedShapes
from lightning_modeinterp.reproduction.claims.sampling_without_noise import SamplingWithoutNoise
from lightning_modeinterp.reproduction.claims.score_smoothing import ScoreSmoothing
from lightning_modeinterp.reproduction.claims.trajectories_settle import TrajectoriesSettle
from lightning_modeinterp.reproduction.claims.true_score import TrueScore
from lightning_modeinterp.reproduction.claims.variance_separates import VarianceSeparates
from lightning_modeinterp.reproduction.claims.variational import VariationalInterpolates
from lightning_modeinterp.reproduction.claims.wrong_fingers import WrongFingers

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for claim in (
        MoreSamples(),
        Distance(),
        NearestModes(),
        ScoreSmoothing(),
        TrueScore(),
        TrajectoriesSettle(),
        VarianceSeparates(),
        DetectionOnLine(),
        DetectionOnGrid(),
        SamplingWithoutNoise(),
        VariationalInterpolates(),
        ImbalancedInterpolates(),
        RepeatedShapes(),
        DetectionOnShapes(),
        SeparationOnShapes(),
        BetweenHeights(),
        WrongFingers(),
        DetectionOnHands(),
        SeparationOnHands(),
        Collapse(),
        FilterIn2D(),
        FilterPrice(),
        FilterOnShapes(),
        FilterOnDigits(),
    )
}
"""All claims by name, in the order of the report."""
