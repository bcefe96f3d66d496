"""Block diagrams for other programs: TikZ for LaTeX documents, DOT for Graphviz, PNG for slides."""

from __future__ import annotations

import tempfile
from pathlib import Path

from numeric.errors import extra
from reports.figures.blocks import Diagram
from reports.figures.svg import arranged, to_svg
from reports.writers.output import write_output

_TIKZ = {
    "observed": "circle, draw, fill=black, text=white, minimum size=8mm",
    "computed": "circle, draw, minimum size=8mm",
    "parameter": "rounded corners=4mm, draw, minimum size=8mm",
    "function": "rounded rectangle, rounded rectangle west arc=none, draw, minimum height=8mm, inner xsep=3mm",
    "cost": "rectangle, draw, minimum size=8mm",
    "fold": "rectangle",
}
_DOT = {
    "observed": "shape=circle,style=filled,fillcolor=black,fontcolor=white",
    "computed": "shape=circle",
    "parameter": "shape=oval",
    "function": "shape=cds",
    "cost": "shape=square",
    "fold": "shape=plaintext",
}
_POINTS_PER_CM = 37.8


def to_tikz(diagram: Diagram) -> str:
    r"""A ``tikzpicture`` (library shapes.misc) with the same places as the SVG."""
    layout = arranged(diagram)
    lines = [r"\begin{tikzpicture}[>=latex]"]
    for n in diagram.nodes:
        x, y = layout.centres[n.key]
        lines.append(
            rf"  \node[{_TIKZ[n.kind]}] ({n.key}) at ({x / _POINTS_PER_CM:.2f},{-y / _POINTS_PER_CM:.2f}) {{${n.label}$}};"
        )
    for e in diagram.edges:
        lines.append(rf"  \draw[->] ({e.source}) -- ({e.target});")
        if e.gradient is not None:
            carried = f"${e.gradient}$" if e.gradient else ""
            style = r"to[bend left=20] node[below, font=\scriptsize]"
            lines.append(rf"  \draw[->, red, dashed] ({e.target}) {style} {{{carried}}} ({e.source});")
    return "\n".join([*lines, r"\end{tikzpicture}"]) + "\n"


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
