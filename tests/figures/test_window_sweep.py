import math

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import window_sweep

WINDOWS = [f"last {n}" for n in (3, 5, 7, 10, 15, 20, 30, 50)]
AUROC = [0.95, 0.96, 0.98, 0.99, 0.98, 0.97, 0.95, 0.90]
REMOVED = [0.78, 0.85, 0.93, 0.962, 0.93, 0.88, 0.80, 0.66]


def test_series_title_and_labels(legend_texts, render):
    figure = window_sweep(WINDOWS, AUROC, REMOVED, primary="last 10")
    axes = figure.axes[0]
    assert figure.get_suptitle() == "last 10: 96.20 % of hallucinated removed, AUROC 0.9900"
    assert list(axes.lines[0].get_ydata()) == AUROC
    assert list(axes.lines[1].get_ydata()) == REMOVED
    assert [tick.get_text() for tick in axes.get_xticklabels()] == WINDOWS
    assert legend_texts(figure) == ["AUROC", "hallucinated removed at 96 % kept", "paper: > 95 %"]
    assert list(axes.lines[2].get_ydata()) == [0.95, 0.95]
    low, high = axes.get_ylim()
    assert low <= 0.65
    assert high > 1
    assert render(figure)


def test_unknown_windows_are_skipped(render):
    figure = window_sweep(WINDOWS, [*AUROC[:7], math.nan], [math.nan, *REMOVED[1:]], primary="last 3")
    auroc, removed = figure.axes[0].lines[:2]
    assert list(auroc.get_xdata()) == [0, 1, 2, 3, 4, 5, 6]
    assert list(removed.get_xdata()) == [1, 2, 3, 4, 5, 6, 7]
    assert len(figure.axes[0].get_xticklabels()) == 8
    assert figure.get_suptitle() == "last 3: n/a of hallucinated removed, AUROC 0.9500"
    assert render(figure)


def test_nothing_known(render):
    nothing = [math.nan] * 8
    figure = window_sweep(WINDOWS, nothing, nothing, primary="last 10")
    assert figure.axes[0].get_ylim()[0] == 0
    assert render(figure)


def test_no_claim_no_line(legend_texts):
    figure = window_sweep(WINDOWS, AUROC, REMOVED, primary="last 10", claimed_removed=None)
    assert len(legend_texts(figure)) == 2


@pytest.mark.parametrize(
    ("windows", "primary", "message"),
    [
        (WINDOWS[:7], "last 10", r"got \(7, 8, 8\)"),
        ([*WINDOWS[:7], "last 3"], "last 10", "rename one"),
        (WINDOWS, "last 4", "got 'last 4'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(windows, primary, message):
    with pytest.raises(ConfigurationError, match=message):
        window_sweep(windows, AUROC, REMOVED, primary)


def test_other_scores_stand_apart_and_no_line_leads_to_them(legend_texts, render):
    names = [*WINDOWS[:3], "path", "noise"]
    figure = window_sweep(names, AUROC[:5], [*REMOVED[:4], math.nan], "last 7", others=("path", "noise"))
    axes = figure.axes[0]
    joined = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(joined["AUROC"].get_xdata()) == [0, 1, 2]
    single = [line for line in axes.lines if line.get_marker() in "so" and line not in joined.values()]
    assert [list(line.get_xdata()) for line in single] == [[3, 4], [3]]
    assert [line.get_linewidth() for line in single] == [0, 0]
    assert len(legend_texts(figure)) == 3
    assert render(figure)


def test_other_scores_come_last():
    with pytest.raises(ConfigurationError, match="put them last"):
        window_sweep(["path", *WINDOWS[:7]], AUROC, REMOVED, "last 10", others=("path",))
