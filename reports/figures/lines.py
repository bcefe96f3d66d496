"""A chart as SVG in the ink of the page, drawn without a plotting library; words and numbers are outlines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from html import escape

from reports.figures.charts import STYLES, Chart, Panel, Series
from reports.figures.labels import Label, label

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _SIZE = 330, 190, 58, 12, 11.5
_SAMPLE = 26  # width of the line that stands before a name in the key
_MARKS = 8  # on a line

Scale = Callable[[float], float]


def chart_svg(chart: Chart) -> str:
    """The chart as one SVG element with its text alternative.

    >>> from reports.figures.charts import Panel, Series
    >>> drawn = chart_svg(Chart((Panel((Series("f", (0, 1), (0, 2)),), ("x", "y")),), "A line from 0 to 2."))
    >>> drawn.count("<svg"), 'aria-label="A line from 0 to 2."' in drawn
    (1, True)
    """
    wide = _WIDTH if len(chart.panels) > 1 else 1.5 * _WIDTH
    drawn = [_panel(panel, wide) for panel in chart.panels]
    height = max(h for _, h in drawn)
    parts = [
        f'<g transform="translate({k * (wide + _LEFT + _RIGHT):.1f} {height - h:.1f})">{svg}</g>'
        for k, (svg, h) in enumerate(drawn)
    ]
    across = len(drawn) * (wide + _LEFT + _RIGHT)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(chart.alt)}" '
        f'viewBox="0 0 {across:.0f} {height:.0f}" width="{across:.0f}" height="{height:.0f}">'
        f"<title>{escape(chart.alt)}</title>{''.join(parts)}</svg>"
    )


def _panel(panel: Panel, wide: float) -> tuple[str, float]:
    """One pair of axes with its key above, and how high it is."""
    key, top = _key(panel.series, wide)
    x, y = (_ticks(panel, axis) for axis in (0, 1))
    across = _scale(x, "x" in panel.logarithmic, _LEFT, _LEFT + wide)
    up = _scale(y, "y" in panel.logarithmic, top + _HEIGHT, top)
    bottom = top + _HEIGHT
    parts = [key]
    for value in _shown(x, "x" in panel.logarithmic):
        at, words = across(value), label(_number(value, x, "x" in panel.logarithmic), _SIZE)
        parts.append(_line(at, top, at, bottom, 'stroke="currentColor" stroke-opacity="0.12"'))
        parts.append(_put(words, at - words.width / 2, bottom + 5))
    for value in _shown(y, "y" in panel.logarithmic):
        at, words = up(value), label(_number(value, y, "y" in panel.logarithmic), _SIZE)
        parts.append(_line(_LEFT, at, _LEFT + wide, at, 'stroke="currentColor" stroke-opacity="0.12"'))
        parts.append(_put(words, _LEFT - words.width - 6, at - words.height / 2))
    parts.append(f'<path d="M{_LEFT} {top:.1f}V{bottom:.1f}H{_LEFT + wide:.1f}" fill="none" stroke="currentColor"/>')
    parts += [_drawn(s, style, across, up) for s, style in zip(panel.series, itertools.cycle(STYLES))]
    below, beside = (_words(name, 12.5) for name in panel.labels)
    parts.append(_put(below, _LEFT + (wide - below.width) / 2, bottom + 24))
    middle = top + (_HEIGHT + beside.width) / 2
    parts.append(f'<g transform="translate({1:.1f} {middle:.1f}) rotate(-90)">{beside.svg}</g>')
    return "".join(parts), bottom + 44


def _key(series: Sequence[Series], wide: float) -> tuple[str, float]:
    """What each style stands for, in rows above the axes."""
    parts, x, y = [], float(_LEFT), 4.0
    for s, style in zip(series, itertools.cycle(STYLES)):
        words = _words(s.name, 12.5)
        if x > _LEFT and x + _SAMPLE + words.width > _LEFT + wide:
            x, y = float(_LEFT), y + 19
        if s.kind != "points":
            parts.append(_line(x, y + 8, x + _SAMPLE - 6, y + 8, _stroke(style)))
        if s.kind != "steps":
            parts.append(_mark(style, x + (_SAMPLE - 6) / 2, y + 8))
        parts.append(_put(words, x + _SAMPLE, y + 8 - words.height / 2))
        x += _SAMPLE + words.width + 18
    return "".join(parts), y + 26


def _drawn(s: Series, style: tuple, across: Scale, up: Scale) -> str:
    points = [(across(a), up(b)) for a, b in zip(s.x, s.y, strict=False) if math.isfinite(a) and math.isfinite(b)]
    if s.kind == "steps":
        ends = [across(a) for a in s.x]
        points = [p for k, b in enumerate(s.y) for p in ((ends[k], up(b)), (ends[k + 1], up(b)))]
        points = [(points[0][0], up(0)), *points, (points[-1][0], up(0))] if points else points
    if s.kind == "points":
        return "".join(_mark(style, *p, size=2.2, opacity=0.7) for p in points)
    every = max(1, len(points) // _MARKS)
    marked = {"line": points[::every], "path": [*points[:1], *points[-1:]]}.get(s.kind, [])
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    drawn = f'<path d="M{path}" fill="none" {_stroke(style)}/>' if len(points) > 1 else ""
    return drawn + "".join(_mark(style, *p) for p in marked)


def _stroke(style: tuple) -> str:
    colour, dashes, _ = style
    dashed = f' stroke-dasharray="{" ".join(map(str, dashes))}"' if dashes else ""
    return f'stroke="{colour}" stroke-width="1.7"{dashed}'


_SHAPES = {
    "o": "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0Z",
    "s": "M-.9 -.9H.9V.9H-.9Z",
    "^": "M0 -1.2L1.1 .8H-1.1Z",
    "v": "M0 1.2L1.1 -.8H-1.1Z",
    "D": "M0 -1.25L1.25 0L0 1.25L-1.25 0Z",
    "P": "M-.4 -1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
    "X": "M-1 -.6L-.6 -1L0 -.4L.6 -1L1 -.6L.4 0L1 .6L.6 1L0 .4L-.6 1L-1 .6L-.4 0Z",
}


def _mark(style: tuple, x: float, y: float, size: float = 3.0, opacity: float = 1.0) -> str:
    shown = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    at = f'transform="translate({x:.1f} {y:.1f}) scale({size})"'
    return f'<path d="{_SHAPES[style[2]]}" {at} fill="{style[0]}"{shown}/>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" {stroke}/>'


def _put(words: Label, x: float, y: float) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f})">{words.svg}</g>'


def _words(text: str, size: float) -> Label:
    """A name as it stands, or mathematics between dollars."""
    if len(text) > 2 and text[0] == text[-1] == "$":
        return label(text[1:-1], size)
    bare = "".join(c for c in text if c not in "\\{}$%&#^_~")
    return label(rf"\text{{{bare}}}", size)


# -- axes --------------------------------------------------------------------------------------------------------------


def _ticks(panel: Panel, axis: int) -> list[float]:
    """Where an axis begins and ends, and the round numbers at which it is marked, which lie between."""
    values = [v for s in panel.series for v in (s.x, s.y)[axis] if math.isfinite(v)]
    if "xy"[axis] in panel.logarithmic:
        return _powers([v for v in values if v > 0])
    low, high = min(values, default=0.0), max(values, default=1.0)
    if axis and any(s.kind == "steps" for s in panel.series):
        low = 0.0
    return _round(low, high, panel.counts if axis == 0 else False)


def _round(low: float, high: float, whole: bool) -> list[float]:
    """
    >>> _round(0.1, 2.3, False)
    [0.1, 0.5, 1.0, 1.5, 2.0, 2.3]
    """
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [low, *(round(k * step, 12) for k in range(first, last + 1) if low < k * step < high), high]


def _powers(values: Sequence[float]) -> list[float]:
    """
    >>> _powers([0.02, 30.0])
    [0.02, 0.1, 1.0, 10.0, 30.0]
    """
    low, high = min(values, default=0.1), max(values, default=1.0)
    if high <= low:
        low, high = low / 2, high * 2
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = max(1, (last - first + 5) // 6)
    inner = [10.0**k for k in range(first, last + 1, every)]
    if len(inner) < 2:
        inner = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [low, *(v for v in inner if low < v < high), high]


def _shown(ticks: Sequence[float], logarithmic: bool) -> list[float]:
    """The round ones: the ends only where they are round themselves, or where nothing else is."""
    low, *inner, high = ticks
    if len(inner) < 2 or logarithmic:
        return inner if len(inner) > 1 else [low, *inner, high]
    step = inner[1] - inner[0]
    ends = [v for v in (low, high) if abs(v / step - round(v / step)) < 1e-9]
    return sorted({*inner, *ends})


def _scale(ticks: Sequence[float], logarithmic: bool, start: float, end: float) -> Scale:
    low, high = (math.log10(v) if logarithmic else v for v in (ticks[0], ticks[-1]))
    pad = 0.03 * (end - start)

    def at(value: float) -> float:
        place = (math.log10(value) if value > 0 else low) if logarithmic else value
        return start + pad + (end - start - 2 * pad) * (place - low) / (high - low)

    return at


def _number(value: float, ticks: Sequence[float], logarithmic: bool) -> str:
    """A mark's number as LaTeX."""
    power = math.log10(value) if value > 0 else 0.5
    if logarithmic and abs(power - round(power)) < 1e-9 and not -3 < power < 4:
        return f"10^{{{round(power)}}}"
    text = f"{value:.10g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.3g}"
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else text
