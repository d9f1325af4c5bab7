"""Train the networks whose features and judgement of digits the package ships, and say how good they are.

    python benchmarks/mnist_lenet.py --root data

writes ``lightning_modeinterp/data/mnist/lenet.safetensors`` and ``lenet.json``. Three networks differ by their seed.
All see digits shifted, turned and scaled a little, half of the batches through 16 pixels and back, on 55,000 of the
60,000 training digits. The thresholds of the oracle are quantiles of the 10,000 test digits, at each size.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, cross_entropy, grid_sample, normalize

from lightning_modeinterp.data.mnist.digits import read_digits, resized
from lightning_modeinterp.data.mnist.lenet import NUM_MEMBERS, RECORD, WEIGHTS, LeNet, lenet
from lightning_modeinterp.data.mnist.rejected import nearest_direction, seen_by
from lightning_modeinterp.files import sha256
from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.keyed_noise import keyed_generator

NUM_TRAIN = 55_000  # the others are the validation split of MNISTDataModule
BATCH_SIZE, LEARNING_RATE = 128, 3e-3
SIZES = (16, 32)
LOWEST_CONFIDENCE, HIGHEST_DISTANCE = 0.003, 0.999  # quantiles of test digits


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data"), help="where MNIST/raw is")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first network; the others follow")
    parser.add_argument("--measure-only", action="store_true", help="take the networks that are there")
    options = parser.parse_args()
    train, test = read_digits(options.root, "train"), read_digits(options.root, "test")
    images = torch.from_numpy(resized(train.images[:NUM_TRAIN], 32))
    labels = torch.from_numpy(train.labels[:NUM_TRAIN])
    tests = {size: torch.from_numpy(resized(test.images, size)) for size in SIZES}
    test_labels = torch.from_numpy(test.labels)
    networks = [
        lenet(member) if options.measure_only else trained(images, labels, options.epochs, options.seed + member)
        for member in range(NUM_MEMBERS)
    ]
    content = {f"{m}.{name}": value for m, each in enumerate(networks) for name, value in each.state_dict().items()}
    content["features.directions"] = directions = digit_directions(networks, images, labels)
    record = {
        "command": f"python benchmarks/mnist_lenet.py --epochs {options.epochs} --seed {options.seed}",
        "torch": torch.__version__,
        "data_sha256": {path.name: sha256(path) for path in sorted((options.root / "MNIST/raw").glob("*-ubyte"))},
        "weights_sha256": weights_sha256(content),
        "test_accuracy": {
            str(size): [accuracy([each], tests[size], test_labels) for each in networks] for size in SIZES
        },
        "test_accuracy_together": {str(size): accuracy(networks, tests[size], test_labels) for size in SIZES},
        "thresholds": {str(size): thresholds(networks, directions, tests[size]) for size in SIZES},
        "quantiles": {"confidence": LOWEST_CONFIDENCE, "distance": HIGHEST_DISTANCE},
    }
    save_file({name: value.contiguous() for name, value in content.items()}, WEIGHTS)
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    json.dump(record, sys.stdout, indent=1)


def trained(images: Tensor, labels: Tensor, num_epochs: int, seed: int) -> LeNet:
    """Train one network on bytes (N, 1, 32, 32)."""
    torch.manual_seed(seed)
    network, generator = LeNet(), keyed_generator(seed, "lenet", 0)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = num_epochs * (len(images) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(num_epochs):
        order = torch.randperm(len(images), generator=generator)
        for number, rows in enumerate(order.split(BATCH_SIZE)[: len(images) // BATCH_SIZE]):
            batch = moved(images[rows].float(), generator)
            if number % 2:
                batch = avg_pool2d(batch, 2).round()
            loss = cross_entropy(network.logits(network.features(batch)), labels[rows], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images turned by up to 12 degrees, scaled by up to 10 % and shifted by up to 2 pixels."""
    turn, scale, x, y = torch.rand(4, len(images), generator=generator) * 2 - 1
    turn, scale = turn * 0.21, 1 + 0.1 * scale
    cos, sin = scale * turn.cos(), scale * turn.sin()
    rows = torch.stack([torch.stack([cos, -sin, x / 8], 1), torch.stack([sin, cos, y / 8], 1)], 1)
    return grid_sample(images, affine_grid(rows, list(images.shape), align_corners=False), align_corners=False)


def seen(networks: Sequence[LeNet], images: Tensor) -> tuple[Tensor, Tensor]:
    """Features and mean probabilities as the oracle takes them, a part at a time."""
    with torch.inference_mode():
        parts = [seen_by(networks, part.float()) for part in images.split(1000)]
    return torch.cat([features for features, _ in parts], 1), torch.cat([each for _, each in parts])


def accuracy(networks: Sequence[LeNet], images: Tensor, labels: Tensor) -> float:
    """Share of digits whose mean probability is highest for what they are."""
    return (seen(networks, images)[1].argmax(1) == labels).double().mean().item()


def digit_directions(networks: Sequence[LeNet], images: Tensor, labels: Tensor) -> Tensor:
    """Mean direction of the features of each digit, (M, 10, F)."""
    features = normalize(seen(networks, images)[0], dim=2)
    return torch.stack([features[:, labels == digit].mean(1) for digit in range(10)], 1)


def thresholds(networks: Sequence[LeNet], directions: Tensor, images: Tensor) -> dict[str, float]:
    """Where the oracle rejects, from real digits of one size."""
    features, probabilities = seen(networks, images)
    distance = nearest_direction(features, directions)
    return {
        "confidence": probabilities.amax(1).double().quantile(LOWEST_CONFIDENCE).item(),
        "distance": distance.double().quantile(HIGHEST_DISTANCE).item(),
    }


if __name__ == "__main__":
    main()
