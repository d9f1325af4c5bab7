"""Whose fault an error is, on tracebacks made up of modules by name."""

import errno

import lightning as L
import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException

from lightning_modeinterp.cli.error_lines import said_of
from lightning_modeinterp.cli.raised_by import answerable, calls_of, class_named
from lightning_modeinterp.errors import ConfigurationError

OURS, TRAINER, LOOP = (
    "lightning_modeinterp.cli.command_line",
    "lightning.pytorch.trainer.trainer",
    "lightning.pytorch.loops.training_epoch_loop",
)


class TrainerAt(L.Trainer):
    def __init__(self, step):
        self.step = step

    @property
    def global_step(self):
        return self.step


def error_of(*modules, body="raise ValueError('no good')", instance=None, **names):
    """The error of functions of these modules, each called by the one before it, as methods of an instance."""
    functions = []
    for module in modules:
        code = body if len(functions) == len(modules) - 1 else "below[0](below[1:], self)"
        namespace = {"__name__": module, **names}
        exec(f"def call(below, self):\n    {code}", namespace)
        functions.append(namespace["call"])
    try:
        functions[0](functions[1:], instance)
    except Exception as error:
        return error.with_traceback(error.__traceback__.tb_next)  # without this test
    raise AssertionError(f"{body} raised nothing")


FULL = f"raise OSError({errno.ENOSPC}, 'No space left on device', '/data/last.ckpt')"
ONE_LINE = {
    "of a library that is handed the config": ((OURS, TRAINER), {}, "trainer: no good"),
    "of a package that is missing": (
        (OURS, "lightning.pytorch.loggers.mlflow", "importlib"),
        {"body": "raise ModuleNotFoundError('no mlflow')"},
        "trainer: no mlflow",
    ),
    "of the file system": (
        ("lightning_modeinterp.files", "pathlib"),
        {"body": FULL},
        "/data/last.ckpt: No space left on device; make room, or choose another --run.root",
    ),
    "of safetensors": (
        ("lightning_modeinterp.sample_store.writer", "safetensors.torch"),
        {"body": "raise RuntimeError('I/O error: No space left on device (os error 28)')"},
        "files: No space left on device",
    ),
    "at the first step": ((OURS, TRAINER, LOOP, TRAINER), {"instance": TrainerAt(0)}, "trainer: no good"),
    "of Lightning at any time": (
        ("lightning_modeinterp.callbacks.late_averaging", LOOP, TRAINER),
        {
            "instance": TrainerAt(7),
            "body": "raise Misconfigured('no good')",
            "Misconfigured": MisconfigurationException,
        },
        "trainer: no good",
    ),
    "of a checkpoint": (
        (OURS, "lightning.pytorch.trainer.connectors.checkpoint_connector", "torch.nn.modules.module"),
        {"body": "raise RuntimeError('Error(s) in loading state_dict for DDPM:\\n\\tMissing')"},
        "ckpt_path: expected the weights of this DDPM, got others: Missing",
    ),
    "of ours": (
        ("lightning_modeinterp.data.datamodule",),
        {"body": "raise Ours('data:\\n  no good')", "Ours": ConfigurationError},
        "data: no good",
    ),
}


@pytest.mark.parametrize("name", ONE_LINE)
def test_one_line(name):
    modules, given, line = ONE_LINE[name]
    said = said_of(error_of(*modules, **given))
    assert said.line.startswith(line)
    assert (said.shown, said.status) == (None, 2)


TRACEBACKS = {
    "a library called wrongly by us": (("lightning_modeinterp.callbacks.figure_logger", TRAINER), {}),
    "a library that does not refuse but fails": ((OURS, TRAINER), {"body": "{}['nothing']"}),
    "a library that computes": ((OURS, "torch.nn.functional"), {}),
    "our own failure": ((OURS, "lightning_modeinterp.data.datamodule"), {}),
    "a file that we forgot": (
        ("lightning_modeinterp.files", "pathlib"),
        {"body": f"raise FileNotFoundError({errno.ENOENT}, 'no such file', 'x')"},
    ),
    "deep in training": ((OURS, TRAINER, LOOP, TRAINER), {"instance": TrainerAt(3)}),
}


@pytest.mark.parametrize("name", TRACEBACKS)
def test_a_fault_of_ours_keeps_its_traceback(name):
    modules, given = TRACEBACKS[name]
    assert said_of(error_of(*modules, **given)) is None


@pytest.mark.parametrize("last", [(), ("torch.nn.functional",), ("pathlib",)], ids=str)
@pytest.mark.parametrize("body", ["raise ValueError('no good')", "{}['nothing']", FULL])
def test_what_a_users_own_class_raises_is_shown_below_its_name(last, body):
    error = error_of(OURS, TRAINER, "parts.rings", *last, body=body)
    said = said_of(error)
    assert said.shown is error
    assert said.line.startswith(f"parts.rings.call, which is not of this package, raised {type(error).__name__}: ")


def test_a_method_is_named_by_its_class():
    (*_, call) = calls_of(error_of("parts.rings", "torch", instance=TrainerAt(0)))
    assert class_named(call) == f"{TrainerAt.__module__}.TrainerAt"


def test_the_nearest_call_that_is_no_librarys_answers():
    assert answerable(calls_of(error_of("parts", OURS, "torch", "yaml"))).module == OURS
    assert answerable(calls_of(error_of("torch", "yaml"))) is None
