"""An array program as NumPy source that works in place: buffers made once for a set of sizes, every call writing into one.

The source defines ``prepared(dtype)``, which makes the buffers and returns the function that uses them.
"""

from __future__ import annotations

import sympy as sp

from numeric.backends.numpy_operations import OPERATIONS, WRITTEN, call_arguments, view
from numeric.backends.numpy_source import Writer
from numeric.backends.scalars import ScalarPrinter
from numeric.backends.texts import ATOM, Text
from numeric.lowering.buffers import VIEWS, Buffer, stored
from numeric.lowering.program import ArrayProgram, Line, Value

# BLAS libraries multiply small matrices without packing them. A product of many rows with a long sum that falls just beyond
# that is up to twice as slow as its blocks (OpenBLAS 0.3.31, 32 × 600 × 60: 43 against 23 µs).
ROWS, LONG, SMALL = 16, 128, 600_000
LARGE = 4096  # Entries from which a rank-one product goes to BLAS (60 × 600: 6 against 10 µs; np.matmul takes 41).
MULTIPLY = "np.multiply({0}, {1})"
UFUNCS = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


class StepWriter(Writer):
    """Writes an array program with kept buffers and updates in place; all sizes are numbers."""

    def __init__(self, program: ArrayProgram, commented: bool = True):
        super().__init__(program, commented)
        self.storage = stored(program)
        self.kept: dict[str, str] = {}
        self.fixed: set[int] = set()  # values that are kept arrays, and views of these
        self.unchanging: set[int] = set()  # values that depend on no argument
        self.turned: set[int] = set()
        for line in program.lines:
            if line.operation == "transpose" or (
                line.operation == "reshape" and line.operands[0].number in self.turned
            ):
                self.turned.add(line.target.number)

    def write(self) -> str:
        """The whole source."""
        given, made, returned = self.composed()
        inner = [f"def step({', '.join(given)}):", *(f"    {row}" for row in [*self.body, f"return {returned}"])]
        return self.framed("dtype=np.float32", [*made, *self.kept.values(), *inner, "return step"])

    def composed(self) -> tuple[list[str], list[str], str]:
        """The names of the arguments, the rows that make the buffers and what is returned; the steps are in ``body``."""
        given = [self.declare(v) for v in self.program.arguments]
        given += [self.declare(v, "constant") for v in self.program.constants]
        names = {b.number: self.names(None, "b") for b in self.storage.buffers}
        made = [f"{names[b.number]} = {self.empty(b)}" for b in self.storage.buffers]
        self.arrays = {number: names[b.number] for number, b in self.storage.place.items()}
        self.arrays |= {number: self.texts[old.number].code for number, old in self.storage.into.items()}
        for line in self.storage.lines:
            self.line(line)
        for old, new in self.storage.copied:
            self.body.append(f"np.copyto({self.texts[old.number].code}, {self.operand(new)})")
        return given, made, ", ".join(self.operand(v) for v in self.program.outputs)

    def framed(self, signature: str, rows: list[str]) -> str:
        """``prepared`` with these rows, after all that it needs."""
        text = "\n".join(f"    {row}" for row in rows)
        return self.with_header(f"def prepared({signature}):\n{text}")

    def line(self, line: Line) -> None:
        """One call into a buffer; views, numbers and what cannot write into a buffer are texts and new arrays."""
        v = line.target
        target = self.arrays.get(v.number)
        if target is not None:
            self.body.append(self.into(line, target) + self.remark(self.tensors.get(v.number), target))
            self.texts[v.number] = Text(target, ATOM, v.dtype)
            if v.number in self.storage.place:
                self.fixed.add(v.number)
            return
        if line.operation == "place":
            self.place(line)
            return
        text = OPERATIONS[line.operation](self, line)
        if line.operation not in WRITTEN and all(u.number in self.unchanging for u in line.operands):
            self.unchanging.add(v.number)
        if self.shows_kept(line):
            self.fixed.add(v.number)
        if line.operation in WRITTEN:
            self.texts[v.number] = Text(text.code, ATOM, v.dtype)
            return
        once = self.uses[v.number] == 1
        if line.operation in VIEWS and (once or line.operation in ("transpose", "expand")) and len(text.code) < 60:
            self.texts[v.number] = Text(text.code, text.binds, v.dtype)
            return
        t = self.tensors.get(v.number)
        name = self.names(t.name if t is not None else None, "t")
        made = f"{name} = {text.code}{self.remark(t, name)}"
        if v.number in self.fixed:
            self.kept[name] = made
        else:
            self.body.append(made)
        self.texts[v.number] = Text(name, ATOM, v.dtype)

    def empty(self, buffer: Buffer) -> str:
        """A new array for a buffer."""
        v, order = buffer.value, buffer.order
        code = f"np.empty({self.shape(v.extents[a] for a in order)}, {self.dtype(v.dtype)})"
        if order == tuple(range(v.ndim)):
            return code
        return f"{code}.transpose({', '.join(str(order.index(a)) for a in range(v.ndim))})"

    def shows_kept(self, line: Line) -> bool:
        """Whether the line's array is the same one in every step: a view of a kept array, or what no argument decides."""
        if line.target.number in self.unchanging:
            return line.target.ndim > 0
        if line.operation not in ("transpose", "expand", "index", "windows", "reshape"):
            return False
        source = line.operands[0]
        if source.number not in self.fixed or line.operation != "reshape":
            return source.number in self.fixed
        buffer = self.storage.place.get(source.number)  # a reshape of a part, or of another order, may be a copy
        return buffer.order == tuple(range(source.ndim)) if buffer else self.made[source.number].operation == "place"

    def place(self, line: Line) -> None:
        """A border of zeros is made once: each step writes the same region inside it."""
        v, t = line.target, self.tensors.get(line.target.number)
        name = self.names(t.name if t is not None else None, "t")
        self.kept[name] = f"{name} = np.zeros({self.shape(line['shape'])}, {self.dtype(v.dtype)})"
        written = f"{view(self, line, name)} = {self.operand(line.operands[0])}"
        self.body.append(written + self.remark(t, name))
        self.texts[v.number] = Text(name, ATOM, v.dtype)
        self.fixed.add(v.number)

    def is_own(self, v: Value) -> bool:
        """Buffers are kept and used again, so nothing is changed in place but what owns its buffer."""
        return False

    def into(self, line: Line, target: str) -> str:
        """The call that computes the line's value into ``target``."""
        operands = [self.operand(v) for v in line.operands]
        outer = self.outer(line)
        if outer is not None:
            return f"np.dot({outer}, out={target})"
        match line.operation:
            case "call":
                code = line["template"].format(*call_arguments(self, line))
                return f"{code[:-1]}, out={target})"
            case "choose":
                self.helpers["masked"] = None
                return f"masked({operands[1]}, {operands[0]}, {target})"
            case "pack":
                return f"np.copyto({target}, {operands[0]})"
            case "matmul":
                return self.product(line, operands, target)
            case "multiply":
                return f"np.multiply({operands[0]}, {operands[1]}, out={target})"
            case "scale":
                return f"np.multiply({operands[0]}, {self.number(line['by'])}, out={target})"
            case "add":
                first, second, *rest = operands
                more = "".join(f"; np.add({target}, {x}, out={target})" for x in rest)
                return f"np.add({first}, {second}, out={target}){more}"
            case "reduce":
                axes = line["axes"]
                if line["kind"] == "sum" and axes == (0,) and line.operands[0].ndim == 2:
                    return f"np.dot({self.ones(line.operands[0].extents[0])}, {operands[0]}, out={target})"
                axis = axes[0] if len(axes) == 1 else axes
                return f"np.{UFUNCS[line['kind']]}.reduce({operands[0]}, axis={axis}, out={target})"
        raise AssertionError(line.operation)

    def outer(self, line: Line) -> str | None:
        """The factors of a rank-one product, a column and a row; BLAS writes a large one faster than ``multiply``."""
        if line.operation != "multiply" and not (line.operation == "call" and line["template"] == MULTIPLY):
            return None
        if len(line.operands) != 2 or any(v.dtype != "real" for v in line.operands):
            return None
        row, column = sorted(line.operands, key=lambda v: v.ndim)
        if row.ndim != 1 or column.ndim != 2 or column.extents[1] != 1 or sp.Mul(*line.target.extents) < LARGE:
            return None
        return f"{self.operand(column)}, {self.operand(row, ATOM)}[None]"

    def product(self, line: Line, operands: list[str], target: str) -> str:
        """A matrix product; one with many rows and a long sum goes by blocks of rows (see ``ROWS``)."""
        a, c = line.operands
        if a.ndim > 2 or c.ndim > 2:
            return f"np.matmul({', '.join(operands)}, out={target})"
        if a.ndim == c.ndim == 2 and a.number not in self.turned:
            rows, inner, columns = int(a.extents[0]), int(a.extents[1]), int(c.extents[1])
            if rows > ROWS and inner >= LONG and ROWS * inner * columns <= SMALL:
                return self.by_rows(operands, target, rows, inner, columns)
        return f"np.dot({', '.join(operands)}, out={target})"

    def by_rows(self, operands: list[str], target: str, rows: int, inner: int, columns: int) -> str:
        """The product by blocks of rows, the blocks as a stack, and the rows that are left over."""
        left, right = operands
        whole = rows - rows % ROWS
        blocks = whole // ROWS
        x, out = (left, target) if whole == rows else (f"{left}[:{whole}]", f"{target}[:{whole}]")
        code = (
            f"np.matmul({x}.reshape({blocks}, {ROWS}, {inner}), {right}, "
            f"out={out}.reshape({blocks}, {ROWS}, {columns}))"
        )
        if whole < rows:
            code += f"; np.dot({left}[{whole}:], {right}, out={target}[{whole}:])"
        return code

    def ones(self, size: sp.Expr) -> str:
        """A vector of ones, made once: summing over samples is a product with it."""
        name = f"ones{int(size)}"
        self.names.taken.add(name)
        self.kept[name] = f"{name} = np.ones({int(size)}, dtype)"
        return name

    def number(self, e: sp.Expr) -> str:
        """A coefficient."""
        return ScalarPrinter({}, self.size)(e, "real").code
