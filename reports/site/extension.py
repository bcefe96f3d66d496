"""What Sphinx is taught: to run a page's examples before it reads the page, and to write mathematics as MathML.

Sphinx is imported when Sphinx calls, so that the module can be imported without it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from reports.site.examples import execute
from reports.writers.mathml import mathml

BAR = re.compile(r"\|(?=[^`]*(``[^`]*``[^`]*)*$)")  # one that is not inside a literal
MADE = "made"  # the folder of the site with what the examples of the pages wrote


def setup(app: Any) -> dict[str, Any]:
    """Register everything; Sphinx calls this."""
    app.connect("source-read", run_examples)
    app.connect("autodoc-process-docstring", keep_bars)
    app.add_html_math_renderer("mathml", (inline_mathematics, None), (displayed_mathematics, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def run_examples(app: Any, page: str, source: list[str]) -> None:
    """Replace the source of a page by what it is after its examples were run. Raises ``ExampleError``."""
    folder = Path(app.outdir) / MADE / page
    link = f"{'../' * page.count('/')}{MADE}/{page}"
    source[0] = execute(source[0], page, folder, link).text


def inline_mathematics(writer: Any, node: Any) -> None:
    """A formula in a line of text."""
    _write(writer, node, mathml(node.astext()))


def displayed_mathematics(writer: Any, node: Any) -> None:
    """A formula in a line of its own."""
    _write(writer, node, f'<div class="math-block">{mathml(node.astext(), display=True)}</div>')


def _write(writer: Any, node: Any, markup: str) -> None:
    from docutils.nodes import SkipNode

    writer.body.append(markup)
    raise SkipNode


def keep_bars(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Bars in docstrings are absolute values, never reStructuredText's substitutions."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[k] = BAR.sub(r"\\|", line)
