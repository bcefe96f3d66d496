"""Shapes of a function's parameters, found by trial where nothing tells them: the most general ones with which the code runs.

A name suggests ranks (``X`` a matrix, ``b`` a vector, ``labels`` integers); of the shapes that fit, those with the most
distinct sizes are taken, and a backward function that returns gradients of the parameters' shapes confirms them.
"""

from __future__ import annotations

import heapq
import itertools
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numeric.extents import composed, names_in, renamed
from numeric.shape_evidence import Ranks

MOST_LINES, PROTECTION = (
    200_000,
    60.0,
)  # lines of the functions that are run in the search; seconds, for slow lines alone
RUNS, FITS, RIGHT = 2, 3, 4  # see ``Reached``
DOUBT = 15_000  # lines for other shapes where gradients fit and are not right
MOST_AXES, UNLIKELY, _MOST_CHOICES = 26, 5, 60
_INTEGERS = re.compile(
    r"(\w*_?(labels?|idxs?|ind(ex|ices)|tokens?|ids)|\w+_id|\w+Id|class(es)?|id|y_?(int|idx|label)s?)\Z", re.IGNORECASE
)
_PER_ROW = re.compile(r"(labels?|class(es)?|y|t|targets?|y_?(true|int|idx|label)s?)\Z", re.IGNORECASE)
_SCALARS = re.compile(
    r"(lam(bda)?_?|reg\w*|l2(_\w+)?|wd|weight_decay|decay|eps(ilon)?|alpha|eta|lr|tau|temperature|c|margin|scale|momentum|p|sigma)\Z",
    re.IGNORECASE,
)
_BIASES = re.compile(r"(b[a-zA-Z]?\d?|b_\w+|bias\w*|gamma\d?|beta\d?|g\d?|gain)\Z")
_SAMPLES = re.compile(
    r"(x\d?|inputs?|data|features|logits|scores|z|h|s|preds?\w*|out\w*|samples|states)\Z", re.IGNORECASE
)
_VECTORS = re.compile(r"(w|v|theta|mu|[a-z]0|\w*_?prev)\Z")
_ROWS = re.compile(r"\baxis\b|keepdims|\.shape\b|\[:, ")
_WHOLE = re.compile(r"\binteger|\bindices\b|\bindex\b|invalid literal|unhashable", re.IGNORECASE)
_SIZES = (9, 7, 5, 4, 3, 6, 8, 2, *range(10, 60))

_SPREAD = (13, 3, 2)

Shapes = dict[str, list[str]]


@dataclass(frozen=True)
class Reached:
    """How far code runs with some shapes.

    ``fit``: 0 the forward function fails, 1 it runs, 2 the backward one runs too, up to 3 the more of its gradients have the
    parameters' shapes, up to 4 the more of them are right along some direction. ``lines`` that were run and the ``place`` in the last of them; the ``error`` that stopped it.
    """

    fit: float
    lines: int = 0
    place: int = 0
    error: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def score(self) -> tuple[float, int, int]:
        """What orders trials: the better fit, else the farther line, else the later place in it."""
        return (self.fit, self.lines, self.place) if self.fit < RUNS else (self.fit, 0, 0)


Runs = Callable[[Mapping[str, Sequence[str]], frozenset[str], Mapping[str, int]], Reached]


@dataclass(frozen=True)
class Guess:
    """The rank of one parameter, whether it holds integers, and how unlikely that is."""

    rank: int
    integer: bool
    cost: int


@dataclass(frozen=True)
class Found:
    """Shapes as names of sizes, the parameters that hold integers, and how far the code runs with them."""

    shapes: Shapes
    integers: frozenset[str]
    fit: float


def leaf(name: str) -> str:
    """``W`` for ``p['W']``."""
    return name.rstrip("]'\"").rpartition("'")[2].rpartition('"')[2]


