"""The native function against the plain layers: values, gradients, where it runs, and what happens where it cannot."""

import copy
from functools import cache
from pathlib import Path

import pytest
import torch

from lightning_modeinterp.denoisers import MLP, fused_mlp
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_denoiser

T = 40


def pair(dimension=2, width=32, **options):
    """The same weights in float64 without, and in float32 with the native function."""
    torch.manual_seed(0)
    fused = MLP((dimension,), width=width, num_steps=T, is_fused=True, **options)
    with torch.no_grad():
        for weights in fused.parameters():
            weights.add_(0.1 * torch.randn(weights.shape))
    plain = copy.deepcopy(fused).double()
    plain.is_fused = False
    return plain, fused


def at_steps(steps):
    return NoiseLevel(steps / (T - 1), torch.zeros(len(steps)))


def in_double(level):
    return NoiseLevel(level.t.double(), level.gamma.double())


def outcome(model, x_t, level):
    """Output, and gradients by the sample and by all weights."""
    x_t = x_t.clone().requires_grad_()
    output = model(x_t, level)
    output.square().mean().backward()
    return [output, x_t.grad, *(weights.grad for weights in model.parameters())]


def assert_same(plain, fused, x_t, level):
    for expected, got in zip(outcome(plain, x_t.double(), in_double(level)), outcome(fused, x_t, level), strict=True):
        assert got.dtype == torch.float32
        assert (got - expected).abs().max() <= 2e-5 * expected.abs().max().clamp(min=1e-3)


@pytest.mark.parametrize("batch_size", [1, 5, 6, 47, 48, 49, 500])
@pytest.mark.parametrize("is_tied", [True, False])
def test_values_and_gradients_are_those_of_the_plain_layers(is_tied, batch_size):
    plain, fused = pair(is_tied=is_tied)
    steps = torch.randint(T, (batch_size,), generator=torch.Generator().manual_seed(1))
    assert_same(plain, fused, torch.randn(batch_size, 2), at_steps(steps))


