"""Placing a block diagram: layers by longest path, order in a layer by barycentres, heights by relaxation.

Parameters that feed one box stand above it, as does an observed variable that joins a computation under way (a target
at its cost); they take no part in the layering. An edge that spans several layers is led
through a free place in each of them, so that wires pass nodes instead of crossing them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reports.figures.blocks import FOLDS, Diagram, Edge
from reports.figures.rows import LANE, MARGIN, crossings, in_rows, stacked, way

GAP_X, GAP_Y, LIFT = 34.0, 26.0, 26.0


@dataclass(frozen=True)
class Size:
    """Width and height of a node in points."""

    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Centres of nodes, the way-points of each edge, and the whole extent."""

    centres: Mapping[str, tuple[float, float]]
    routes: Mapping[Edge, tuple[tuple[float, float], ...]]
    width: float
    height: float


def place(
    diagram: Diagram, sizes: Mapping[str, Size], gap: float = GAP_X, widest: float = 1e9, below: float = 0.0
) -> Layout:
    """Centres and routes for a diagram whose nodes have the given sizes; computation runs from left to right.

    ``gap`` is the free space between layers; what is wider than ``widest`` continues in another row, and ``below`` is the
    space that labels need under a row.
    """
    above = {e.source: e.target for e in diagram.edges if _is_satellite(diagram, e.source)}
    flow = [e for e in diagram.edges if e.source not in above]
    layer = _layers(diagram, flow, above)
    columns: dict[int, list[str]] = {}
    for node in diagram.nodes:
        if node.key not in above:
            columns.setdefault(layer[node.key], []).append(node.key)
    chains = {e: _chain(e, layer, columns) for e in flow}
    neighbours = _neighbours(chains)
    _order(columns, neighbours)
    room = {key: _room(key, sizes, above) for column in columns.values() for key in column}
    y = _heights(columns, neighbours, room)
    x = _abscissae(columns, sizes, above, gap)
    half = {key: _half_width(key, sizes, above) for key in x}
    left, right = {k: x[k] - half[k] for k in x}, {k: x[k] + half[k] for k in x}
    begins = {n.key: n.kind in ("function", "cost") for n in diagram.nodes}
    at = {key: k for k, column in columns.items() for key in column}
    entering = Counter(at[key] for chain in chains.values() for key in chain[1:])
    rows = in_rows(columns, begins, left, right, widest, entering)
    lanes = crossings(chains.values(), rows, columns, y)
    free = [below + 2 * GAP_Y + LANE * (len(wires) - 1) for wires in lanes]
    x, y, row_of, gaps = stacked(rows, columns, x, y, left, room, [*free, 0.0])
    centres = {key: (x[key], y[key]) for key in x}
    edge = max(x[key] + half[key] for key in x) + MARGIN
    routes = {e: way(chain, centres, row_of, gaps, lanes, edge) for e, chain in chains.items()}
    for box in dict.fromkeys(above.values()):
        _above(box, [s for s, b in above.items() if b == box], centres, sizes)
    return _framed(diagram, centres, routes, above, sizes)


def _half_width(key: str, sizes: Mapping[str, Size], above: Mapping[str, str]) -> float:
    if key not in sizes:
        return 0.0
    return max(sizes[key].width, _row([s for s, box in above.items() if box == key], sizes)) / 2


def _above(box: str, satellites: list[str], centres: dict[str, tuple[float, float]], sizes: Mapping[str, Size]) -> None:
    """Stand the satellites side by side over their box."""
    bx, by = centres[box]
    left = bx - _row(satellites, sizes) / 2
    for s in satellites:
        centres[s] = (left + sizes[s].width / 2, by - sizes[box].height / 2 - LIFT - sizes[s].height / 2)
        left += sizes[s].width + 8


def _row(satellites: list[str], sizes: Mapping[str, Size]) -> float:
    return sum(sizes[s].width for s in satellites) + 8 * max(len(satellites) - 1, 0)


def _is_satellite(diagram: Diagram, key: str) -> bool:
    targets = [e.target for e in diagram.edges if e.source == key]
    kinds = {n.key: n.kind for n in diagram.nodes}
    if len(targets) != 1 or kinds[key] not in ("parameter", "observed"):
        return False
    joined = [e.source for e in diagram.edges if e.target == targets[0] and kinds[e.source] in ("computed", *FOLDS)]
    repeated = any(n.key == key and n.repeated for n in diagram.nodes)
    return kinds[key] == "parameter" or repeated or bool(joined)


def _layers(diagram: Diagram, flow: list[Edge], above: Mapping[str, str]) -> dict[str, int]:
    """Longest path from the left; what stems from nothing but variables of its own moves right, next to its reader."""
    layer = {n.key: 0 for n in diagram.nodes if n.key not in above}
    feeders: dict[str, list[str]] = {key: [] for key in layer}
    readers: dict[str, list[str]] = {key: [] for key in layer}
    for e in flow:
        feeders[e.target].append(e.source)
        readers[e.source].append(e.target)
    branch: set[str] = set()
    for node in diagram.nodes:  # nodes come in the order of computation
        if node.key in layer:
            layer[node.key] = max((layer[source] + 1 for source in feeders[node.key]), default=0)
            if all(source in branch and len(readers[source]) == 1 for source in feeders[node.key]):
                branch.add(node.key)
    for node in reversed(diagram.nodes):
        if node.key in branch and readers[node.key]:
            layer[node.key] = max(min(layer[target] for target in readers[node.key]) - 1, 0)
    return layer


