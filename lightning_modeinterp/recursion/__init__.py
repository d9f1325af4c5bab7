"""Models trained on their own output over several generations, with a filter in between."""

from lightning_modeinterp.recursion.arm import Arm
from lightning_modeinterp.recursion.load import load_recursion
from lightning_modeinterp.recursion.recurse import recurse
from lightning_modeinterp.recursion.recursion import Generation, Recursion

__all__ = ["Arm", "Generation", "Recursion", "load_recursion", "recurse"]
