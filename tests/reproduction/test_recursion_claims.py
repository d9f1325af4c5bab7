"""Claims on recursions, on made-up generations of which it is known what has to be found."""

import json
import math
import random
import sys
from collections import defaultdict

import pytest

from lightning_modeinterp.reproduction import CLAIMS, PRESETS
from lightning_modeinterp.reproduction.claims import recursion
from lightning_modeinterp.reproduction.reproduce import sum_of_commands, work_of
from lightning_modeinterp.runs import CachedRuns

PRESET = PRESETS["cpu"]
OF_RECURSION = {name: claim for name, claim in CLAIMS.items() if isinstance(claim, recursion.OfRecursion)}
MADE_UP = {recursion, *(sys.modules[type(claim).__module__] for claim in OF_RECURSION.values())}


def made_up(growth, monkeypatch):
    """Let every number grow from generation to generation by what ``growth`` says of its arm."""

    def rows_of(made, _runs):
        chance = random.Random(0)
        return [
            {"arm": arm, "seed": seed, "generation": number, "metrics": metrics(growth[arm] ** number, chance)}
            for arm in made.arms
            for seed in made.seeds
            for number in range(made.num_generations + 1)
        ]

    for module in MADE_UP:
        if hasattr(module, "rows_of"):
            monkeypatch.setattr(module, "rows_of", rows_of)


def verdicts(name, growth, monkeypatch):
    made_up(growth, monkeypatch)
    return [finding.verdict for finding in CLAIMS[name].findings(None, PRESET)]


@pytest.mark.parametrize("name", OF_RECURSION)
def test_numbers_are_drawn_over_generations(name, tmp_path, monkeypatch):
    made_up(defaultdict(lambda: 1.2), monkeypatch)
    monkeypatch.setattr(recursion, "write_pictures", lambda *_: [])
    (drawn,) = CLAIMS[name].draw_figures(None, PRESET, tmp_path)
    assert drawn == tmp_path / "generations.png"
    assert drawn.stat().st_size > 0


def metrics(times, chance):
    noise = math.exp(chance.gauss(0, 0.01))
    names = ("hallucination_rate", "fid_lenet", "within_mode_std_ratio", "mode_weight_tv", "mode_weight_least")
    return {
        "num_samples": 20_000,
        "num_hallucinated": round(600 * times * noise),
        **dict.fromkeys(names, times * noise),
    }


@pytest.mark.parametrize("name", [name for name, claim in OF_RECURSION.items() if "random" in claim.arms])
def test_a_filter_has_to_beat_chance_in_every_generation(name, monkeypatch):
    better = {"random": 2.0, "variance": 1.4, "ink": 1.8}
    assert set(verdicts(name, better, monkeypatch)) == {"holds"}
    assert set(verdicts(name, {**better, "variance": 2.5}, monkeypatch)) == {"fails"}
    assert "undecided" in verdicts(name, dict.fromkeys(better, 1.5), monkeypatch)


@pytest.mark.parametrize(("growth", "expected"), [(1.3, "holds"), (0.8, "fails"), (1.0, "undecided")])
def test_collapse_is_growth_of_rate_and_width(growth, expected, monkeypatch):
    assert verdicts("collapse-2d", {"none": growth}, monkeypatch) == [expected, expected]


@pytest.mark.parametrize(("filtered", "expected"), [(1.3, "holds"), (0.8, "fails")])
def test_the_price_is_in_the_weights_of_modes(filtered, expected, monkeypatch):
    assert verdicts("filter-price-2d", {"none": 1.0, "variance_10": filtered}, monkeypatch) == [expected]


def test_claims_of_one_recursion_share_its_runs(tmp_path):
    works = work_of([CLAIMS["collapse-2d"], CLAIMS["filter-2d"], CLAIMS["filter-price-2d"]], PRESET)
    arms, seeds, generations = 4, 3, 4
    expected = seeds * (1 + arms * generations)
    assert sum_of_commands(CachedRuns(tmp_path), works) == {
        "fit": expected,
        "test": expected,
        "predict": seeds * (3 + arms * (generations - 1)),  # both of 20,500 are the same in generation 0
        "keep": seeds * arms * generations,
    }


def test_sizes_of_the_cpu_preset_are_those_of_the_shipped_recursion():
    shipped = PRESET.recursion("gaussian_2d_grid", ["none", "variance"])
    assert (shipped.num_kept, shipped.num_generations, list(shipped.seeds)) == (20_000, 4, [0, 1, 2])
    further = PRESET.with_options(["--trainer.accelerator=gpu"]).recursion("gaussian_2d_grid", ["none"])
    assert further.options[-1] == "--trainer.accelerator=gpu"
    assert further.options[:-1] == shipped.options


def test_mnist_is_asked_for_where_it_lies(tmp_path):
    claim = CLAIMS["filter-mnist"]
    here = PRESET.with_options([f"--data.init_args.root={tmp_path}"])
    assert str(tmp_path) in claim.missing(here)
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for half in ("train", "t10k"):
        for name in ("images-idx3", "labels-idx1"):
            (folder / f"{half}-{name}-ubyte.gz").write_bytes(b"")
    assert claim.missing(here) is None
    assert json.dumps(CLAIMS["filter-2d"].missing(PRESET)) == "null"
