"""A prepared program as the source of one function for numba."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from numeric.backends.loops.nests import Nest
from numeric.backends.loops.products import LARGE, SLIM, MatrixProduct, matrix_product
from numeric.backends.loops.scalars import Constants
from numeric.backends.loops.views import with_views
from numeric.lowering.building import entries
from numeric.lowering.layout import laid_out
from numeric.lowering.program import Program
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.expressions import Index
from symbolic.program.tensors import Tensor

# Everything of fast mathematics but the promise that there is no NaN and no infinity.
FLAGS = "{'reassoc', 'contract', 'nsz', 'arcp'}"
_OPTIONS = ("error_model='numpy'", f"fastmath={FLAGS}")
DTYPES = {"real": "real", "int": "np.int64", "bool": "np.bool_"}


def module_header(dtype: str, constants: Constants) -> str:
    """What every generated module begins with."""
    lines = [
        "import math", "", "import numpy as np", "from numba import njit", "",
        "from numeric.backends.loops.matrices import matrices", "", f"real = np.{dtype}", *constants.lines(),
        f"product = matrices({dtype!r}).product",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def head(signature: str, *options: str) -> list[str]:
    """The first lines of a compiled function."""
    return [f"@njit({', '.join(['cache=True', *options, *_OPTIONS])})", f"def {signature}:"]


class LoopWriter:
    """Writes ``name(arguments, constants)``; updated arguments are written in place."""

    def __init__(self, program: Program, constants: Constants, name: str = "computed"):
        program, self.views = with_views(laid_out(program))
        self.program, self.constants, self.name = program, constants, name
        self.names: dict[int, str] = {}
        for letter, tensors in (("a", program.arguments), ("k", program.constants)):
            self.names.update({t.serial: f"{letter}{position}" for position, t in enumerate(tensors)})
        self.updated = {new.serial: w for w, new in program.updates}
        self.stored = {w.serial for w, _ in program.updates}  # arguments that are written: arrays even if 0-d
        self.sizes = self._bound_sizes()
        self.lines: list[str] = []

    def write(self) -> str:
        """The function's source."""
        statements, results = self.statements()
        arguments = ", ".join(self.names[t.serial] for t in (*self.program.arguments, *self.program.constants))
        end = f"return ({', '.join(results)}{',' if len(results) == 1 else ''})"
        return "\n".join([*head(f"{self.name}({arguments})"), *("    " + line for line in [*statements, end])]) + "\n"

    def statements(self) -> tuple[list[str], list[str]]:
        """The lines between the arguments and the results, and the texts of the results."""
        order = self._order()
        for position, t in enumerate(order):
            self._step(t, position, order)
        late = [f"{self.names[w.serial]}[...] = {self.names[t]}" for t, w in self.late.items()]
        dims = [f"{name} = {source}" for name, source in self.dims]
        return [*dims, *self.lines, *late], [self._read(t) for t in self.program.outputs]

    # -- sizes ------------------------------------------------------------------------------------------------------------

    def _bound_sizes(self) -> dict[sp.Symbol, str]:
        """Where each named dimension can be read from."""
        found: dict[sp.Symbol, str] = {}
        self.dims: list[tuple[str, str]] = []
        for t in (*self.program.arguments, *self.program.constants):
            for axis, e in enumerate(t.extents):
                if e.is_Symbol and e not in found:
                    found[e] = f"n{len(found)}"
                    self.dims.append((found[e], f"{self.names[t.serial]}.shape[{axis}]"))
        return found

    def size(self, e: sp.Expr) -> str:
        """The text of an extent."""
        if e.is_Integer:
            return str(int(e))
        missing = e.free_symbols - self.sizes.keys()
        if missing:
            raise UnsupportedError(
                f"the compiled back end finds the dimension {sorted(map(str, missing))[0]} on no argument's axis alone; use backend='numpy'"
            )
        return self._size(sp.expand(e))

    def _size(self, e: sp.Expr) -> str:
        if e.is_Symbol:
            return self.sizes[e]
        if e.is_Integer:
            return f"({int(e)})" if e.is_negative else str(int(e))
        if e.is_Add:
            denominator = sp.ilcm(1, *(t.as_coeff_Mul()[0].q for t in e.args))
            if denominator != 1:
                return f"({self._size(sp.expand(e * denominator))} // {denominator})"
            return "(" + " + ".join(map(self._size, e.args)) + ")"
        if e.is_Mul:
            upper, lower = e.as_numer_denom()
            if lower != 1:
                return f"({self._size(upper)} // {self._size(lower)})"
            return "(" + " * ".join(map(self._size, e.args)) + ")"
        if e.is_Pow and e.exp.is_Integer:
            return f"{self._size(e.base)} ** {int(e.exp)}"
        raise UnsupportedError(f"the compiled back end has no code for the extent {e}; use backend='numpy'")

    # -- steps ------------------------------------------------------------------------------------------------------------

    def _order(self) -> list[Tensor]:
        """The steps, each update just before its first reader, or last: what reads the old value comes before."""
        order = [t for t in self.program.steps if t.serial not in self.updated]
        for t in reversed([t for t in self.program.steps if t.serial in self.updated]):
            readers = [k for k, u in enumerate(order) if any(v is t for v in u.operands)]
            order.insert(min(readers, default=len(order)), t)
        return order

    @property
    def late(self) -> dict[int, Tensor]:
        """Updates that got an array of their own and are copied at the end."""
        return {s: w for s, w in self.updated.items() if self.names[s] != self.names[w.serial]}

    def _step(self, t: Tensor, position: int, order: list[Tensor]) -> None:
        eq = t.definition
        if not isinstance(eq, Equation):
            raise UnsupportedError(
                f"the compiled back end has no code for the matrix function {eq.primitive.name}; use backend='numpy'"
            )
        if t.serial in self.views:
            self.names[t.serial] = f"v{position}"
            (source,) = t.operands
            shape = ", ".join(self.size(e) for e in t.extents)
            self.lines.append(f"v{position} = {self._read(source)}.reshape(({shape},))")
            return
        self.lines.append(f"# {t.label}{eq}".replace("\n", " "))
        if self._is_in_place(t, order[position + 1 :]):
            self.names[t.serial] = self.names[self.updated[t.serial].serial]
        else:
            self.names[t.serial] = f"v{position}"
            if t.extents:
                self.lines.append(f"v{position} = {self._empty(t)}")
        product = matrix_product(eq) if t.dtype == "real" else None
        if product is not None:
            self._product(product, t, position)
        else:
            self._nest(eq, self._written(t), f"i{position}_", t.dtype)

    def _is_in_place(self, t: Tensor, later: Iterable[Tensor]) -> bool:
        """Whether the new value may overwrite the old: it is read at the same point only, and by nobody later."""
        w = self.updated.get(t.serial)
        if w is None or t.definition.bound or t.definition.guards:
            return False
        own = all(a.indices == t.definition.indices for a in t.definition.accesses if a.tensor is w)
        return own and not any(v is w for u in later for v in u.operands)

    def _empty(self, t: Tensor) -> str:
        shape = ", ".join(self.size(e) for e in t.extents)
        return f"np.empty(({shape},), {DTYPES[t.dtype]})"

    def _written(self, t: Tensor) -> str:
        """Where the step stores: an array, a scalar's name, or the one entry of a 0-d array."""
        w = self.updated.get(t.serial)
        in_place = w is not None and self.names[t.serial] == self.names[w.serial]
        return f"{self.names[t.serial]}[()]" if in_place and not t.extents else self.names[t.serial]

    def _read(self, t: Tensor) -> str:
        name = self.names[t.serial]
        w = self.updated.get(t.serial)
        is_array = t.serial in self.stored or (w is not None and name == self.names[w.serial])
        return f"{name}[()]" if is_array and not t.extents else name

    def _nest(self, eq: Equation, target: str, prefix: str, dtype: str) -> None:
        self.lines += Nest(eq, target, self._read, self.size, self.constants, prefix, dtype).lines()

    def _product(self, product: MatrixProduct, t: Tensor, position: int) -> None:
        """Calls of BLAS, one for each value of the stack's and the sliced indices."""
        p = product
        given = {k: f"b{position}_{place}" for place, k in enumerate((*p.stack, *p.sliced))}
        left, made_left = self._side(p.left, p, p.rows, p.inner, f"l{position}", given)
        right, made_right = self._side(p.right, p, p.inner, p.columns, f"r{position}", given)
        at = _at([given[k] for k in p.stack])
        out = f"{self.names[t.serial]}{at}"
        shape = self._shape(p.rows, p.columns)
        inside = [*made_left, *made_right]
        if p.sliced:
            tile = self._tile(t, p, position, shape)
            inside += [self._multiplied(p, left, right, f"{self.names[tile.serial]}.reshape({shape})")]
            inside += self._from_tile(t, tile, p, position, given)
        else:
            plain = len(p.rows) == len(p.columns) == 1
            inside.append(self._multiplied(p, left, right, out if plain else f"{out}.reshape({shape})"))
        for k in reversed((*p.stack, *p.sliced)):
            inside = [f"for {given[k]} in range({self.size(k.extent)}):", *("    " + line for line in inside)]
        self.lines += inside
        if p.scale != 1:
            indices = t.definition.indices
            scaled = Equation(indices, p.scale * t.access(*indices))
            self._nest(scaled, self.names[t.serial], f"j{position}_", "real")

    def _multiplied(self, p: MatrixProduct, left: str, right: str, out: str) -> str:
        """The call: in tiles of registers where extents are few, by BLAS where they are many or only one or two."""
        sizes = [entries(some) for some in (p.rows, p.columns)]
        slim, large = min(sizes) < SLIM, entries((*p.rows, *p.columns, *p.inner)) > LARGE
        return f"np.dot({left}, {right}, {out})" if slim or large else f"product({left}, {right}, {out})"

    def _side(self, side, p: MatrixProduct, rows, columns, name: str, given) -> tuple[str, list[str]]:
        """The text of a side as a matrix, and the lines that make it first if it does not lie in memory as one."""
        straight = None
        if not side.body.atoms(Index) & set(p.sliced):
            straight = side.matrix(p.stack, rows, columns)
        if straight is None:
            straight = not side.runs_along(rows) or side.runs_along(columns)
            axes = (*rows, *columns) if straight else (*columns, *rows)
            shape = ", ".join(self.size(k.extent) for k in axes)
            self.lines.append(f"{name} = np.empty(({shape},), real)")
            eq = Equation(axes, side.body, (), "sum", side.guards)
            made = Nest(eq, name, self._read, self.size, self.constants, f"{name}_", "real", given=given).lines()
            if not p.stack and not (side.body.atoms(Index) & set(p.sliced)):
                self.lines += made
                made = []
            return self._turned(name, rows, columns, straight), made
        name = self._read(side.body.tensor) + _at([given[k] for k in p.stack])
        return self._turned(name, rows, columns, straight), []

    def _turned(self, name: str, rows, columns, straight: bool) -> str:
        """The matrix (rows, columns) of an array that holds it, or its transpose."""
        return name + self._flat(rows, columns) if straight else f"{name}{self._flat(columns, rows)}.T"

    def _flat(self, rows, columns) -> str:
        """What makes a matrix of an array with these axes."""
        return "" if len(rows) == len(columns) == 1 else f".reshape({self._shape(rows, columns)})"

    def _shape(self, rows, columns) -> str:
        return f"({self.size(sp.Mul(*(k.extent for k in rows)))}, {self.size(sp.Mul(*(k.extent for k in columns)))})"

    def _tile(self, t: Tensor, p: MatrixProduct, position: int, shape: str) -> Tensor:
        """An array for the product of one slice."""
        tile = Tensor(None, [k.extent for k in (*p.rows, *p.columns)])
        self.names[tile.serial] = f"t{position}"
        sizes = ", ".join(self.size(e) for e in tile.extents)
        self.lines.append(f"t{position} = np.empty(({sizes},), real)")
        if set(p.sliced) & set(t.definition.bound):
            self.lines.append(f"{self.names[t.serial]}[:] = {self.constants.name(sp.S.Zero)}")
        return tile

    def _from_tile(self, t: Tensor, tile: Tensor, p: MatrixProduct, position: int, given) -> list[str]:
        """The lines that write a slice to its place in the output, or add it where the slices are summed."""
        indices = t.definition.indices
        value = tile.access(*p.rows, *p.columns)
        if set(p.sliced) & set(t.definition.bound):
            value = t.access(*indices) + value
        eq, name = Equation(indices, value), self.names[t.serial]
        return Nest(eq, name, self._read, self.size, self.constants, f"j{position}_", "real", given=given).lines()


def _at(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]" if names else ""


def function_source(program: Program, dtype: str, name: str = "computed") -> str:
    """A whole module with the one function."""
    constants = Constants()
    body = LoopWriter(program, constants, name).write()
    return f"{module_header(dtype, constants)}\n\n{body}"
