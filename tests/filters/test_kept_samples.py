import json

import numpy as np
import pytest
import torch

from lightning_modeinterp.cli import main
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import sha256
from lightning_modeinterp.filters import AllSamples, BelowThreshold, InSupport, LowestScore
from lightning_modeinterp.filters.kept_samples import content_of, keep, kept_samples, read_kept

from .conftest import made_up, write

SCORE = "variance/w"


def test_the_samples_are_those_of_the_filter_and_the_manifest_counts_them(store, tmp_path):
    manifest = keep([store], LowestScore(SCORE, 60), tmp_path / "kept", {"class_path": "LowestScore"})
    assert read_kept(tmp_path / "kept") == manifest
    samples = kept_samples(tmp_path / "kept")
    assert samples.shape == (60, 1)
    numbers = samples.flatten().long()
    masks = list(LowestScore(SCORE, 60).masks(store))
    assert numbers.tolist() == torch.cat([b.index[m] for b, m in zip(store, masks, strict=True)]).tolist()
    assert (manifest["num_drawn"], manifest["num_diverged"], manifest["num_kept"]) == (100, 9, 60)
    off = [i for i in range(100) if i % 5 == 0 and i % 11 != 10]
    dropped_off = [i for i in off if i not in numbers.tolist()]
    assert manifest["kinds"]["off"] == len(off)
    assert manifest["recall"] == len(dropped_off) / len(off)
    assert manifest["precision"] == len(dropped_off) / (91 - 60)
    in_support = [i for i in numbers.tolist() if i % 5 and i % 7]
    assert manifest["kept_modes"] == {str(mode): sum(i % 3 == mode for i in in_support) for mode in range(3)}
    assert manifest["sources"] == [
        {"path": "../run/predictions", "manifest_sha256": sha256(store.path / "manifest.json")}
    ]


def test_stores_stand_in_a_row_each_filtered_by_itself(store, tmp_path):
    other = write(tmp_path / "other", made_up(40, seed=1))
    manifest = keep([store, other], LowestScore(SCORE, 20), tmp_path / "kept", {})
    assert (manifest["num_kept"], manifest["num_drawn"]) == (40, 140)
    keep([other], LowestScore(SCORE, 20), tmp_path / "alone", {})
    assert torch.equal(kept_samples(tmp_path / "kept")[20:], kept_samples(tmp_path / "alone"))


def test_without_an_oracle_it_counts_what_it_can(tmp_path):
    store = write(tmp_path / "store", made_up(30, judged=False))
    manifest = keep([store], AllSamples(), tmp_path / "kept", {})
    assert manifest["num_kept"] == 28
    assert not {"precision", "kinds", "modes"} & manifest.keys()


def test_samples_without_verdicts_are_filtered_by_a_threshold_that_others_set(store, tmp_path):
    unjudged = write(tmp_path / "store", made_up(30, judged=False))
    facts = keep([unjudged], BelowThreshold("variance/w", set_on=store.path), tmp_path / "kept", {})
    assert 0 < facts["num_kept"] < 30
    with pytest.raises(ConfigurationError, match="expected samples that an oracle has judged"):
        keep([unjudged], BelowThreshold("variance/w"), tmp_path / "none", {})


def test_the_content_is_what_the_samples_are_wherever_they_lie(store, tmp_path):
    keep([store], InSupport(), tmp_path / "kept", {})
    keep([store], InSupport(), tmp_path / "again", {"said": "otherwise"})
    keep([store], AllSamples(), tmp_path / "all", {})
    assert content_of([tmp_path / "kept"]) == content_of([tmp_path / "again"])
    assert content_of([tmp_path / "kept"]) != content_of([tmp_path / "all"])
    assert content_of([tmp_path / "kept", tmp_path / "all"]) != content_of([tmp_path / "all", tmp_path / "kept"])


def test_nothing_is_written_where_the_filter_cannot_keep_enough(store, tmp_path):
    with pytest.raises(ConfigurationError, match="expected at most the 91 samples"):
        keep([store], AllSamples(num=99), tmp_path / "kept", {})
    assert not (tmp_path / "kept").exists()


def test_to_keep_nothing_is_refused(tmp_path):
    batches = made_up(8)
    batches[0].diverged[:] = True
    with pytest.raises(ConfigurationError, match="expected some samples to be kept, got none"):
        keep([write(tmp_path / "store", batches)], AllSamples(), tmp_path / "kept", {})
    assert not (tmp_path / "kept").exists()


def test_a_start_that_was_killed_is_gone_over(store, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/.samples.npy.tmp").write_bytes(b"half")
    keep([store], AllSamples(), tmp_path / "kept", {})
    assert len(kept_samples(tmp_path / "kept")) == 91
    with pytest.raises(ConfigurationError, match="found earlier kept samples"):
        keep([store], AllSamples(), tmp_path / "kept", {})


def test_other_folders_are_refused(store, tmp_path):
    with pytest.raises(ConfigurationError, match=r"found no manifest\.json; run it first"):
        read_kept(tmp_path)
    with pytest.raises(ConfigurationError, match="of format 1, found something else"):
        read_kept(store.path)
    with pytest.raises(ConfigurationError, match="expected a new or empty folder"):
        keep([store], AllSamples(), store.path.parent, {})
    keep([store], AllSamples(), tmp_path / "kept", {})
    np.save(tmp_path / "kept/samples.npy", np.zeros((91, 1), np.float32))
    with pytest.raises(ConfigurationError, match="found others; remove the folder"):
        read_kept(tmp_path / "kept")


def test_on_the_command_line(store, tmp_path, capsys):
    options = ["--filter=LowestScore", f"--filter.score={SCORE}", "--filter.num=50", f"--out={tmp_path / 'kept'}"]
    main(["keep", str(store.path), *options])
    manifest = json.loads((tmp_path / "kept/manifest.json").read_text())
    before, after = (manifest[name].get("off", 0) for name in ("kinds", "kept_kinds"))
    said = f"50 of 100 samples are in {tmp_path / 'kept'}; {after} of {before} hallucinations are among them"
    assert said in capsys.readouterr().out
    assert before > after
    said = manifest["filter"]
    assert said["class_path"].endswith("LowestScore")
    assert said["init_args"] == {"score": SCORE, "num": 50}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--filter=LowestScore", f"--filter.score={SCORE}"], "num"),
        (["--filter=Highest"], "Highest"),
        ([], "the following arguments are required: --filter;"),
    ],
)
def test_wrong_options_are_one_line(store, tmp_path, capsys, options, message):
    with pytest.raises(SystemExit) as end:
        main(["keep", str(store.path), *options, f"--out={tmp_path / 'kept'}"])
    assert end.value.code == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("modeinterp: keep:")
    assert message in error
    assert len(error.splitlines()) == 1


def test_what_is_missing_is_named_as_it_is_written(capsys):
    for given, missing in ((["x", "--filter=AllSamples"], "--out"), (["--filter=AllSamples", "--out=y"], "STORE")):
        with pytest.raises(SystemExit):
            main(["keep", *given])
        assert f"keep: the following arguments are required: {missing}; see" in capsys.readouterr().err
