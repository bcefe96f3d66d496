"""Plots people expect, with matplotlib: charts, a path over level lines, the structure of a Jacobian, errors.

Every function returns a ``Plot``: the drawing with its text alternative, both in the words of a catalogue (English if there
is none).
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numeric.errors import OptionError, extra
from numeric.output import write_output
from reports.document.catalogue import Catalogue, catalogue
from reports.figures.charts import STYLES, Chart, Panel, histogram_chart, loss_chart, plane_chart, series
from reports.figures.squares import matrix_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from numeric.training.history import History
    from numeric.training.rates import RateRange

MOST_SQUARES = 1600  # entries of a matrix of which each is drawn as a square of its own
FORMATS = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class Plot:
    """A finished plot and what it shows in words."""

    figure: Figure
    alt: str


def drawn(chart: Chart, height: float = 3.2) -> Plot:
    """A chart drawn with matplotlib, for files of any format."""
    figure, axes = _panels(len(chart.panels), height)
    for axis, panel in zip(axes, chart.panels, strict=True):
        for s, (colour, dashes, mark) in zip(panel.series, itertools.cycle(STYLES), strict=False):
            line = {"color": colour, "linestyle": (0, dashes) if dashes else "-", "label": s.name}
            if s.kind == "steps":
                axis.stairs(s.y, s.x, **line)
                continue
            ends = {"line": max(1, len(s.x) // 8), "path": [0, -1], "points": 1}[s.kind]
            if s.kind == "points":
                line |= {"linestyle": "", "alpha": 0.7}
            axis.plot(s.x, s.y, marker=mark, markevery=ends, markersize=4, linewidth=1.5, **line)
        for letter in panel.logarithmic:
            getattr(axis, f"set_{letter}scale")("log")
        if panel.counts:
            axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set_xlabel(panel.labels[0])
        axis.set_ylabel(panel.labels[1])
        if len(panel.series) > 3:  # too many for a free corner
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
        elif panel.series:
            axis.legend(frameon=False)
    return Plot(figure, chart.alt)


def loss_curve(history: History, words: Catalogue | None = None) -> Plot:
    """Mean training loss and held-out loss by epoch, and metrics on an axis of their own."""
    return drawn(loss_chart(history, words))


def rate_range(found: RateRange, words: Catalogue | None = None) -> Plot:
    """The loss of a learning-rate range test over the rates, with its running mean and the suggested rate."""
    words = words or catalogue("en")
    curves = [series(words("plot.loss"), found.rates, found.losses)]
    curves.append(series(words("plot.running_mean"), found.rates, found.smoothed))
    panel = Panel(tuple(curves), (words("plot.rate"), words("plot.loss")), "x")
    plot = drawn(Chart((panel,), words("plot.range_alt", found=str(found))))
    (axis,) = plot.figure.axes
    axis.set_xticks(
        [10.0**k for k in range(int(np.ceil(np.log10(found.rates[0]))), int(np.log10(found.rates[-1])) + 1)]
    )
    axis.axvline(found.suggestion, color="0.4", linewidth=1, linestyle=":")
    top = 2 * float(np.max(found.smoothed[: int(np.argmin(found.smoothed)) + 1]))
    axis.set_ylim(top=min(top, float(np.max(found.losses)) * 1.05))
    return plot


def trajectory(
    value: Callable[[float, float], float],
    paths: Mapping[str, Sequence[tuple[float, float]]],
    labels: tuple[str, str] = ("w_1", "w_2"),
    resolution: int = 80,
    words: Catalogue | None = None,
) -> Plot:
    """Paths of two parameters over the level lines of ``value``, a function of the two."""
    plot = drawn(plane_chart(paths, labels, words, paths=True), height=4.6)
    places = np.array([p for path in paths.values() for p in path], dtype=float)
    low, high = places.min(axis=0), places.max(axis=0)
    margin = 0.25 * np.maximum(high - low, 1e-3)
    x, y = (np.linspace(low[k] - margin[k], high[k] + margin[k], resolution) for k in (0, 1))
    heights = np.array([[value(a, b) for a in x] for b in y])
    levels = np.unique(np.quantile(heights[np.isfinite(heights)], np.linspace(0.02, 0.98, 14)))
    plot.figure.axes[0].contour(x, y, heights, levels=levels, colors="0.75", linewidths=0.8, zorder=1)
    return plot


def structure_picture(matrix: Any, rows: str = "", columns: str = "", words: Catalogue | None = None) -> Plot:
    """Where a Jacobian or Hessian is zero, positive and negative; further axes are merged into two."""
    words = words or catalogue("en")
    a = matrix_of(matrix)
    figure, (axis,) = _panels(1, height=4.0, width=4.4)
    largest = np.abs(a).max() or 1.0
    shades = {"cmap": "PuOr", "vmin": -largest, "vmax": largest}
    if a.size <= MOST_SQUARES:  # squares that every format can draw
        image = axis.pcolormesh(np.arange(a.shape[1] + 1) - 0.5, np.arange(a.shape[0] + 1) - 0.5, a, **shades)
        axis.invert_yaxis()
    else:
        image = axis.imshow(a, interpolation="nearest", aspect="auto", **shades)
    figure.colorbar(image, ax=axis, shrink=0.8)
    axis.grid(False)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel(columns or words("plot.columns"))
    axis.set_ylabel(rows or words("plot.rows"))
    zeros = np.mean(a == 0)
    fields = {"rows": a.shape[0], "columns": a.shape[1], "zeros": f"{zeros:.0%}", "largest": f"{largest:.3g}"}
    return Plot(figure, words("plot.matrix_alt", **fields))


def histograms(arrays: Mapping[str, Any], label: str = "", words: Catalogue | None = None) -> Plot:
    """The distribution of each array's entries, on a common axis; ``label`` says what they are."""
    return drawn(histogram_chart(arrays, label, words))


