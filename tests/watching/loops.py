"""Loops over real diffusers schedulers, with models whose x_0_hat is known at each step."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

diffusers = pytest.importorskip("diffusers")

ALL = ("epsilon", "v_prediction", "sample")
T = 1000


@dataclass(frozen=True)
class Case:
    """A scheduler, its settings, and where the test itself finds sigma / alpha of its steps."""

    cls: str
    kind: str  # "timestep", "vp": of a count, "exploding" or "flow"
    predictions: tuple[str, ...] = ALL
    settings: dict[str, Any] = field(default_factory=dict)
    is_random: bool = False
    calls: str = "one"

    def make(self, prediction: str = "", **settings: Any) -> Any:
        given = {**self.settings, **settings}
        if self.kind != "flow":
            given["prediction_type"] = prediction or self.predictions[0]
        if self.kind == "timestep" and self.calls == "one":
            given.setdefault("clip_sample", False)
        return getattr(diffusers, self.cls)(**given)


CASES = {
    "ddpm": Case("DDPMScheduler", "timestep", is_random=True),
    "ddim": Case("DDIMScheduler", "timestep"),
    "pndm": Case("PNDMScheduler", "timestep", ALL[:2], {"skip_prk_steps": True}, calls="plms"),
    "lcm": Case("LCMScheduler", "timestep", settings={"timestep_scaling": 1e6}, is_random=True),
    "dpm_multi": Case("DPMSolverMultistepScheduler", "vp"),
    "dpm_sde": Case(
        "DPMSolverMultistepScheduler", "vp", settings={"algorithm_type": "sde-dpmsolver++"}, is_random=True
    ),
    "dpm_noise": Case(
        "DPMSolverMultistepScheduler", "vp", settings={"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}
    ),
    "dpm_karras": Case("DPMSolverMultistepScheduler", "vp", settings={"use_karras_sigmas": True}),
    "dpm_flow": Case(
        "DPMSolverMultistepScheduler",
        "vp_flow",
        ("flow_prediction", "epsilon", "sample"),
        {"use_flow_sigmas": True, "flow_shift": 3.0},
    ),
    "dpm_single": Case("DPMSolverSinglestepScheduler", "vp"),
    "unipc": Case("UniPCMultistepScheduler", "vp"),
    "unipc_noise": Case(
        "UniPCMultistepScheduler", "vp", settings={"predict_x0": False, "final_sigmas_type": "sigma_min"}
    ),
    "euler": Case("EulerDiscreteScheduler", "exploding"),
    "euler_ancestral": Case("EulerAncestralDiscreteScheduler", "exploding", ALL[:2], is_random=True),
    "heun": Case("HeunDiscreteScheduler", "exploding", calls="heun"),
    "flow": Case("FlowMatchEulerDiscreteScheduler", "flow", ("flow",), {"shift": 3.0}),
    "flow_sde": Case(
        "FlowMatchEulerDiscreteScheduler", "flow", ("flow",), {"stochastic_sampling": True}, is_random=True
    ),
}


def scales_of(case: Case, scheduler: Any, call: int) -> tuple[float, float]:
    """Alpha and sigma of what the network sees at a call, in float64, from the scheduler's tables."""
    if case.kind == "timestep":
        alpha_bar = float(scheduler.alphas_cumprod.double()[int(scheduler.timesteps[call])])
        return np.sqrt(alpha_bar), np.sqrt(1 - alpha_bar)
    s = float(scheduler.sigmas.double()[call])
    if case.kind in ("flow", "vp_flow"):
        return 1 - s, s
    return 1 / np.sqrt(1 + s * s), s / np.sqrt(1 + s * s)


def output_for(prediction: str, target: torch.Tensor, x_t: torch.Tensor, alpha: float, sigma: float) -> torch.Tensor:
    """What a network has to say that sees x_t and predicts the target."""
    eps = (x_t - alpha * target) / sigma
    return {
        "epsilon": eps,
        "v_prediction": alpha * eps - sigma * target,
        "sample": target,
        "flow_prediction": eps - target,
        "flow": eps - target,
    }[prediction]


def is_step(case: Case, call: int) -> bool:
    """Whether the trajectory goes through the state of a call."""
    return {"one": True, "heun": call % 2 == 0, "plms": call != 1}[case.calls]


@dataclass(frozen=True)
class Walk:
    """What a loop went through: samples, x_0_hat (S, B, ...) and sigma / alpha (S,) of its steps, what calls gave."""

    samples: torch.Tensor
    x_0_hat: torch.Tensor
    noise_to_signal: list[float]
    outputs: list[Any]


def walk(case, scheduler, prediction="", num_steps=20, shape=(4, 3, 2, 2), dtype=torch.float64, seed=0) -> Walk:
    """Sample by a bare loop whose model predicts known, restless targets."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    scheduler.set_timesteps(num_steps)
    is_exploding = case.kind == "exploding"
    x = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
    x = x * scheduler.init_noise_sigma if is_exploding else x
    targets, noise, outputs = [], [], []
    more = {"generator": generator} if case.is_random else {}
    for call, t in enumerate(scheduler.timesteps):
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(x, t)
        alpha, sigma = scales_of(case, scheduler, call)
        seen = alpha * x if is_exploding else x  # as scale_model_input does in float32
        target = torch.from_numpy(rng.normal(0.3, 0.5, shape)).to(dtype)
        output = output_for(prediction or case.predictions[0], target, seen, alpha, sigma) if sigma else target
        done = scheduler.step(output, t, x, **more)
        outputs.append(done)
        if is_step(case, call):
            targets.append(target)
            noise.append(sigma / alpha if alpha else np.inf)
        x = done.prev_sample
    return Walk(x, torch.stack(targets), noise, outputs)


def variance_in(walked: Walk, low: float, high: float) -> np.ndarray:
    """The score once more, in numpy: (B,)."""
    inside = [low <= noise <= high for noise in walked.noise_to_signal]
    x = walked.x_0_hat.double().numpy()[np.array(inside)]
    assert len(x) >= 3
    return ((x - x.mean(0)) ** 2).mean(0).reshape(x.shape[1], -1).mean(1)
