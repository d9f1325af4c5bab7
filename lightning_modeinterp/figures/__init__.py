"""Figures: data in, matplotlib ``Figure`` out; no files, no global state. The only room that imports matplotlib."""

from lightning_modeinterp.figures.captions import not_judged, power, rate_with_interval
from lightning_modeinterp.figures.density_histogram import density_histogram
from lightning_modeinterp.figures.density_panels import DensityPanel, density_panels
from lightning_modeinterp.figures.embedding import EmbeddedPoints, embedding
from lightning_modeinterp.figures.estimates import EstimateRow, estimates
from lightning_modeinterp.figures.generations import generations
from lightning_modeinterp.figures.image_grid import ImageGroup, image_grid
from lightning_modeinterp.figures.kept_shares import kept_shares
from lightning_modeinterp.figures.mode_weights import mode_weights
from lightning_modeinterp.figures.pair_lines import pair_lines
from lightning_modeinterp.figures.pixels import pixels
from lightning_modeinterp.figures.predicted_paths import predicted_paths
from lightning_modeinterp.figures.predicted_trajectories import predicted_trajectories
from lightning_modeinterp.figures.roc import roc
from lightning_modeinterp.figures.sample_sizes import sample_sizes
from lightning_modeinterp.figures.samples_1d import samples_1d
from lightning_modeinterp.figures.samples_2d import PlaneSamples, samples_2d
from lightning_modeinterp.figures.save import save_figure
from lightning_modeinterp.figures.score_curves import ScoreCurve, score_curves
from lightning_modeinterp.figures.score_field import score_field
from lightning_modeinterp.figures.style import BY_VARIANCE, BY_VERDICT, Sides
from lightning_modeinterp.figures.training_curves import training_curves
from lightning_modeinterp.figures.variance_histogram import rebin, variance_histogram
from lightning_modeinterp.figures.variance_maps import variance_maps
from lightning_modeinterp.figures.variance_over_samples import variance_in_plane, variance_on_line
from lightning_modeinterp.figures.variance_spread import variance_spread
from lightning_modeinterp.figures.window_heatmap import DataScales, window_heatmap
from lightning_modeinterp.figures.window_sweep import window_sweep

__all__ = [
    "BY_VARIANCE",
    "BY_VERDICT",
    "DataScales",
    "DensityPanel",
    "EmbeddedPoints",
    "EstimateRow",
    "ImageGroup",
    "PlaneSamples",
    "ScoreCurve",
    "Sides",
    "density_histogram",
    "density_panels",
    "embedding",
    "estimates",
    "generations",
    "image_grid",
    "kept_shares",
    "mode_weights",
    "not_judged",
    "pair_lines",
    "pixels",
    "power",
    "predicted_paths",
    "predicted_trajectories",
    "rate_with_interval",
    "rebin",
    "roc",
    "sample_sizes",
    "samples_1d",
    "samples_2d",
    "save_figure",
    "score_curves",
    "score_field",
    "training_curves",
    "variance_histogram",
    "variance_in_plane",
    "variance_maps",
    "variance_on_line",
    "variance_spread",
    "window_heatmap",
    "window_sweep",
]
