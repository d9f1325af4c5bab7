import pytest
import torch

from lightning_modeinterp.checkpoints import check_same_model, check_trained, without_places
from lightning_modeinterp.errors import ConfigurationError


def model(compile_denoiser=False, **network):
    return {"denoiser": {"class_path": "MLP", "init_args": network}, "compile_denoiser": compile_denoiser}


def check(command, stored, asked):
    check_same_model({"_class_path": "DDPM", **stored}, {"class_path": "DDPM", "init_args": asked}, command)


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (model(hidden_precision=None), model(hidden_precision="bfloat16")),
        (model(time_table=True), model(time_table=False)),
        (model(is_fused=True), model(is_fused=False)),
        (model(compile_denoiser=True), model()),
    ],
    ids=["hidden_precision", "time_table", "is_fused", "compile_denoiser"],
)
def test_how_a_network_is_computed_may_change_but_for_a_fit_that_goes_on(stored, asked):
    check("predict", stored, asked)
    with pytest.raises(ConfigurationError, match="with which the checkpoint was trained"):
        check("fit", stored, asked)


def test_what_a_network_is_may_not_change():
    with pytest.raises(ConfigurationError, match=r"denoiser\.init_args\.depth: expected 3"):
        check("predict", model(depth=3), model(depth=4))


def test_a_checkpoint_of_an_older_version_that_knew_fewer_options_fits():
    check("fit", model(depth=3), model(depth=3, hidden_precision=None, time_table=False))


def averaged(num_averaged, average, weights):
    return {
        "global_step": 8,
        "averaging_state": {"n_averaged": torch.tensor(num_averaged)},
        "state_dict": {"weight": torch.tensor(average)},
        "current_model_state": {"weight": torch.tensor(weights)},
    }


@pytest.mark.parametrize(
    ("checkpoint", "reason"),
    [
        ({"global_step": 0, "state_dict": {}}, "no update"),
        (averaged(0, 1.0, 2.0), "a weight average that had not started"),
    ],
)
def test_weights_before_training_are_not_evaluated(checkpoint, reason):
    with pytest.raises(ConfigurationError, match=f"expected trained weights, got {reason} in last.ckpt"):
        check_trained(checkpoint, "last.ckpt")


@pytest.mark.parametrize(
    "checkpoint", [{"global_step": 8, "state_dict": {}}, averaged(0, 2.0, 2.0), averaged(3, 1.0, 2.0)]
)
def test_trained_weights_are(checkpoint):
    check_trained(checkpoint, "last.ckpt")


@pytest.mark.parametrize(
    ("was", "now", "is_same"),
    [
        ({"root": "a", "content": "x"}, {"root": "b", "content": "x"}, True),
        ({"root": "a", "content": "x"}, {"root": "a", "content": "y"}, False),
        ({"root": "a", "content": None}, {"root": "a", "content": "x"}, True),  # fetched since
        ({"root": "a"}, {"root": "b", "content": "x"}, False),  # nothing says that they are the same
        ({"root": "a", "content": "x", "size": 3}, {"root": "b", "content": "x", "size": 4}, False),
    ],
)
def test_data_are_known_by_their_content_if_both_say_it(was, now, is_same):
    was, now = without_places({"init_args": was}, {"init_args": now})
    assert (was == now) is is_same
