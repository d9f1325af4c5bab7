import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write(tmp_path):
    """Write a picture into the folder ``pictures``; gives its path."""

    def write_picture(name, picture, **options):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(path, **options)
        return path

    return write_picture


@pytest.fixture
def folder(tmp_path, write):
    """Thirty pictures, each of one shade that tells its number."""
    for number in range(30):
        write(f"{number:02d}.png", np.full((5, 5, 3), 8 * number, dtype=np.uint8))
    return tmp_path / "pictures"
