from lightning_modeinterp.data.shapes.bottleneck import Bottleneck
from lightning_modeinterp.data.shapes.datamodule import SimpleShapesDataModule
from lightning_modeinterp.data.shapes.dataset import SimpleShapesDataset
from lightning_modeinterp.data.shapes.distribution import PlacedShapes, SimpleShapes
from lightning_modeinterp.data.shapes.exact_shapes import ExactShapes
from lightning_modeinterp.data.shapes.exclusion import Exclusion
from lightning_modeinterp.data.shapes.exclusion_pairs import exclusion_pairs
from lightning_modeinterp.data.shapes.height_groups import HEIGHT_GROUPS, HeightGroups, height_groups
from lightning_modeinterp.data.shapes.shape_count import ShapeCount
from lightning_modeinterp.data.shapes.shape_finder import FoundShapes, ShapeFinder
from lightning_modeinterp.data.shapes.shape_rates import ShapeRates

__all__ = [
    "HEIGHT_GROUPS",
    "Bottleneck",
    "ExactShapes",
    "Exclusion",
    "FoundShapes",
    "HeightGroups",
    "PlacedShapes",
    "ShapeCount",
    "ShapeFinder",
    "ShapeRates",
    "SimpleShapes",
    "SimpleShapesDataModule",
    "SimpleShapesDataset",
    "exclusion_pairs",
    "height_groups",
]
