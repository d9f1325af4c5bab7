"""Claims that need small runs, decided from the command line's side and from Python's."""

import json
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from lightning_modeinterp.cli import main
from lightning_modeinterp.cli import reproduce as command
from lightning_modeinterp.cli.reproduce import parse
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import density_panels, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reports import write_report
from lightning_modeinterp.reproduction import CLAIMS, PRESETS, CachedRuns, Claim, Finding, Needs, report, reproduce
from lightning_modeinterp.reproduction.estimates import share
from lightning_modeinterp.reproduction.panels import line_panel
from lightning_modeinterp.reproduction.preset import System
from lightning_modeinterp.reproduction.reproduce import (
    Outcome,
    begin,
    claim_directory,
    decide,
    sum_of_commands,
    work_of,
)
from lightning_modeinterp.runs import RankedPool

SMOKE, CPU = PRESETS["smoke"], PRESETS["cpu"]
FURTHER = ["--trainer.accelerator=gpu", "--generation.block_size=64"]
ELSEWHERE = CPU.with_options(FURTHER)


class Invents(Claim):
    """A claim of one small run, as a newcomer would write it."""

    name = "invents"
    sentence = "A model that has seen ten updates invents."
    figures = ("4_1",)
    rule = "The share of hallucinations is above 0.5."
    extra: tuple[str, ...] = ()

    def _draw(self, preset, seed):
        return preset.counted(preset.fit(preset.line, seed, self.extra))

    def needs(self, preset):
        return Needs([self._draw(preset, seed) for seed in preset.seeds])

    def findings(self, runs, preset):
        sets = [JudgedSamples.of(runs.samples(self._draw(preset, seed))) for seed in preset.seeds]
        shares = [share(each.num_hallucinated, len(each)) for each in sets]
        return [Finding("share of hallucinations", "above", 0.5, shares, facts={"samples": [len(x) for x in sets]})]

    def draw_figures(self, runs, preset, folder):
        panels = {"seed 0": line_panel(runs, self._draw(preset, 0))}
        return [save_figure(density_panels(panels, "invented"), folder / "densities.png")]


class Broken(Invents):
    """Its run cannot work."""

    name = "broken"
    extra = ("--data.init_args.std=abc",)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduction") / "smoke"
    said: list[str] = []
    outcomes = reproduce([Broken(), Invents()], SMOKE, folder, jobs=2, say=said.append)
    return folder, outcomes, said


def test_a_claim_is_run_measured_and_drawn(out):
    folder, (_, outcome), said = out
    assert outcome.failure is None
    assert outcome.findings[0].facts == {"samples": [SMOKE.num_counted]}
    kept = json.loads((folder / "verdicts.json").read_text())["invents"]
    assert kept["rule"] == Invents.rule
    assert kept["findings"][0]["verdict"] == "none (smoke)"
    assert kept["findings"][0]["low"] is None  # one seed
    assert all((folder / name).is_file() for name in kept["figures"])
    noted = [float(file.read_text()) for file in folder.glob("runs/*/line_0-*/seconds.txt")]
    assert len(noted) == 3  # a fit, one that fails, and a predict
    assert 0 < kept["core_minutes"] * 60 < sum(noted) + 0.1
    assert "| invents | 4_1 | share of hallucinations | above 0.5 |" in (folder / "table.md").read_text()
    assert any(line.startswith("[2 of 4] fit line_0-") or line.startswith("[3 of 4] fit line_0-") for line in said)


def test_a_report_shows_rule_numbers_and_figures(out, tmp_path):
    folder, (_, outcome), _ = out
    page = write_report(folder, tmp_path / "report.html").read_text()
    (finding,) = outcome.findings
    assert Invents.sentence in page
    assert f"Rule: {Invents.rule}" in page
    assert f"<td>{finding.estimate.mean:.3g}</td>" in page
    assert "modeinterp reproduce invents --preset smoke" in page
    assert page.count("data:image/png") == 2
    assert "without a verdict" in page


def test_a_run_that_fails_costs_its_own_claim_alone(out):
    folder, (broken, outcome), said = out
    assert "data.std: expected a float, got abc" in broken.failure
    assert any(line.startswith("broken: not decided because a run failed: fit line_0-") for line in said)
    assert outcome.findings
    assert "broken" not in json.loads((folder / "verdicts.json").read_text())