def error_bars(errors: Mapping[str, float], tolerance: float, words: Catalogue | None = None) -> Plot:
    """The relative error of each parameter's gradient against numerical differentiation, and the tolerance."""
    words = words or catalogue("en")
    figure, (axis,) = _panels(1, height=1.2 + 0.32 * max(len(errors), 2))
    names = list(errors)
    shown = [max(errors[name], 1e-17) for name in names]
    axis.barh(names, shown, color=STYLES[0][0], height=0.55)
    axis.axvline(tolerance, color="black", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_xlabel(words("plot.error"))
    axis.invert_yaxis()
    worst = f"{max(errors.values(), default=0.0):.2g}"
    said = words("report.check_alt", count=len(errors), worst=worst, tolerance=f"{tolerance:.0g}")
    return Plot(figure, said)


def to_svg(plot: Plot) -> str:
    """The plot as one SVG element with its text alternative, for use inside a page."""
    text = io.StringIO()
    with _style():
        plot.figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    escaped = plot.alt.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return svg.replace("<svg", f'<svg role="img" aria-label="{escaped}"', 1).strip()


def saved(plot: Plot, path: Path) -> None:
    """Write the plot as ``.svg``, ``.png`` or ``.pdf``.

    Raises ``OptionError`` for another ending and ``OutputError`` for a place that cannot be written.
    """
    if path.suffix not in FORMATS:
        raise OptionError(f"{path}: a plot is written as {', '.join(FORMATS)}")
    drawn = io.BytesIO()
    with _style():
        plot.figure.savefig(drawn, format=path.suffix[1:], dpi=160)
    write_output(path, drawn.getvalue())


def _style() -> Any:
    import matplotlib

    return matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "chainrule", "font.size": 10})


def _panels(count: int, height: float = 3.2, width: float = 5.6) -> tuple[Figure, list[Any]]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise extra("matplotlib", "plots", "a plot") from None
    figure = Figure(figsize=(width * (1.6 if count > 1 else 1), height), layout="constrained")
    axes = [figure.add_subplot(1, count, k + 1) for k in range(count)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="0.92", linewidth=0.6)
        axis.set_axisbelow(True)
    return figure, axes
