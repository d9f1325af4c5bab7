"""Contract tests of every interface, for authors of plug-ins to call on their own classes."""

from lightning_modeinterp.testing.claim import check_claim
from lightning_modeinterp.testing.datamodule import check_datamodule
from lightning_modeinterp.testing.decoder import check_decoder
from lightning_modeinterp.testing.denoiser import check_denoiser
from lightning_modeinterp.testing.end_point_score import check_end_point_score
from lightning_modeinterp.testing.filter import check_filter
from lightning_modeinterp.testing.generation_metric import check_generation_metric, made_up_batches
from lightning_modeinterp.testing.noise_schedule import check_noise_schedule
from lightning_modeinterp.testing.probe import check_probe, made_up_subject
from lightning_modeinterp.testing.sampler import check_sampler, check_sampler_converges
from lightning_modeinterp.testing.support_oracle import check_support_oracle
from lightning_modeinterp.testing.trajectory_observer import check_trajectory_observer

__all__ = [
    "check_claim",
    "check_datamodule",
    "check_decoder",
    "check_denoiser",
    "check_end_point_score",
    "check_filter",
    "check_generation_metric",
    "check_noise_schedule",
    "check_probe",
    "check_sampler",
    "check_sampler_converges",
    "check_support_oracle",
    "check_trajectory_observer",
    "made_up_batches",
    "made_up_subject",
]
