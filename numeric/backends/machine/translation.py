"""A kernel's text as LLVM's instructions.

The text is a function whose annotations say what lies in memory,

    def kernel(r0: real[:, 32, 48], r1: whole[:, 32], w0: real[:, 48], c0: real):

an array of real or whole numbers or of truth values in C order (``view[real, :, 32]`` has strides of its own) or a number.
It may assign, add to, branch and loop over ranges; arrays do not overlap. The machine's function takes one pointer to the
arguments, eight bytes each: an array's address, the extents that are not written down (and strides), or a number.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from numeric.backends.machine import products
from numeric.backends.machine.arithmetic import BYTE, WHOLE, Arithmetic, Number
from numeric.backends.machine.expressions import SIGNS, Array, Expressions, Lanes, Variable
from numeric.backends.machine.flow import Flow
from numeric.backends.machine.vectors import ROLLED, indices, reductions, running
from symbolic.errors import UnsupportedError

ON_STACK = 2**15  # bytes of a kernel's own array that lies on the stack


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


class Translation(Expressions, Flow):
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
        self.freed: list[Any] = []

    def write(self) -> None:
        """The entry that takes the arguments apart, and the function on distinct arrays that it calls."""
        self._enter()
        for statement in self.tree.body:
            self.statement(statement)
        for pointer in self.freed:
            self._external("free", ir.VoidType(), [pointer])
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
                strides = [self._slot(arguments, k) for k in slots] if p.is_view else self._strides(extents)
                self.scope[p.name] = Array(pointer, p.kind, extents, strides, not p.is_view)
            place += p.slots

    def _slot(self, arguments: Any, place: int) -> Number:
        return Number(self.builder.load(self.builder.gep(arguments, [ir.Constant(WHOLE, place)])), "whole")

    def _number(self, arguments: Any, place: int, kind: str) -> Number:
        pointer = self.builder.gep(arguments, [ir.Constant(WHOLE, place)])
        pointer = self.builder.bitcast(pointer, self.stored[kind].as_pointer())
        return self.a.loaded(pointer, kind)

    def _strides(self, extents: Sequence[Number]) -> list[Number]:
        found = [self.a.constant(1, "whole")]
        for extent in reversed(extents[1:]):
            last = found[0]
            known = isinstance(extent.code, ir.Constant) and isinstance(last.code, ir.Constant)
            found.insert(
                0,
                self.a.constant(extent.code.constant * last.code.constant, "whole")
                if known
                else self.a.binary("*", extent, last),
            )
        return found[-len(extents) :] if extents else []

    def _external(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        return self.a.intrinsic(name, result, arguments)

    # -- statements --------------------------------------------------------------------------------------------------------

    def statement(self, s: ast.stmt) -> None:
        """One statement."""
        match s:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr="empty"), args=[shape, *_])
            ):
                self.scope[name] = self._own_array([self.number(e) for e in shape.elts])
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self._change(target, SIGNS[type(op)], value)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=[limit]), body=body):
                self._loop(name, limit, body)
            case ast.If(test=test, body=body, orelse=otherwise):
                self._branch(test, body, otherwise)
            case ast.Expr(value=ast.Call(func=ast.Name(id="multiply"), args=matrices)):
                self._multiply([self._part(e) for e in matrices])
            case ast.Pass():
                pass
            case _:
                raise UnsupportedError(f"no machine code for {ast.unparse(s)!r}")

    def _own_array(self, extents: list[Number]) -> Array:
        """An array that exists while the kernel runs."""
        number = self.stored["real"]
        size, known = self.bits // 8, all(isinstance(e.code, ir.Constant) for e in extents)
        strides = self._strides(extents)
        if known and (count := strides[0].code.constant * extents[0].code.constant) * size <= ON_STACK:
            pointer = self.allocas.alloca(number, count)
            pointer.align = 64
            return Array(pointer, "real", extents, strides)
        count = self.a.binary("*", strides[0], extents[0])
        length = self.builder.mul(count.code, ir.Constant(WHOLE, size))
        raw = self._external("malloc", BYTE.as_pointer(), [length])
        self.freed.append(raw)
        return Array(self.builder.bitcast(raw, number.as_pointer()), "real", extents, strides)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            slices = [e for e in indices(target) if isinstance(e, ast.Slice)]
            if slices:
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

    def _part(self, e: ast.expr) -> Array:
        """An array, or what is left of one at its first positions."""
        if isinstance(e, ast.Name):
            return self.scope[e.id]
        array, at = self.scope[e.value.id], indices(e)  # type: ignore[attr-defined]
        offset = self.a.constant(0, "whole")
        for position, stride in zip(at, array.strides, strict=False):
            offset = self.a.binary("+", offset, self.a.binary("*", self.number(position), stride))
        pointer = self.builder.gep(array.pointer, [offset.code])
        return Array(pointer, array.kind, array.extents[len(at) :], array.strides[len(at) :], array.is_run)

    def _multiply(self, matrices: list[Array]) -> None:
        """out = left · right by the function for whole matrices; ``packed`` is room for a panel."""
        out, left, right, packed = matrices
        b = self.builder
        turned = self.a.compared(
            "!=", out.strides[1], self.a.constant(1, "whole")
        ).code  # the product of the transposes

        def matrix(m: Array) -> list[Any]:
            return [m.pointer, m.strides[0].code, m.strides[1].code]

        def transposed(m: Array) -> list[Any]:
            return [m.pointer, m.strides[1].code, m.strides[0].code]

        plain = [*matrix(out)[:2], *matrix(left), *matrix(right), out.extents[0].code, out.extents[1].code]
        other = [
            *transposed(out)[:2], *transposed(right), *transposed(left), out.extents[1].code, out.extents[0].code,
        ]  # fmt: skip
        *first, m, n = [b.select(turned, y, x) for x, y in zip(plain, other, strict=True)]
        name, kind = products.name(self.bits), products.signature(self.bits)
        function = b.module.globals.get(name) or ir.Function(b.module, kind, name)
        b.call(function, [*first, m, left.extents[1].code, n, packed.pointer])

    # -- loops and branches --------------------------------------------------------------------------------------------------

    def _loop(self, name: str, limit: ast.expr, body: list[ast.stmt]) -> None:
        end = self.number(limit)
        if not running(name, body, lambda array: self.scope[array].is_run):
            self.counted(self.a.constant(0, "whole"), end, 1, lambda k: self._once(name, k, body))
            return
        sums = self._begin_sums(reductions(body))
        if isinstance(end.code, ir.Constant):
            full, rest = divmod(end.code.constant, self.width)
            whole = self.a.constant(full * self.width, "whole")
            mask = ir.Constant(ir.VectorType(ir.IntType(1), self.width), [k < rest for k in range(self.width)])
            if full + bool(rest) <= ROLLED:
                for k in range(full):
                    self._lanes(name, self.a.constant(k * self.width, "whole"), None, sums, body)
            else:
                self.counted(
                    self.a.constant(0, "whole"), whole, self.width, lambda k: self._lanes(name, k, None, sums, body)
                )
            if rest:
                self._lanes(name, whole, mask, sums, body)
        else:
            whole = self.a.binary("-", end, self.a.binary("%", end, self.a.constant(self.width, "whole")))
            self.counted(
                self.a.constant(0, "whole"), whole, self.width, lambda k: self._lanes(name, k, None, sums, body)
            )
            with self.builder.if_then(self.a.compared("<", whole, end).code):
                counted = self.a.counting(whole, self.width)
                self._lanes(name, whole, self.a.compared("<", counted, end).code, sums, body)
        self._end_sums(sums, reductions(body))

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
