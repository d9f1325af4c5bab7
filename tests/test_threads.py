"""Whose number of threads wins, and what the rule makes of a config."""

import os

import pytest
import torch

from lightning_modeinterp import threads
from lightning_modeinterp.errors import ConfigurationError


@pytest.fixture(autouse=True)
def as_started(monkeypatch):
    """A process on 64 cores in which nobody has chosen anything."""
    before = torch.get_num_threads()
    for name in threads.VARIABLES:
        monkeypatch.setenv(name, "")  # kept for later, whatever it was
        monkeypatch.delenv(name)
    monkeypatch.setattr(threads, "_cores", lambda: set(range(64)))
    monkeypatch.setattr(threads, "_is_default", lambda now: now == before)
    monkeypatch.setattr(threads, "_chosen", None)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("num_numbers", "num_cores", "expected"),
    [
        (1_000, 2, 1),  # the 1D experiment
        (20_000, 64, 1),  # the published batches in 2D
        (32 * 32 * 32, 2, 1),  # shapes_32
        (32 * 64 * 64, 2, 2),  # shapes_cpu
        (32 * 64 * 64, 64, 2),
        (4_096 * 64 * 64, 64, 64),
        (1, 1, 1),
    ],
)
def test_the_rule(num_numbers, num_cores, expected):
    assert threads.suited(num_numbers, num_cores) == expected


def test_processes_share_the_cores():
    line = threads.choose(None, 10**9, num_processes=16)
    assert torch.get_num_threads() == 4
    assert line.startswith("threads: 4 of 64 cores, for batches of 1,000,000,000 numbers; --num_threads or OMP_NUM_THR")


def test_more_processes_than_cores_have_one_each():
    threads.choose(None, 10**9, num_processes=65)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_the_environment_is_the_user_s(name, monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv(name, "3")
    assert threads.choose(None, 10**9) == f"threads: {before}, by {name}"
    assert torch.get_num_threads() == before


def test_so_is_a_number_that_was_set_before():
    torch.set_num_threads(5)
    assert threads.choose(None, 10**9) == "threads: 5, by torch.set_num_threads"
    assert torch.get_num_threads() == 5
    assert os.environ["OMP_NUM_THREADS"] == "5"  # without it Lightning sets its own on several processes


def test_the_config_wins_over_both(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    torch.set_num_threads(5)
    assert threads.choose(7, 1) == "threads: 7, by num_threads"
    assert torch.get_num_threads() == 7


def test_a_later_command_of_the_process_chooses_anew():
    for num_numbers, expected in ((10**9, 64), (1, 1), (5 * threads.NUMBERS_A_THREAD, 5)):
        threads.choose(None, num_numbers)
        assert torch.get_num_threads() == expected
        assert os.environ["OMP_NUM_THREADS"] == str(expected)  # for processes that are started
    torch.set_num_threads(11)
    assert threads.choose(None, 10**9) == "threads: 11, by torch.set_num_threads"


def test_fewer_than_one_is_refused_and_nothing_is_set():
    before = torch.get_num_threads()
    with pytest.raises(
        ConfigurationError, match="num_threads: expected at least 1, or null to choose by batch size, got 0"
    ):
        threads.choose(0, 1)
    assert torch.get_num_threads() == before


class TestPyTorchsOwnNumber:
    @pytest.fixture(autouse=True)
    def two_threads_a_core(self, tmp_path, monkeypatch):
        monkeypatch.undo()
        for core in range(8):
            (tmp_path / str(core)).write_text(f"{core % 4},{core % 4 + 4}\n")
        monkeypatch.setattr(threads, "_SIBLINGS", f"{tmp_path}/{{}}")
        monkeypatch.setattr(threads, "_cores", lambda: set(range(8)))

    @pytest.mark.parametrize(("number", "expected"), [(8, True), (4, True), (1, False), (3, False)])
    def test_is_that_of_all_cores_or_of_one_thread_of_each(self, number, expected, monkeypatch):
        monkeypatch.setattr(threads, "_AT_IMPORT", number)
        assert threads._is_default(number) is expected

    def test_is_none_that_was_set_since(self, monkeypatch):
        monkeypatch.setattr(threads, "_AT_IMPORT", 4)
        assert not threads._is_default(8)

    def test_is_what_was_found_where_the_system_does_not_tell(self, tmp_path, monkeypatch):
        (tmp_path / "7").unlink()
        monkeypatch.setattr(threads, "_AT_IMPORT", 6)
        assert threads._is_default(6)
        assert not threads._is_default(8)


@pytest.mark.parametrize(("asked", "num_numbers", "expected"), [(None, 10, 1), (3, 10, 3), (None, 4 * 65_536, 4)])
def test_threads_are_taken_for_a_while_and_given_back(asked, num_numbers, expected):
    before = torch.get_num_threads()
    with threads.as_chosen(asked, num_numbers):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == before
    assert threads.OMP not in os.environ


def test_threads_that_the_user_has_set_stay_for_that_while_too():
    torch.set_num_threads(5)  # which the fixture takes for no default
    with threads.as_chosen(None, 2 * 65_536):
        assert torch.get_num_threads() == 5
