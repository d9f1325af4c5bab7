"""A recursion of two generations on two modes in the plane, which takes seconds."""

import pytest
import yaml

TINY = {
    "experiment": "gaussian_2d_grid",
    "num_generations": 2,
    "seeds": [0],
    "num_kept": 96,
    "num_measured": 64,
    "options": [
        "--data.init_args.size=128",
        "--data.init_args.batch_size=32",
        "--data.init_args.validation_size=16",
        "--data.init_args.test_size=16",
        "--model.init_args.denoiser.init_args.width=8",
        "--model.init_args.denoiser.init_args.is_fused=false",
        "--trainer.max_steps=3",
        "--trainer.val_check_interval=100",
        "--trainer.enable_progress_bar=false",
        "--trainer.callbacks+=[{class_path: FigureLogger, init_args: {max_samples: 0}}]",
        "--generation.sampler.init_args.num_steps=50",
        "--generation.sampler.init_args.x_0_range=[-3,3]",
        "--generation.windows={late: {last_steps: 10}}",
        "--generation.window=late",
        "--generation.block_size=32",
    ],
    "arms": {
        "none": {},
        "variance": {"filter": "LowestScore", "arguments": {"score": "variance/late"}, "num_drawn": 128},
    },
}


@pytest.fixture
def config(tmp_path):
    """Write a recursion like it, with changes; gives its path."""

    def write(**changes):
        path = tmp_path / "recursion.yaml"
        path.write_text(yaml.safe_dump({"recursion": {**TINY, **changes}}))
        return path

    return write
