"""The figures of the Gaussian systems, as panels over runs that are kept: nothing is trained or drawn twice.

    python benchmarks/gaussian_figures.py                        # all of them; goes on after a kill
    python benchmarks/gaussian_figures.py grid_and_diamonds      # one of them

One training seed and short training throughout (the experiments' configs): pictures of what happens, not claims about
how much. Sampling begins where alpha_bar reaches 1e-7 unless a panel says otherwise. The numbers of training samples
and the distances are ours where the paper gives none.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from lightning_modeinterp.figures import density_panels, samples_2d, save_figure
from lightning_modeinterp.reproduction import CachedRuns, Draw, Fit, line_panel, plane_panel

NUM_SAMPLES = 10_240
LATE = ("--generation.sampler.init_args.start_alpha_bar=1e-7",)
COUNT = (f"--generation.num_samples={NUM_SAMPLES}",)
QUIET = ("--trainer.val_check_interval=1000000000", "--trainer.enable_progress_bar=false")
TABLE = ("--model.init_args.denoiser.init_args.time_table=true",)


def ddpm(name: str, config: str, *options: str) -> Draw:
    """Samples of a DDPM that is trained by a config with options."""
    fit = Fit(name, f"experiment/{config}.yaml", (*QUIET, *TABLE, *options))
    return Draw(name, fit, (*COUNT, *LATE))


GRID = ddpm("grid", "gaussian_2d_grid")
IMBALANCED = ddpm("imbalanced", "gaussian_2d_imbalanced")


def grid_and_diamonds(runs: CachedRuns) -> Figure:
    """The grid, the diamond as released and the diamond with the grid's spacing (figure 5_1)."""
    diamond = ddpm("diamond", "gaussian_2d_diamond")
    wide = ddpm("diamond_same_spacing", "gaussian_2d_diamond_same_spacing")
    return samples_2d([
        plane_panel("grid", runs, GRID),
        plane_panel("diamond, released", runs, diamond),
        plane_panel("diamond, same spacing", runs, wide),
    ])  # fmt: skip


def vdm_imbalanced_truth(runs: CachedRuns) -> Figure:
    """VDM over training T and sampling T', imbalanced modes, and the true score (figure 15_2)."""
    panels = []
    for train_steps in ("1000", "null"):
        fit = Fit(f"vdm_{train_steps}", "experiment/gaussian_2d_vdm.yaml",
                  (*QUIET, f"--model.init_args.num_train_steps={train_steps}"))  # fmt: skip
        for steps in (100, 1000):
            draw = Draw(
                f"vdm_{train_steps}_{steps}", fit, (*COUNT, f"--generation.sampler.init_args.num_steps={steps}")
            )
            said = "inf" if train_steps == "null" else train_steps
            panels.append(plane_panel(f"VDM T = {said}, T' = {steps}", runs, draw))
    panels.append(plane_panel("imbalanced", runs, IMBALANCED))
    truth = Draw("true_score", GRID.fit, (*COUNT, "--generation.true_score=true"))
    panels.append(plane_panel("true score", runs, truth))
    return samples_2d(panels)


def samples_and_distance_1d(runs: CachedRuns) -> Figure:
    """More training samples at the same number of updates, and modes further apart (figures 4_1 and 16)."""
    panels = {}
    for size in (1_000, 5_000, 20_000, 50_000):
        draw = ddpm(f"n_{size}", "gaussian_1d", f"--data.init_args.size={size}", "--trainer.max_steps=4000")
        panels[f"{{1, 2, 3}}, N = {size:,}"] = line_panel(runs, draw)
    for means in ([1.0, 2.5, 4.0], [1.0, 3.0, 5.0], [1.0, 2.0, 4.0, 5.0]):
        name = ", ".join(f"{mean:g}" for mean in means)
        options = (f"--data.init_args.means={means}", "--trainer.max_steps=4000")
        draw = ddpm("means_" + name.replace(", ", "_"), "gaussian_1d", *options)
        panels[f"{{{name}}}, N = 50,000"] = line_panel(runs, draw)
    return density_panels(panels, "4,000 updates of 1,000 samples each")


def samples_and_distance_2d(runs: CachedRuns) -> Figure:
    """The same on the grid (figure 16)."""
    panels = []
    for size in (5_000, 25_000):
        draw = ddpm(f"grid_n_{size}", "gaussian_2d_grid", f"--data.init_args.size={size}")
        panels.append(plane_panel(f"N = {size:,}", runs, draw))
    panels.append(plane_panel("N = 100,000", runs, GRID))
    for spacing in (1.0, 4.0):
        draw = ddpm(f"grid_spacing_{spacing:g}", "gaussian_2d_grid", f"--data.init_args.spacing={spacing}")
        panels.append(plane_panel(f"spacing {spacing:g}", runs, draw))
    return samples_2d(panels)


def tested(runs: CachedRuns, out: Path) -> None:
    """Score, trajectories and variance of one 1D and one 2D run, as `modeinterp test` draws them (5_2, 7_1, 7_2)."""
    shown = ("score", "predicted_x_0", "variance")
    for draw, names in ((ddpm("line", "gaussian_1d"), shown), (GRID, (*shown, "pairs"))):
        folder = runs.tested(draw) / "figures"
        for name in names:
            shutil.copy(folder / f"{name}.png", out / f"{draw.name}_{name}.png")


PANELS: dict[str, Callable[[CachedRuns], Figure]] = {
    each.__name__: each
    for each in (grid_and_diamonds, samples_and_distance_1d, vdm_imbalanced_truth, samples_and_distance_2d)
}


def main(names: list[str], root: Path, out: Path) -> None:
    """Draw what is asked for."""
    runs = CachedRuns(root, lambda line: print(line, flush=True))
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name == tested.__name__:
            tested(runs, out)
        else:
            print(save_figure(PANELS[name](runs), out / f"{name}.png"), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = [tested.__name__, *PANELS]
    parser.add_argument("names", nargs="*", default=everything, help=", ".join(everything))
    parser.add_argument("--root", type=Path, default=Path("runs/gaussian_figures"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/gaussian"))
    options = parser.parse_args()
    if unknown := set(options.names) - set(everything):
        parser.error(f"expected some of {', '.join(everything)}, got {', '.join(sorted(unknown))}")
    main(options.names, options.root, options.out)
