import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import roc

FPR = np.array([0.0, 0.01, 0.03, 0.05, 0.2, 1.0])
CURVES = {
    "last 3": (FPR, np.array([0.0, 0.3, 0.5, 0.7, 0.9, 1.0])),
    "last 10": (torch.tensor(FPR), torch.tensor([0.0, 0.8, 0.953, 0.99, 1.0, 1.0])),
}
AUROC = {"last 3": 0.91, "last 10": 0.98765}


def test_title_gives_what_a_threshold_can_reach():
    figure = roc(CURVES, AUROC, primary="last 10")
    assert figure.get_suptitle() == "last 10: 95.30 % of hallucinated removed at 96 % kept, AUROC 0.9877"


def test_the_false_positive_line_and_the_legend(legend_texts, render):
    figure = roc(CURVES, AUROC, primary="last 10")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["96 % kept"].get_xdata()) == [0.04, 0.04]
    assert legend_texts(figure) == ["last 3: 0.9100", "last 10: 0.9877", "chance", "96 % kept"]
    assert lines["last 10: 0.9877"].get_linewidth() > lines["last 3: 0.9100"].get_linewidth()
    assert render(figure)


def test_another_rate_moves_the_line():
    figure = roc(CURVES, AUROC, primary="last 3", false_positive_rate=0.1)
    assert "70.00 % of hallucinated removed at 90 % kept" in figure.get_suptitle()


def test_small_rates_have_room():
    axes = roc(CURVES, AUROC, primary="last 10").axes[0]
    assert axes.get_xlim() == (0, 1)
    at_4_percent = axes.transAxes.inverted().transform(axes.transData.transform((0.04, 0)))[0]
    assert at_4_percent > 0.3
    assert "in support" in axes.get_xlabel()
    assert "hallucinated" in axes.get_ylabel()


def test_an_empty_class_is_no_crash(legend_texts, render):
    figure = roc({"last 10": (FPR, np.full(6, math.nan))}, {"last 10": math.nan}, primary="last 10")
    assert figure.get_suptitle() == "last 10: n/a of hallucinated removed at 96 % kept, AUROC n/a"
    assert "last 10: n/a" in legend_texts(figure)
    assert render(figure)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ConfigurationError, match="got 'last 7'; pass its curve"):
        roc(CURVES, AUROC, primary="last 7")
    with pytest.raises(ConfigurationError, match=r"got none for \['last 3'\]"):
        roc(CURVES, {"last 10": 0.9}, primary="last 10")


def test_other_scores_are_dashed(legend_texts, render):
    figure = roc({**CURVES, "path": CURVES["last 3"]}, {**AUROC, "path": 0.7}, primary="last 10", others=("path",))
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["path: 0.7000"].is_dashed()
    assert not lines["last 3: 0.9100"].is_dashed()
    assert "path: 0.7000" in legend_texts(figure)
    assert render(figure)
