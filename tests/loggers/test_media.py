"""What each logger is given, and that those which cannot show anything are left alone."""

from typing import Any

import numpy as np
import pytest
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from lightning_modeinterp.loggers import CSVHistory, log_config, log_histogram, log_image, log_table, shows_images

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
COUNTS, EDGES = np.array([1, 0, 3]), np.array([-3.0, -2.0, -1.0, 0.5])


def log_everything(logger: Logger) -> None:
    log_image(logger, "picture", PIXELS, 4)
    log_histogram(logger, "spread", COUNTS, EDGES, 4)
    log_table(logger, "rows", ["index", "verdict", "sample"], [[3, "invalid", PIXELS], [5, "in_support", PIXELS]], 4)
    log_config(logger, {"seed": 3})


@pytest.mark.parametrize("make", [CSVHistory, CSVLogger])
def test_csv_shows_nothing(tmp_path, make):
    logger = make(tmp_path)
    log_everything(logger)
    assert not shows_images(logger)
    assert not list(tmp_path.iterdir())


def test_tensorboard_shows_them(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logger = TensorBoardLogger(tmp_path)
    log_everything(logger)
    logger.finalize("success")
    events = EventAccumulator(logger.log_dir).Reload()
    assert shows_images(logger)
    (image,) = events.Images("picture")
    assert (image.step, image.height, image.width) == (4, 2, 3)
    (histogram,) = events.Histograms("spread")
    value = histogram.histogram_value
    assert (histogram.step, value.num) == (4, 4)
    assert list(value.bucket) == [1, 0, 3]
    assert list(value.bucket_limit) == [-2.0, -1.0, 0.5]
    assert value.sum == pytest.approx(-2.5 + 3 * -0.25)
    (text,) = events.Tensors("rows/text_summary")
    lines = text.tensor_proto.string_val[0].decode().splitlines()
    assert lines[0] == "| index | verdict | sample |"
    assert lines[2] == "| 3 | invalid | (image) |"
    assert len(lines) == 4


def test_a_logger_of_ones_own_can_say_how():
    class Mine(CSVLogger):
        shown: Any = None

    @log_image.register
    def _to_mine(logger: Mine, name: str, pixels: Any, step: int) -> None:
        logger.shown = (name, step)

    logger = Mine("nowhere")
    assert shows_images(logger)
    log_image(logger, "picture", PIXELS, 7)
    assert logger.shown == ("picture", 7)
