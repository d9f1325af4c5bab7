"""Figures of samples that need the mixture: the true density, and which modes hallucinations lie between."""

from matplotlib.figure import Figure

from lightning_modeinterp import figures
from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.data.gaussian.pair_interpolation import PairInterpolation
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


def density_figure(drawn: GeneratedBatch, verdict: SupportVerdict, mixture: GaussianMixture) -> Figure:
    """Draw 1D samples against the true density.

    Args:
        drawn: The samples.
        verdict: Their verdict.
        mixture: The true mixture, data units.
    """
    return figures.density_histogram(
        drawn.samples, verdict.hallucinated, mixture.log_density, mixture.means, ambiguous=verdict.ambiguous
    )


def pairs_figure(drawn: GeneratedBatch, metric: PairInterpolation) -> Figure:
    """Draw the enrichment of each pair of modes in 2D.

    Args:
        drawn: Judged samples.
        metric: A new metric, which counts the samples.
    """
    metric.update(drawn)
    metric.sync_on_compute = False  # only the first process draws
    together = metric.compute()
    neighbour, diagonal = (float(together[f"interpolation/{name}_enrichment"]) for name in ("neighbour", "diagonal"))
    return figures.pair_lines(
        metric.means,
        metric.modes,
        metric.is_diagonal,
        metric.enrichment_of_pairs(),
        neighbour=neighbour,
        diagonal=diagonal,
    )
