"""Small grey images side by side as SVG: each number is a square, the darker the larger."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

_SIDE, _GAP = 8, 12


def tiles(images: Sequence[np.ndarray], alt: str) -> str:
    """The images, each scaled to its own largest number, in the ink of the page on its paper.

    >>> tiles([np.array([[0.0, 1.0]])], "One dark square.").count("<rect")
    2
    """
    parts, left, height = [], 2, max(len(image) for image in images) * _SIDE
    for image in images:
        width = image.shape[1] * _SIDE
        top = float(np.max(image)) or 1.0
        for row, numbers in enumerate(image):
            for column, number in enumerate(np.clip(numbers / top, 0, 1)):
                if number >= 0.02:
                    at = f'x="{left + column * _SIDE}" y="{2 + row * _SIDE}" width="{_SIDE}" height="{_SIDE}"'
                    parts.append(f'<rect {at} fill="currentColor" fill-opacity="{number:.2f}"/>')
        frame = f'x="{left - 1}" y="1" width="{width + 2}" height="{image.shape[0] * _SIDE + 2}"'
        parts.append(f'<rect {frame} fill="none" stroke="currentColor" stroke-opacity="0.3"/>')
        left += width + _GAP
    across, down = left - _GAP + 2, height + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {across} {down}" width="{across}" height="{down}"><title>{escape(alt)}</title>{"".join(parts)}</svg>'
    )
