from lightning_modeinterp.generation.generation import LAST_10, Draw, Generation, Monitor

__all__ = ["LAST_10", "Draw", "Generation", "Monitor"]
