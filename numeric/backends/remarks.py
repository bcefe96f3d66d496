"""The comment behind a line of code: the equation that it computes, in terms of the names in the code."""

from __future__ import annotations

import itertools

from sympy.printing.str import StrPrinter

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

_LONGEST = 140
_DEEPEST = 2
_LETTERS = "ijklmnpqrsuvwxyz"


class Remarks(StrPrinter):
    """Writes equations with the code's names; an equation that has no line of its own is written into its reader's."""

    printmethod = "_remark"  # Accesses print by the methods here, not by their own.

    def __init__(self):
        super().__init__()
        self.names: dict[int, str] = {}
        self.depth = 0

    def __call__(self, t: Tensor | None, name: str) -> str:
        """``  # name[i] = sum[j] W[i, j]*x[j]``, or nothing for a line that is only a part of an equation."""
        if t is None:
            return ""
        self.names[t.serial] = name
        self.letters: dict[Index, str] = {}
        if isinstance(t.definition, Application):
            operands = ", ".join(self.names.get(u.serial, u.label) for u in t.definition.operands)
            text = f"{name} = {t.definition.primitive.name}({operands})"
        else:
            indices = ", ".join(map(self.doprint, t.definition.indices))
            left = f"{name}[{indices}]" if indices else name
            text = f"{left} = {self.right(t.definition)}"
        text = " ".join(text.split())
        return f"  # {text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}"

    def right(self, eq: Equation) -> str:
        """The right-hand side of an equation."""
        over = f"{eq.reduce}[{', '.join(map(self.doprint, eq.bound))}] " if eq.bound else ""
        where = " where " + ", ".join(map(self.doprint, eq.guards)) if eq.guards else ""
        return f"{over}{self.doprint(eq.body)}{where}"

    def _print_Access(self, access: Access) -> str:
        t = access.tensor
        written = t.name is not None or t.serial in self.names or t.definition is None
        if not written and isinstance(t.definition, Equation) and self.depth < _DEEPEST:
            self.depth += 1
            text = f"({self.right(t.definition.at(access.indices))})"
            self.depth -= 1
            return text
        inner = ", ".join(self.doprint(i) for i in access.indices)
        name = self.names.get(t.serial, t.label)
        return f"{name}[{inner}]" if inner else name

    def _print_Index(self, index: Index) -> str:
        if index not in self.letters:
            taken = set(self.letters.values())
            wishes = itertools.chain([index.name], _LETTERS, (f"i{k}" for k in itertools.count()))
            self.letters[index] = next(name for name in wishes if name not in taken)
        return self.letters[index]

    def _print_Zero(self, guard) -> str:  # SymPy's number 0 has the same class name
        return f"{self.doprint(guard.args[0])} = 0" if guard.args else "0"

    def _print_Within(self, guard) -> str:
        e, size = map(self.doprint, guard.args)
        return f"0 ≤ {e} < {size}"
