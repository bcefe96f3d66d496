"""The lines of a backward function, each held to the true cotangent of what it is called after."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from numeric.checking.calls import Call
from numeric.checking.cases import Case
from numeric.checking.cotangents import Ahead, fits, recognised, wanted
from numeric.checking.differences import AGREES, close
from numeric.checking.probes import PROBE, Site, Watch, is_real, probed
from numeric.checking.program import Program, reached
from numeric.checking.work import Work

UNITS = 900_000  # of work for the cotangents of named values, and again for those of all others
Key = tuple[str, int, str, str]
Given = Mapping[Key, Sequence[Sequence[np.ndarray]]]


@dataclass(eq=False)
class Judged:
    """A place in the backward function at all cases: what stood there, what should, whether it is true and why.

    ``partly``: the value is a part of a cotangent, one of several paths; ``ahead``: it is a value of the forward function.
    """

    site: Site
    values: list[list[np.ndarray | None]]
    true: bool | None
    should: list[tuple[np.ndarray, ...]] | None = None
    partly: bool = False
    ahead: bool = False
    why: str = ""

    @property
    def key(self) -> Key:
        """What tells the place, also in a changed program."""
        return self.site.function, self.site.line, self.site.text, self.site.kind

    def first_wrong(self) -> int:
        """The first of several passes in which the value is not what it should be."""
        should = self.should[0] if self.should else ()
        for k, (value, true) in enumerate(zip(self.values[0], should, strict=False)):
            if value is None or value.shape != true.shape or not close(value, true):
                return k
        return len(self.values[0])

    def evidence(self) -> str:
        """Where the value departs most from what it should be."""
        if not self.should or self.values[0][0] is None:
            return ""
        for value, true in zip(self.values[0], self.should[0], strict=False):
            if value is None or value.shape != true.shape:
                return f"{self.site.text} has shape {getattr(value, 'shape', '?')}, its truth has {true.shape}"
            gap = np.abs(value - true)
            if gap.size and gap.max() > AGREES:
                at = tuple(int(k) for k in np.unravel_index(int(gap.argmax()), gap.shape)) if gap.ndim else ()
                entry = f"{self.site.text}{list(at) if at else ''}"
                return f"{entry} is {value[at]:.6g}, moving the forward function's value gives {true[at]:.6g}"
        return ""


def in_time(judged: Sequence[Judged]) -> list[Judged]:
    """The places in the order in which they first went wrong: within a loop, an earlier pass before a later one."""
    groups: dict[tuple[str, int], int] = {}
    keys = []
    for k, j in enumerate(judged):
        passes = len(j.values[0])
        first = groups.setdefault((j.site.function, passes), k) if passes > 1 else k
        keys.append((first, j.first_wrong() if passes > 1 else 0, k))
    return [judged[k] for _, _, k in sorted(keys)]


class Lines:
    """Judges the lines of a program; ``cases`` are the points, of which the first two tell truth."""

    def __init__(self, call: Call, program: Program, found: Sequence[Case]):
        self.call, self.program, self.cases = call, program, found
        ahead = call.subject.ahead
        file = getattr(getattr(ahead, "__code__", None), "co_filename", "")
        case = found[0]
        _, inside = reached(
            lambda: call.forward(case.point.values, case.point.sizes), file, getattr(ahead, "__globals__", {})
        )
        forward = Program(ahead, inside)
        self.by_gradient = True
        self.named, self.others = Work(UNITS, case.point.lines), Work(UNITS, case.point.lines)
        self.ahead = [Ahead(call, c, forward) for c in found[:2]] if forward.trees else []
        self.inner = [Ahead(call, c, forward, inside=True) for c in found[:2]] if forward.trees else []

    def variant(self, given: Given, case: int = 0) -> tuple[Callable, list[Site], Watch]:
        """The program as it stands, with probes; ``given`` values stand in the place of what was computed."""
        trees, sites = probed(self.program)
        put: dict[int, Sequence[np.ndarray]] = {}
        for s in sites:
            value = given.get((s.function, s.line, s.text, s.kind))
            if value is not None and case < len(value):
                put[s.number] = value[case]
        watch = Watch(put)
        return self.program.variant(trees, {PROBE: watch}), sites, watch

    def judged(self, given: Given) -> list[Judged]:
        """Every place of the backward function, in the order in which it runs."""
        seen = []
        for k in range(len(self.ahead) or 1):
            function, sites, watch = self.variant(given, k)
            self.cases[k].run(function)
            seen.append(watch.seen)
        found = []
        for number in seen[0]:
            site = sites[number]
            if all(number in s for s in seen):
                found.append(self._judge(site, [s[number] for s in seen]))
        for j in found:
            if j.true is None and not isinstance(getattr(j.site.statement, "value", None), ast.Name):
                j.true, j.partly = self._recognised(j.values[0])
                if j.true and len(j.values) > 1:  # at a few entries a wrong mask may be the right one by accident
                    j.true = self._recognised(j.values[1], 1)[0]
                j.why = (
                    "it is the true cotangent of an expression of the forward function"
                    if j.true and self.by_gradient
                    else ""
                )
        return found

    def _judge(self, site: Site, values: list[list[np.ndarray | None]]) -> Judged:
        if not any(isinstance(v, np.ndarray) and v.dtype.kind in "fiu" for v in values[0]):
            return Judged(site, values, None)
        should: list[tuple[np.ndarray, ...]] | None = None
        told = False
        for place in self._candidates(site):
            found, true = [], True
            for k, ahead in enumerate(self.ahead):
                named = [s for s in ahead.sites if s.number == place.number]
                cotangent = ahead.cotangent(named[0], self.named) if named else None
                if cotangent is None:
                    true = true and k > 0  # at the smallest point alone, where no work is left for another
                    break
                right = fits(values[k], cotangent)
                true = true and right is not None
                put = right or wanted(values[k], cotangent)
                if put is None:
                    break
                found.append(put)
            if true and self.ahead:
                return Judged(
                    site, values, True, found, why=f"it is the true cotangent of {place.text} (line {place.line})"
                )
            if found:
                told, should = True, should or found
        if told:
            return Judged(site, values, False, should, why="named")
        return Judged(site, values, None)

    def _candidates(self, site: Site) -> list[Site]:
        if not self.ahead:
            return []
        return self.ahead[0].named(site.variable, site.function)

    def _recognised(self, values: Sequence[np.ndarray | None], case: int = 0) -> tuple[bool | None, bool]:
        """Whether the values are true by themselves, whatever they are called, and whether they are a part of a cotangent:
        that of a value where it is read once, which a variable read several times has several of."""
        if case >= len(self.inner):
            return None, False
        inner = self.inner[case]
        shapes = {v.shape for v in values if v is not None}
        if self.call.subject.kind != "both" and _computed_ahead(values, inner):
            self.by_gradient = False
            return None, False
        self.by_gradient = True
        for kinds in (("inner", "assign", "after", "parameter"), ("use",)):
            pool = []
            for site in inner.sites:
                held = inner.seen.get(site.number, ())
                if site.kind in kinds and held and any(v is not None and v.shape in shapes for v in held):
                    cotangent = inner.cotangent(site, self.others)
                    if cotangent is not None:
                        pool.append(cotangent)
            if recognised(values, pool):
                return (True, False) if "inner" in kinds else (None, True)
        return None, False

    def judge_returned(self, judged: Sequence[Judged], starts: Mapping[str, ast.stmt]) -> None:
        """Judge the places of returned gradients by the gradients' own truth, where nothing else told."""
        owners = {id(s): n for n, s in starts.items()}
        for j in judged:
            name = owners.get(id(j.site.statement))
            if j.site.text.startswith("return["):
                name = self.call.belongs(j.site.text)
            if j.true is not None or name is None:
                continue
            if j.site.kind != "return" and self.call.belongs(j.site.text) != name:
                continue
            true = [c.true.get(name) for c in self.cases[: len(j.values)]]
            if any(t is None or not t.known.all() for t in true):
                continue
            slopes = [t.slope for t in true if t is not None]
            if all(
                len(v) == 1 and v[0] is not None and v[0].shape == t.shape
                for v, t in zip(j.values, slopes, strict=True)
            ):
                j.should, j.why = [(t,) for t in slopes], "named"
                j.true = all(close(v[0], t) for v, t in zip(j.values, slopes, strict=True))
                j.why = "it equals differences of the forward function" if j.true else "named"


def _computed_ahead(values: Sequence[np.ndarray | None], inner: Ahead) -> bool:
    """Whether the values are values of the forward function, which a backward function may compute again."""
    known = [v for seen in inner.seen.values() for v in seen if is_real(v) and v.size > 1]
    return all(
        v is not None and v.size > 1 and any(v.shape == w.shape and np.allclose(v, w) for w in known) for v in values
    )
