import fcntl

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reproduction import CachedRuns, Draw, Fit, RunFailedError
from lightning_modeinterp.reproduction.cached_runs import CONFIGS, content_of

CONFIG = "experiment/gaussian_1d.yaml"
TINY = (
    "--data.init_args.size=64",
    "--data.init_args.batch_size=32",
    "--data.init_args.validation_size=16",
    "--data.init_args.test_size=16",
    "--model.init_args.denoiser.init_args.width=8",
    "--trainer.max_steps=3",
    "--trainer.val_check_interval=100",
    "--generation.sampler.init_args.num_steps=50",
    "--generation.block_size=32",
)
FIT = Fit("tiny", CONFIG, TINY)
DRAW = Draw("few", FIT, ("--generation.num_samples=80",))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def runs(root):
    said = []
    return CachedRuns(root, said.append), said


def test_what_is_there_is_not_run_again(root):
    first, said = runs(root)
    assert len(first.samples(DRAW)) == 80
    assert [line.split()[0] for line in said] == ["fit", "predict"]
    weights = first.checkpoint(FIT)
    before = weights.stat().st_mtime_ns

    again, said = runs(root)
    assert len(again.samples(DRAW)) == 80
    assert again.checkpoint(FIT) == weights
    assert said == []
    assert weights.stat().st_mtime_ns == before


def test_other_samples_share_the_weights(root):
    cached, said = runs(root)
    cached.samples(DRAW)
    said.clear()
    folder = cached.tested(Draw("tested", FIT, ("--generation.num_samples=64",)))
    assert [line.split()[0] for line in said] == ["test"]
    assert (folder / "test_metrics.json").is_file()
    assert (folder / "figures" / "variance.png").is_file()


def test_the_true_score_needs_no_fit(tmp_path):
    cached, said = runs(tmp_path)
    cached.samples(Draw("truth", FIT, ("--generation.num_samples=32", "--generation.true_score=true")))
    assert [line.split()[0] for line in said] == ["predict"]


def test_a_command_that_fails_says_why(tmp_path):
    cached, _ = runs(tmp_path)
    with pytest.raises(
        RunFailedError, match=r"fit wrong-\w+: modeinterp: data.std: expected a float, got abc .*log.txt"
    ):
        cached.checkpoint(Fit("wrong", CONFIG, ("--data.init_args.std=abc",)))


def test_two_processes_do_not_write_to_one_directory(tmp_path):
    cached, _ = runs(tmp_path)
    folder = tmp_path / "fit" / f"tiny-{FIT.key}"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RunFailedError, match="another process is at work there"):
            cached.checkpoint(FIT)


def test_a_key_follows_options_configs_and_weights(tmp_path, monkeypatch):
    assert FIT.key == Fit("another name", CONFIG, TINY).key
    assert FIT.key != Fit("tiny", CONFIG, TINY[1:]).key
    assert DRAW.key("predict") != DRAW.key("test")
    assert DRAW.key("predict") != Draw("few", Fit("tiny", CONFIG, TINY[1:]), DRAW.options).key("predict")

    monkeypatch.setattr("lightning_modeinterp.reproduction.cached_runs.CONFIGS", tmp_path)
    (tmp_path / "experiment").mkdir()
    (tmp_path / "data.yaml").write_text("std: 1\n")
    (tmp_path / CONFIG).write_text("run: here\ndata: ../data.yaml\n")
    before = FIT.key
    (tmp_path / "data.yaml").write_text("std: 2\n")
    assert FIT.key != before


def test_the_content_of_a_config_holds_all_that_it_names():
    content = content_of(CONFIGS / CONFIG)
    for part in ("data/gaussian_1d.yaml", "model/ddpm_mlp.yaml", "generation/ancestral.yaml", "trainer/cpu.yaml"):
        assert (CONFIGS / part).read_text() in content


def test_a_config_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected a config at .*nope.yaml, found none"):
        content_of(tmp_path / "nope.yaml")