def _chain(edge: Edge, layer: Mapping[str, int], columns: dict[int, list[str]]) -> list[str]:
    """The edge's ends with a place-holder in every layer between them."""
    between = []
    for k in range(layer[edge.source] + 1, layer[edge.target]):
        key = f"{edge.source}>{edge.target}@{k}"
        columns.setdefault(k, []).append(key)
        between.append(key)
    return [edge.source, *between, edge.target]


def _neighbours(chains: Mapping[Edge, list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chain in chains.values():
        for a, b in itertools.pairwise(chain):
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
    return found


def _order(columns: dict[int, list[str]], neighbours: Mapping[str, list[str]], sweeps: int = 8) -> None:
    """Sort each column by the mean rank of its neighbours, sweeping to and fro; the order with fewest crossings stays."""
    best, fewest = {k: list(column) for k, column in columns.items()}, _crossings(columns, neighbours)
    for sweep in range(sweeps):
        for k in sorted(columns, reverse=bool(sweep % 2)):
            rank = {key: (i + 0.5) / len(c) for c in columns.values() for i, key in enumerate(c)}
            columns[k].sort(key=lambda key: _mean([rank[n] for n in neighbours.get(key, [])], rank[key]))
        found = _crossings(columns, neighbours)
        if found < fewest:
            best, fewest = {k: list(column) for k, column in columns.items()}, found
    columns.update(best)


def _crossings(columns: Mapping[int, list[str]], neighbours: Mapping[str, list[str]]) -> int:
    """How many pairs of wires cross between one layer and the next."""
    found = 0
    for k, column in columns.items():
        place = {key: i for i, key in enumerate(columns.get(k + 1, []))}
        wires = [(i, place[n]) for i, key in enumerate(column) for n in neighbours.get(key, []) if n in place]
        found += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(wires, 2))
    return found


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _room(key: str, sizes: Mapping[str, Size], above: Mapping[str, str]) -> tuple[float, float]:
    """The space that a node needs above and below its centre, parameters included."""
    if key not in sizes:
        return 4.0, 4.0
    half = sizes[key].height / 2
    on_top = [s for s, box in above.items() if box == key]
    return half + (LIFT + max(sizes[s].height for s in on_top) if on_top else 0.0), half


def _heights(columns, neighbours, room, rounds: int = 60) -> dict[str, float]:
    """Heights that draw neighbours level, while columns keep their order and their distances."""
    y: dict[str, float] = {}
    for column in columns.values():
        _spread(column, dict.fromkeys(column, 0.0), room, y)
    for _ in range(rounds):
        for k in sorted(columns):
            column = columns[k]
            wanted = {key: _level(key, neighbours.get(key, []), y) for key in column}
            _spread(column, wanted, room, y)
    return y


def _level(key: str, near: list[str], y: Mapping[str, float]) -> float:
    """The mean height of the neighbours; wires that pass other layers count only where there are no direct ones."""
    direct = [] if "@" in key else [n for n in near if "@" not in n]
    return _mean([y[n] for n in direct or near], y[key])


def _spread(
    column: list[str], wanted: Mapping[str, float], room: Mapping[str, tuple[float, float]], y: dict[str, float]
) -> None:
    """Set ``y`` as near to ``wanted`` as the distances allow: push down in order, then move back so that nodes are centred."""
    low = None
    placed: list[float] = []
    for key in column:
        at = wanted[key] if low is None else max(wanted[key], low + GAP_Y + room[key][0])
        placed.append(at)
        low = at + room[key][1]
    pushed = {key: wanted[key] - at for key, at in zip(column, placed, strict=True)}
    shift = _mean([by for key, by in pushed.items() if "@" not in key] or list(pushed.values()), 0.0)
    y.update({key: at + shift for key, at in zip(column, placed, strict=True)})


def _abscissae(columns, sizes: Mapping[str, Size], above: Mapping[str, str], gap: float) -> dict[str, float]:
    x, left = {}, 0.0
    for k in sorted(columns):
        rows = [_row([s for s, box in above.items() if box == key], sizes) for key in columns[k]]
        width = max([sizes[key].width for key in columns[k] if key in sizes] + rows, default=0.0)
        for key in columns[k]:
            x[key] = left + width / 2
        left += width + gap
    return x


def _framed(diagram, centres, routes, above, sizes) -> Layout:
    """Everything moved so that the drawing starts at a small margin."""
    margin = (
        16.0 if any(e.gradient is not None for e in diagram.edges) else 8.0
    )  # what flows back runs beside the wires
    corners = [p for route in routes.values() for p in route]
    left = min([centres[n.key][0] - sizes[n.key].width / 2 for n in diagram.nodes] + [p[0] for p in corners]) - margin
    top = min(centres[n.key][1] - sizes[n.key].height / 2 for n in diagram.nodes) - margin
    moved = {key: (px - left, py - top) for key, (px, py) in centres.items()}
    ways = {e: tuple((px - left, py - top) for px, py in route) for e, route in routes.items()}
    ways.update({e: (moved[e.source], moved[e.target]) for e in diagram.edges if e.source in above})
    ends = [
        (moved[n.key][0] + sizes[n.key].width / 2, moved[n.key][1] + sizes[n.key].height / 2) for n in diagram.nodes
    ]
    ends += [p for route in ways.values() for p in route]
    return Layout(moved, ways, max(p[0] for p in ends) + margin, max(p[1] for p in ends) + margin)
