import math

import pytest
import torch

from lightning_modeinterp.data import SampleRequests


@pytest.mark.parametrize("num_samples", [0, 1, 7, 8, 9, 2500])
@pytest.mark.parametrize("block_size", [1, 8, 1024])
def test_counts_the_blocks_that_cover_the_samples(num_samples, block_size):
    requests = SampleRequests(num_samples, block_size)
    assert len(requests) == math.ceil(num_samples / block_size)
    assert requests[torch.arange(len(requests))].tolist() == list(range(len(requests)))


def test_more_samples_ask_for_the_same_blocks_first():
    few, many = SampleRequests(20, 8), SampleRequests(100, 8)
    assert torch.equal(few.blocks, many.blocks[: len(few)])
    assert few.blocks.dtype == torch.int64
