"""A threshold is set on one store and used on another, and refused where it does not hold."""

import json

import pytest
import torch

from lightning_modeinterp.cli import main
from lightning_modeinterp.filters.kept_samples import read_kept
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStoreWriter
from lightning_modeinterp.threshold import Threshold
from tests.filters.conftest import BLOCK, made_up

SCORE = "variance/w"
FINGERPRINT = {"generation": {"sampler": {"num_steps": 50}, "seed": 0}, "weights_sha256": "abc"}


def write(path, batches, seed=0, num_steps=50):
    generation = {"sampler": {"num_steps": num_steps}, "seed": seed}
    fingerprint = {**FINGERPRINT, "generation": generation}
    writer = SampleStoreWriter(path, fingerprint, sum(map(len, batches)), BLOCK)
    writer.prepare()
    for batch in batches:
        writer.add(batch)
    writer.flush()
    assert writer.finish() == 0
    return path


def sound(batches):
    return GeneratedBatch.joined(batches).sound()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "late.json"


@pytest.mark.parametrize("judged", [True, False])
@pytest.mark.parametrize("retained", [0.96, 0.5])
def test_is_set_on_one_store_and_kept_by_on_another(tmp_path, file, capsys, judged, retained):
    set_on = write(tmp_path / "one", made_up(judged=judged))
    main(["threshold", str(set_on), "--score", SCORE, "--retained", str(retained), "--out", str(file)])
    samples = sound(made_up(judged=judged))
    who = samples.verdict.in_support if judged else None
    expected = Threshold.at_retained(samples.scores[SCORE], who, retained)
    threshold = Threshold.read(file)
    assert (threshold.value, threshold.num_in_support) == (expected.value, expected.num_in_support)
    assert f"{expected.num_in_support} samples {'in support' if judged else 'there'}" in capsys.readouterr().out
    other = made_up(60, seed=1, judged=False)
    keep = ["keep", str(write(tmp_path / "other", other, seed=1)), "--filter", "BelowSavedThreshold"]
    main([*keep, "--filter.file", str(file), "--out", str(tmp_path / "kept")])
    assert read_kept(tmp_path / "kept")["num_kept"] == int((sound(other).scores[SCORE] <= expected.value).sum())


def test_is_refused_on_samples_of_other_settings(tmp_path, file, capsys):
    main(["threshold", str(write(tmp_path / "one", made_up())), "--score", SCORE, "--out", str(file)])
    capsys.readouterr()
    other = write(tmp_path / "other", made_up(), num_steps=20)
    with pytest.raises(SystemExit) as ended:
        main(
            ["keep", str(other), "--filter=BelowSavedThreshold", f"--filter.file={file}", f"--out={tmp_path / 'kept'}"]
        )
    error = capsys.readouterr().err
    assert (
        "threshold of variance/w: expected the settings it was set on; sampler.num_steps: expected 50, got 20" in error
    )
    assert (ended.value.code, error.count("\n"), (tmp_path / "kept").exists()) == (2, 1, False)


def labels_of(path, labels):
    path.write_text("name,key,label\n" + "".join(f"{name},k{name},{label}\n" for name, label in labels.items()))
    return str(path)


def test_is_set_on_what_people_labelled(tmp_path, file):
    store = write(tmp_path / "one", made_up(judged=False))
    labels = labels_of(tmp_path / "labels.csv", {"3": "good", "4": "bad", "5": "fine", "8": "good", "9": ""})
    options = ["--labels", labels, "--good", "good,fine", "--retained", "1"]
    main(["threshold", str(store), "--score", SCORE, *options, "--out", str(file)])
    threshold, scores = Threshold.read(file), GeneratedBatch.joined(made_up()).scores[SCORE]
    assert (threshold.value, threshold.num_in_support) == (scores[[3, 5, 8]].max().item(), 3)


@pytest.fixture
def table(tmp_path):
    (tmp_path / "scores.csv").write_text("file,variance/w,prompt\na.png,1.5,cat\nb.png,0.5,dog\nc.png,,cow\n")
    (tmp_path / "scores.json").write_text(json.dumps({"scheduler": "DDIM", "steps": 50}))
    return tmp_path / "scores.csv"


def test_is_set_on_a_table_of_scores_with_a_fingerprint(table, tmp_path, file):
    known = ["--fingerprint", str(tmp_path / "scores.json"), "--score", SCORE, "--out", str(file)]
    main(["threshold", str(table), *known, "--retained", "0.5"])
    threshold = Threshold.load(file, {"scheduler": "DDIM", "steps": 50})
    assert (threshold.value, threshold.num_in_support) == (1.5, 3)  # a score that is missing is as bad as can be
    labels = labels_of(tmp_path / "labels.csv", {"b.png": "good"})
    main(["threshold", str(table), *known, "--labels", labels, "--good", "good"])
    assert Threshold.read(file).value == 0.5
    assert Threshold.read(file).flags(torch.tensor([0.5, 0.6])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--score", "ink"], "score: expected one of variance/w, signed, got ink"),
        (["--score", SCORE, "--retained", "96"], "expected `retained` in (0, 1], got 96"),
        (["--score", SCORE, "--good", "good"], "--labels CSV and --good LABEL together, got None and good"),
        (["--score", SCORE, "--labels", "L"], "together, got L and None"),
        (["--score", SCORE, "--labels", "L", "--good", "good"], "expected a CSV file saved by a contact sheet"),
        (["--score", SCORE, "--fingerprint", "F"], "expected no --fingerprint with a store, got F"),
        ([], "the following arguments are required: --score"),
    ],
    ids=str,
)
def test_wrong_options_are_one_line(tmp_path, file, capsys, options, message):
    store = write(tmp_path / "one", made_up())
    assert_refused(["threshold", str(store), *options, "--out", str(file)], message, capsys)
    assert not file.exists()


def assert_refused(args, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(args)
    error = capsys.readouterr().err
    assert (ended.value.code, message in error, error.count("\n")) == (2, True, 1), error


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"3": "bad"}, "expected samples labelled good, got bad"),
        ({"3": ""}, "expected samples labelled good, got none with a label"),
        ({"3": "good", "100": "good"}, "expected labels of the 100 samples in"),
        ({"cat.png": "good"}, "got one of cat.png"),
    ],
    ids=str,
)
def test_labels_of_others_are_one_line(tmp_path, file, capsys, labels, message):
    store, options = write(tmp_path / "one", made_up()), ["--good", "good", "--score", SCORE, "--out", str(file)]
    assert_refused(
        ["threshold", str(store), "--labels", labels_of(tmp_path / "l.csv", labels), *options], message, capsys
    )


@pytest.mark.parametrize("given", [[], ["--fingerprint", "nowhere.json"]], ids=str)
def test_a_table_without_a_fingerprint_is_one_line(table, file, capsys, given):
    options = ["--score", SCORE, *given, "--out", str(file)]
    assert_refused(["threshold", str(table), *options], "expected --fingerprint with a JSON file of", capsys)


def test_samples_that_are_not_there_are_one_line(tmp_path, file, capsys):
    options = ["--score", SCORE, "--out", str(file)]
    assert_refused(["threshold", str(tmp_path), *options], "expected a finished sample store", capsys)
    assert_refused(["threshold", str(tmp_path / "x.csv"), *options], "scores: expected a CSV file, found none", capsys)
