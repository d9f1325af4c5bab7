"""The error when training has diverged."""


class NonFiniteLossError(RuntimeError):
    """Training has diverged.

    Args:
        what: What is not finite, such as "the loss".
        step: Optimiser steps so far.
    """

    def __init__(self, what: str, step: int) -> None:
        super().__init__(
            f"{what} is no longer finite at step {step}: training has diverged. Checkpoints written before are kept; "
            "resume from the last one with clipped gradients (--ckpt_path last --trainer.gradient_clip_val 1), lower "
            "the learning rate in a new run from its weights (--init_from CKPT), or use a wider precision"
        )
