"""Warnings of libraries to libraries, which a user can do nothing about."""

import warnings

HIDDEN = {
    # Lightning asks PyTorch's trees whether they are leaves in the way of before
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": FutureWarning,
    # torchmetrics and torch-fidelity compile functions when they are imported
    r"`torch\.jit\.\w+` is (deprecated|not supported in Python 3\.14)": Warning,
    # the folder is the run's own, where last.ckpt lies
    r"Checkpoint directory \S+ exists and is not empty": UserWarning,
}
"""Pattern of a message's beginning, and its category."""

OF_A_FIT = r"Be aware that when using `ckpt_path`, callbacks used to create the checkpoint"
"""What was kept beside a fit is nothing to its evaluation; a fit that goes on would miss it."""


def hide_others_warnings(is_fit: bool) -> None:
    """Leave them out from here on. It takes no import, so that what others warn of when imported is left out too.

    Args:
        is_fit: Whether a fit begins or goes on.
    """
    for message, category in HIDDEN.items():
        warnings.filterwarnings("ignore", message, category)
    if not is_fit:
        warnings.filterwarnings("ignore", OF_A_FIT, UserWarning)
