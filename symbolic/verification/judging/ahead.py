"""What stands elsewhere than a reader in order would have it: parametrisations behind their use, equalities of free symbols."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.calls import conditional
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.scope import Generic
from symbolic.verification.elaboration.values import Value, same
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.neighbours import of_numbers
from symbolic.verification.reading.program import identifier
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_SOLVES = re.compile(
    r"(?i)\b(sett?ing|set|sol[uv]\w*|stationar\w*|minimi\w*|maximi\w*|optim\w*|zero|gives?|obtain\w*|yields?|updat\w*|modes?|peaks?|"
    r"attain\w*|located|occurs?|(?:is|lies|sits) at|vanish\w*|fixed point|equilibrium)\b"
)
_HEADINGS = re.compile(r"\\(?:sub)*section\*?\{[^}]*\}|\\(?:sub)?paragraph\*?\{[^}]*\}|^\s*#[^\n]*$", re.MULTILINE)
_SET_TO_ZERO = re.compile(r"=\s*(?:\\mathbf\s*\{?)?0\b[^.]*$")


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
        before = _HEADINGS.split(reader.source.text[max(0, piece.start - 300) : piece.start])[-1][-120:]
        if left.name in names or not names & by or _SOLVES.search(before) or _SET_TO_ZERO.search(before):
            continue
        if not names & by & set(reader.declared.names) and not _declare_like(reader, left.name, right, names & by):
            continue
        known = len(reader.problems)
        reader.entering.add(position)
        reader.define(position, chain, left)
        reader.entering.discard(position)
        del reader.problems[known:]


def _declare_like(reader: Reader, name: str, right: s.Node, unknown: set[str | None]) -> bool:
    """Whether ``σ = exp(ρ/2)`` of a declared σ tells that ρ, by which the document differentiates, is what σ is."""
    of = reader.scope.values.get(name)
    if of is not None and not of.rank and len(unknown) > 1 and of_numbers(reader.scope, right, True):
        new = sorted(n for n in unknown if n and n not in reader.scope.values and n not in reader.scope.functions)
        for parameter in new:
            reader.scope.values[parameter] = Value(tensor(identifier(parameter), (), role="parameter"))
            reader.scope.notes.append(f"{parameter} is not declared and read as a real number, as {name} is")
        return all(n in reader.scope.values for n in unknown if n)
    (parameter,) = unknown if len(unknown) == 1 else (None,)
    if of is None or not parameter or parameter in reader.scope.values or parameter in reader.scope.functions:
        return False
    leaf = Value(
        tensor(identifier(parameter), of.tensor.extents, role="parameter", tex=reader.scope.tex.get(parameter))
    )
    trial = replace(reader.scope, values={**reader.scope.values, parameter: replace(leaf, row=of.row)})
    try:
        value = Elaborator(trial)(right)
    except ReadingError:
        return False
    if value.form or value.rank != of.rank or not all(same(a, b) for a, b in zip(value.core, of.core, strict=True)):
        return False
    reader.scope.values[parameter] = trial.values[parameter]
    reader.scope.notes.append(f"{parameter} is not declared and read as what {name} is")
    return True


def _base(name: str | None) -> str:
    """q of the entry q_k."""
    return (name or "").split("_")[0]


def folded(every: list[Chain], side: Callable[[Chain, int], s.Node | ReadingError]) -> list[tuple[int, tuple, s.Node]]:
    """``z = xW + b`` behind ``h = h(xW + b)`` where the document differentiates by z: (place, what it names, the name)."""
    sides = [[n for k in range(len(c.sides)) if isinstance(n := side(c, k), s.Node)] for c in every]
    derivatives = [n for nodes in sides for node in nodes for n in s.walk(node) if isinstance(n, s.Derivative)]
    by = {name_of(b) for n in derivatives for b in n.by}
    found = []
    seen: set[str | None] = {None}
    for chain, nodes in zip(every, sides, strict=True):
        if chain.signs not in (("=",), (":=",)) or len(nodes) != 2:
            continue
        name, again = name_of(nodes[0]), name_of(nodes[0]) in seen
        seen.add(name)
        if again or name not in by or name == "e":  # before it is told, e is Euler's number
            continue
        part = s.plain(nodes[1])
        inside = [
            n
            for c, other in zip(every, sides, strict=True)
            if c.start < chain.start
            for m in other[1:]
            for n in s.walk(m)
        ]
        if isinstance(nodes[1], (s.Sum, s.Product)) and any(
            type(n) is type(nodes[1]) and s.plain(n) == part for n in inside
        ):
            found.append((chain.start, part, nodes[0]))
    return found


def with_name(node: Any, part: tuple, name: s.Node) -> Any:
    """A tree with ``name`` wherever ``part`` stands, which is given without its places."""
    if type(node).__name__ == part[0] and s.plain(node) == part:
        return replace(name, span=node.span)
    return s.mapped(node, lambda inner: with_name(inner, part, name))


def define_density(reader: Reader, position: int, chain: Chain, left: s.Call) -> bool:
    """Enter p of ``log p = …``, ``log p(θ) = …``, ``log p(y|θ) = …`` or ``p(y|θ) = …`` where nothing says yet what p is."""
    right = reader.side(chain, 1)
    of, logarithm = left, False
    if isinstance(left.head, s.Symbol) and left.head.name == "log" and len(left.arguments) == 1:
        of, logarithm = left.arguments[0], True
    name = of.name if isinstance(of, s.Symbol) else conditional(of)
    if logarithm and name is None and isinstance(of, s.Call) and all(map(name_of, of.arguments)):
        name = name_of(of.head)
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
    if reader.define(position, chain, s.Symbol(of.span, name, name), right=body) is None:
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


def is_model(reader: Reader, chain: Chain, left: s.Node) -> bool:
    """Whether ``y = Xβ + u`` says how data y come about, and not what y is.

    So it is if u is a name that nothing else reads, and y stands beside β in what the document defines: (y − Xβ)⊤(y − Xβ).
    """
    name = name_of(left)
    right = reader.side(chain, 1)
    if not isinstance(left, s.Symbol) or name not in reader.declared.names or not isinstance(right, s.Sum):
        return False
    if len(chain.sides) != 2:
        return False
    others = [c for _, c in reader.everything if c is not chain and not c.error and c.is_equality]
    sides = [[n for k in range(len(c.sides)) if isinstance(n := reader.side(c, k), s.Node)] for c in others]
    named = [[{name_of(n) for n in s.walk(node)} for node in nodes] for nodes in sides]
    by = {name_of(b) for nodes in sides for m in nodes for n in s.walk(m) if isinstance(n, s.Derivative) for b in n.by}
    by |= {name_of(n.by) for nodes in sides for m in nodes for n in s.walk(m) if isinstance(n, s.Nabla) and n.by}
    noise = [n for _, term in right.terms if (n := name_of(term)) and not any(n in x for nodes in named for x in nodes)]
    parameters = {name_of(n) for n in s.walk(right)} - {None, name, *noise}
    fitted = any(name in x and x & parameters for nodes in named for x in nodes[1:])
    differentiated = any(
        isinstance(n, s.Derivative) and n.of is not None and name_of(n.of) == name
        for nodes in sides
        for m in nodes
        for n in s.walk(m)
    )
    return bool(noise) and fitted and not differentiated and name not in by


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


def free_symbol(reader: Reader, left: s.Node | object) -> str:
    """The name of a declared array or number that a left side says to equal something; empty if it says something else."""
    name = name_of(left) if isinstance(left, (s.Symbol, s.Scripted)) else None
    if isinstance(left, s.Scripted) and name not in reader.scope.values and isinstance(left.base, s.Symbol):
        entry = left.sub is not None and left.sup is None and not left.primes
        name = left.base.name if entry else None  # y_{2i} = … of a declared y
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