def test_a_second_time_nothing_is_run(out):
    folder, _, _ = out
    said = []
    (outcome,) = reproduce([Invents()], SMOKE, folder, jobs=1, say=said.append)
    assert [line.split(":")[0] for line in said] == ["invents"]
    assert outcome.findings
    runs = CachedRuns(folder / "runs")
    assert not any(sum_of_commands(runs, work_of([Invents()], SMOKE)).values())


def test_a_claim_is_measured_when_its_own_commands_have_ended(out):
    folder, _, _ = out
    begun = {work.fit.key: Future() for work in work_of([Broken(), Invents()], SMOKE)}
    (ours,) = work_of([Invents()], SMOKE)
    begun[ours.fit.key].set_result([])  # the other one has not ended
    said = []
    assert decide(Invents(), SMOKE, CachedRuns(folder / "runs"), begun, folder, said.append).findings
    assert [line.split(":")[0] for line in said] == ["invents"]


class Looks(Invents):
    """A claim on what `test` finds of models that nothing else asks for."""

    name = "looks"

    def needs(self, preset):
        return Needs(tested=[preset.looked_at(preset.fit(preset.vdm, seed)) for seed in preset.seeds])


class Recorder:
    """Runs that do nothing but note what was asked of them."""

    def __init__(self):
        self.asked = []

    def checkpoint(self, fit):
        self.asked.append(f"fit {fit.name}")

    def samples(self, draw):
        self.asked.append(f"predict {draw.name}")

    def tested(self, draw):
        self.asked.append(f"test {draw.name}")


def test_of_a_claim_the_fits_come_first_and_earlier_claims_before_later_ones():
    pool, gate, runs = RankedPool(1), threading.Event(), Recorder()
    pool.submit((-1, 0), gate.wait)
    claims = [Looks(), CLAIMS["true-score"]]
    begun = begin(claims, CPU, runs, pool)
    gate.set()
    for fit in begun.values():
        for draw in fit.result(timeout=10):
            draw.result(timeout=10)
    fits, looks = ([f"{command} vdm_{seed}" for seed in CPU.seeds] for command in ("fit", "test"))
    assert runs.asked[: 2 * CPU.num_seeds] == [*fits, *looks]
    later = [asked.split()[0] for asked in runs.asked[2 * CPU.num_seeds :]]
    assert later == sorted(later)  # fit, predict
    assert len(later) == 3 * 2 * CPU.num_seeds  # a fit, learned and true score, of either dimension


def test_a_directory_of_another_preset_or_version_is_refused(tmp_path):
    claim_directory(tmp_path / "cpu", PRESETS["cpu"])
    claim_directory(tmp_path / "cpu", PRESETS["cpu"])  # goes on
    with pytest.raises(ConfigurationError, match=r"expected runs of preset smoke .*, found those of preset cpu"):
        claim_directory(tmp_path / "cpu", SMOKE)
    (tmp_path / "cpu" / "reproduction.json").write_text('{"preset": "cpu", "version": "0.0.1"}')
    with pytest.raises(ConfigurationError, match=r"by version 0\.0\.1; choose another --out"):
        claim_directory(tmp_path / "cpu", PRESETS["cpu"])


def at_once(*calls):
    """Call all in threads of their own that begin together; what they return."""
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def test_a_directory_that_two_begin_at_once_belongs_to_one_preset(tmp_path):
    def is_refused(out, preset):
        try:
            claim_directory(out, preset)
        except ConfigurationError:
            return True
        return False

    for number in range(50):
        calls = [partial(is_refused, tmp_path / str(number), preset) for preset in (CPU, SMOKE)]
        assert sorted(at_once(*calls)) == [False, True]


