"""A matrix as squares in SVG: the larger an entry the larger its square, full where positive, open where negative."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from reports.document.catalogue import Catalogue
from reports.document.model import Figure

MOST = 24  # rows and columns that are drawn: the first
_CELL = 13
_SMALLEST = 0.12  # side of the square of an entry that is not zero, in units of the cell


def matrix_of(array: Any) -> np.ndarray:
    """An array as a matrix: the first half of its axes are rows, the others columns."""
    a = np.asarray(array, dtype=float)
    half = (a.ndim + 1) // 2
    return a.reshape(int(np.prod(a.shape[:half], dtype=int)), -1)


def squares(array: Any, caption: Any, words: Catalogue) -> Figure:
    """The picture of a Jacobian or Hessian; what is zero stays empty."""
    a = matrix_of(array)
    largest = float(np.abs(a[np.isfinite(a)]).max(initial=0)) or 1.0
    alt = words(
        "plot.matrix_alt", rows=a.shape[0], columns=a.shape[1], zeros=f"{np.mean(a == 0):.0%}", largest=f"{largest:.3g}"
    )
    shown = a[:MOST, :MOST]
    width, height = (_CELL * n + 2 for n in reversed(shown.shape))
    parts = [
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" fill="none" stroke="currentColor" stroke-opacity="0.35"/>'
    ]
    for (row, column), value in np.ndenumerate(shown):
        if value == 0 or not np.isfinite(value):
            continue
        side = (_CELL - 2) * max(_SMALLEST, float(np.sqrt(abs(value) / largest)))
        x, y = (1 + _CELL * (k + 0.5) - side / 2 for k in (column, row))
        look = 'fill="var(--bar,#0072b2)"' if value > 0 else 'fill="none" stroke="#d55e00" stroke-width="1.5"'
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" {look}/>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"><title>{escape(alt)}</title>{"".join(parts)}</svg>'
    )
    return Figure(svg, alt, caption)