def guesses(name: str, source: str) -> list[Guess]:
    """Ranks for a parameter, the likely ones first."""
    name = leaf(name)
    if _INTEGERS.match(name):
        return [Guess(1, True, 0), Guess(0, True, 1), Guess(2, True, 2)]
    if _BIASES.match(name):
        return [Guess(1, False, 0), Guess(0, False, 1), Guess(2, False, UNLIKELY)]
    if _SCALARS.match(name):
        order = (0, 1, 2, 3)
    elif name[0].isupper():
        order = (2, 1, 3, 0)
    elif _VECTORS.match(name) or not _ROWS.search(source):
        order = (1, 2, 0, 3)
    else:
        order = (2, 1, 0, 3)
    found = [Guess(rank, False, cost) for cost, rank in enumerate(order)]
    return [*found, Guess(1, True, 1)] if _PER_ROW.match(name) else found


def found_shapes(
    unknown: Sequence[str], known: Mapping[str, Sequence[str]], source: str, runs: Runs, told: Mapping[str, Ranks]
) -> Found | None:
    """Shapes for the unknown parameters, None where nothing fits.

    ``runs`` tells how well shapes fit at given sizes; ``told`` is what the text says of ranks. First the likely ranks are
    tried, biases as vectors, as columns and as rows; then ranks are changed one at a time where that lets the code come
    farther. The work is bounded by the lines that are run, so that the answer does not depend on the machine.
    """
    fixed = list(dict.fromkeys(n for shape in known.values() for d in shape for n in names_in(d)))
    search = _Search(unknown, fixed, runs)
    choices = {name: _allowed(guesses(name, source), told.get(name)) for name in unknown}
    orders = list(itertools.islice(_by_cost(list(choices.values())), _MOST_CHOICES))
    forms = ["vector", *(["column", "row"] if any(_BIASES.match(leaf(name)) for name in unknown) else [])]
    for form in forms:
        if not search.done(False):
            search.most_general(search.start(orders[0], form))
    for chosen in orders[1:]:
        if search.done(sum(g.cost for g in chosen) >= UNLIKELY) or (
            search.left < 0.7 * MOST_LINES and not search.fits()
        ):
            break
        if sum(g.rank for g in chosen) <= MOST_AXES:
            search.most_general(search.start(chosen, "vector"))
    for form in forms:
        if not search.done(False) and not search.fits():
            search.with_other_ranks(search.start(orders[0], form), choices)
    return search.best


def reconciled(
    shapes: Mapping[str, Sequence[str]], fixed: Sequence[str], integers: frozenset[str], runs: Runs
) -> Found | None:
    """Shapes that were told, with sizes made equal or arrays made whole numbers, so that the forward function runs.

    None where no such change helps. ``fixed`` are names of sizes that must stay.
    """
    search = _Search(list(shapes), list(fixed), runs)
    state = _State({n: tuple(s) for n, s in shapes.items()}, integers)
    for _ in range(4):
        state, reached = search.most_general(state)
        if reached.fit >= 1:
            return Found({n: list(s) for n, s in state.shapes.items()}, state.integers, reached.fit)
        if not _WHOLE.search(reached.error):
            return None
        open_ones = sorted((n for n in shapes if n not in state.integers), key=lambda n: not _INTEGERS.match(leaf(n)))
        tries = [replace(state, integers=state.integers | {n}) for n in open_ones]
        better = [t for t in tries if search.tried(t).score > reached.score]
        if not better:
            return None
        state = better[0]
    return None


def _allowed(found: list[Guess], told: Ranks | None) -> list[Guess]:
    """The guesses that the text allows; where it allows none of them, the rank that it tells."""
    if told is None:
        return found
    kept = [g for g in found if told.allow(g.rank)]
    costs = [Guess(g.rank, g.integer, g.cost - kept[0].cost) for g in kept]
    rank = told.exact if told.exact is not None else told.least
    return costs or [Guess(rank, False, 0), Guess(rank, True, 2)]