def test_verdicts_of_two_reproductions_in_one_directory_are_all_kept(tmp_path):
    def add(name):
        for number in range(30):
            report.add(tmp_path, {f"{name}-{number}": {"findings": [], "figures of the paper": []}})

    at_once(partial(add, "one"), partial(add, "two"))
    assert set(report.read(tmp_path)) == {f"{name}-{number}" for name in ("one", "two") for number in range(30)}


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="expected an empty directory or an earlier reproduction"):
        claim_directory(tmp_path, SMOKE)
    with pytest.raises(ConfigurationError, match="expected an empty directory or an earlier reproduction"):
        claim_directory(tmp_path / "thesis.txt", SMOKE)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def said_in_one_line(capsys, *args):
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", *args])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_what_a_user_got_wrong_is_one_line(capsys, tmp_path):
    assert said_in_one_line(capsys, "nearest-mods").endswith("got nearest-mods; did you mean nearest-modes?")
    assert said_in_one_line(capsys, "--preset", "cpuu").endswith("got cpuu; did you mean cpu?")
    assert "unrecognized arguments: --presett" in said_in_one_line(capsys, "--presett", "cpu")
    assert "expected a subclass of Claim, got json.JSONDecoder" in said_in_one_line(capsys, "json.JSONDecoder")
    assert "expected the path of a class" in said_in_one_line(capsys, "nowhere.Claim")
    assert "--jobs: expected at least 1" in said_in_one_line(capsys, "--jobs", "0", "--out", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_claims_that_were_not_decided_are_named(capsys, monkeypatch, tmp_path):
    def outcomes(claims, *_):
        return [Outcome(claim, failure="the disk was full") for claim in claims]

    monkeypatch.setattr(command, "reproduce", outcomes)
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", "true-score", "distance", "--out", str(tmp_path)])
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert "2 of 2 claims not decided because a run failed: true-score, distance" in printed.err
    assert "finished" not in printed.out


def test_the_list_names_claims_rules_and_figures(capsys):
    main(["reproduce", "--list"])
    printed = capsys.readouterr().out
    assert "nearest-modes  (figures 5_1)" in printed
    assert "rule: " in printed
    assert "collapse-2d  (figures 9_1, 14_1)" in printed


def test_help_names_the_presets(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert all(preset.about in printed for preset in PRESETS.values())
    assert Path("runs/reproduce").as_posix() in printed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("times", [1, 2])
def test_a_reproduction_that_is_stopped_ends_with_its_commands(tmp_path, number, times):
    command = [
        sys.executable,
        "-m",
        "lightning_modeinterp",
        "reproduce",
        "more-samples",
        "--preset",
        "cpu",
        "--jobs",
        "1",
    ]
    process = subprocess.Popen([*command, f"--out={tmp_path / 'out'}"], stderr=subprocess.PIPE, text=True)
    while not any((tmp_path / "out").rglob("config_fit.yaml")):
        assert process.poll() is None
        time.sleep(0.1)
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.001)  # the second should come while the first is at work
    _, said = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert said.splitlines()[-1] == f"modeinterp: reproduce: stopped by {number.name}; the same command resumes it"
    for lock in (tmp_path / "out").rglob("*lock"):
        with FileLock(lock).acquire(blocking=False):  # nothing is at work there
            pass


def test_further_options_go_to_every_command_and_to_what_runs_are_kept_by():
    systems = [each for each in vars(ELSEWHERE).values() if isinstance(each, System)]
    assert len(systems) > 1
    assert all(system.options[-2:] == tuple(FURTHER) for system in systems)
    plain, other = (work_of([CLAIMS["detection-1d"], CLAIMS["detection-2d"]], preset) for preset in (CPU, ELSEWHERE))
    assert len(plain) == len(other) > 1
    assert all(work.fit.options[-2:] == tuple(FURTHER) for work in other)
    assert not {work.fit.key for work in plain} & {work.fit.key for work in other}
    assert CPU.options == ()


def test_what_follows_two_dashes_is_for_the_commands_that_are_run():
    asked = parse(["true-score", "--preset", "cpu", "--jobs", "3", "--", *FURTHER])
    assert asked.preset == ELSEWHERE
    assert [claim.name for claim in asked.claims] == ["true-score"]
    assert asked.jobs == 3
    assert parse(["true-score", "--preset", "cpu"]).preset == CPU


def test_a_directory_with_other_options_is_refused(tmp_path):
    claim_directory(tmp_path, ELSEWHERE)
    claim_directory(tmp_path, ELSEWHERE)  # goes on
    with pytest.raises(ConfigurationError, match=r"found those of preset cpu by version \S+ with --trainer"):
        claim_directory(tmp_path, CPU)


def test_a_directory_from_before_there_were_options_goes_on(tmp_path):
    claim_directory(tmp_path, CPU)
    marker = tmp_path / "reproduction.json"
    known = json.loads(marker.read_text())
    del known["options"]
    marker.write_text(json.dumps(known))
    claim_directory(tmp_path, CPU)
