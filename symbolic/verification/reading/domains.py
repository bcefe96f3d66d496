"""What functions tell of their arguments: ``f: ℝ^n → ℝ`` with f(x), and an undeclared x by which f(x, y) is differentiated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.tokens import Vocabulary, tokenize
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.sets import Set, set_of
from symbolic.verification.reading.statements import Chain

_MAPS = re.compile(
    r"(?<![A-Za-z\\])(\\?[A-Za-z]+)\s*(?:\\colon\b|:)\s*([^$=:]{1,80}?)\s*(?:\\to\b|\\(?:long)?rightarrow\b|→)"
)


def declare_arguments(found: Declarations, every: list[Chain], source: Source, vocabulary: Vocabulary) -> None:
    """Enter the arguments of functions whose domain is told, or by which the document differentiates."""
    domains = dict(_domains(source, vocabulary))
    nodes = [node for chain in every for node in _sides(chain)]
    introduced = {name for chain in every if chain.is_equality for name in _left_names(chain)}
    for node in nodes:
        for part in s.walk(node):
            name, arguments = applied(part) or ("", ())
            for argument, what in zip(arguments, _spread(domains.get(name, ()), len(arguments)), strict=False):
                _declare(found, argument, what, source, set())
    by = {name for node in nodes for name in _variables(node)}
    arrays = {n for n, item in found.names.items() if item.shape} | {_base(n) for t in nodes for n in _turned(t)}
    arrays |= {name for node in nodes for n in s.walk(node) if (name := _item_of(n))}
    for chain in every:
        left = _first(chain)
        name, arguments = applied(left) or ("", ())
        if chain.is_equality and name:
            scalar = all(isinstance(a, (s.Symbol, s.Scripted)) for a in arguments)
            squared = any(isinstance(a, s.Scripted) and isinstance(a.sup, s.Number) for a in arguments)
            if scalar and (len(arguments) > 1 or squared) and any(_base(a) in by for a in arguments):
                for argument in arguments:
                    if _base(argument) not in arrays:
                        _declare(found, argument, Set(()), source, introduced)


def _item_of(node: s.Node) -> str:
    """α of an item α_i of a list; empty for anything else."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol) or not isinstance(node.sub, s.Symbol):
        return ""
    return node.base.name if len(node.sub.name) == 1 and node.sub.name.islower() else ""


def applied(node: s.Node | None) -> tuple[str, tuple[s.Node, ...]] | None:
    """(f, arguments) of ``f(x, y)``, whether or not f is known to be a function; None for anything else."""
    if isinstance(node, s.Call) and isinstance(node.head, s.Symbol):
        return node.head.name, node.arguments
    head, group = s.bracketed(node) or (None, None)
    if not isinstance(head, s.Symbol) or group is None:
        return None
    return head.name, group.body.items if isinstance(group.body, s.Items) else (group.body,)


def _domains(source: Source, vocabulary: Vocabulary) -> Iterator[tuple[str, tuple[Set, ...]]]:
    for piece in source.pieces:
        for match in _MAPS.finditer(source.text, piece.start, piece.end) if piece.mathematics else ():
            try:
                tokens = tokenize(source.text, vocabulary, match.start(2), match.end(2))
                parts: list[list] = [[]]
                depth = 0
                for token in tokens:
                    depth += (token.type == "LBRACE") - (token.type == "RBRACE")
                    if token.type == "TIMES" and not depth:
                        parts.append([])
                    else:
                        parts[-1].append(token)
                sets = [set_of(part) for part in parts]
            except ReadingError:
                continue
            if all(what is not None for what in sets):
                yield match.group(1).lstrip("\\"), tuple(what for what in sets if what is not None)


def _spread(domain: tuple[Set, ...], arguments: int) -> tuple[Set, ...]:
    """One set for each argument: of f: ℝ² → ℝ with f(x, y) both are numbers."""
    if len(domain) == 1 and arguments > 1 and domain[0].shape == (str(arguments),):
        return (Set((), domain[0].dtype, domain[0].assume),) * arguments
    return domain if len(domain) == arguments else ()


def _declare(found: Declarations, node: s.Node, what: Set, source: Source, introduced: set[str]) -> None:
    name = _base(node)
    if name is None or name in introduced or name in found.names:
        return
    if isinstance(node, s.Symbol) and any(known.startswith(f"{name}_") for known in found.names):
        return
    place = node.base.span if isinstance(node, s.Scripted) and node.sub is None else node.span
    whole = name if isinstance(node, s.Symbol) or node.sub is None else _with_sub(node)
    if whole is None or whole in found.names:
        return
    assume = {"positive"} if isinstance(node, s.Scripted) and node.sub is None else set()
    found.names[whole] = Declared(
        whole, what.shape, source.text[place[0] : place[1]], place[0], assume=frozenset({*what.assume, *assume})
    )
    found.roles.setdefault(whole, "parameter")


def _turned(node: s.Node) -> Iterator[s.Node]:
    """What stands transposed or in ‖·‖ in a tree: no number."""
    for n in s.walk(node):
        if isinstance(n, s.Norm) and n.kind == "norm":
            yield n.body
        elif isinstance(n, s.Scripted) and n.sup is not None and s.is_transpose(n.sup):
            yield n


def _with_sub(node: s.Scripted) -> str | None:
    return (
        f"{node.base.name}_{node.sub.text}"
        if isinstance(node.base, s.Symbol) and isinstance(node.sub, s.Number)
        else None
    )


def _base(node: s.Node | None) -> str | None:
    node = node.base if isinstance(node, s.Scripted) else node
    return node.name if isinstance(node, s.Symbol) else None


def _variables(node: s.Node) -> Iterator[str]:
    """What derivatives in a tree differentiate by: ∂/∂σ², f_x, ∇f(x, y)."""
    for n in s.walk(node):
        if isinstance(n, s.Derivative):
            yield from filter(None, map(_base, n.by))
        elif isinstance(n, s.Product) and isinstance(n.factors[0][1], s.Nabla):
            rest = n.factors[1:]
            call = applied(rest[0][1]) if len(rest) == 1 else applied(s.Product(n.span, tuple(rest[:2])))
            yield from filter(None, map(_base, call[1] if call else ()))
        elif isinstance(n, s.Scripted) and n.sub is not None and isinstance(n.base, s.Symbol):
            yield from (m.name for m in s.walk(n.sub) if isinstance(m, s.Symbol))


def _sides(chain: Chain) -> Iterable[s.Node]:
    for side in chain.sides if not chain.error else ():
        try:
            yield parse(side.tokens)
        except ReadingError:
            continue


def _first(chain: Chain) -> s.Node | None:
    if chain.error or not chain.sides:
        return None
    try:
        return parse(chain.sides[0].tokens)
    except ReadingError:
        return None


def _left_names(chain: Chain) -> set[str]:
    left = _first(chain)
    found = {_base(n) for n in (left.items if isinstance(left, s.Items) else (left,)) if n is not None}
    return {name for name in found if name}
