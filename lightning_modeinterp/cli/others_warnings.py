"""Warnings between libraries, which a user can do nothing about."""

import warnings

HIDDEN = {
    # Lightning uses PyTorch's old way to test for tree leaves
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": FutureWarning,
    # torchmetrics and torch-fidelity compile functions when they are imported
    r"`torch\.jit\.\w+` is (deprecated|not supported in Python 3\.14)": Warning,
    # the folder is the run's own, where last.ckpt lies
    r"Checkpoint directory \S+ exists and is not empty": UserWarning,
}
"""Patterns of how a message starts, with its category."""

OF_A_FIT = r"Be aware that when using `ckpt_path`, callbacks used to create the checkpoint"
"""Callback states of a fit do not matter to its evaluation; a resumed fit needs them."""


def hide_others_warnings(is_fit: bool) -> None:
    """Hide them from here on. Nothing is imported for it, so that warnings raised on import are hidden too.

    Args:
        is_fit: Whether the command is fit.
    """
    for message, category in HIDDEN.items():
        warnings.filterwarnings("ignore", message, category)
    if not is_fit:
        warnings.filterwarnings("ignore", OF_A_FIT, UserWarning)
