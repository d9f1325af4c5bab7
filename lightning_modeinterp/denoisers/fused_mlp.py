"""The MLP as one native function for a CPU in float32, compiled for this machine on first use.

Six samples at a time pass through all layers (``fused_mlp.cpp``), so that nearly all time is spent in the matrix
products. It is compiled by the C++ compiler that `torch.compile` uses, in about two seconds, and not cached, so a
process only loads what it has written itself. Without a compiler, the plain layers run.
"""

import ctypes
import os
import shlex
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SOURCE = Path(__file__).with_suffix(".cpp")
PANEL = 16
"""Widths have to be multiples of it."""

COMPILE_SECONDS = 120.0
"""Time limit of the compiler: it takes two seconds, but may hang on a missing cache or licence."""

_SPEED = ("-O3", "-march=native", "-ffp-contract=fast", "-fno-strict-aliasing")
_OPTIONS = ("-std=c++17", *_SPEED, "-shared", "-fPIC", "-pthread")


class _Network(ctypes.Structure):
    _fields_ = (
        ("rows", ctypes.c_int64),
        ("dimension", ctypes.c_int64),
        ("depth", ctypes.c_int64),
        ("layers", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("parameters", ctypes.POINTER(ctypes.c_void_p)),
    )


@cache
def kernel(width: int) -> ctypes.CDLL | None:
    """The compiled functions for a width; None, with a warning, if they cannot be compiled.

    Args:
        width: Features of every hidden layer, a multiple of `PANEL`.
    """
    compiler = os.environ.get("CXX", "").strip() or "c++"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "fused_mlp.so"
        try:
            options = (*_OPTIONS, f"-DWIDTH={width}", str(SOURCE), "-o", str(library))
            _run_compiler([*shlex.split(compiler), *options])
            return ctypes.CDLL(str(library))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[:1]
            warnings.warn(
                f"MLP.is_fused: the plain layers are used, since {compiler} failed: {''.join(said)}", stacklevel=2
            )
            return None


def _run_compiler(command: Sequence[str]) -> None:
    """Run it in its own session, so that its child processes are killed with it after the time limit."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            _, said = process.communicate(timeout=COMPILE_SECONDS)
        except BaseException:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said)


def can_run(x: Tensor) -> bool:
    """Whether the function can run on samples: on a CPU, in float32, with their own memory.

    A transform such as `torch.func.jvp` passes wrapped tensors, which only PyTorch's operations support.
    """
    is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor(x)  # no public name
    return x.device.type == "cpu" and x.dtype == torch.float32 and not (is_wrapped or torch.is_autocast_enabled("cpu"))


@torch.compiler.disable  # type: ignore[untyped-decorator]
def run(
    native: ctypes.CDLL,
    depth: int,
    x: Tensor,
    shifts: Sequence[Tensor],
    row: Tensor | None,
    parameters: Sequence[Tensor | None],
) -> Tensor:
    """Predict, (B, d), with gradients.

    Args:
        native: The compiled functions for the width.
        depth: Number of layers to apply; the given ones are used in turn.
        x: Noised samples (B, d).
        shifts: The shift by the time in each layer, (S, width).
        row: The row of shifts for each sample, (B,). Without it, S is 1 or B.
        parameters: For each layer scale, offset and weight of both products; then scale and offset of the last norm,
            weight and bias of the output, weight and bias (or None) of the input.
    """
    if row is None:
        row = torch.arange(len(x)) if len(shifts[0]) > 1 else torch.zeros(len(x), dtype=torch.long)
    y: Tensor = _FusedMLP.apply(native, torch.is_grad_enabled(), depth, x, torch.stack(list(shifts)), row, *parameters)
    return y


class _FusedMLP(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        native: ctypes.CDLL,
        keeps: bool,
        depth: int,
        x: Tensor,
        shifts: Tensor,
        row: Tensor,
        *parameters: Tensor | None,
    ) -> Tensor:
        """Predict from shifts stacked to (layers, S, width); save tensors for `backward` if needed."""
        x = x.contiguous()
        num_layers, num_steps, width = shifts.shape
        network = _network(x, depth, num_layers, parameters)
        y = torch.empty_like(x)
        # one tensor per norm: a single large one would be newly mapped by the allocator each time
        normed = [x.new_empty(len(x), width) for _ in range(2 * depth + 1)] if keeps else []
        rstd = x.new_empty(2 * depth + 1, len(x)) if keeps else None
        kept = _addresses(normed) if keeps else None
        native.forward(
            network, *_pointers(x, shifts, row), ctypes.c_int64(num_steps), *_pointers(y), kept, *_pointers(rstd)
        )
        ctx.native, ctx.depth = native, depth
        ctx.save_for_backward(x, shifts, row, rstd, *normed, *parameters)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, y_gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, the shifts and the parameters."""
        x, shifts, row, rstd, *rest = ctx.saved_tensors
        normed, parameters = rest[: len(rstd)], rest[len(rstd) :]
        network = _network(x, ctx.depth, len(shifts), parameters)
        y_gradient, x_gradient = y_gradient.contiguous(), torch.zeros_like(x)
        of_rows = x.new_zeros(len(shifts), len(x), shifts.shape[2])
        gradients = [None if each is None else torch.zeros_like(each) for each in parameters]
        sizes = (ctypes.c_int64 * len(parameters))(*(0 if each is None else each.numel() for each in parameters))
        ctx.native.backward(
            network,
            *_pointers(x),
            _addresses(normed),
            *_pointers(rstd, y_gradient, x_gradient, of_rows),
            _addresses(gradients),
            sizes,
        )
        shift_gradient = torch.stack([torch.zeros_like(shifts[0]).index_add_(0, row, each) for each in of_rows])
        return None, None, None, x_gradient, shift_gradient, None, *gradients


def _network(x: Tensor, depth: int, num_layers: int, parameters: Sequence[Tensor | None]) -> _Network:
    return _Network(*x.shape, depth, num_layers, torch.get_num_threads(), _addresses(parameters))


def _addresses(tensors: Sequence[Tensor | None]) -> Any:
    return (ctypes.c_void_p * len(tensors))(*(None if each is None else each.data_ptr() for each in tensors))


def _pointers(*tensors: Tensor | None) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(None if each is None else each.data_ptr()) for each in tensors]
