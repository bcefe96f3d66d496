"""Plots people expect, with matplotlib: curves of a run, a path over level lines, the structure of a Jacobian, errors.

Colours are Okabe and Ito's, which colour-blind readers tell apart; each has a line style of its own, so that a plot reads
in black and white too. Every function returns a ``Plot``: the drawing with its text alternative, both in the words
of a catalogue (English if there is none).
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from numeric.training.history import History
    from numeric.training.rates import RateRange

STYLES = (
    ("#0072b2", "-", "o"),
    ("#d55e00", "--", "s"),
    ("#009e73", "-.", "^"),
    ("#cc79a7", ":", "D"),
    ("#e69f00", (0, (5, 1, 1, 1)), "v"),
    ("#56b4e9", (0, (1, 1)), "P"),
    ("#555555", (0, (6, 2)), "X"),
)
MOST_SQUARES = 1600  # entries of a matrix of which each is drawn as a square of its own
FORMATS = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class Plot:
    """A finished plot and what it shows in words."""

    figure: Figure
    alt: str


def loss_curve(history: History, words: Catalogue | None = None) -> Plot:
    """Mean training loss and held-out loss by epoch, and metrics on an axis of their own."""
    words = words or catalogue("en")
    records = history.records
    epochs = [r.epoch for r in records]
    metrics = sorted({name for r in records for name in r.metrics})
    figure, axes = _panels(2 if metrics else 1)
    curves = {words("training.loss"): [r.loss for r in records]}
    if any(r.validation is not None for r in records):
        curves[words("training.held_out")] = [r.validation for r in records]
    _curves(axes[0], epochs, curves, words("training.epoch"), words("plot.loss"))
    values = [v for curve in curves.values() for v in curve]
    if values and min(values) > 0 and max(values) > 20 * min(values):
        axes[0].set_yscale("log")
    if metrics:
        _curves(
            axes[1],
            epochs,
            {_metric(name, words): [r.metrics.get(name, np.nan) for r in records] for name in metrics},
            words("training.epoch"),
            words("plot.value"),
        )
    if not records:
        return Plot(figure, words("plot.no_epoch"))
    last = records[-1]
    ends = words("plot.loss_alt", epochs=len(records), first=f"{records[0].loss:.3g}", last=f"{last.loss:.3g}")
    at_end = [words("plot.metric_alt", name=_metric(n, words), value=f"{v:.4g}") for n, v in last.metrics.items()]
    return Plot(figure, "; ".join([ends, *at_end]) + ".")


def _metric(name: str, words: Catalogue) -> str:
    return words.sentences.get(f"training.{name}", name)


def rate_range(found: RateRange, words: Catalogue | None = None) -> Plot:
    """The loss of a learning-rate range test over the rates, with its running mean and the suggested rate."""
    words = words or catalogue("en")
    figure, (axis,) = _panels(1)
    curves = {words("plot.loss"): found.losses, words("plot.running_mean"): found.smoothed}
    _curves(axis, list(found.rates), curves, words("plot.rate"), words("plot.loss"))
    axis.set_xscale("log")
    axis.set_xticks(
        [10.0**k for k in range(int(np.ceil(np.log10(found.rates[0]))), int(np.log10(found.rates[-1])) + 1)]
    )
    axis.axvline(found.suggestion, color="0.4", linewidth=1, linestyle=":")
    top = 2 * float(np.max(found.smoothed[: int(np.argmin(found.smoothed)) + 1]))
    axis.set_ylim(top=min(top, float(np.max(found.losses)) * 1.05))
    return Plot(figure, words("plot.range_alt", found=str(found)))


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    labels: tuple[str, str],
    logarithmic: str = "",
    words: Catalogue | None = None,
) -> Plot:
    """Named curves, each with abscissae of its own; ``logarithmic`` names the axes that are ("x", "y", "xy")."""
    words = words or catalogue("en")
    figure, (axis,) = _panels(1, height=3.2 + 0.2 * (len(series) // 2 if len(series) > 3 else 0))
    for (name, (x, y)), (colour, line, mark) in zip(series.items(), itertools.cycle(STYLES), strict=False):
        every = max(1, len(x) // 8)
        axis.plot(
            x, y, color=colour, linestyle=line, marker=mark, markevery=every, markersize=4, linewidth=1.6, label=name
        )
    for letter in logarithmic:
        getattr(axis, f"set_{letter}scale")("log")
    if all(float(v).is_integer() for x, _ in series.values() for v in x) and "x" not in logarithmic:
        axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    if len(series) > 3:  # too many for a free corner
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    else:
        axis.legend(frameon=False)
    ends = [words("plot.curve_end", name=n, first=f"{y[0]:.3g}", last=f"{y[-1]:.3g}") for n, (_, y) in series.items()]
    return Plot(figure, words("plot.curves_alt", x=labels[0], y=labels[1], ends="; ".join(ends)))


def points(clouds: Mapping[str, Any], labels: tuple[str, str], words: Catalogue | None = None) -> Plot:
    """Named clouds of points of the plane, arrays (P, 2)."""
    words = words or catalogue("en")
    figure, (axis,) = _panels(1, height=3.6)
    for (name, cloud), (colour, _, mark) in zip(clouds.items(), STYLES, strict=False):
        p = np.asarray(cloud, dtype=float)
        axis.plot(p[:, 0], p[:, 1], color=colour, linestyle="", marker=mark, markersize=3, alpha=0.7, label=name)
    axis.set_xlabel(f"${labels[0]}$")
    axis.set_ylabel(f"${labels[1]}$")
    axis.legend(frameon=False)
    said = [
        words("plot.cloud", name=n, x=f"{np.mean(p, axis=0)[0]:.2g}", y=f"{np.mean(p, axis=0)[1]:.2g}")
        for n, p in clouds.items()
    ]
    return Plot(figure, words("plot.points_alt", clouds="; ".join(said)))


def trajectory(
    value: Callable[[float, float], float],
    paths: Mapping[str, Sequence[tuple[float, float]]],
    labels: tuple[str, str] = ("w_1", "w_2"),
    resolution: int = 80,
    words: Catalogue | None = None,
) -> Plot:
    """Paths of two parameters over the level lines of ``value``, a function of the two."""
    words = words or catalogue("en")
    points = np.array([p for path in paths.values() for p in path], dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.25 * np.maximum(high - low, 1e-3)
    x, y = (np.linspace(low[k] - margin[k], high[k] + margin[k], resolution) for k in (0, 1))
    heights = np.array([[value(a, b) for a in x] for b in y])
    figure, (axis,) = _panels(1, height=4.6)
    finite = heights[np.isfinite(heights)]
    axis.contour(
        x, y, heights, levels=np.unique(np.quantile(finite, np.linspace(0.02, 0.98, 14))), colors="0.75", linewidths=0.8
    )
    for (name, path), (colour, line, mark) in zip(paths.items(), STYLES, strict=False):
        p = np.array(path, dtype=float)
        axis.plot(
            p[:, 0], p[:, 1], color=colour, linestyle=line, marker=mark, markevery=[0, -1], linewidth=1.3, label=name
        )
    axis.set_xlabel(f"${labels[0]}$")
    axis.set_ylabel(f"${labels[1]}$")
    axis.legend(frameon=False)
    ends = [
        words("plot.path_end", name=name, x=f"{path[-1][0]:.3g}", y=f"{path[-1][1]:.3g}")
        for name, path in paths.items()
    ]
    return Plot(figure, words("plot.paths_alt", ends="; ".join(ends)))


def structure_picture(matrix: Any, rows: str = "", columns: str = "", words: Catalogue | None = None) -> Plot:
    """Where a Jacobian or Hessian is zero, positive and negative; further axes are merged into two."""
    words = words or catalogue("en")
    a = np.asarray(matrix, dtype=float)
    half = (a.ndim + 1) // 2
    a = a.reshape(int(np.prod(a.shape[:half])), -1)
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
    words = words or catalogue("en")
    label = label or words("plot.entries")
    figure, (axis,) = _panels(1)
    spread = max(float(np.abs(a).max(initial=0)) for a in map(np.asarray, arrays.values())) or 1.0
    bins = np.linspace(-spread, spread, 61)
    for (name, array), (colour, line, _) in zip(arrays.items(), STYLES * len(arrays), strict=False):
        axis.hist(np.ravel(array), bins=bins, histtype="step", density=True, color=colour, linestyle=line, label=name)
    axis.set_xlabel(label)
    axis.set_ylabel(words("plot.density"))
    axis.legend(frameon=False)
    spreads = ", ".join(f"{name} {np.std(array):.2g}" for name, array in arrays.items())
    return Plot(figure, words("plot.histograms_alt", label=label, spreads=spreads))


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


def _curves(axis: Any, x: Sequence[float], curves: Mapping[str, Sequence[Any]], xlabel: str, ylabel: str) -> None:
    for (name, values), (colour, line, mark) in zip(curves.items(), STYLES, strict=False):
        every = max(1, len(x) // 8)
        axis.plot(
            x,
            values,
            color=colour,
            linestyle=line,
            marker=mark,
            markevery=every,
            markersize=4,
            linewidth=1.6,
            label=name,
        )
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    if len(x) < 12:
        axis.set_xticks(x)
    axis.legend(frameon=False)