def _by_cost(choices: Sequence[Sequence[Guess]]) -> Iterator[tuple[Guess, ...]]:
    """Combinations of one guess for each parameter, the likely ones first."""
    start = (0,) * len(choices)
    heap, seen = [(sum(c[0].cost for c in choices), start)], {start}
    while heap:
        _, at = heapq.heappop(heap)
        yield tuple(c[k] for c, k in zip(choices, at, strict=True))
        for i, c in enumerate(choices):
            after = (*at[:i], at[i] + 1, *at[i + 1 :])
            if after[i] < len(c) and after not in seen:
                seen.add(after)
                heapq.heappush(heap, (sum(d[k].cost for d, k in zip(choices, after, strict=True)), after))


@dataclass(frozen=True)
class _State:
    """Names of sizes for each parameter's axes (digits for fixed ones), and the parameters that hold integers."""

    shapes: Mapping[str, tuple[str, ...]]
    integers: frozenset[str]

    def labels(self, fixed: Sequence[str]) -> list[str]:
        own = [n for s in self.shapes.values() for d in s for n in names_in(d)]
        return list(dict.fromkeys([*fixed, *own]))

    def merged(self, pairs: Mapping[str, str]) -> _State:
        return _State({n: tuple(renamed(d, pairs) for d in s) for n, s in self.shapes.items()}, self.integers)


