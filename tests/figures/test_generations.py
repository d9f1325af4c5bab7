"""Numbers over generations."""

import math

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import generations, mode_weights


def test_the_figures_title_and_means_say_what_is_there():
    curves = {"none": [[0.1, 0.2], [0.3, math.nan]], "best": [[0.1, 0.1], [0.1, 0.1]]}
    figure = generations({"rate": curves, "distance": curves}, "two arms")
    above, _ = figure.axes
    means = {line.get_label(): list(line.get_ydata()) for line in above.lines if line.get_label()[0] != "_"}
    assert means == {"none": [0.2, 0.2], "best": [0.1, 0.1]}
    with pytest.raises(ConfigurationError, match="panels of the same 1 to 8 arms"):
        generations({"rate": curves, "distance": {"none": [[1.0]]}}, "other arms")


def test_many_panels_stand_in_two_columns_and_negative_numbers_are_seen():
    curves = {"none": [[-3.0, -2.0]]}
    figure = generations({f"metric {number}": curves for number in range(5)}, "many")
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "", "generation", "generation"]
    assert len({axes.get_gridspec().ncols for axes in figure.axes} | {2}) == 1
    assert figure.axes[0].get_ylim()[0] < -3.0
    assert generations({"rate": {"none": [[0.0, 1.0]]}}, "rates").axes[0].get_ylim()[0] == 0.0


def test_a_line_for_each_mode_in_per_cent():
    arms = {"none": [{"0": 1, "1": 3}, {"0": 4}], "best": [{"0": 1, "1": 1}, {"0": 1, "1": 1}]}
    figure = mode_weights(arms, "modes")
    none, best = figure.axes
    assert [list(line.get_ydata()) for line in none.lines] == [[25, 100], [75, 0]]
    assert [list(line.get_ydata()) for line in best.lines] == [[50, 50], [50, 50]]
    with pytest.raises(ConfigurationError, match="expected counts of modes for each arm"):
        mode_weights({"none": []}, "nothing")
