"""The steps of a derivation, told as a lecture tells them.

Forward: each module's definition. Backward: for every module its local Jacobians, with respect to what it is computed
from and to its parameters; the product of the chain rule with its shapes; the rewrites; the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from symbolic.calculus.canonical import placed
from symbolic.calculus.closed_form import Closed, Condition, TooLargeError, closed_form, is_boundary, nearest_form
from symbolic.calculus.conditions import conditions_of
from symbolic.calculus.folding import size
from symbolic.calculus.normal_form import normal_form
from symbolic.calculus.presentation import LONGEST, presented
from symbolic.calculus.pullback import cotangents, dependence, identity_seed
from symbolic.calculus.realisation import realised
from symbolic.calculus.records import Chain, Derivative, Step, row_shape
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from symbolic.calculus.derivation import Derivation


def record(d: Derivation) -> Iterator[Step]:
    """All steps of a derivation in order."""
    return _Recorder(d).steps()


class _Recorder:
    def __init__(self, d: Derivation):
        self.d = d
        self.number = 0
        self.defined: dict[Tensor, int] = {}
        self.local: dict[tuple[Tensor, Tensor], int] = {}
        self.done: dict[Tensor, int] = {}
        self.readers: dict[Tensor, list[Tensor]] = {}
        order = topological([d.output])
        self.active, _ = dependence(order, d.wrt)

    def step(self, kind: str, rule: str, left, right, **more) -> Step:
        self.number += 1
        return Step(self.number, kind, rule, left, right, **more)

    def steps(self) -> Iterator[Step]:
        for m in self.d.program:
            yield self._definition(m)
        wanted = {*self.d.program, *self.d.wrt}
        for m in self.d.program:
            for u in inputs_of(m):
                if u in wanted:
                    self.readers.setdefault(u, []).append(m)
        for m in reversed(self.d.program):
            if m is not self.d.output:
                yield from self._derivative(m)
            for u in inputs_of(m):
                if u in wanted and u.definition is None and self.readers[u][0] is m:
                    yield from self._derivative(u)
        for w in self.d.independent:
            yield self._independent(w)

    def _definition(self, m: Tensor) -> Step:
        inside = _inside(m)
        step = self.step(
            "definition", "definition", m, placed(nearest_form(m)), shapes=((m.label, m.extents),),
            conditions=conditions_of(t for t in inside if t.serial in self.active),
            inputs=tuple(self.defined[u] for u in inputs_of(m) if u in self.defined), tensor=m,
        )  # fmt: skip
        self.defined[m] = step.number
        return step

    def _derivative(self, u: Tensor) -> Iterator[Step]:
        """The steps for ∂C/∂u: local Jacobians of the modules that read u, chain rule, rewrites, result."""
        c, result = self.d.output, self.d.results.get(u)
        if result is None:
            return
        readers = [m for m in reversed(self.readers.get(u, ())) if m is c or m in self.done]
        inputs: list[int] = []
        for m in readers:
            for step in self._local(m, u):
                yield step
                inputs.append(step.number)
            if m in self.done:
                inputs.append(self.done[m])
        terms = tuple(((Derivative(c, m), Derivative(m, u)) if m is not c else (Derivative(c, u),)) for m in readers)
        if any(len(term) > 1 for term in terms):
            shapes = [(Derivative(c, u).label, row_shape(c, u))]
            shapes += [(f.label, row_shape(f.of, f.by[0])) for term in terms for f in term]
            rule = "chain_rule" if len(terms) == 1 else "total_derivative"
            step = self.step(
                "chain", rule, Derivative(c, u), Chain(terms), shapes=tuple(shapes), inputs=tuple(inputs), tensor=result
            )
            yield step
            inputs = [step.number]
        for step in self._rewrites(u, inputs):
            yield step
            inputs = [step.number]
        form = self.d.forms[u]
        step = self.step(
            "result", "result", Derivative(c, u), form, shapes=((result.label, row_shape(c, u)),),
            conditions=form.conditions, inputs=tuple(inputs), level=0, tensor=result, rules=form.rules,
        )  # fmt: skip
        self.done[u] = step.number
        yield step

    def _local(self, m: Tensor, u: Tensor) -> Iterator[Step]:
        """∂m/∂u with everything else that m reads held fixed."""
        bar = local_jacobian(m, u)
        if bar is None:
            return
        try:
            form = presented(bar, [m] if m.name else [])
        except TooLargeError:
            form = placed(nearest_form(bar))
        yield self.step(
            "local_jacobian", "local_jacobian", Derivative(m, u), form,
            shapes=((Derivative(m, u).label, row_shape(m, u)),),
            conditions=(*form.conditions, *_kinks(m, self.active)),
            inputs=(self.defined[m],), tensor=realised(form), rules=form.rules,
        )  # fmt: skip

    def _rewrites(self, u: Tensor, inputs: list[int]) -> Iterator[Step]:
        """From the product as it was pulled back to the result: multiplied out by named rules."""
        try:
            if self.d.raw[u].name is not None:
                return
            raw = placed(closed_form(self.d.raw[u]))
            if size(raw.expr) > LONGEST:
                return
            normal = normal_form(raw)
        except TooLargeError:
            return
        previous: Closed | None = None
        for rule, form in (("substitution", raw), (_main_rule(normal), normal)):
            if (previous is not None and form == previous) or form == self.d.forms[u]:
                continue
            step = self.step(
                "rewrite", rule, Derivative(self.d.output, u), form, inputs=tuple(inputs), level=2,
                tensor=self.d.raw[u], conditions=form.conditions, rules=form.rules,
            )  # fmt: skip
            yield step
            previous, inputs = form, [step.number]

    def _independent(self, w: Tensor) -> Step:
        zero = self.d.jacobian(w)
        return self.step(
            "result", "independent", Derivative(self.d.output, w), closed_form(zero),
            shapes=((Derivative(self.d.output, w).label, row_shape(self.d.output, w)),), level=0, tensor=zero,
        )  # fmt: skip


def _main_rule(form: Closed) -> str:
    return form.rules[0] if form.rules else "distribution"


def inputs_of(m: Tensor) -> list[Tensor]:
    """The boundary tensors that a module's definition reads, each once, computed ones first."""
    found = [u for u in topological([m], stop=lambda t: t is not m and is_boundary(t)) if u is not m and is_boundary(u)]
    return sorted(found, key=lambda u: (u.definition is None, u.serial))


def _inside(m: Tensor) -> list[Tensor]:
    """A module and the unnamed tensors that are written out in it."""
    return [t for t in topological([m], stop=lambda t: t is not m and is_boundary(t)) if t is m or not is_boundary(t)]


def _kinks(m: Tensor, active: set[int]) -> tuple[Condition, ...]:
    return conditions_of(t for t in _inside(m) if t.serial in active)


def local_jacobian(m: Tensor, u: Tensor) -> Tensor | None:
    """∂m/∂u in numerator layout, the other tensors that m reads held fixed; None if m does not read u smoothly."""
    if u.dtype != "real":
        return None
    stop = is_boundary
    return cotangents(m, identity_seed(m), [u], stop=lambda t: t is not m and stop(t)).get(u)
