"""The same program for one set of sizes: every named dimension becomes its number, and axes of extent 1 disappear.

What is special about a batch of one sample (a rank-one product where there was a matrix product, no sum over samples) then
follows from the equations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from numeric.lowering.program import Program
from numeric.lowering.sharing import collected
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index, renamed
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor, computed


def resized(
    program: Program, sizes: Mapping[sp.Symbol, int], counted: Mapping[sp.Symbol, int] | None = None
) -> Program:
    """The program with numbers for dimensions; arguments are replaced by tensors of the same names.

    Where a dimension stands as a number (in 1/P of a mean), and not as the length of an axis, it is what ``counted`` says.
    """
    numbers, values = ({s: sp.Integer(n) for s, n in some.items()} for some in (sizes, {**sizes, **(counted or {})}))
    resize = _Resize(numbers, {t.serial for t in program.results}, values)
    for t in (*program.arguments, *program.constants):
        resize.replaced[t.serial] = _like(t, resize.extents(t), None)
    for t in program.steps:
        resize.replaced[t.serial] = resize.computed(t)
    return collected(
        [resize.replaced[t.serial] for t in program.arguments],
        [resize.replaced[t.serial] for t in program.outputs],
        [(resize.replaced[w.serial], resize.replaced[new.serial]) for w, new in program.updates],
    )


def _like(t: Tensor, extents: Iterable[sp.Expr], definition) -> Tensor:
    return Tensor(t.name, extents, dtype=t.dtype, role=t.role, definition=definition, assume=t.assume, value=t.value)


class _Resize:
    """Rewrites definitions; ``whole`` are the serials of tensors that keep axes of extent 1."""

    def __init__(
        self, numbers: Mapping[sp.Symbol, sp.Integer], whole: set[int], values: Mapping[sp.Symbol, sp.Integer]
    ):
        self.numbers, self.whole, self.values = numbers, whole, values
        self.replaced: dict[int, Tensor] = {}
        self.dropped: dict[int, tuple[int, ...]] = {}

    def extents(self, t: Tensor) -> list[sp.Expr]:
        """The extents as numbers."""
        return [e.xreplace(self.numbers) for e in t.extents]

    def computed(self, t: Tensor) -> Tensor:
        """A step with numbers for dimensions, without axes of extent 1 unless it is a result."""
        d = t.definition
        if isinstance(d, Application):
            operands = tuple(self.full(u) for u in d.operands)
            return _like(t, self.extents(t), Application(d.primitive, operands, d.options))
        indices = {i: Index(i.name, i.extent.xreplace(self.numbers)) for i in (*d.indices, *d.bound)}
        out = [indices[i] for i in d.indices]
        gone = () if t.serial in self.whole else tuple(a for a, i in enumerate(out) if i.extent == 1)
        arg = d.reduce.startswith("arg")
        ones = [i for i in indices.values() if i.extent == 1 and (i in out or not arg)]
        mapping = {**indices, **self.values}
        zeros = {i: sp.S.Zero for i in ones if i not in out or out.index(i) in gone}
        mapping = {k: v.xreplace(zeros) for k, v in mapping.items()}
        body, guards = self.rewritten(d, mapping)
        bound = [indices[k] for k in d.bound if indices[k] not in zeros]
        self.dropped[t.serial] = gone
        kept = [i for a, i in enumerate(out) if a not in gone]
        build = Equation if arg else equation
        return _like(t, [i.extent for i in kept], build(tuple(kept), body, tuple(bound), d.reduce, guards))

    def rewritten(self, d: Equation, mapping: Mapping) -> tuple[sp.Expr, tuple]:
        """Body and guards over other indices and the new operands."""
        lifted: dict[Access, sp.Expr] = {}
        # An index may be read from an integer tensor, so accesses nest: the inner ones first.
        for access in sorted(d.accesses, key=lambda a: len(a.atoms(Access))):
            gone = self.dropped.get(access.tensor.serial, ())
            read = [e.xreplace({**lifted, **mapping}) for a, e in enumerate(access.indices) if a not in gone]
            lifted[access] = self.replaced[access.tensor.serial].access(*read)
        everything = {**mapping, **lifted}
        guards = tuple(g.func(*(a.xreplace(everything) for a in g.args)) for g in d.guards)
        return renamed(d.body, everything), guards

    def full(self, t: Tensor) -> Tensor:
        """An operand of a primitive, with all its axes."""
        new, gone = self.replaced[t.serial], self.dropped.get(t.serial, ())
        if not gone:
            return new
        indices = [Index("i", e) for e in self.extents(t)]
        read = [i for a, i in enumerate(indices) if a not in gone]
        return computed(Equation(tuple(indices), new.access(*read)), t.dtype)
