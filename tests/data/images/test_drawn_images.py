import torch

from lightning_modeinterp.data.images import DrawnImages


def test_one_image_and_a_batch_at_a_time_in_model_units():
    images = DrawnImages(torch.tensor([0, 51, 255], dtype=torch.uint8)[:, None, None, None].expand(3, 1, 2, 2))
    assert len(images) == 3
    assert images[2].shape == (1, 2, 2)
    batch = images[torch.tensor([0, 1])]
    assert batch.dtype == torch.float32
    torch.testing.assert_close(batch[:, 0, 0, 0], torch.tensor([-1.0, -0.6]))
