"""Plots draw the numbers that they are given, say them in words, and are written whole or not at all."""

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from numeric.errors import OptionError
from numeric.output import OutputError
from reports.figures import plots


def history():
    records = [
        SimpleNamespace(epoch=k, loss=2.0 / k, validation=3.0 / k, metrics={"accuracy": 1 - 1 / k}) for k in range(1, 6)
    ]
    return SimpleNamespace(records=tuple(records))


DRAWN = {
    "curve": lambda: plots.loss_curve(history()),
    "path": lambda: plots.trajectory(
        lambda a, b: a * a + 4 * b * b, {"full batch": [(2, 1), (1, 0.2), (0, 0)], "per sample": [(2, 1), (0.1, 0)]}
    ),
    "structure": lambda: plots.structure_picture(np.diag([1.0, -2.0, 3.0])),
    "histograms": lambda: plots.histograms({"W_1": np.random.default_rng(0).normal(size=50), "b_1": np.zeros(3)}),
    "errors": lambda: plots.error_bars({"W": 1e-9, "b": 0.0}, 1e-6),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_svg_is_well_formed_and_has_words(draw):
    plot = draw()
    root = ElementTree.fromstring(plots.to_svg(plot))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == plot.alt
    assert plots.to_svg(draw()) == plots.to_svg(draw())


def test_the_curve_holds_the_numbers():
    plot = plots.loss_curve(history())
    lines = {line.get_label(): line.get_ydata() for axis in plot.figure.axes for line in axis.lines}
    assert np.allclose(lines["training loss"], [2, 1, 2 / 3, 0.5, 0.4])
    assert np.allclose(lines["held-out accuracy"], [0, 0.5, 2 / 3, 0.75, 0.8])
    assert plot.alt == "Loss over 5 epochs, from 2 to 0.4; held-out accuracy 0.8 at the end."


def test_curves_differ_without_colour():
    lines = plots.loss_curve(history()).figure.axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == len(lines) == 2


def test_structure_counts_zeros():
    assert "67% of whose entries are zero, the largest 3 in size" in DRAWN["structure"]().alt


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_files_are_written(tmp_path, suffix):
    path = tmp_path / f"p{suffix}"
    plots.saved(DRAWN["errors"](), path)
    assert path.stat().st_size > 1000
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_mistakes_are_said(tmp_path):
    with pytest.raises(OptionError, match=r"written as \.svg, \.png, \.pdf"):
        plots.saved(DRAWN["errors"](), tmp_path / "p.gif")
    with pytest.raises(OutputError, match="cannot write"):
        plots.saved(DRAWN["errors"](), tmp_path / "none" / "p.svg")
