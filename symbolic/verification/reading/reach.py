"""How far a sum reaches: ``∑_i t_i log h_i + (1 − t_i) log(1 − h_i)`` sums both terms, since nothing else gives i a meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic.verification.elaboration.sums import bound_letters, with_scripts
from symbolic.verification.grammar import syntax as s


def widened(node: s.Node, known: frozenset[str] | set[str]) -> s.Node:
    """The tree in which a sum takes in the later terms that name its index; ``known`` are the letters used outside.

    The sign of the sum is that of all of them: ``−∑_i a_i + b_i`` has b_i under the sum, so it is −∑_i (a_i + b_i).
    An index that the other side of the equality names, or that counts something outside of every sum, is left alone.
    """
    if isinstance(node, s.Group):
        return replace(node, body=widened(node.body, known))
    if isinstance(node, s.Fraction):
        return replace(node, numerator=widened(node.numerator, known))
    if isinstance(node, s.Product):
        return replace(node, factors=tuple((sign, widened(f, known)) for sign, f in node.factors))
    if isinstance(node, s.Big):
        return replace(node, body=widened(node.body, known | set(bound_letters(node))))
    if not isinstance(node, s.Sum):
        return node
    terms = [(sign, widened(term, known)) for sign, term in node.terms]
    for k, (sign, term) in enumerate(terms):
        big = _last_sum(term)
        if big is None:
            continue
        letters = set(bound_letters(big)) - set(known)
        if any(letters & _free(before) for _, before in terms[:k]):
            continue
        reached = [j for j in range(k + 1, len(terms)) if letters & _free(terms[j][1])]
        if not reached:
            continue
        last = reached[-1]
        inside = s.Sum(
            (big.body.span[0], terms[last][1].span[1]),
            ((1, big.body), *terms[k + 1 : last + 1]),
        )
        whole = _with_last_sum(term, widened(replace(big, body=inside), known))
        rest = (*terms[:k], (sign, whole), *terms[last + 1 :])
        return whole if len(rest) == 1 and sign == 1 else widened(s.Sum(node.span, rest), known)
    return s.Sum(node.span, tuple(terms))


def lettered(node: Any, known: frozenset[str] | set[str]) -> Any:
    """The tree with ``∑ (x_i − m)`` as a sum over i, the one letter below its terms to which nothing else gives a meaning."""
    if not isinstance(node, s.Node):
        return s.mapped(node, lambda part: lettered(part, known))
    if isinstance(node, s.Big):
        known = known | set(bound_letters(node))
    node = s.mapped(node, lambda part: lettered(part, known))
    body = None
    if isinstance(node, s.Big) and node.kind == "sum" and node.sub is None and node.sup is None:
        body = node.body
    elif isinstance(node, s.Call) and isinstance(node.head, s.Symbol) and node.head.name == "sum":
        body = s.Group(node.span, "(", node.arguments[0]) if len(node.arguments) == 1 else None
    letters = _below(body) - known if body is not None else set()
    if body is None or len(letters) != 1:
        return node
    (letter,) = letters
    return s.Big(node.span, "sum", s.Symbol(node.span, letter, letter), None, body)


def _below(node: s.Node) -> set[str]:
    """The single letters in subscripts that no sum inside the tree binds."""
    return {
        n.name
        for scripted, hidden in with_scripts([node])
        for script in (scripted.sub, scripted.indexed)
        if script is not None
        for n in s.walk(script)
        if isinstance(n, s.Symbol) and len(n.name) == 1 and n.name.islower() and n.name not in hidden
    }


def index_symbols(node: s.Node) -> set[str]:
    """Every letter that stands in a script of the tree."""
    return {
        n.name
        for part in s.walk(node)
        if isinstance(part, s.Scripted)
        for script in (part.sub, part.sup, part.indexed)
        if script is not None
        for n in s.walk(script)
        if isinstance(n, s.Symbol)
    }


def _free(node: s.Node) -> set[str]:
    """Letters in scripts that no sum inside the tree binds."""
    found: set[str] = set()
    for scripted, hidden in with_scripts([node]):
        scripts = [x for x in (scripted.sub, scripted.sup, scripted.indexed) if x is not None]
        found |= {n.name for x in scripts for n in s.walk(x) if isinstance(n, s.Symbol)} - hidden
    return found


def _last_sum(term: s.Node) -> s.Big | None:
    """The sum that a term ends with."""
    if isinstance(term, s.Big):
        return term if term.kind == "sum" else None
    if isinstance(term, s.Product) and term.factors[-1][0] in ("", "CDOT"):
        return _last_sum(term.factors[-1][1])
    return None


def _with_last_sum(term: s.Node, big: s.Node) -> s.Node:
    if isinstance(term, s.Product):
        (*rest, (sign, last)) = term.factors
        return replace(term, span=(term.span[0], big.span[1]), factors=(*rest, (sign, _with_last_sum(last, big))))
    return big


def bracketed(node: s.Node) -> s.Node | None:
    """``−∑_i a_i + b_i`` as −(∑_i a_i) + ∑_i b_i, as some write it; None where a tree has no such sum.

    A sum whose body is a bare sum of terms is one that took in the terms behind it.
    """
    if not isinstance(node, s.Sum):
        return None
    terms = []
    for sign, term in node.terms:
        big = _last_sum(term) if sign < 0 else None
        if big is not None and isinstance(big.body, s.Sum):
            (first, *rest) = big.body.terms
            body = replace(big.body, terms=(first, *((-other, t) for other, t in rest)))
            term = _with_last_sum(term, replace(big, body=body))
        terms.append((sign, term))
    changed = replace(node, terms=tuple(terms))
    return changed if changed != node else None
