"""The graph of a recursion, without running it."""

import itertools
import os
import re
from dataclasses import replace

import pytest

from lightning_modeinterp.cli.recurse import main
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.recursion import Arm, Recursion, load_recursion
from lightning_modeinterp.runs.steps import path_of

SETTINGS = {"experiment": "gaussian_2d_grid", "num_kept": 100, "num_generations": 3, "seeds": [0, 1], "num_updates": 5}
ARMS = {
    "none": Arm(),
    "random": Arm("RandomSamples", num_drawn=120),
    "frozen": Arm("BelowThreshold", {"score": "variance/w"}, num_drawn=150, is_frozen=True),
    "all": Arm(keeps="accumulate"),
    "real": Arm(real_share=0.25),
    "warm": Arm(warm_start=True),
}
RECURSION = Recursion(arms=ARMS, **SETTINGS)


@pytest.mark.parametrize("arm", ARMS)
def test_generation_0_is_shared_and_all_others_are_not(arm):
    chain = RECURSION.chain(arm, 0)
    assert [each.number for each in chain] == [0, 1, 2, 3]
    assert chain[0].fit.key == RECURSION.chain("none", 0)[0].fit.key
    assert chain[0].fit.data is None
    keys = [each.fit.key for other in ARMS for each in RECURSION.chain(other, 0)[1:]]
    assert len(set(keys)) == 3 * len(ARMS)
    assert chain[0].fit.key != RECURSION.chain(arm, 1)[0].fit.key
    assert [each.keep is None for each in chain] == [False, False, False, True]


def test_each_generation_trains_on_what_was_kept_of_the_one_before():
    chain = RECURSION.chain("random", 0)
    for before, after in itertools.pairwise(chain):
        assert after.fit.data.kept == (before.keep,)
        assert before.keep.draw.fit == before.fit
        assert before.keep.draw.options == ("--generation.num_samples=120",)
        assert before.keep.filter == ("--filter=RandomSamples", "--filter.num=100")
    seeds = [next(o for o in each.fit.options if o.startswith("--seed")) for each in chain]
    assert seeds == [
        "--seed_everything=0",
        "--seed_everything=1000",
        "--seed_everything=2000",
        "--seed_everything=3000",
    ]


def test_a_frozen_threshold_is_set_on_generation_0():
    first, second, third, _ = RECURSION.chain("frozen", 0)
    assert first.keep.set_on is None  # on its own samples
    assert second.keep.set_on == third.keep.set_on == first.keep.draw


def test_what_is_accumulated_grows_and_begins_with_the_data():
    chain = RECURSION.chain("all", 0)
    assert [len(each.fit.data.kept) for each in chain[1:]] == [1, 2, 3]
    assert {each.fit.data.num_real for each in chain[1:]} == {100}


def test_a_real_share_leaves_less_to_be_kept():
    generation = RECURSION.chain("real", 0)[1]
    assert generation.fit.data.num_real == 25
    assert generation.keep.filter[-1] == "--filter.num=75"


def test_a_warm_start_begins_with_the_weights_of_the_generation_before():
    chain = RECURSION.chain("warm", 0)
    assert chain[2].fit.init_from == chain[1].fit
    assert chain[2].fit.key != replace(chain[2].fit, init_from=None).key
    assert RECURSION.chain("none", 0)[2].fit.init_from is None


def test_an_experiment_of_ones_own_is_found_where_we_are(tmp_path, monkeypatch):
    """And not beside the shipped ones."""
    (tmp_path / "mine.yaml").write_text("seed_everything: 0")
    monkeypatch.chdir(tmp_path)
    fit = Recursion(arms=ARMS, **{**SETTINGS, "experiment": "mine.yaml"}).chain("none", 0)[0].fit
    assert path_of(fit.config) == tmp_path / "mine.yaml"
    assert fit.key


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": {}}, "at least one arm"),
        ({"seeds": []}, "at least one arm, seed"),
        ({"num_generations": 0}, "generation"),
        ({"seeds": [1, 0, 1]}, r"each seed once, got \[1, 0, 1\]"),
        ({"arms": {"few": Arm(num_drawn=99)}}, r"arms\.few\.num_drawn: expected at least the 100 samples"),
    ],
)
def test_what_cannot_be_run_is_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        Recursion(**{"arms": ARMS, **SETTINGS, **changes})


@pytest.mark.parametrize(
    "settings", [{"real_share": 1.0}, {"real_share": 0.5, "keeps": "accumulate"}, {"arguments": {"num": 5}}]
)
def test_an_arm_that_contradicts_itself_is_refused(settings):
    with pytest.raises(ConfigurationError, match=r"arm\."):
        Arm(**settings)


def test_a_recursion_is_read_without_leaving_the_working_directory(tmp_path, monkeypatch):
    """Claims read it while commands of other claims are running, whose paths may be relative."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "chdir", lambda path: pytest.fail(f"went to {path}"))
    assert load_recursion("recursion/gaussian_2d_grid").num_kept == 20_000
    (tmp_path / "wrong.yaml").write_text("recursion: {num_kepd: 3}\n")
    with pytest.raises(ConfigurationError, match=r"wrong\.yaml: .*num_kepd"):
        load_recursion("wrong.yaml")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--recursion.sed=3", "recursion.sed: no such option; did you mean recursion.seeds?"),
        ("--recursion.num_kept=x", "recursion.num_kept: expected an int, got x"),
        ("--recursion.arms={a: {warm_start: 3}}", "recursion.arms.warm_start: expected a bool, got 3"),
    ],
)
def test_a_wrong_option_is_one_clear_line(option, message, tmp_path):
    with pytest.raises(ConfigurationError, match=re.escape(f"recurse: {message}")):
        main(["-c", "recursion/gaussian_2d_grid", option, f"--out={tmp_path / 'out'}"])
    assert not (tmp_path / "out").exists()