class _Search:
    """Trials of shapes, the best so far, and how many lines of the functions may still be run."""

    def __init__(self, unknown: Sequence[str], fixed: list[str], runs: Runs):
        self.unknown, self.fixed, self.runs = unknown, fixed, runs
        self.best: Found | None = None
        self.left = MOST_LINES
        self.end = time.monotonic() + PROTECTION

    def done(self, unlikely: bool) -> bool:
        """Whether to stop: gradients are right, or the code runs and only unlikely shapes are left, or enough was tried."""
        fit = self.best.fit if self.best else 0.0
        return self.spent() or fit >= RIGHT or (unlikely and fit >= RUNS)

    def fits(self) -> bool:
        """Whether some shapes fit all gradients."""
        return self.best is not None and self.best.fit >= FITS

    def spent(self) -> bool:
        """Whether enough was tried; where gradients fit and are not right, a few other shapes are tried for the code's sake."""
        return self.left <= 0 or time.monotonic() > self.end

    def start(self, chosen: Sequence[Guess], form: str) -> _State:
        """Every axis with a size of its own, but what goes by rows with as many rows as the first array."""
        shapes, number = {}, 0
        for name, g in zip(self.unknown, chosen, strict=True):
            dims = [f"n{number + k + 1}" for k in range(g.rank)]
            number += g.rank
            if form != "vector" and g.rank == 1 and _BIASES.match(leaf(name)):
                dims = [*dims, "1"] if form == "column" else ["1", *dims]
            shapes[name] = tuple(dims)
        integers = frozenset(n for n, g in zip(self.unknown, chosen, strict=True) if g.integer)
        real = [n for n, s in shapes.items() if n not in integers and s and not s[0].isdigit()]
        real.sort(key=lambda n: not _SAMPLES.match(leaf(n)))
        first = shapes[real[0]][0] if real else None
        first = first or (self.fixed[0] if self.fixed else None)
        for name in integers:
            if shapes[name] and _PER_ROW.match(leaf(name)) and first:
                shapes[name] = (first, *shapes[name][1:])
        return _State(shapes, integers)

    def tried(self, state: _State) -> Reached:
        """How far the code comes; the state is kept if nothing fitted better before."""
        names = state.labels(self.fixed)
        sizes = dict(zip(names, _SIZES, strict=False))
        found = replace(self.runs(state.shapes, state.integers, sizes), sizes=sizes)
        self.left -= found.lines + 20
        for other in _other_sizes(state, names) if not found.fit else ():
            again = replace(self.runs(state.shapes, state.integers, other), sizes=other)
            self.left -= again.lines + 20
            found = max(found, again, key=lambda r: r.score)
        better = self.best is None or found.fit > self.best.fit
        if self.best is not None and self.best.fit >= FITS:
            # only for more general shapes: at sizes of one, or with an axis more, wrong code is right by accident
            before, now = _generality(self.best.shapes), _generality(state.shapes)
            better = found.fit >= self.best.fit and now[0] >= before[0] and now[1] <= before[1]
            kept = [
                n for n in state.shapes if n.startswith("self.")
            ]  # what is put into a kept gradient is spread over it
            better = better and all(state.shapes[n] or not self.best.shapes[n] for n in kept)
            better = better and (found.fit > self.best.fit or now[1] < before[1])
        if found.fit and better:
            if found.fit >= FITS and (self.best is None or self.best.fit < FITS):
                self.left = min(self.left, DOUBT)
            self.best = Found({n: list(s) for n, s in state.shapes.items()}, state.integers, found.fit)
        return found

    def most_general(self, state: _State, until: float = RUNS) -> tuple[_State, Reached]:
        """Sizes made equal, a pair or all those of two arrays at a time, each time those with which the code comes farther."""
        reached = self.tried(state)
        while reached.fit < until and not self.spent():
            better: list[tuple[_State, Reached]] = []
            for changes in (self._merges, self._multiples):  # the second only where the first is of no help
                tries = [(m, self.tried(m)) for m in changes(state, reached)] if not better else []
                better += [t for t in tries if t[1].score > reached.score]
            if not better:
                break
            state, reached = max(better, key=lambda t: t[1].score)
        return state, reached

    def _merges(self, state: _State, reached: Reached) -> Iterator[_State]:
        """Pairs of sizes, those that the error names alone if it names some; then arrays of one shape."""
        if "number of dimensions" in reached.error:
            return  # sizes are not what is wrong
        names = state.labels(self.fixed)
        said = {int(x) for x in re.findall(r"\d+", reached.error)}
        named = [n for n in names if reached.sizes.get(n) in said]
        for a, b in itertools.combinations(named if len(named) > 1 else names, 2):
            if b not in self.fixed:
                yield state.merged({b: a})
        inside = {n for s in state.shapes.values() for d in s if not d.isidentifier() for n in names_in(d)}
        for text, size in composed({n: reached.sizes[n] for n in names}) if named else ():
            for n in named:
                if size in said and n not in self.fixed and n not in names_in(text) and n not in inside:
                    yield state.merged({n: text})
        by_size = {reached.sizes[n]: n for n in names}
        told = [
            [by_size.get(int(x)) for x in re.findall(r"\d+", t)] for t in re.findall(r"\(([\d, ]+)\)", reached.error)
        ]
        if len(told) == 2 and min(map(len, told)) > 1:
            both = list(zip(told[0][::-1], told[1][::-1], strict=False))
            yield state.merged({b: a for a, b in both if a and b and a != b and b not in self.fixed})
            yield state.merged({a: b for a, b in both if a and b and a != b and a not in self.fixed})
        arrays = [n for n, s in state.shapes.items() if len(s) > 1]
        for a, b in itertools.combinations(arrays, 2):
            s, t = state.shapes[a], state.shapes[b]
            pairing = {v: u for u, v in zip(s, t, strict=False) if u != v and v not in self.fixed}
            if len(s) == len(t) and len(pairing) > 1:
                yield state.merged(pairing)

    def _multiples(self, state: _State, reached: Reached) -> Iterator[_State]:
        """A size made twice to four times one that the error names, as where gates are kept side by side."""
        said = {int(x) for x in re.findall(r"\d+", reached.error)}
        names = state.labels(self.fixed)
        for n, m in itertools.permutations(names, 2):
            if n not in self.fixed and reached.sizes[m] in said and _is_plain(state, n):
                yield from (state.merged({n: f"{k}*{m}"}) for k in (2, 3, 4))

    def with_other_ranks(self, state: _State, choices: Mapping[str, Sequence[Guess]]) -> None:
        """Ranks changed, of arrays of one kind together and of each alone, as long as the code comes farther."""
        for _ in range(len(self.unknown) + 2):
            state, reached = self.most_general(state, FITS)
            for changed in self._other_ranks(state, choices):
                if reached.fit >= RIGHT or self.spent():
                    return
                further = self.most_general(changed, FITS)
                if further[1].score > reached.score:
                    state = further[0]
                    break
            else:
                return

    def _other_ranks(self, state: _State, choices: Mapping[str, Sequence[Guess]]) -> Iterator[_State]:
        kinds: dict[tuple[Guess, ...], list[str]] = {}
        for name in self.unknown:
            kinds.setdefault(tuple(choices[name]), []).append(name)
        groups = [names for names in kinds.values() if len(names) > 1]
        for names in [*groups, *([name] for name in self.unknown)]:
            for g in [g for g in choices[names[0]] if g.cost < UNLIKELY]:
                changed = state
                for name in names:
                    if len(state.shapes[name]) != g.rank or (name in state.integers) != g.integer:
                        changed = _with_rank(changed, name, g)
                if changed is not state:
                    yield changed


