"""``np.pad`` in all its modes but ``empty``: zeros, constants, copies of entries, statistics and ramps put around an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.errors import UnsupportedError
from symbolic.language.grids import linspace
from symbolic.language.indexing import getitem, take
from symbolic.language.joining import number
from symbolic.language.operations import as_tensor, mean, reduce
from symbolic.language.shaping import broadcast_to, concatenate, flip, pad
from symbolic.language.statistics import median
from symbolic.program.tensors import Tensor


def padded(x: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Tensor:
    """Each axis made longer by its two widths; of the later axes over the corners."""
    t = as_tensor(x)
    if mode == "constant":
        value = options.pop("constant_values", 0)
        _no_more(options)
        if isinstance(value, (tuple, list)):
            return _padded_by_sides(t, pad_width, value)
        zeros = pad(t, pad_width)
        is_zero = isinstance(value, (int, float)) and value == 0
        return zeros if is_zero else zeros + value * (1 - pad(as_tensor(1) + 0 * t, pad_width))
    if mode in _STATISTICS:
        return _by_statistic(t, pad_width, _STATISTICS[mode], **options)
    if mode == "linear_ramp":
        return _by_ramp(t, pad_width, **options)
    _no_more(options)
    if mode not in _PAD_POSITIONS:
        known = ", ".join(["constant", *_PAD_POSITIONS, *_STATISTICS, "linear_ramp"])
        raise UnsupportedError(f"pad: mode={mode!r} is not supported; expected {known}")
    for a, (before, after) in enumerate(pad_pairs(pad_width, t.ndim)):
        if mode == "edge" and not t.extents[a].is_Integer:
            key = (slice(None),) * a
            first, last = getitem(t, (*key, slice(0, 1))), getitem(t, (*key, slice(-1, None)))
            t = concatenate([*[first] * before, t, *[last] * after], a)
        elif before or after:
            n = number("pad", t, a)
            t = take(t, [_PAD_POSITIONS[mode](p, n) for p in range(-before, n + after)], a)
    return t


def _padded_by_sides(t: Tensor, widths: Any, values: Any) -> Tensor:
    """Padded axis by axis with a value for each side, the later axes over the corners."""
    sides = pad_pairs(values, t.ndim)
    for a, (counts, ends) in enumerate(zip(pad_pairs(widths, t.ndim), sides, strict=True)):
        slabs = [
            broadcast_to(v, [c if b == a else e for b, e in enumerate(t.extents)])
            for c, v in zip(counts, ends, strict=True)
        ]
        t = concatenate([slabs[0], t, slabs[1]], a)
    return t


def _by_statistic(t: Tensor, widths: Any, statistic: Callable[..., Tensor], stat_length: Any = None) -> Tensor:
    """A statistic of each line, of its ``stat_length`` entries nearest to the side if that is given."""
    lengths = pad_pairs(stat_length, t.ndim)
    for a, (counts, near) in enumerate(zip(pad_pairs(widths, t.ndim), lengths, strict=True)):
        every = (slice(None),) * a
        sides = [slice(None, near[0]), slice(None) if near[1] is None else slice(-near[1], None)]
        slabs = [
            broadcast_to(
                statistic(getitem(t, (*every, side)), a), [c if b == a else e for b, e in enumerate(t.extents)]
            )
            for c, side in zip(counts, sides, strict=True)
        ]
        t = concatenate([slabs[0], t, slabs[1]], a)
    return t


def _by_ramp(t: Tensor, widths: Any, end_values: Any = 0) -> Tensor:
    """A straight line from the edge's value to an end value, which is reached."""
    for a, (counts, ends) in enumerate(zip(pad_pairs(widths, t.ndim), pad_pairs(end_values, t.ndim), strict=True)):
        every = (slice(None),) * a
        edges = [getitem(t, (*every, at)) for at in (0, -1)]
        ramps = [
            [linspace(end + 0 * edge, edge, c, endpoint=False, axis=a)] if c else []
            for c, end, edge in zip(counts, ends, edges, strict=True)
        ]
        t = concatenate([*ramps[0], t, *(flip(r, a) for r in ramps[1])], a)
    return t


def pad_pairs(widths: Any, rank: int) -> list[tuple[int, int]]:
    """A pair of widths for each axis, from one number, one pair, or a pair per axis."""
    if hasattr(widths, "tolist"):
        widths = widths.tolist()
    if not hasattr(widths, "__len__"):
        return [(widths, widths)] * rank
    pairs = [tuple(w) if hasattr(w, "__len__") else (w, w) for w in widths]
    if not any(hasattr(w, "__len__") for w in widths):
        pairs = [(widths[0], widths[-1])]
    return [(p[0], p[-1]) for p in (pairs * rank if len(pairs) == 1 else pairs)]


def _reflected(p: int, n: int) -> int:
    if n == 1:
        return 0
    q = p % (2 * n - 2)
    return q if q < n else 2 * n - 2 - q


def _mirrored(p: int, n: int) -> int:
    q = p % (2 * n)
    return q if q < n else 2 * n - 1 - q


_PAD_POSITIONS: dict[str, Callable[[int, int], int]] = {
    "edge": lambda p, n: min(max(p, 0), n - 1),
    "reflect": _reflected,
    "symmetric": _mirrored,
    "wrap": lambda p, n: p % n,
}

_STATISTICS: dict[str, Callable[..., Tensor]] = {
    "maximum": lambda t, a: reduce("max", t, a, True),
    "minimum": lambda t, a: reduce("min", t, a, True),
    "mean": lambda t, a: mean(t, a, True),
    "median": lambda t, a: median(t, a, True),
}


def _no_more(options: dict) -> None:
    if options:
        raise UnsupportedError(f"pad: the option {next(iter(options))}= is not supported in this mode")