@pytest.mark.parametrize(
    "options",
    [
        {"dimension": 1},
        {"dimension": 7, "has_input_bias": True},
        {"width": 16, "depth": 1},
        {"width": 128, "depth": 4},
        {"is_tied": False, "depth": 2, "time_table": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("num_levels", [1, 100])
def test_every_option_of_the_network_is_followed(options, num_levels):
    plain, fused = pair(**options)
    assert_same(plain, fused, torch.randn(100, *fused.sample_shape), at_steps(torch.arange(num_levels) % T))


def test_a_sample_has_the_same_bits_in_any_batch():
    _, fused = pair()
    x_t, level = torch.randn(101, 2), at_steps(torch.tensor([7]))
    with torch.no_grad():
        assert torch.equal(fused(x_t, level), torch.cat([fused(part, level) for part in x_t.split([1, 30, 70])]))


def test_threads_share_the_rows_and_twice_the_same_gives_the_same_bits():
    plain, fused = pair()
    x_t, level = torch.randn(400, 2), at_steps(torch.arange(400) % T)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert_same(plain, fused, x_t, level)
        first, second = (outcome(copy.deepcopy(fused), x_t, level) for _ in range(2))
        assert all(torch.equal(*both) for both in zip(first, second, strict=True))
    finally:
        torch.set_num_threads(before)


def forget(monkeypatch):
    """For the rest of a test, what has been compiled."""
    monkeypatch.setattr(fused_mlp, "kernel", cache(fused_mlp.kernel.__wrapped__))


def test_wider_vectors_give_the_same(monkeypatch):
    monkeypatch.setattr(fused_mlp, "_OPTIONS", (*fused_mlp._OPTIONS, "-DLANES=16"))  # as with AVX-512, on any machine
    forget(monkeypatch)
    plain, fused = pair(has_input_bias=True)
    assert_same(plain, fused, torch.randn(50, 2), at_steps(torch.arange(50) % T))


def test_samples_that_do_not_lie_in_a_row_of_memory():
    _, fused = pair()
    x_t, level = torch.randn(2, 9).T, at_steps(torch.tensor([3]))
    torch.testing.assert_close(fused(x_t, level), fused(x_t.contiguous(), level), rtol=0, atol=0)


class Recorder:
    def __init__(self, monkeypatch):
        self.calls = 0
        run = fused_mlp.run

        def counted(*args):
            self.calls += 1
            return run(*args)

        monkeypatch.setattr(fused_mlp, "run", counted)


def test_it_runs_where_it_can_and_nowhere_else(monkeypatch):
    recorder = Recorder(monkeypatch)
    plain, fused = pair()
    x_t, level = torch.randn(5, 2), at_steps(torch.tensor([3]))
    fused(x_t, level)
    assert recorder.calls == 1
    plain(x_t.double(), in_double(level))
    copy.deepcopy(fused).double()(x_t.double(), in_double(level))
    with torch.autocast("cpu", torch.bfloat16):
        fused(x_t, level)
    along = torch.func.jvp(lambda x: fused(x, level), (x_t,), (torch.ones_like(x_t),))[1]
    expected = torch.func.jvp(lambda x: plain(x, in_double(level)), (x_t.double(),), (torch.ones(5, 2).double(),))[1]
    torch.testing.assert_close(along.double(), expected, rtol=1e-4, atol=1e-5)
    assert recorder.calls == 1


def test_without_a_compiler_the_plain_layers_run_and_say_so(monkeypatch):
    plain, fused = pair()
    x_t, level = torch.randn(5, 2), at_steps(torch.tensor([3]))
    monkeypatch.setenv("CXX", "no-such-compiler")
    forget(monkeypatch)
    with pytest.warns(UserWarning, match="MLP.is_fused: the plain layers are used, since no-such-compiler failed"):
        output = fused(x_t, level)
    fused(x_t, level)  # it is tried, and said, once
    torch.testing.assert_close(output.double(), plain(x_t.double(), in_double(level)), rtol=1e-4, atol=1e-5)


@pytest.fixture
def compiler(monkeypatch):
    """Choose the compiler, and forget what it has made."""

    def choose(command):
        monkeypatch.setenv("CXX", command)
        forget(monkeypatch)

    return choose


@pytest.mark.parametrize("command", ["env c++", "", " "], ids=["a wrapper", "empty", "blank"])
def test_a_compiler_may_be_several_words(compiler, command, monkeypatch, tmp_path):
    small = tmp_path / "small.cpp"
    small.write_text('extern "C" int one() { return 1; }')
    monkeypatch.setattr(fused_mlp, "SOURCE", small)
    compiler(command)
    assert fused_mlp.kernel(16) is not None


def test_a_compiler_that_does_not_end_is_ended_with_all_that_it_started(compiler, monkeypatch, tmp_path):
    compiler(f"sh -c 'sleep 200 & echo $! > {tmp_path}/child; wait'")
    monkeypatch.setattr(fused_mlp, "COMPILE_SECONDS", 2.0)
    with pytest.warns(
        UserWarning, match="MLP.is_fused: the plain layers are used, since sh -c .* timed out after 2.0 sec"
    ):
        assert fused_mlp.kernel(16) is None
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"  # nobody waits for an orphan


def test_a_compiler_with_an_open_quote_is_no_compiler(compiler):
    compiler("'c++")
    with pytest.warns(UserWarning, match="the plain layers are used, since 'c.. failed: No closing quotation"):
        assert fused_mlp.kernel(16) is None


def test_what_runs_in_its_place_is_said(compiler):
    plain, fused = pair()
    x_t = torch.randn(5, 2)
    assert fused.fallback(x_t) is None
    compiler("no-such-compiler")
    with pytest.warns(UserWarning, match="the plain layers are used"):
        assert fused.fallback(x_t) == "plain layers"
    assert plain.fallback(x_t) is None
    assert fused.fallback(x_t.double()) is None  # the plain layers are what runs anywhere
    with torch.autocast("cpu", torch.bfloat16):
        assert fused.fallback(x_t) is None


@pytest.mark.parametrize(
    ("options", "got"), [({"width": 24}, "None and 24"), ({"hidden_precision": "bfloat16"}, "bfloat16 and 128")]
)
def test_refuses_what_it_cannot_multiply(options, got):
    with pytest.raises(
        ConfigurationError, match=rf"MLP.is_fused: expected .* multiple of 16, got {got}; set it to false"
    ):
        MLP((2,), is_fused=True, **options)


def test_contract():
    check_denoiser(MLP((2,), width=16, is_fused=True))
