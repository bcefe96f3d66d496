"""What a plot of curves shows, before anything draws it: series over two axes, with a text alternative.

``figures.lines`` draws a chart as SVG without a plotting library, so that a report needs none; ``figures.plots`` draws it with
matplotlib for files of any format. Both use ``STYLES``: Okabe and Ito's colours, which colour-blind readers tell apart, each
with a dash and a mark of its own, so that a chart reads in black and white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.document.catalogue import Catalogue, catalogue

if TYPE_CHECKING:
    from numeric.training.history import History

STYLES = (
    ("#0072b2", (), "o"),
    ("#d55e00", (5, 3), "s"),
    ("#009e73", (8, 3, 2, 3), "^"),
    ("#cc79a7", (2, 2), "D"),
    ("#e69f00", (7, 2, 2, 2, 2, 2), "v"),
    ("#56b4e9", (1, 1), "P"),
    ("#555555", (10, 4), "X"),
)
_BINS = 40


@dataclass(frozen=True)
class Series:
    """Named points. ``kind``: line, path (a line whose ends are marked), points, or steps (heights between edges)."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: str = "line"


@dataclass(frozen=True)
class Panel:
    """Series over common axes; ``logarithmic`` names the axes that are ("x", "y", "xy")."""

    series: tuple[Series, ...]
    labels: tuple[str, str]
    logarithmic: str = ""

    @property
    def counts(self) -> bool:
        """Whether the abscissae are whole numbers, as epochs are."""
        return "x" not in self.logarithmic and all(float(v).is_integer() for s in self.series for v in s.x)


@dataclass(frozen=True)
class Chart:
    """Panels side by side, and what they show in words."""

    panels: tuple[Panel, ...]
    alt: str


def series(name: str, x: Any, y: Any, kind: str = "line") -> Series:
    """A series of numbers of any kind; what is None is no number."""
    floats = [tuple(np.nan if v is None else float(v) for v in values) for values in (x, y)]
    return Series(name, floats[0], floats[1], kind)


def loss_chart(history: History, words: Catalogue | None = None) -> Chart:
    """Mean training loss and held-out loss by epoch, and metrics on an axis of their own."""
    words = words or catalogue("en")
    records = history.records
    epochs = [r.epoch for r in records]
    losses = [series(words("training.loss"), epochs, [r.loss for r in records])]
    if any(r.validation is not None for r in records):
        losses.append(series(words("training.held_out"), epochs, [r.validation for r in records]))
    values = [v for s in losses for v in s.y]
    spread = bool(values) and min(values) > 0 and max(values) > 20 * min(values)
    panels = [Panel(tuple(losses), (words("training.epoch"), words("plot.loss")), "y" if spread else "")]
    metrics = sorted({name for r in records for name in r.metrics})
    if metrics:
        found = [series(_metric(n, words), epochs, [r.metrics.get(n) for r in records]) for n in metrics]
        panels.append(Panel(tuple(found), (words("training.epoch"), words("plot.value"))))
    if not records:
        return Chart(tuple(panels), words("plot.no_epoch"))
    last = records[-1]
    ends = words("plot.loss_alt", epochs=len(records), first=f"{records[0].loss:.3g}", last=f"{last.loss:.3g}")
    at_end = [words("plot.metric_alt", name=_metric(n, words), value=f"{v:.4g}") for n, v in last.metrics.items()]
    return Chart(tuple(panels), "; ".join([ends, *at_end]) + ".")


def _metric(name: str, words: Catalogue) -> str:
    return words.sentences.get(f"training.{name}", name)


def curve_chart(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    labels: tuple[str, str],
    logarithmic: str = "",
    words: Catalogue | None = None,
) -> Chart:
    """Named curves, each with abscissae of its own."""
    words = words or catalogue("en")
    found = tuple(series(name, x, y) for name, (x, y) in curves.items())
    ends = [words("plot.curve_end", name=s.name, first=f"{s.y[0]:.3g}", last=f"{s.y[-1]:.3g}") for s in found]
    said = words("plot.curves_alt", x=labels[0], y=labels[1], ends="; ".join(ends))
    return Chart((Panel(found, labels, logarithmic),), said)


def plane_chart(
    clouds: Mapping[str, Any], labels: tuple[str, str], words: Catalogue | None = None, paths: bool = False
) -> Chart:
    """Named clouds of points of the plane, arrays (P, 2), or ``paths`` through them; the axes' names are LaTeX."""
    words = words or catalogue("en")
    found = []
    for name, cloud in clouds.items():
        p = np.asarray(cloud, dtype=float)
        found.append(series(name, p[:, 0], p[:, 1], "path" if paths else "points"))
    if paths:
        said = [words("plot.path_end", name=s.name, x=f"{s.x[-1]:.3g}", y=f"{s.y[-1]:.3g}") for s in found]
        alt = words("plot.paths_alt", ends="; ".join(said))
    else:
        said = [words("plot.cloud", name=s.name, x=f"{np.mean(s.x):.2g}", y=f"{np.mean(s.y):.2g}") for s in found]
        alt = words("plot.points_alt", clouds="; ".join(said))
    return Chart((Panel(tuple(found), (f"${labels[0]}$", f"${labels[1]}$")),), alt)


def histogram_chart(arrays: Mapping[str, Any], label: str = "", words: Catalogue | None = None) -> Chart:
    """The distribution of each array's entries, on a common axis; ``label`` says what they are."""
    words = words or catalogue("en")
    label = label or words("plot.entries")
    spread = max(float(np.abs(a).max(initial=0)) for a in map(np.asarray, arrays.values())) or 1.0
    edges = np.linspace(-spread, spread, _BINS + 1)
    found = tuple(_distribution(name, np.ravel(a), edges) for name, a in arrays.items())
    spreads = ", ".join(f"{name} {np.std(array):.2g}" for name, array in arrays.items())
    said = words("plot.histograms_alt", label=label, spreads=spreads)
    return Chart((Panel(found, (label, words("plot.density"))),), said)


def magnitude_chart(arrays: Mapping[str, Any], label: str, words: Catalogue | None = None) -> Chart:
    """How large the entries of each array are, by powers of ten; zeros are left out and counted in words."""
    words = words or catalogue("en")
    sizes = {name: np.abs(np.ravel(np.asarray(a, dtype=float))) for name, a in arrays.items()}
    logs = {name: np.log10(a[(a > 0) & np.isfinite(a)]) for name, a in sizes.items()}
    known = np.concatenate(list(logs.values()))
    low, high = (np.floor(known.min()), np.ceil(known.max())) if known.size else (0.0, 0.0)
    edges = np.linspace(low, max(high, low + 1), _BINS + 1)
    found = []
    for name, values in logs.items():
        heights, _ = np.histogram(values, edges)
        found.append(series(name, 10.0**edges, heights / max(len(sizes[name]), 1), "steps"))
    said = [
        words(
            "plot.magnitude",
            name=name,
            size=f"{np.median(a):.1e}" if len(a) else "–",
            zeros=f"{np.mean(a == 0):.0%}" if len(a) else "–",
        )
        for name, a in sizes.items()
    ]
    return Chart(
        (Panel(tuple(found), (label, words("plot.share")), "x"),),
        words("plot.magnitudes_alt", label=label, sizes="; ".join(said)),
    )


def _distribution(name: str, values: np.ndarray, edges: np.ndarray) -> Series:
    heights, _ = np.histogram(values, edges, density=True)
    return series(name, edges, heights, "steps")
