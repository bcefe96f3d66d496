"""The undeclared H of ``Df(X)[H]`` and ``D²f(x)[h, k]``: a direction has the shape of what it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.scope import FunctionOf
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.program import identifier

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def assume_direction(reader: Reader, name: str) -> bool:
    """Enter ``name`` where the document only writes it as a direction; it is said so."""
    for _, chain in reader.everything:
        for side in chain.sides if not chain.error else ():
            try:
                node = parse(side.tokens)
            except ReadingError:
                continue
            for part in s.walk(node):
                of = _moved(reader, part, name) if isinstance(part, s.Product) else None
                if of is not None:
                    t = tensor(identifier(name), of.tensor.extents, role="input", tex=name)
                    reader.scope.values[name] = Value(t, (), of.row)
                    reader.scope.tex[name] = name
                    reader.scope.notes.append(f"{name} is not declared and read as what {of.tensor.name} is")
                    return True
    return False


def _moved(reader: Reader, node: s.Product, name: str) -> Value | None:
    """x of ``D f(x) [name]``."""
    for k in range(len(node.factors) - 2):
        operator, call, group = (n for _, n in node.factors[k : k + 3])
        head = operator.base if isinstance(operator, s.Scripted) else operator
        if not isinstance(head, s.Symbol) or head.name != "D" or not isinstance(group, s.Group):
            continue
        told = reader.scope.functions.get(getattr(getattr(call, "head", None), "name", ""))
        inside = group.body.items if isinstance(group.body, s.Items) else (group.body,)
        if not isinstance(told, FunctionOf) or len(told.parameters) != 1:
            continue
        if any(isinstance(n, s.Symbol) and n.name == name for n in inside):
            of = reader.scope.values.get(told.parameters[0])
            return of if of is not None and not of.form and not of.labels else None
    return None
