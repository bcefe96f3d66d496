"""A prepared program as the source of one function for numba."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from numeric.backends.loops.nests import Nest
from numeric.backends.loops.products import MatrixProduct, matrix_product, plain
from numeric.backends.loops.scalars import Constants
from numeric.backends.loops.views import with_views
from numeric.lowering.program import Program
from symbolic.errors import UnsupportedError
from symbolic.program.equations import Equation
from symbolic.program.tensors import Tensor

# Everything of fast mathematics but the promise that there is no NaN and no infinity.
FLAGS = "{'reassoc', 'contract', 'nsz', 'arcp'}"
DTYPES = {"real": "real", "int": "np.int64", "bool": "np.bool_"}


def module_header(dtype: str, constants: Constants) -> str:
    """What every generated module begins with."""
    lines = [
        "import math", "", "import numpy as np", "from numba import njit", "", f"real = np.{dtype}", *constants.lines(),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def head(signature: str) -> list[str]:
    """The first lines of a compiled function."""
    return [f"@njit(cache=True, error_model='numpy', fastmath={FLAGS})", f"def {signature}:"]


class LoopWriter:
    """Writes ``name(arguments, constants)``; updated arguments are written in place."""

    def __init__(self, program: Program, constants: Constants, name: str = "computed"):
        program, self.views = with_views(program)
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
        """A call of BLAS for each matrix of the stack."""
        stack = [f"i{position}_{k}" for k in range(len(product.stack))]
        at = f"[{', '.join(stack)}]" if stack else ""
        sides = []
        for side, first, second, letter in (
            (product.left, product.row, product.inner, "l"),
            (product.right, product.inner, product.column, "r"),
        ):
            straight = plain(side, product.stack, first, second)
            if straight is None:
                name, straight = self._made(side, (*product.stack, first, second), f"{letter}{position}"), True
            else:
                name = self._read(side.tensor)
            sides.append(f"{name}{at}" + ("" if straight else ".T"))
        target = f"{self.names[t.serial]}{at}"
        lines = [f"np.dot({sides[0]}, {sides[1]}, {target})"]
        for name, k in zip(reversed(stack), reversed(product.stack), strict=True):
            lines = [f"for {name} in range({self.size(k.extent)}):", *("    " + line for line in lines)]
        self.lines += lines
        if product.scale != 1:
            out = t.access(*t.definition.indices)
            self._nest(
                Equation(t.definition.indices, product.scale * out), self.names[t.serial], f"j{position}_", "real"
            )

    def _made(self, side: sp.Expr, indices, name: str) -> str:
        """An array of a factor that is no plain array."""
        shape = ", ".join(self.size(k.extent) for k in indices)
        self.lines.append(f"{name} = np.empty(({shape},), real)")
        self._nest(Equation(tuple(indices), side), name, f"{name}_", "real")
        return name


def function_source(program: Program, dtype: str, name: str = "computed") -> str:
    """A whole module with the one function."""
    constants = Constants()
    body = LoopWriter(program, constants, name).write()
    return f"{module_header(dtype, constants)}\n\n{body}"
