"""A kernel's text as LLVM's instructions.

The text is a function whose annotations say what lies in memory,

    def kernel(r0: real[:, 32, 48], r1: whole[:, 32], w0: real[:, 48], c0: real):

an array of real or whole numbers or of truth values in C order (``view[real, :, 32]`` has strides of its own) or a number.
It may assign, add to, branch and loop over ranges; arrays do not overlap. The machine's function takes one pointer to the
arguments, eight bytes each: an array's address, the extents that are not written down (and strides), or a number.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from numeric.backends.machine.arithmetic import BIT, BYTE, WHOLE, Arithmetic, Number
from numeric.backends.machine.arrays import Arrays, makes_array
from numeric.backends.machine.expressions import SIGNS, Array, Lanes, Variable
from numeric.backends.machine.vectors import ROLLED, indices, reductions, running
from symbolic.errors import UnsupportedError

CHAINS = 4  # sums of a long loop that are added up side by side: an addition takes four times as long as it keeps a unit busy


@dataclass(frozen=True)
class Parameter:
    """An argument of a kernel: its kind, its extents (None: known at run time; a number has none), how it lies in memory."""

    name: str
    kind: str
    extents: tuple[int | None, ...] | None
    is_view: bool = False

    @property
    def slots(self) -> int:
        """How many of the eight-byte arguments it takes."""
        if self.extents is None:
            return 1
        return 1 + self.extents.count(None) + (len(self.extents) if self.is_view else 0)


def parameters(tree: ast.FunctionDef) -> list[Parameter]:
    """What the annotations of a kernel say."""
    return [_parameter(a.arg, a.annotation) for a in tree.args.args]


def _parameter(name: str, note: Any) -> Parameter:
    if isinstance(note, ast.Name):
        return Parameter(name, note.id, None)
    axes = note.slice.elts if isinstance(note.slice, ast.Tuple) else [note.slice]
    is_view = note.value.id == "view"
    kind = axes.pop(0).id if is_view else note.value.id
    extents = tuple(axis.value if isinstance(axis, ast.Constant) else None for axis in axes)
    return Parameter(name, kind, extents, is_view)


def function_tree(text: str) -> ast.FunctionDef:
    """The one function of a text."""
    return next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))


def translate(text: str, module: ir.Module, name: str, bits: int, lanes: int) -> None:
    """Add the kernel of this text to a module, for reals of so many bits and vectors of so many numbers."""
    Translation(function_tree(text), module, name, bits, lanes).write()


class Translation(Arrays):
    """Writes one kernel."""

    def __init__(self, tree: ast.FunctionDef, module: ir.Module, name: str, bits: int, lanes: int):
        self.tree, self.width = tree, lanes
        self.parameters = parameters(tree)
        self.entry = ir.Function(module, ir.FunctionType(ir.VoidType(), [WHOLE.as_pointer()]), name)
        pointers = [p for p in self.parameters if p.extents is not None]
        kinds = Arithmetic(ir.IRBuilder(), bits).kinds
        stored = {**kinds, "truth": BYTE}
        inner = ir.FunctionType(ir.VoidType(), [WHOLE.as_pointer(), *(stored[p.kind].as_pointer() for p in pointers)])
        self.inner = ir.Function(module, inner, f"{name}.inner")
        self.inner.linkage = "internal"
        self.inner.attributes.add("noinline")
        self.allocas = ir.IRBuilder(self.inner.append_basic_block("allocas"))
        builder = ir.IRBuilder(self.inner.append_basic_block("entry"))
        super().__init__(self.inner, Arithmetic(builder, bits))
        self.stored, self.bits = stored, bits
        self.scope: dict[str, Any] = {}
        self.lanes: Lanes | None = None
        self.kept: list[Any] = []

    def write(self) -> None:
        """The entry that takes the arguments apart, and the function on distinct arrays that it calls."""
        self._enter()
        for statement in self.tree.body:
            self.statement(statement)
        self.free()
        self.builder.ret_void()
        self.allocas.branch(self.inner.basic_blocks[1])

    def _enter(self) -> None:
        outer = ir.IRBuilder(self.entry.append_basic_block("entry"))
        slots, pointers, place = self.entry.args[0], [], 0
        for p in self.parameters:
            if p.extents is not None:
                at = outer.load(outer.gep(slots, [ir.Constant(WHOLE, place)]))
                pointers.append(outer.inttoptr(at, self.stored[p.kind].as_pointer()))
            place += p.slots
        outer.call(self.inner, [slots, *pointers])
        outer.ret_void()
        place, given, arguments = 0, iter(self.inner.args[1:]), self.inner.args[0]
        arguments.add_attribute("noalias")
        for p in self.parameters:
            if p.extents is None:
                self.scope[p.name] = self._number(arguments, place, p.kind)
            else:
                pointer, slots = next(given), iter(range(place + 1, place + p.slots))
                pointer.add_attribute("noalias")
                extents = [
                    self._slot(arguments, next(slots)) if e is None else self.a.constant(e, "whole") for e in p.extents
                ]
                strides = [self._slot(arguments, k) for k in slots] if p.is_view else self.strides(extents)
                self.scope[p.name] = Array(pointer, p.kind, extents, strides, not p.is_view)
            place += p.slots

    def _slot(self, arguments: Any, place: int) -> Number:
        return Number(self.builder.load(self.builder.gep(arguments, [ir.Constant(WHOLE, place)])), "whole")

    def _number(self, arguments: Any, place: int, kind: str) -> Number:
        pointer = self.builder.gep(arguments, [ir.Constant(WHOLE, place)])
        pointer = self.builder.bitcast(pointer, self.stored[kind].as_pointer())
        return self.a.loaded(pointer, kind)

    # -- statements --------------------------------------------------------------------------------------------------------

    def statement(self, s: ast.stmt) -> None:
        """One statement."""
        match s:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if makes_array(value):
                self.scope[name] = self.array(value)
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self._change(target, SIGNS[type(op)], value)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=[limit]), body=body):
                self._loop(name, limit, body)
            case ast.If(test=test, body=body, orelse=otherwise):
                self._branch(test, body, otherwise)
            case ast.Expr(value=ast.Call(func=ast.Name(id="multiply"), args=matrices)):
                self.multiply(*(self.array(e) for e in matrices))
            case ast.Expr(value=ast.Call(func=ast.Name(id="product"), args=matrices)):
                left, right, out = (self.array(e) for e in matrices)
                self.multiply(out, left, right)
            case ast.Pass():
                pass
            case _:
                raise UnsupportedError(f"no machine code for {ast.unparse(s)!r}")

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            if isinstance(target.slice, ast.Constant) and target.slice.value is Ellipsis:
                self._copy(self.array(target.value), value)
            elif any(isinstance(e, ast.Slice) for e in indices(target)):
                self._fill(target, self.number(value))
            else:
                self._store(target, self.number(value))
            return
        if not isinstance(target, ast.Name):
            raise UnsupportedError(f"no machine code for a value of {ast.unparse(target)!r}")
        length = value
        if isinstance(length, ast.Subscript) and isinstance(length.value, ast.Attribute):  # n = w0.shape[0]
            self.scope[target.id] = self.scope[length.value.value.id].extents[length.slice.value]  # type: ignore[attr-defined]
            return
        if self.lanes and target.id in self.lanes.sums:
            self._gather_largest(self.lanes, target.id, value)
            return
        self._keep(target.id, self.number(value))

    def _keep(self, name: str, x: Number) -> None:
        """Give a variable a value; it keeps the kind and the lanes of its first."""
        known = self.scope.get(name)
        if not isinstance(known, Variable) or known.lanes != x.lanes:
            pointer = self.allocas.alloca(self.a.type(x.kind, x.lanes))
            known = self.scope[name] = Variable(pointer, x.kind, x.lanes)
        self.builder.store(self.a.converted(x, known.kind).code, known.pointer)

    def _change(self, target: ast.expr, sign: str, value: ast.expr) -> None:
        x = self.number(value)
        if isinstance(target, ast.Name) and self.lanes and target.id in self.lanes.sums:
            neutral = self.a.constant(1.0 if sign == "*" else 0.0)
            self._gather(self.lanes, target.id, lambda s, x: self.a.binary(sign, s, x), x, neutral)
        elif isinstance(target, ast.Name):
            self._keep(target.id, self.a.binary(sign, self.number(ast.Name(target.id, ast.Load())), x))
        else:
            self._store(target, self.a.binary(sign, self.number(target), x))

    def _gather(
        self, lanes: Lanes, name: str, how: Callable[[Number, Number], Number], x: Number, neutral: Number
    ) -> None:
        """Lane by lane, join a value to what is gathered; lanes outside the mask add nothing."""
        x, place = self.a.spread(self.a.converted(x, "real"), lanes.count), lanes.sums[name]
        if lanes.mask is not None:
            x = self.a.chosen(Number(lanes.mask, "truth", x.lanes), x, self.a.spread(neutral, x.lanes))
        before = Number(self.builder.load(place.pointer), "real", x.lanes)
        self.builder.store(how(before, x).code, place.pointer)

    def _gather_largest(self, lanes: Lanes, name: str, value: ast.expr) -> None:
        """s = larger(s, x), or s = -larger(-s, -x): the signs of the second are those of what is gathered."""
        call = value.operand if isinstance(value, ast.UnaryOp) else value
        x = self.number(call.args[1])  # type: ignore[attr-defined]
        self._gather(lanes, name, self.larger, x, self.a.constant(float("-inf")))

    def larger(self, x: Number, y: Number) -> Number:
        """The larger number; NaN if one is."""
        return self.a.called("maximum", x, y)

    def _copy(self, array: Array, value: ast.expr) -> None:
        """target[...] = value, entry by entry; both lie in C order."""
        if not array.extents:
            self.a.store(self.a.converted(self.number(value), array.kind), array.pointer)
            return
        source, b = self.array(value), self.builder

        def entry(k: Number) -> None:
            x = self.a.loaded(b.gep(source.pointer, [k.code]), source.kind)
            self.a.store(x, b.gep(array.pointer, [k.code]))

        self.counted(self.a.constant(0, "whole"), self.a.binary("*", array.strides[0], array.extents[0]), 1, entry)

    def _fill(self, target: ast.expr, x: Number) -> None:
        """target[i, :] = x."""
        array = self.scope[target.value.id]  # type: ignore[attr-defined]
        places = indices(target)
        places += [ast.Slice()] * (len(array.extents) - len(places))
        names = [f".{len(self.scope)}_{k}" for k, _ in enumerate(places)]
        inner = [ast.Name(name) if isinstance(e, ast.Slice) else e for name, e in zip(names, places, strict=True)]
        self.scope[".filled"] = x
        body: list[ast.stmt] = [
            ast.Assign([ast.Subscript(target.value, ast.Tuple(inner))], ast.Name(".filled"))  # type: ignore[attr-defined]
        ]
        for k in reversed(range(len(places))):
            if isinstance(places[k], ast.Slice):
                self.scope[f".limit{k}"] = array.extents[k]
                limit = ast.Call(ast.Name("range"), [ast.Name(f".limit{k}")], [])
                body = [ast.For(ast.Name(names[k]), limit, body, [])]
        self.statement(body[0])

    # -- loops and branches --------------------------------------------------------------------------------------------------

    def _loop(self, name: str, limit: ast.expr, body: list[ast.stmt]) -> None:
        end = self.number(limit)
        if not running(name, body, lambda array: self.scope[array].is_run):
            self.counted(self.a.constant(0, "whole"), end, 1, lambda k: self._once(name, k, body))
            return
        found = reductions(body)
        known = isinstance(end.code, ir.Constant)
        chains = CHAINS if found and not (known and end.code.constant // self.width <= ROLLED) else 1
        sums = [self._begin_sums(found) for _ in range(chains)]

        def lanes(start: Number, mask: Any = None, chain: int = 0) -> None:
            self._lanes(name, start, mask, sums[chain], body)

        def together(start: Number) -> None:
            for chain in range(chains):
                lanes(self.a.binary("+", start, self.a.constant(chain * self.width, "whole")), None, chain)

        whole = self._multiple(end, self.width)
        if known and whole.code.constant // self.width <= ROLLED:
            for k in range(0, whole.code.constant, self.width):
                lanes(self.a.constant(k, "whole"))
        else:
            begun = self._multiple(end, chains * self.width) if chains > 1 else self.a.constant(0, "whole")
            if chains > 1:
                self.counted(self.a.constant(0, "whole"), begun, chains * self.width, together)
            self.counted(begun, whole, self.width, lanes)
        if known:
            rest = end.code.constant % self.width
            if rest:
                lanes(whole, ir.Constant(ir.VectorType(BIT, self.width), [k < rest for k in range(self.width)]))
        else:
            with self.builder.if_then(self.a.compared("<", whole, end).code):
                lanes(whole, self.a.compared("<", self.a.counting(whole, self.width), end).code)
        for some in sums:
            self._end_sums(some, found)

    def _multiple(self, end: Number, of: int) -> Number:
        """The largest multiple that is not beyond the end."""
        if isinstance(end.code, ir.Constant):
            return self.a.constant(end.code.constant // of * of, "whole")
        return self.a.binary("-", end, self.a.binary("%", end, self.a.constant(of, "whole")))

    def _once(self, name: str, k: Number, body: list[ast.stmt]) -> None:
        self.scope[name] = k
        for s in body:
            self.statement(s)

    def _lanes(self, name: str, start: Number, mask: Any, sums: dict[str, Variable], body: list[ast.stmt]) -> None:
        """The body for as many values of the index as a vector has lanes."""
        self.lanes = Lanes(name, start, self.width, mask, sums)
        for s in body:
            self.statement(s)
        self.lanes = None

    def _begin_sums(self, found: dict[str, str]) -> dict[str, Variable]:
        sums = {}
        for name, kind in found.items():
            start = {"+": 0.0, "*": 1.0}.get(kind, float("-inf"))
            pointer = self.allocas.alloca(self.a.type("real", self.width))
            self.builder.store(self.a.spread(self.a.constant(start), self.width).code, pointer)
            sums[name] = Variable(pointer, "real", self.width)
        return sums

    def _end_sums(self, sums: dict[str, Variable], found: dict[str, str]) -> None:
        for name, place in sums.items():
            gathered = Number(self.builder.load(place.pointer), "real", self.width)
            kind, before = found[name], self.number(ast.Name(name, ast.Load()))
            if kind in ("+", "*"):
                join = lambda x, y, kind=kind: self.a.binary(kind, x, y)  # noqa: E731
                self._keep(name, join(before, self.a.folded(gathered, join)))
            elif kind == "larger":
                self._keep(name, self.larger(before, self.a.folded(gathered, self.larger)))
            else:
                largest = self.larger(self.a.negative(before), self.a.folded(gathered, self.larger))
                self._keep(name, self.a.negative(largest))

    def _branch(self, test: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt]) -> None:
        """The later tests of a conjunction are made only where the earlier hold: they may guard what these read."""
        tests = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
        b = self.builder
        other, after = (self.function.append_basic_block(n) for n in ("otherwise", "after"))
        for t in tests:
            inside = self.inner.append_basic_block("inside")
            b.cbranch(self.number(t).code, inside, other)
            b.position_at_end(inside)
        for s in body:
            self.statement(s)
        b.branch(after)
        b.position_at_end(other)
        for s in otherwise:
            self.statement(s)
        b.branch(after)
        b.position_at_end(after)
