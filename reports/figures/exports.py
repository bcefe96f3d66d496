"""Block diagrams for other programs: TikZ for LaTeX documents, DOT for Graphviz, PNG for slides."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from numeric.errors import extra
from numeric.output import write_output
from reports.figures.blocks import FOLDS, Diagram
from reports.figures.labels import label
from reports.figures.svg import arranged, bends, size_of, to_svg, wire
from reports.writers.latex_text import formula

_TIKZ = {
    "observed": "draw, fill=black, text=white",
    "computed": "draw",
    "parameter": "draw",
    "function": "rounded rectangle, rounded rectangle west arc=none, draw",
    "cost": "draw",
    **dict.fromkeys(FOLDS, ""),
}
_DOT = {
    "observed": "shape=circle,style=filled,fillcolor=black,fontcolor=white",
    "computed": "shape=circle",
    "parameter": "shape=oval",
    "function": "shape=cds",
    "cost": "shape=square",
    **dict.fromkeys(FOLDS, "shape=plaintext"),
}
_POINTS_PER_CM = 37.8


def to_tikz(diagram: Diagram) -> str:
    r"""A ``tikzpicture`` (library shapes.misc) with the same places as the SVG."""
    layout = arranged(diagram)
    lines = [r"\begin{tikzpicture}[>=latex]"]
    for n in diagram.nodes:
        size = size_of(n, label(n.label))
        width, height = size.width / _POINTS_PER_CM, size.height / _POINTS_PER_CM
        corners = f", rounded corners={height / 2:.2f}cm" if n.kind in ("observed", "computed", "parameter") else ""
        style = f"{_TIKZ[n.kind]}{corners}".strip(", ") or "rectangle"
        lines.append(
            rf"  \node[{style}, inner sep=0pt, outer sep=0pt, minimum width={width:.2f}cm, "
            rf"minimum height={height:.2f}cm] ({n.key}) at {_at(layout.centres[n.key])} {{${_formula(n.label)}$}};"
        )
    for e in diagram.edges:
        drawn = wire(diagram, e, layout)
        lines.append(rf"  \draw[->] {_path(drawn.forward)};")
        if drawn.backward:
            lines.append(rf"  \draw[->, red, dashed] {_path(drawn.backward[::-1])};")
        if e.gradient:
            x, y = drawn.place
            lines.append(rf"  \node[red, font=\scriptsize] at {_at((x, y))} {{${_formula(e.gradient)}$}};")
    if any(r"\unknowncommand" in line for line in lines):
        lines.insert(0, r"\providecommand{\unknowncommand}[1]{\text{\ttfamily\textbackslash #1}}")
    return "\n".join([*lines, r"\end{tikzpicture}"]) + "\n"


def _formula(label: str) -> str:
    """A label as mathematics whose commands are known; any other is printed by its name, not obeyed."""
    return formula(label, set())


def _at(point: tuple[float, float]) -> str:
    return f"({point[0] / _POINTS_PER_CM:.2f},{-point[1] / _POINTS_PER_CM:.2f})"


def _path(points: Sequence[tuple[float, float]]) -> str:
    """The way of a wire, curved where the drawing curves it."""
    path = _at(points[0])
    for bend, (a, b) in zip(bends(points), itertools.pairwise(points), strict=True):
        middle = (a[0] + b[0]) / 2
        controls = f"controls {_at((middle, a[1]))} and {_at((middle, b[1]))} .. " if bend else ""
        path += f" .. {controls}{_at(b)}" if bend else f" -- {_at(b)}"
    return path


def to_dot(diagram: Diagram) -> str:
    """A Graphviz digraph from left to right, with plain labels."""
    lines = ["digraph program {", "  rankdir=LR;", '  node [fontname="serif"];']
    for n in diagram.nodes:
        lines.append(f"  {n.key} [label={_quoted(n.words)},{_DOT[n.kind]}];")
    for e in diagram.edges:
        lines.append(f"  {e.source} -> {e.target};")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def to_png(diagram: Diagram, path: Path, pixels_per_inch: float = 192.0) -> None:
    """A PNG file; needs typst (extra ``pdf``). Raises ``OutputError`` for a place that cannot be written."""
    try:
        import typst
    except ImportError:
        raise extra("typst", "pdf", "writing a PNG") from None
    plain = to_svg(diagram)
    for variable, colour in (
        ("currentColor", "#1b1b1f"),
        ("var(--paper,#fff)", "#ffffff"),
        ("var(--flow,#b3261e)", "#b3261e"),
    ):
        plain = plain.replace(variable, colour)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "diagram.svg").write_text(plain, encoding="utf-8")
        source = Path(folder) / "page.typ"
        source.write_text(
            '#set page(width: auto, height: auto, margin: 6pt)\n#image("diagram.svg")\n', encoding="utf-8"
        )
        drawn = typst.compile(str(source), format="png", ppi=pixels_per_inch)
    write_output(path, drawn)
