"""The sides of the benchmark of threads; no time is judged."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from threads import CASES, Worker, measure, neighbours

NAME = "draw, images of 32 x 32"


@pytest.mark.slow  # its processes import all of it
def test_a_row_compares_all_sides_with_one_thread():
    workers = {"one": Worker(1, sleeps=True), "2, sleeping": Worker(2, sleeps=True)}
    row = measure(NAME, workers, rounds=2, num_cores=64)
    assert set(row["ms"]) == set(workers)
    assert set(row["speed_over_one"]) == {"2, sleeping"}
    assert row["chosen"] == 1
    assert all(each["median"] > 0 for each in row["ms"].values())
    for worker in workers.values():
        worker.close()


def test_neighbours_are_there_and_then_gone():
    with neighbours(2) as busy:
        assert [process.poll() for process in busy] == [None, None]
    assert all(process.poll() is not None for process in busy)


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_a_network(name):
    make, batch_size, _ = CASES[name]
    assert make().sample_shape
    assert batch_size > 0
