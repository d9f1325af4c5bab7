from lightning_modeinterp.watching.pipelines import watch
from lightning_modeinterp.watching.seen import Seen

__all__ = ["Seen", "watch"]
