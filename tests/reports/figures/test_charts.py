"""Charts and pictures without a plotting library: what is drawn is what was given, also at the edges."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from reports.document.catalogue import catalogue
from reports.figures.charts import Chart, Panel, curve_chart, histogram_chart, loss_chart, magnitude_chart, plane_chart
from reports.figures.charts import Series as Line
from reports.figures.lines import chart_svg
from reports.figures.squares import MOST, squares

ROOT = Path(__file__).resolve().parents[3]
WORDS = catalogue("en")


def drawn_paths(svg):
    """The points of each line in the colour of a series."""
    found = []
    for d in re.findall(r'<path d="M([^"Z]+)" fill="none" stroke="#', svg):
        points = [tuple(map(float, p.split())) for p in d.split("L")]
        found += [np.array(points)] if len(points) > 2 else []
    return found


@pytest.mark.parametrize("logarithmic", ["", "y"])
def test_a_line_has_the_shape_of_its_numbers(logarithmic):
    x, y = np.arange(1.0, 9.0), np.array([8.0, 5.0, 3.0, 2.5, 1.0, 0.7, 0.3, 0.1])
    (points,) = drawn_paths(chart_svg(curve_chart({"loss": (x, y)}, ("epoch", "loss"), logarithmic)))
    heights = np.log10(y) if logarithmic else y
    for drawn, given, sign in ((points[:, 0], x, 1), (points[:, 1], heights, -1)):
        assert np.allclose(
            (drawn - drawn[0]) / (drawn[-1] - drawn[0]), (given - given[0]) / (given[-1] - given[0]), atol=2e-3
        )
        assert sign * (drawn[-1] - drawn[0]) * (given[-1] - given[0]) > 0


def test_a_histogram_has_the_areas_of_its_bins():
    values = np.random.default_rng(0).normal(size=400)
    chart = histogram_chart({"W": values})
    (series,) = chart.panels[0].series
    assert np.sum(np.diff(series.x) * series.y) == pytest.approx(1.0)
    assert "standard deviations: W " in chart.alt


def test_magnitudes_count_zeros_and_sum_to_the_rest():
    chart = magnitude_chart({"W": np.array([0.0, 1e-9, 1e-3, 1.0]), "b": np.zeros(2)}, "size")
    shares = {s.name: sum(s.y) for s in chart.panels[0].series}
    assert shares == {"W": pytest.approx(0.75), "b": 0.0}
    assert "W 5.0e-04, 25% zero; b 0.0e+00, 100% zero" in chart.alt


EDGES = {
    "one point": Chart((Panel((Line("a", (1.0,), (2.0,)),), ("x", "y")),), "a point"),
    "flat": Chart((Panel((Line("a", (0.0, 1.0), (0.0, 0.0)),), ("x", "y"), "y"),), "flat"),
    "no numbers": Chart((Panel((Line("a", (1.0, 2.0), (np.nan, np.inf)),), ("x", "y")),), "nothing"),
    "nothing": Chart((Panel((), ("x", "y")),), "nothing"),
    "hostile": Chart(
        (Panel((Line('<a "b"> \\$&%#_^~{}', (0.0, 1.0), (1e-300, 1e300)),), ("<x>", "$\\x$"), "y"),), '<"&'
    ),
    "run of none": loss_chart(SimpleNamespace(records=())),
    "cloud": plane_chart({"p": np.eye(2)}, ("x_1", "x_2")),
}


@pytest.mark.parametrize("chart", EDGES.values(), ids=EDGES)
def test_whatever_comes_is_drawn_well_formed(chart):
    svg = chart_svg(chart)
    assert ElementTree.fromstring(svg).attrib["aria-label"] == chart.alt
    assert "nan" not in svg
    assert "inf" not in svg


def test_a_picture_shows_signs_zeros_and_what_is_cut():
    figure = squares(np.diag([1.0, -2.0, 4.0]), "J", WORDS)
    assert figure.svg.count('fill="var(--bar,#0072b2)"') == 2
    assert figure.svg.count('stroke="#d55e00"') == 1
    assert "67% of whose entries are zero" in figure.alt
    assert squares(np.eye(2 * MOST), "J", WORDS).svg.count("var(--bar") == MOST


def test_a_report_needs_no_plotting_library(tmp_path):
    page = tmp_path / "page.html"
    code = (
        f"import sys; from reports.commands import main; main(['report', 'stack', '-o', {str(page)!r}], standalone_mode=False)\n"
        "sys.exit(sorted({'matplotlib', 'numba', 'sklearn', 'scipy'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    written = page.read_text(encoding="utf-8")
    for sentence in ("Sizes of the entries", "Mean loss by epoch", "Pictures of Jacobians"):
        assert sentence in written
