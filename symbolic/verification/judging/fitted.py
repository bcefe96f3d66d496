"""Undeclared symbols of definitions, entered with the only shapes with which the formulas fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.names import letters
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.steps import Steps
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.fitting import fit
from symbolic.verification.reading.names import latex_of, name_of
from symbolic.verification.reading.pieces import Piece
from symbolic.verification.reading.program import identifier
from symbolic.verification.reading.statements import Chain


class Fitted(Steps):
    """The part of a reader that tells shapes from formulas."""

    declared: Declarations
    scope: Scope
    everything: list[tuple[Piece, Chain]]
    inferred: dict[int, str]
    failed: dict[str, int]
    unread: set[str]
    side: Callable[[Chain, int], s.Node | ReadingError]
    introduces: Callable[[s.Node | ReadingError], str | None]

    def enter_told(self, name: str, shape: tuple[sp.Expr, ...]) -> None:
        """Enter an undeclared symbol with the shape that the formulas tell; it is said so."""
        role = "constant" if not shape else "target" if name in ("y", "t", "Y", "T") else "parameter"
        t = tensor(identifier(name), shape, role=role, assume=self.declared.assume.get(name, ()), tex=latex_of(name))
        self.scope.values[name] = Value(t)
        self.scope.tex[name] = latex_of(name)
        self.inferred[t.serial] = name
        if len(shape) > 1 and shape[-1] == shape[-2]:
            self.declared.perhaps.setdefault(name, set()).add("symmetric")
        kind = f"an array of {' × '.join(map(str, shape))} numbers" if shape else "a real number"
        self.scope.notes.append(f"{name} is not declared and read as {kind}")

    def note_supplied(self) -> None:
        """Say how the symbols are read that only the formulas of the whole sheet tell."""
        for name in sorted(self.declared.supplied & self.scope.values.keys()):
            self.inferred[self.scope.values[name].tensor.serial] = name
            kind = " × ".join(self.declared.names[name].shape)
            told = f"an array of {kind} numbers" if kind else "a real number"
            self.scope.notes.append(f"{name} is not declared and read as {told}")
        for row, kin in self.declared.kin.items():
            if kin.matrix in self.declared.customary:
                self.scope.notes.append(f"the items of {row} are read as the rows of {kin.matrix}, as is the custom")

    def fitted(self, left: s.Node, right: s.Node, arrays: bool = False) -> bool:
        """Whether the undeclared symbols of a definition, ``arrays`` among them, have been entered with the only shapes that fit."""
        mine = self._undeclared([right])
        if not mine:
            return False
        introduced = {self.introduces(self.side(chain, 0)) for _, chain in self.everything if chain.is_equality}
        if isinstance(left, s.Call):
            introduced -= {
                name_of(a) for a in left.arguments
            }  # RSS(b) = … is said of any b, whatever solves it further on
        general = {
            first.base.name
            for _, chain in self.everything
            if chain.is_equality and isinstance(first := self.side(chain, 0), s.Scripted)
            if isinstance(first.base, s.Symbol) and isinstance(first.sub, s.Symbol)
        }
        mine = [name for name in mine if name not in introduced and name.partition("_")[0] not in general]
        definitions, others, names = [[left, right]], [], list(mine)
        for _, chain in self.everything:
            sides = [n for k in range(len(chain.sides)) if isinstance(n := self.side(chain, k), s.Node)]
            if chain.error or not chain.is_equality or len(sides) < 2 or sides[1] == right:
                others += [[left, *sides[2:]]] if len(sides) > 2 and sides[1] == right else []
                continue
            more = [name for name in self._undeclared(sides[1:2]) if name not in introduced]
            if set(more) & set(mine):
                introduces = self.introduces(sides[0])
                if introduces is None or introduces in self.scope.values or introduces in names:
                    others.append(sides[:2])
                    continue
                definitions.append(sides[:2])
                names += [name for name in more if name not in names]
        shapes = fit(definitions, others, names, self.scope.values.get)
        if shapes is None and len(names) > len(mine):
            shapes = fit([[left, right]], [], mine, self.scope.values.get)
        if shapes is None or (arrays and not any(shapes.values())):
            return False
        sizes = self._limits(shapes)
        for name, shape in shapes.items():
            told = tuple(self._size(size, sizes) if isinstance(size, sp.Dummy) else size for size in shape)
            self.enter_told(name, told)
        return True

    def _limits(self, shapes: dict[str, tuple[sp.Expr, ...]]) -> dict[sp.Expr, sp.Expr]:
        """Open sizes that a sum of the document tells: the n of ``∑_{i=1}^n x_i``."""
        found: dict[sp.Expr, sp.Expr] = {}
        sides = [self.side(chain, k) for _, chain in self.everything for k in range(len(chain.sides))]
        sums = [n for side in sides if isinstance(side, s.Node) for n in s.walk(side) if isinstance(n, s.Big)]
        for big in sums:
            counter = big.sub.left if isinstance(big.sub, s.Relation) else None
            if (
                not isinstance(counter, s.Symbol)
                or not isinstance(big.sup, s.Symbol)
                or big.sup.name in self.scope.values
            ):
                continue
            for n in s.walk(big.body):
                if isinstance(n, s.Scripted) and isinstance(n.base, s.Symbol) and n.base.name in shapes:
                    axes = zip(letters(n.sub) or [], shapes[n.base.name], strict=False)
                    for letter, size in axes:
                        if isinstance(size, sp.Dummy) and isinstance(letter, s.Symbol) and letter.name == counter.name:
                            found.setdefault(size, self.scope.declare_dim(big.sup.name))
        return found

    def _size(self, size: sp.Expr, sizes: dict[sp.Expr, sp.Expr]) -> sp.Expr:
        """A name for a size that nothing tells."""
        if size not in sizes:
            letters = [*"npqrmkd", *(f"n_{k}" for k in range(1, 20))]
            taken = {*self.scope.dims, *self.scope.values, *map(str, sizes.values())}
            sizes[size] = self.scope.declare_dim(next(letter for letter in letters if letter not in taken))
        return sizes[size]

    def _undeclared(self, nodes: list[s.Node]) -> list[str]:
        """Names of symbols in formulas that stand for nothing yet."""
        found: dict[str, None] = {}
        stack = list(nodes)
        while stack:
            n = stack.pop()
            if isinstance(n, s.Symbol):
                found.setdefault(n.name)
            elif isinstance(n, s.Scripted) and name_of(n) in self.scope.values:
                continue
            elif isinstance(n, s.Scripted) and isinstance(n.base, s.Symbol):
                label = isinstance(n.sub, s.Symbol) and len(n.sub.name) == 1 and n.sub.name.isupper()
                plain = n.sub is None or isinstance(n.sub, s.Number) or label
                name = name_of(replace(n, sup=None)) if plain and not n.primes and n.indexed is None else None
                found.setdefault(name or n.base.name)
                stack += [n.sup] if n.sup is not None else []
            elif isinstance(n, s.Call):
                stack += n.arguments
            elif isinstance(n, s.Big):
                stack.append(n.body)
            elif not isinstance(n, (s.Derivative, s.Nabla, s.Differential)):
                stack += s.children(n)
        held = {*self.scope.values, *self.scope.functions, *self.scope.dims, *self.scope.letters}
        own = {"e", "I", "pi", "ones", "T", "const", "infinity"}
        accented = {n for n in found if n.endswith(("_bar", "_dot", "_ddot"))}
        return [n for n in found if n not in held | own | accented and n not in self.unread and n not in self.failed]
