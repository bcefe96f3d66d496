"""Horizontal bars on a logarithmic axis as SVG, drawn without a plotting library so that a report needs none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from reports.figures.labels import label

_WIDTH, _ROW, _BAR, _GAP = 520, 26, 12, 14
_SMALLEST = 1e-17


def error_bars(errors: Mapping[str, float], tolerance: float, alt: str) -> str:
    """One bar for each error, from 1e-17 on, and a dashed line at the tolerance. Names are LaTeX.

    >>> drawn = error_bars({"W": 1e-15, "b": 0.0}, 1e-6, "Errors of two gradients.")
    >>> drawn.count("<rect"), 'aria-label="Errors of two gradients."' in drawn
    (2, True)
    """
    names = {name: label(name, 13.0) for name in errors}
    left = max(words.width for words in names.values()) + _GAP
    low, high = -17, max(0, *(math.ceil(math.log10(max(e, _SMALLEST))) for e in errors.values() if math.isfinite(e)))
    scale = (_WIDTH - left - 20) / (high - low)

    def at(value: float) -> float:
        return left + scale * (math.log10(min(max(value, _SMALLEST), 10.0**high)) - low)

    bottom = _ROW * len(errors) + 6
    parts = []
    for power in range(low + 1, high + 1, 4):
        x = at(10.0**power)
        words = label(f"10^{{{power}}}", 10.0)
        parts.append(f'<path d="M{x:.1f} 4V{bottom}" stroke="currentColor" stroke-opacity="0.18"/>')
        parts.append(f'<g transform="translate({x - words.width / 2:.1f} {bottom + 4})">{words.svg}</g>')
    for row, (name, error) in enumerate(errors.items()):
        y = 6 + row * _ROW
        words = names[name]
        parts.append(f'<g transform="translate(0 {y + _BAR / 2 - words.height / 2:.1f})">{words.svg}</g>')
        width = max(at(error) - left, 1.5)
        parts.append(f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="var(--bar,#0072b2)"/>')
    x = at(tolerance)
    parts.append(f'<path d="M{x:.1f} 0V{bottom}" stroke="currentColor" stroke-width="1.4" stroke-dasharray="5 3"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {_WIDTH} {bottom + 24}" width="{_WIDTH}" height="{bottom + 24}">'
        f"<title>{escape(alt)}</title>{''.join(parts)}</svg>"
    )
