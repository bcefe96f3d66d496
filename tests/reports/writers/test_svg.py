"""Drawings keep their look in a page of any colour, and reach LaTeX as paths."""

import itertools
import math
import re
import shutil
from xml.etree import ElementTree

import pytest

from reports.writers.svg import drawing
from reports.writers.svg_paths import moved, segments, times, transform
from reports.writers.svg_tikz import tikz

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'


def drawn(inside, **options):
    return ElementTree.fromstring(drawing(f"{HEAD}{inside}</svg>", "f", "words", **options))


def style(node):
    return dict(part.split(":", 1) for part in node.get("style", "").split(";") if part)


def test_rules_of_a_style_sheet_move_to_what_they_mean():
    root = drawn(
        "<style>* {stroke-linecap: butt} .a .b{fill:var(--paper,#fff);stroke:#000} @media print{.b{fill:red}}</style>"
        '<g class="a"><path class="b" style="stroke: blue" d="M0 0"/></g><path class="b" d="M1 1"/>'
    )
    inside, outside = root.iter("{http://www.w3.org/2000/svg}path")
    assert style(inside) == {"fill": "var(--paper,#fff)", "stroke": "blue"}
    assert "style" not in outside.attrib
    assert style(root) == {"stroke-linecap": "butt"}
    assert root.find(".//{http://www.w3.org/2000/svg}style") is None


def test_black_and_white_follow_the_page_and_stay_in_files():
    inside = '<path fill="#000000" stroke="white" d="M0 0"/>'
    (path,) = drawn(inside).iter("{http://www.w3.org/2000/svg}path")
    assert (path.get("fill"), path.get("stroke")) == ("currentColor", "var(--paper,#fff)")
    (path,) = drawn(inside, alone=True).iter("{http://www.w3.org/2000/svg}path")
    assert (path.get("fill"), path.get("stroke")) == ("#000000", "white")
    (path,) = drawn('<path style="fill:var(--x,#123456)" d="M0 0"/>', alone=True).iter(
        "{http://www.w3.org/2000/svg}path"
    )
    assert style(path) == {"fill": "#123456"}


def test_nothing_runs_in_a_drawing():
    root = drawn(
        '<script>alert(1)</script><foreignObject/><a href="javascript:alert(1)" onclick="x"><path d="M0 0"/></a>'
        '<use href="https://example.org/a.svg#b"/><image href="data:text/html,x"/>'
    )
    text = ElementTree.tostring(root, encoding="unicode")
    for word in ("script", "foreignObject", "javascript", "onclick", "example.org", "text/html"):
        assert word not in text


def test_arcs_lie_on_their_ellipse_and_end_where_they_must():
    for flags in ("0 0", "0 1", "1 0", "1 1"):
        found = segments(f"M 3 1 A 5 2 30 {flags} 6 2.5")
        assert found[-1][1][-1] == pytest.approx((6, 2.5))
    circle = segments("M -2 0 a 2 2 0 1 0 4 0 a 2 2 0 1 0 -4 0 Z")
    for kind, points in circle:
        if kind == "C":
            assert math.hypot(*points[-1]) == pytest.approx(2)
    length = sum(math.dist(a[1][-1], b[1][-1]) for a, b in itertools.pairwise(circle[:-1]))
    assert length == pytest.approx(4 * 2 * math.sqrt(2))


def test_quadratic_curves_pass_where_the_cubic_does():
    _, (_, (first, second, end)) = segments("M 0 0 Q 1 2 3 0")
    start = (0.0, 0.0)
    for t in (0.25, 0.5, 0.75):
        cubic = [
            (1 - t) ** 3 * s + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * e
            for s, a, b, e in zip(start, first, second, end, strict=True)
        ]
        assert cubic == pytest.approx([2 * (1 - t) * t * 1 + t * t * 3, 2 * (1 - t) * t * 2])


def test_transforms_compose_outermost_first():
    matrix = transform("translate(10 20) rotate(90) scale(2 3)")
    assert moved(matrix, (1, 1)) == pytest.approx((10 - 3, 20 + 2))
    assert times(transform("scale(2)"), transform("translate(1 0)")) == transform("matrix(2 0 0 2 2 0)")
    assert moved(transform("rotate(90 1 1)"), (2, 1)) == pytest.approx((1, 2))
    with pytest.raises(ValueError, match="the transform skewX is not known"):
        transform("skewX(3)")


def test_paths_become_tikz():
    picture = tikz(
        f'{HEAD}<defs><path id="g" d="M0 0h4"/><clipPath id="c"><rect width="9" height="9"/></clipPath></defs>'
        '<g transform="translate(1,2)" stroke="#f00" style="stroke-width: 2; stroke-dasharray: 4,2" fill="none">'
        '<use href="#g" x="3" y="1" clip-path="url(#c)"/></g></svg>'
    )
    assert "(4,3) -- (8,3)" in picture
    assert "draw={rgb,255:red,255;green,0;blue,0}, line width=1.5bp, dash pattern=on 3bp off 1.5bp" in picture
    assert r"\clip (4,3) -- (13,3)" in picture
    assert "fill=" not in picture


def test_what_cannot_be_drawn_is_left_to_words():
    assert tikz(f"{HEAD}<text>a</text></svg>") == ""
    assert tikz(f'{HEAD}<image href="data:image/png;base64,AA"/></svg>') == ""
    assert tikz(f'{HEAD}<path fill="url(#gradient)" d="M0 0h1"/></svg>') == ""
    assert tikz("<svg") == ""
    assert tikz(f'{HEAD}<use id="a" href="#a"/></svg>') == ""


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
def test_plots_and_diagrams_of_the_house_compile():
    plots = pytest.importorskip("reports.figures.plots")
    pytest.importorskip("matplotlib")
    from reports.document.model import Document, Figure
    from reports.writers.latex import latex
    from reports.writers.pdf import pdf

    svg = plots.to_svg(plots.error_bars({"W": 1e-11, "b": 3e-10}, 1e-8))
    document = Document("t", [Figure(svg, "errors by parameter")])
    source = latex(document)
    assert len(re.findall(r"\\path\[", source)) > 20
    assert r"\described{\textbf" not in source
    assert pdf(document, "pdflatex").data.startswith(b"%PDF")
