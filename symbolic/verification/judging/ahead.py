"""What stands elsewhere than a reader in order would have it: parametrisations behind their use, equalities of free symbols."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from symbolic.verification.elaboration.calls import conditional
from symbolic.verification.elaboration.scope import Generic
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declarations import name_of
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_SOLVES = re.compile(
    r"(?i)\b(sett?ing|set|sol[uv]\w*|stationar\w*|minimi\w*|maximi\w*|optim\w*|zero|gives?|obtain\w*|yields?|updat\w*)\b"
)


def define_parametrised(reader: Reader) -> None:
    """Enter ``q = softmax(η)`` for a declared q ahead of what reads q, where the document differentiates by η.

    A solution, ``w = (X⊤X)⁻¹X⊤y``, says where something is smallest and not what w is.
    """
    by = {
        name for _, chain in reader.everything for n in differentiating(reader, chain) for b in n for name in _names(b)
    }
    read: set[str | None] = set()  # what the equalities before read
    for position, (piece, chain) in enumerate(reader.everything):
        left, right = (reader.side(chain, k) for k in (0, 1)) if chain.signs == ("=",) else (None, None)
        before_it = set(read)
        read |= {name_of(n) for n in s.walk(right)} if isinstance(right, s.Node) else set()
        if not isinstance(left, s.Symbol) or left.name not in reader.declared.names or not isinstance(right, s.Node):
            continue
        if left.name not in before_it and not any(_base(name) == left.name for name in before_it):
            continue
        names = {name_of(n) for n in s.walk(right)}
        before = reader.source.text[max(0, piece.start - 120) : piece.start]
        if left.name in names or not names & by & set(reader.declared.names) or _SOLVES.search(before):
            continue
        known = len(reader.problems)
        reader.entering.add(position)
        reader.define(position, chain, left)
        reader.entering.discard(position)
        del reader.problems[known:]


def _base(name: str | None) -> str:
    """q of the entry q_k."""
    return (name or "").split("_")[0]


def define_density(reader: Reader, left: s.Call, right: s.Node | ReadingError) -> bool:
    """Enter p of ``log p = …``, ``log p(y|θ) = …`` or ``p(y|θ) = …`` where nothing says yet what p is."""
    of, logarithm = left, False
    if isinstance(left.head, s.Symbol) and left.head.name == "log" and len(left.arguments) == 1:
        of, logarithm = left.arguments[0], True
    name = of.name if isinstance(of, s.Symbol) else conditional(of)
    if (
        name is None
        or name in reader.scope.values
        or not isinstance(right, s.Node)
        or (isinstance(of, s.Symbol) and not logarithm)
    ):
        return False
    told = reader.scope.functions.get(name)
    if (told is not None and not isinstance(told, Generic)) or name in {
        n.name for n in s.walk(right) if isinstance(n, s.Symbol)
    }:
        return False
    body = s.Call(right.span, s.Symbol(right.span, "exp", "exp"), (right,)) if logarithm else right
    if not reader.enter_next(s.Symbol(of.span, name, name), body, 0):
        return False
    reader.scope.functions.pop(name, None)
    return True


def differentiating(reader: Reader, chain: Chain) -> list[tuple[s.Node, ...]]:
    """What each derivative of a chain differentiates by."""
    nodes = [reader.side(chain, k) for k in range(len(chain.sides))]
    found = [n for side in nodes if isinstance(side, s.Node) for n in s.walk(side)]
    return [
        n.by if isinstance(n, s.Derivative) else (n.by,)
        for n in found
        if isinstance(n, (s.Derivative, s.Nabla)) and n.by
    ]


def defined_later(reader: Reader, line: Line) -> str:
    """A name on the left of a line that gets its meaning only behind it; empty if there is none."""
    names = {name_of(n) for n in s.walk(line.left)} if isinstance(line.left, s.Node) else set()
    for name in sorted(n for n in names if n in reader.definitions):
        places = [
            reader.everything[k][1].start
            for k in reader.done
            if reader.introduces(reader.side(reader.everything[k][1], 0)) == name
        ]
        if places and min(places) > line.chain.end:
            return name
    return ""


def free_symbol(reader: Reader, line: Line) -> str:
    """The name of a declared array or number that a line says to equal something; empty if it says something else."""
    name = name_of(line.left) if isinstance(line.left, (s.Symbol, s.Scripted)) else None
    held = reader.scope.values.get(name or "")
    free = (
        held is not None
        and held.tensor.definition is None
        and name not in reader.given
        and name not in reader.definitions
    )
    return name or "" if free else ""


def _names(node: s.Node) -> set[str]:
    """The name of a variable, and of what an entry is an entry of."""
    found = {name_of(node)}
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol):
        found.add(node.base.name)
    return {name for name in found if name is not None}
