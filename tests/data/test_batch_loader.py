import itertools
import json

import pytest
import torch

from lightning_modeinterp.data import BatchLoader
from lightning_modeinterp.errors import ConfigurationError


def numbers(size):
    """A data set of distinct samples: 100, 101, ..."""
    return torch.arange(100, 100 + size)


def epoch_of(loader):
    return [batch.tolist() for batch in loader]


def flat(batches):
    return list(itertools.chain(*batches))


@pytest.mark.parametrize("shuffle_seed", [None, 0])
@pytest.mark.parametrize(("size", "batch_size", "sizes"), [(10, 3, [3, 3, 3, 1]), (9, 3, [3] * 3), (2, 5, [2])])
def test_every_sample_comes_once_an_epoch(size, batch_size, sizes, shuffle_seed):
    loader = BatchLoader(numbers(size), batch_size, shuffle_seed)
    for _ in range(3):
        batches = epoch_of(loader)
        assert [len(batch) for batch in batches] == sizes
        assert len(loader) == len(sizes)
        assert sorted(flat(batches)) == numbers(size).tolist()


def test_without_a_seed_the_order_is_the_data_sets():
    loader = BatchLoader(numbers(10), 3)
    for _ in range(2):
        assert flat(epoch_of(loader)) == numbers(10).tolist()


def test_a_last_batch_that_is_not_full_can_be_left_out():
    loader = BatchLoader(numbers(10), 3, shuffle_seed=0, drop_last=True)
    seen = [epoch_of(loader) for _ in range(8)]
    assert all([len(batch) for batch in batches] == [3, 3, 3] for batches in seen)
    assert all(len(set(flat(batches))) == 9 for batches in seen)
    assert set(flat(flat(seen))) == set(numbers(10).tolist())  # another sample is left out each time


def test_the_order_is_a_function_of_seed_and_epoch():
    loader, same, other = (BatchLoader(numbers(100), 10, seed) for seed in (3, 3, 4))
    epochs = [epoch_of(loader) for _ in range(4)]
    torch.manual_seed(5)
    assert [epoch_of(same) for _ in range(4)] == epochs
    orders = [tuple(flat(batches)) for batches in (*epochs, *(epoch_of(other) for _ in range(4)))]
    assert len(set(orders)) == 8
    assert tuple(numbers(100).tolist()) not in orders


@pytest.mark.parametrize("shuffle_seed", [None, 0])
@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.parametrize("num_taken", [1, 2, 3])
def test_resuming_in_an_epoch_goes_on_with_exactly_what_is_left(shuffle_seed, epoch, num_taken):
    undisturbed = BatchLoader(numbers(10), 3, shuffle_seed)
    epochs = [epoch_of(undisturbed) for _ in range(epoch + 3)]
    stopped = BatchLoader(numbers(10), 3, shuffle_seed)
    for _ in range(epoch):
        epoch_of(stopped)
    taken = [batch.tolist() for batch in itertools.islice(iter(stopped), num_taken)]
    assert taken == epochs[epoch][:num_taken]
    state = json.loads(json.dumps(stopped.state_dict()))
    resumed = BatchLoader(numbers(10), 3, shuffle_seed)
    resumed.load_state_dict(state)
    assert epoch_of(resumed) == epochs[epoch][num_taken:]
    assert epoch_of(resumed) == epochs[epoch + 1]
    assert epoch_of(resumed) == epochs[epoch + 2]


@pytest.mark.parametrize("num_epochs", [0, 1, 3])
def test_resuming_between_epochs_begins_the_next(num_epochs):
    undisturbed = BatchLoader(numbers(10), 3, 0)
    epochs = [epoch_of(undisturbed) for _ in range(num_epochs + 2)]
    stopped = BatchLoader(numbers(10), 3, 0)
    for _ in range(num_epochs):
        epoch_of(stopped)
    resumed = BatchLoader(numbers(10), 3, 0)
    resumed.load_state_dict(stopped.state_dict())
    assert [epoch_of(resumed), epoch_of(resumed)] == epochs[num_epochs:]


def test_an_iterator_that_has_given_nothing_has_not_begun_its_epoch():
    loader = BatchLoader(numbers(10), 3, 0)
    before = loader.state_dict()
    iterator = iter(loader)
    assert loader.state_dict() == before
    next(iterator)
    assert loader.state_dict() == {"epoch": 0, "next_batch": 1}


@pytest.mark.parametrize("size", [0, 1, 7, 8, 13])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_ranks_share_every_global_batch_without_padding_or_repeats(size, batch_size, world_size):
    alone = BatchLoader(numbers(size), batch_size, 0)
    ranks = [BatchLoader(numbers(size), batch_size, 0, rank=r, world_size=world_size) for r in range(world_size)]
    for _ in range(2):
        expected, shares = epoch_of(alone), [epoch_of(rank) for rank in ranks]
        assert [len(share) for share in shares] == [len(rank) for rank in ranks]
        assert all(len(batch) > 0 for share in shares for batch in share)
        for number, batch in enumerate(expected):
            parts = [share[number] if number < len(share) else [] for share in shares]
            assert sorted(flat(parts)) == sorted(batch)
            assert max(map(len, parts)) - min(map(len, parts)) <= 1
        assert all(len(share) <= len(expected) for share in shares)


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_with_whole_batches_only_every_rank_has_as_many(world_size):
    ranks = [BatchLoader(numbers(30), 8, 0, True, rank, world_size) for rank in range(world_size)]
    assert [len(rank) for rank in ranks] == [3] * world_size
    batches = [epoch_of(rank) for rank in ranks]
    assert all(len(batch) == 8 // world_size for share in batches for batch in share)
    assert len(set(flat(flat(batches)))) == 24


@pytest.mark.parametrize(("batch_size", "drop_last"), [(0, False), (-1, False), (11, True)])
def test_refuses_a_batch_size_that_gives_no_batch(batch_size, drop_last):
    with pytest.raises(ConfigurationError, match="batch_size: expected 1 to the 10 samples"):
        BatchLoader(numbers(10), batch_size, drop_last=drop_last)


def test_refuses_whole_batches_that_the_ranks_cannot_share():
    with pytest.raises(
        ConfigurationError, match="multiple of the 2 processes, since it is the global batch size, got 3"
    ):
        BatchLoader(numbers(10), 3, drop_last=True, world_size=2)
