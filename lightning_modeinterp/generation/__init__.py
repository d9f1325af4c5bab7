from lightning_modeinterp.generation.drawing import Drawing
from lightning_modeinterp.generation.generation import LAST_10, Generation, Monitor

__all__ = ["LAST_10", "Drawing", "Generation", "Monitor"]
