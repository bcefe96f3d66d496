"""Einstein's convention: an index that stands twice in a term, and not on the other side of the equality, is summed over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbolic.verification.elaboration.names import letters
from symbolic.verification.elaboration.sums import bound_letters
from symbolic.verification.grammar import syntax as s


def summed(node: s.Node, outside: set[str] | frozenset[str]) -> s.Node:
    """The tree with the sums written out; ``outside`` are the letters that have a meaning elsewhere in the line."""
    if isinstance(node, s.Sum):
        return replace(node, terms=tuple((sign, summed(term, outside)) for sign, term in node.terms))
    if isinstance(node, s.Group):
        return replace(node, body=summed(node.body, outside))
    found = [letter for letter, times in _counted(node).items() if times > 1 and letter not in outside]
    inside = set(outside) | set(found)
    body = _within(node, inside)
    for letter in reversed(found):
        body = s.Big(node.span, "sum", s.Symbol(node.span, letter, letter), None, body)
    return body


def _within(node: s.Node, outside: set[str]) -> s.Node:
    """Brackets and arguments inside a term are terms of their own."""
    if isinstance(node, s.Product):
        return replace(node, factors=tuple((sign, _within(f, outside)) for sign, f in node.factors))
    if isinstance(node, s.Fraction):
        return replace(node, numerator=_within(node.numerator, outside), denominator=_within(node.denominator, outside))
    if isinstance(node, s.Group):
        return replace(node, body=summed(node.body, outside))
    if isinstance(node, s.Call):
        return replace(node, arguments=tuple(summed(a, outside) for a in node.arguments))
    if isinstance(node, s.Root):
        return replace(node, body=summed(node.body, outside))
    if isinstance(node, s.Scripted) and not isinstance(node.base, s.Symbol):
        return replace(node, base=_within(node.base, outside))
    if isinstance(node, s.Big):
        return replace(node, body=summed(node.body, outside | set(bound_letters(node))))
    return node


def _counted(node: s.Node) -> Counter[str]:
    """How often each letter stands as an index in a term; in brackets, as often as in the term that has it most."""
    if isinstance(node, s.Scripted):
        found: Counter[str] = Counter()
        for script in (node.sub, node.indexed):
            found.update(p.name for p in letters(script) or [] if isinstance(p, s.Symbol))
        if not isinstance(node.base, s.Symbol):
            found += _counted(node.base)
        squared = isinstance(node.sup, s.Number) and node.sup.text == "2"
        return Counter({k: 2 * n for k, n in found.items()}) if squared and isinstance(node.base, s.Symbol) else found
    if isinstance(node, s.Sum):
        found = Counter()
        for _, term in node.terms:
            found |= Counter({k: n for k, n in _counted(term).items() if n == 1})
        return found
    if isinstance(node, s.Group):
        return Counter(
            {k: n for k, n in _counted(node.body).items() if n == 1}
        )  # a pair inside brackets is summed there
    if isinstance(node, s.Derivative):
        parts = [*node.by, *([node.of] if node.of is not None else [])]
    elif isinstance(node, s.Big):
        return Counter({k: n for k, n in _counted(node.body).items() if k not in bound_letters(node)})
    elif isinstance(node, (s.Product, s.Fraction)):
        parts = s.children(node)
    else:
        return Counter()
    found = Counter()
    for part in parts:
        found += _counted(part)
    return found


def single_letters(node: s.Node) -> set[str]:
    """The letters that stand once in every term of a side: those that it leaves free."""
    if isinstance(node, s.Sum):
        return set().union(*(single_letters(term) for _, term in node.terms))
    return {letter for letter, times in _counted(node).items() if times == 1}
