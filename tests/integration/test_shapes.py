"""Images from a config to their products."""

import csv
import json

import pytest

from lightning_modeinterp.sample_store import SampleStore

from .conftest import NO_FIGURES, ROOT, SMALL, UNET, fails_with

CONFIG = ROOT / "configs/experiment/shapes_32.yaml"
FEW = ("--generation.num_samples=40", "--generation.block_size=8", '--generation.monitor={"num_samples": 8}')
DENOISER = "--model.init_args.denoiser.init_args"


@pytest.fixture
def run_shapes(run):
    def run_command(command, *options):
        last = () if command == "fit" else ("--ckpt_path=last",)
        return run(command, *FEW, *last, *options, config=CONFIG, network=UNET)

    return run_command


def test_fit_test_predict_leave_their_products(run, run_shapes, quick_tsne):
    run_shapes("fit", "--trainer.max_steps=4", "--trainer.val_check_interval=2")
    run_shapes("test")
    run_shapes("predict")
    folder = run.root / "shapes_32/seed_0"
    figures = {path.stem for path in (folder / "figures").iterdir()}
    assert figures >= {"samples", "variance_maps", "predicted_x_0", "variance", "roc", "windows"}
    with (folder / "logs/fit/metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("val/exclusion/1")]
    assert len(rows) == 2
    assert float(rows[0]["val/exclusion/1_exact"]) == pytest.approx(0.5, abs=0.1)
    metrics = json.loads((folder / "test_metrics.json").read_text())
    assert metrics["num_samples"] == 40
    for name in ("repeated_rate", "misplaced_rate", "malformed_rate", "empty_rate"):
        assert 0 <= metrics[name] <= 1
    assert abs(metrics["exclusion/1"]) < 0.1  # four steps have taught it next to nothing
    store = SampleStore.open(folder / "predictions")
    (batch,) = store
    assert batch.samples.shape == (40, 1, 32, 32)
    assert set(batch.verdict.details) == {"triangles", "squares", "pentagons", "misplaced", "malformed"}
    assert store.manifest["kinds"][2] == "repeated"
    assert batch.scores["ink"].shape == (40,)


@pytest.mark.parametrize("accelerator", ["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_the_true_score_draws_images_of_the_data(run, accelerator):
    options = ("--generation.true_score=true", "--generation.sampler.init_args.num_steps=60", "--allow_untrained=true")
    device = f"--trainer.accelerator={accelerator}"
    run("test", *FEW, *NO_FIGURES, *options, device, config=CONFIG, network=UNET)
    metrics = json.loads((run.root / "shapes_32/seed_0/test_metrics.json").read_text())
    assert metrics["num_hallucinated"] == 0
    assert metrics["mode_coverage"] > 0.5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--data.init_args.image_size=16"], "use a larger image_size than 16 or a smaller area than 20"),
        (["--data.init_args.area=8"], "use a larger image_size than 32 or a larger area than 8"),
        (["--data.init_args.presence=0"], "presence: expected a probability in (0, 1], got 0.0"),
        (["--data.init_args.image_size=36"], "UNet: expected a height and width that 8 divides"),
        ([f"{DENOISER}.attention_resolutions=[32]"], "heights of feature maps, which are 8, 4, got 32"),
        ([f"{DENOISER}.head_channels=7"], "UNet.head_channels: expected a divisor of"),
        (["--model.init_args.denoiser=MLP"], "MLP: expected vectors, sample_shape (d,), got (1, 32, 32)"),
    ],
    ids=lambda value: value[0].split(".")[-1] if isinstance(value, list) else "",
)
def test_images_that_do_not_fit(options, expected, tmp_path, capsys):
    arguments = ["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL]
    assert expected in fails_with([*arguments, *options], capsys)
    assert not list(tmp_path.iterdir())
