"""Parts whose own tests call the contracts, with the files, sizes or networks that they need."""

from tests.subclasses import concrete_subclasses

THEIRS = (
    *(f"lightning_modeinterp.data.{family}." for family in ("hands", "images", "mnist")),
    "lightning_modeinterp.metrics.frechet_distance",
    "lightning_modeinterp.metrics.kernel_distance",
    "lightning_modeinterp.data.stored_samples",
)


def others(base):
    """Concrete subclasses of a seam, but for those parts."""
    return [each for each in concrete_subclasses(base) if not each.__module__.startswith(THEIRS)]
