"""Every snippet of the page runs, and what it sees is the variance of what the loop predicts."""

from pathlib import Path

import numpy as np
import pytest
import torch

from .test_snippets import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "any_model.md"
SNIPPETS = {block: block.splitlines() for block in blocks_of(PAGE.read_text())}
MEAN = torch.tensor([0.5, -1.0, 2.0])


def snippet(marker):
    (found,) = [block for block in SNIPPETS if marker in block]
    return found


def run(marker, **names):
    namespace = dict(names)
    exec(snippet(marker), namespace)
    return namespace


class Restless:
    """Predicts the data's mean and a disturbance of its own at each call, and remembers it."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.x_0_hat, self.noise = [], []

    def __call__(self, shape, noise, limit=np.inf):
        x_0_hat = (MEAN if shape[-1] == 3 else 0) + torch.from_numpy(self.rng.normal(0, 0.3, shape)).float()
        self.x_0_hat.append(x_0_hat.clamp(-limit, limit))
        self.noise.append(float(noise))
        return self.x_0_hat[-1]

    def variance(self, low, high):
        inside = [x.double().numpy() for x, noise in zip(self.x_0_hat, self.noise, strict=True) if low <= noise <= high]
        assert len(inside) >= 3
        return np.var(inside, axis=0).reshape(len(inside[0]), -1).mean(1)


@pytest.fixture
def diffusers_parts():
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(
        sample_size=16,
        block_out_channels=(8,),
        layers_per_block=1,
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        norm_num_groups=4,
    )
    pipeline = diffusers.DDIMPipeline(unet, diffusers.DDIMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return {"pipeline": pipeline, "unet": unet, "scheduler": diffusers.EulerDiscreteScheduler()}


@pytest.mark.parametrize(
    ("marker", "scores"),
    [
        ("# (8,); seen.table()", ["variance/late"]),
        ("unet(scheduler.scale", ["variance/late", "variance/middle"]),
        ("PathLength", ["length", "variance/last"]),
    ],
)
def test_of_diffusers(marker, scores, diffusers_parts, capsys):
    names = run(marker, **diffusers_parts)
    assert list(names["seen"].scores) == scores
    assert all(values.shape == (8,) and (values > 0).all() for values in names["seen"].scores.values())
    if "path" in names["seen"].statistics:
        assert "(2, 4, *sample_shape)" in snippet(marker)
        assert names["seen"].statistics["path"].shape == (2, 4, 3, 16, 16)


def test_a_threshold_for_later_samples(diffusers_parts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = run("# (8,); seen.table()", **diffusers_parts)
    assert run("calibrated.save", **first)["is_suspect"].shape == (8,)


def test_any_loop(capsys):
    names = run("seen.see(x_0_hat, noise_to_signal)")
    assert names["seen"].scores["variance/late"].shape == (8,)


def test_recorded(capsys):
    run("TrajectoryVarianceScores")
    assert capsys.readouterr().out == "torch.Size([16])\n"


def test_k_diffusion(capsys):
    pytest.importorskip("k_diffusion.sampling")
    model = Restless()
    names = run("k_diffusion", model=lambda x, sigma: model(x.shape, sigma[0]))
    np.testing.assert_allclose(names["seen"].scores["variance/late"], model.variance(0, 0.5))


def test_azula(capsys):
    denoise, noise = pytest.importorskip("azula.denoise"), pytest.importorskip("azula.noise")
    model = Restless()

    class Mine(denoise.Denoiser):
        schedule = noise.VPSchedule()

        def forward(self, x_t, t):
            alpha, sigma = self.schedule(t)
            return denoise.DiracPosterior(model(x_t.shape, sigma / alpha))

    names = run("azula", denoiser=Mine())
    np.testing.assert_allclose(names["seen"].scores["variance/late"], model.variance(0, 0.5), rtol=1e-6)


def test_denoising_diffusion_pytorch(capsys):
    peer = pytest.importorskip("denoising_diffusion_pytorch")
    model = Restless()

    class Network(torch.nn.Module):
        channels, out_dim, self_condition, random_or_learned_sinusoidal_cond = 3, 3, False, False

        def forward(self, x, t, *_):
            alpha_bar = diffusion.alphas_cumprod[t[0]]
            return model(x.shape, ((1 - alpha_bar) / alpha_bar).sqrt(), limit=1.0)

    diffusion = peer.GaussianDiffusion(Network(), image_size=8, timesteps=30, objective="pred_x0")
    names = run("diffusion.p_sample", diffusion=diffusion)
    np.testing.assert_allclose(names["seen"].scores["variance/late"], model.variance(0, 0.5), rtol=1e-6)


def test_no_snippet_is_left_out():
    tested = Path(__file__).read_text()
    markers = ["# (8,); seen.table()", "unet(scheduler.scale", "PathLength", "TrajectoryVarianceScores"]
    markers += ["seen.see(x_0_hat, noise_to_signal)", "calibrated.save", "k_diffusion", "azula", "diffusion.p_sample"]
    assert all(f'"{marker}"' in tested for marker in markers)
    assert sorted(map(snippet, markers)) == sorted(SNIPPETS)