def _other_sizes(state: _State, names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Other sizes for code that ran at none: a signal must be longer than its kernel, an image larger."""
    if 1 < len(names) < 4:
        yield dict(zip(names, _SIZES[: len(names)][::-1], strict=True))
        yield dict(zip(names, _SPREAD, strict=False))
    image = next((s for s in state.shapes.values() if len(s) == 4), ())
    for large in ((2, 3), (1, 2)) if image else ():
        wide = {n: (13, 11)[k] for k, axis in enumerate(large) for n in names_in(image[axis])}
        rest = iter((4, 3, 2, 5, 6, 7, 8, 9, 10, 12, *range(14, 60)))
        yield {n: wide.get(n) or next(rest) for n in names}


def _is_plain(state: _State, name: str) -> bool:
    """Whether a size stands only by itself, never within a sum or a product."""
    return all(d == name or name not in names_in(d) for s in state.shapes.values() for d in s)


def _generality(shapes: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How many sizes there are, and how many axes have a size that another one has."""
    axes = [d for s in shapes.values() for d in s]
    free = {d for d in axes if not d.isdigit()}
    return len(free), len(axes) - len(free)


def _with_rank(state: _State, name: str, g: Guess) -> _State:
    """The state with another rank or kind for one parameter."""
    fresh = tuple(f"{re.sub(r'[^A-Za-z]', '', name)}_{g.rank}{k}" for k in range(g.rank))
    integers = state.integers | {name} if g.integer else state.integers - {name}
    return _State({**state.shapes, name: fresh}, integers)


def coarser(shapes: Mapping[str, Sequence[str]]) -> Iterator[Shapes]:
    """The shapes with two of the sizes made equal."""
    names = list(dict.fromkeys(n for shape in shapes.values() for d in shape for n in names_in(d)))
    for a, b in itertools.combinations(names, 2):
        yield {n: [renamed(d, {b: a}) for d in shape] for n, shape in shapes.items()}


class Progress:
    """Counts the lines that functions of some files run, and where in the last line they stopped."""

    def __init__(self, *functions: Callable[..., Any]):
        self.files = {code.co_filename for f in functions if (code := getattr(f, "__code__", None)) is not None}
        self.lines = 0

    def run(self, function: Callable[[], Any]) -> tuple[Any, Reached]:
        """The function's value (None where it raises), and how far it came."""
        self.lines = 0
        before = sys.gettrace()
        place, said = 0, ""
        sys.settrace(self._trace)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                value = function()
        except Exception as error:  # another person's code at sizes that may not fit
            value, frame, said = None, error.__traceback__, str(error)
            while frame is not None:
                place = frame.tb_lasti if frame.tb_frame.f_code.co_filename in self.files else place
                frame = frame.tb_next
        finally:
            sys.settrace(before)
        return value, Reached(0, self.lines, place, said)

    def _trace(self, frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in self.files:
            return None
        self.lines += event == "line"
        return self._trace


def silent(function: Callable[[], Any]) -> Any:
    """The function's value without warnings; None where it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function()
        except Exception:  # another person's code at sizes that may not fit
            return None
