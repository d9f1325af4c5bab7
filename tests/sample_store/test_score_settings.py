import pytest

from lightning_modeinterp.fingerprints import differences
from lightning_modeinterp.sample_store.score_settings import score_settings

FINGERPRINT = {
    "model": {
        "class_path": "DDPM",
        "init_args": {
            "prediction": "eps",
            "denoiser": {"class_path": "MLP", "init_args": {"width": 8, "is_fused": True}},
        },
    },
    "data": {"class_path": "Data", "init_args": {"seed": 0}},
    "generation": {
        "sampler": {"class_path": "DDIMSampler", "init_args": {"num_steps": 50}},
        "windows": {"late": {"last_steps": 5}, "wide": {"last_steps": 20}},
        "observers": {"length": {"class_path": "PathLength"}},
        "seed": 0,
        "block_size": 64,
        "true_score": False,
    },
    "weights_sha256": "abc",
    "precision": "32-true",
    "device": "cpu",
}


def changed(*place, to):
    """The fingerprint with another value deep within."""
    if len(place) == 1:
        return {**FINGERPRINT, place[0]: to}
    tree = {**FINGERPRINT}
    branch = tree
    for name in place[:-1]:
        branch[name] = {**branch[name]}
        branch = branch[name]
    branch[place[-1]] = to
    return tree


def found(fingerprint, score="variance/late"):
    return differences(score_settings(FINGERPRINT, score), score_settings(fingerprint, score))


@pytest.mark.parametrize(
    "other",
    [
        changed("generation", "seed", to=7),
        changed("generation", "block_size", to=8),
        changed("generation", "windows", "wide", to={"last_steps": 21}),
        changed("data", "init_args", "seed", to=3),
        changed("device", to="cuda"),
        changed("model", "init_args", "denoiser", "init_args", "is_fused", to=False),
    ],
)
def test_other_samples_of_the_same_settings(other):
    assert found(other) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (changed("weights_sha256", to="def"), "weights_sha256: expected abc, got def"),
        (changed("precision", to="bf16-mixed"), "precision: expected 32-true, got bf16-mixed"),
        (changed("generation", "true_score", to=True), "true_score: expected nothing, got True"),
        (
            changed("generation", "sampler", "init_args", "num_steps", to=20),
            "sampler.init_args.num_steps: expected 50, got 20",
        ),
        (
            changed("generation", "windows", "late", to={"last_steps": 6}),
            "score.variance/late.last_steps: expected 5, got 6",
        ),
        (
            changed("model", "init_args", "denoiser", "init_args", "width", to=9),
            "model.denoiser.init_args.width: expected 8, got 9",
        ),
    ],
)
def test_other_settings(other, said):
    assert found(other) == [said]


def test_a_score_that_is_no_window():
    assert score_settings(FINGERPRINT, "length")["score"] == {"length": {"class_path": "PathLength"}}
    assert found(changed("generation", "observers", "length", to={"class_path": "Other"}), "length") == [
        "score.length.class_path: expected PathLength, got Other"
    ]


def test_of_another_programs_store_all_of_it_counts():
    assert score_settings({"seed": 0}, "s") == {"seed": 0, "score": "s"}
