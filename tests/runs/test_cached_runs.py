import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from filelock import FileLock

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reproduction import CachedRuns, Draw, Fit, RunFailedError
from lightning_modeinterp.runs import content_of

CONFIG = "experiment/gaussian_1d.yaml"
TINY = (
    "--data.init_args.size=64",
    "--data.init_args.batch_size=32",
    "--data.init_args.validation_size=16",
    "--data.init_args.test_size=16",
    "--model.init_args.denoiser.init_args.width=8",
    "--model.init_args.denoiser.init_args.is_fused=false",
    "--trainer.max_steps=3",
    "--trainer.val_check_interval=100",
    "--generation.sampler.init_args.num_steps=50",
    "--generation.sampler.init_args.x_0_range=[-3,3]",
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


@pytest.mark.parametrize("name", ["lock", "command.lock"])
def test_a_command_that_outlived_its_parent_is_waited_for(tmp_path, name):
    cached, said = runs(tmp_path)
    folder = tmp_path / "fit" / f"tiny-{FIT.key}"
    folder.mkdir(parents=True)
    lock = FileLock(folder / name)
    with lock, ThreadPoolExecutor() as pool:
        waiting = pool.submit(cached.checkpoint, FIT)
        while not said:
            assert not waiting.done()
            time.sleep(0.01)
        (folder / "finished").touch()  # the other one has done it
        lock.release()
        assert waiting.result(timeout=60) == folder / "checkpoints" / "last.ckpt"
    assert said == [f"waiting for another process in {folder}"]


ENDLESS = Fit("endless", CONFIG, (*TINY, "--trainer.max_steps=10000000", "--checkpoint.every_n_steps=1"))
MANY = Draw("many", FIT, ("--generation.num_samples=100000000",))


def stopped(started, result, is_running):
    """Wait until a command has begun to write, and stop it."""
    while not is_running():
        assert not result.done()
        time.sleep(0.05)
    time.sleep(5)  # until Lightning listens to signals: before, the command just dies
    started.stop()
    with pytest.raises(RunFailedError, match="modeinterp: stopped by SIGTERM"):
        result.result(timeout=60)


@pytest.mark.slow
def test_a_fit_that_is_stopped_is_not_taken_for_whole(tmp_path):
    cached, _ = runs(tmp_path)
    with ThreadPoolExecutor() as pool:
        stopped(cached, pool.submit(cached.checkpoint, ENDLESS), lambda: any(tmp_path.rglob("last.ckpt")))
    assert not cached.has_fit(ENDLESS)


@pytest.mark.slow
def test_drawing_that_is_stopped_is_not_taken_for_whole(tmp_path):
    cached, _ = runs(tmp_path)
    cached.checkpoint(FIT)
    with ThreadPoolExecutor() as pool:
        stopped(cached, pool.submit(cached.samples, MANY), lambda: any(tmp_path.rglob("provenance.json")))
    assert not cached.has_samples(MANY)


def test_after_a_stop_no_command_is_started(tmp_path):
    cached, _ = runs(tmp_path)
    cached.stop()
    with pytest.raises(RunFailedError, match="not started, since all commands were stopped"):
        cached.checkpoint(FIT)


def test_a_command_does_not_outlive_the_thread_that_waits_for_it(tmp_path, monkeypatch):
    def interrupted(process):
        started.append(process)
        raise KeyboardInterrupt

    started = []
    cached, _ = runs(tmp_path)
    monkeypatch.setattr("lightning_modeinterp.runs.cached_runs.exit_status", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cached.checkpoint(ENDLESS)
    (process,) = started
    process.join(timeout=60)
    assert process.exitcode not in (None, 0)


def test_a_run_is_found_under_whatever_name_it_was_made(root):
    cached, _ = runs(root)
    first = cached.checkpoint(FIT)
    assert cached.checkpoint(Fit("another", CONFIG, TINY)) == first


def test_a_key_follows_options_configs_and_weights(tmp_path, monkeypatch):
    assert FIT.key == Fit("another name", CONFIG, TINY).key
    assert FIT.key != Fit("tiny", CONFIG, TINY[1:]).key
    assert DRAW.key("predict") != DRAW.key("test")
    assert DRAW.key("predict") != Draw("few", Fit("tiny", CONFIG, TINY[1:]), DRAW.options).key("predict")

    monkeypatch.setattr("lightning_modeinterp.runs.steps.CONFIGS", tmp_path)
    (tmp_path / "experiment").mkdir()
    (tmp_path / "data.yaml").write_text("std: 1\n")
    (tmp_path / CONFIG).write_text("run: here\ndata: ../data.yaml\n")
    before = Fit("tiny", CONFIG, TINY).key
    (tmp_path / "data.yaml").write_text("std: 2\n")
    assert Fit("tiny", CONFIG, TINY).key != before


def test_the_content_of_a_config_is_what_it_and_those_that_it_names_say(tmp_path):
    part, config = tmp_path / "part.yaml", tmp_path / "whole.yaml"
    config.write_text("a: 1\nb: {c: [part.yaml]}\n")
    part.write_text("d: 2\n")
    content = content_of(config)
    assert json.loads(content) == {"a": 1, "b": {"c": [{"d": 2}]}}
    config.write_text("# a comment\nb: {c: [part.yaml]}\na: 1\n")
    assert content_of(config) == content
    part.write_text("d: 3\n")
    assert content_of(config) != content


def test_the_content_of_an_experiment_holds_all_its_sections():
    content = json.loads(content_of(CONFIGS / CONFIG))
    assert content["data"]["class_path"] == "GaussianMixtureDataModule"
    assert content["trainer"]["max_steps"] == 8_000


def test_a_config_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected a config at .*nope.yaml, found none"):
        content_of(tmp_path / "nope.yaml")


@pytest.mark.slow
def test_a_fit_goes_on_from_a_shorter_one(root):
    cached, _ = runs(root)

    def fit(name, num_updates, after=None):
        return Fit(name, CONFIG, (*TINY, f"--trainer.max_steps={num_updates}"), after)

    straight = fit("straight", 7)
    in_stages = fit("third", 7, fit("second", 4, FIT))  # after 3 updates, within an epoch, and 4, at the end of one
    assert in_stages.key != straight.key
    weights = [torch.load(cached.checkpoint(each), weights_only=True)["state_dict"] for each in (straight, in_stages)]
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name])


def test_a_fit_begins_with_the_weights_of_another_and_its_own_steps(root):
    cached, _ = runs(root)
    warm = Fit("warm", CONFIG, (*TINY, "--trainer.max_steps=2"), init_from=FIT)
    begun = torch.load(cached.checkpoint(warm), weights_only=True)
    assert begun["global_step"] == 2
    assert begun["init_from"]["path"] == str(cached.checkpoint(FIT))


def test_a_fit_goes_on_from_what_another_machine_has_trained(root, tmp_path):
    here, there = runs(tmp_path)[0], runs(root)[0]
    longer = Fit("longer", CONFIG, (*TINY, "--trainer.max_steps=6"), FIT)
    here.adopt(FIT, there.checkpoint(FIT))
    adopted = here.checkpoint(FIT)
    here.adopt(FIT, tmp_path / "nothing.ckpt")  # what is there stays
    assert here.checkpoint(FIT) == adopted
    weights = [torch.load(each.checkpoint(longer), weights_only=True)["state_dict"] for each in (here, there)]
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name])
