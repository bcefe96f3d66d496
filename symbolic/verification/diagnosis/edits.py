"""Edits of what is written: one transpose put on or taken off, two factors exchanged, ⊙ for a matrix product, a layer's number.

Where the shapes of a claim fit, the likely mistake is looked for among its tensors. A claim whose shapes do not fit has no
tensor, so its formula is edited instead, one change at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import written

MOST_EDITS = 60  # edits of one formula that are tried
Edit = tuple[str, str, s.Node]


def edits(node: s.Node, text: str, raised: bool = True) -> Iterator[Edit]:
    """Every formula that differs from ``node`` by one change, with the mistake that the change undoes.

    ``raised``: whether a number without brackets above a symbol may be that of a layer, as in a².
    """
    for part, put in places(node, lambda new: new):
        for label, detail, new in _changed(part, text):
            plain = (
                isinstance(part, s.Scripted)
                and isinstance(part.sup, s.Number)
                and part.sup != getattr(new, "sup", None)
            )
            if label != "wrong layer index" or raised or not plain:
                yield label, detail, put(new)


def slope_edits(node: s.Node, text: str, functions: set[str], symbols: Iterable[str]) -> Iterator[Edit]:
    """φ(u) made φ′(u), and the argument of φ′ another symbol, for the ``functions`` that are told no further."""
    for part, put in places(node, lambda new: new):
        if not isinstance(part, s.Call) or len(part.arguments) != 1:
            continue
        head = part.head if isinstance(part.head, s.Scripted) else s.Scripted(part.head.span, part.head, None, None)
        if not isinstance(head.base, s.Symbol) or head.base.name not in functions:
            continue
        shown = _written(part, text)
        if not head.primes:
            yield "h instead of h'", shown, put(replace(part, head=replace(head, primes=1)))
            continue
        for name in symbols:
            argument = s.Symbol(part.arguments[0].span, name, name)
            yield "h' at the wrong argument", f"{shown} instead of {name}", put(replace(part, arguments=(argument,)))


def places(thing: Any, put: Callable[[Any], Any]) -> Iterator[tuple[s.Node, Callable[[s.Node], s.Node]]]:
    """Every node outside scripts with the function that puts another in its place."""
    if isinstance(thing, tuple):
        for k, x in enumerate(thing):
            yield from places(x, lambda new, k=k: put((*thing[:k], new, *thing[k + 1 :])))
    if not isinstance(thing, s.Node):
        return
    yield thing, put
    if isinstance(thing, (s.Scripted, s.Group, s.Big)):
        inner = ("base",) if isinstance(thing, s.Scripted) else ("body",)
    elif isinstance(thing, s.Call):
        inner = ("arguments",)
    elif isinstance(thing, (s.Derivative, s.Differential, s.Nabla, s.Relation, s.Indicator)):
        inner = ()
    else:
        inner = tuple(name for name in thing.__dataclass_fields__ if name != "span")
    for name in inner:
        yield from places(getattr(thing, name), lambda new, name=name: put(replace(thing, **{name: new})))


def _changed(node: s.Node, text: str) -> Iterator[Edit]:
    plain = _untransposed(node)
    if plain is not None:
        yield "missing transpose", f"{_written(plain, text)}, instead of being transposed,", plain
        return
    if isinstance(node, (s.Symbol, s.Group, s.Derivative, s.Call, s.Scripted)):
        yield "missing transpose", _written(node, text), _transposed(node)
    if isinstance(node, s.Scripted):
        yield from _relayered(node, text)
        if isinstance(node.sup, s.Number) and node.sup.text.isdigit():
            for other in (int(node.sup.text) - 1, int(node.sup.text) + 1):
                power = s.Number(node.sup.span, str(other)) if other > 1 else None
                yield "off by one", f"the exponent of {_written(node, text)}", replace(node, sup=power)
    if not isinstance(node, s.Product):
        return
    factors = node.factors
    for k in range(len(factors) - 1):
        (first, a), (second, b) = factors[k], factors[k + 1]
        if second == "":
            yield from _exchanged(node, k, text)
            for x, y in ((a, b), (_untransposed(a), b), (a, _untransposed(b))):
                if x is not None and y is not None:
                    made = replace(node, factors=(*factors[:k], (first, x), ("ODOT", y), *factors[k + 2 :]))
                    yield "Hadamard and matrix product", f"{_written(a, text)} and {_written(b, text)}", made
        elif second in ("ODOT", "AST"):
            for x, y in ((a, b), (b, a)):
                made = replace(node, factors=(*factors[:k], (first, x), ("", y), *factors[k + 2 :]))
                yield "Hadamard and matrix product", f"{_written(a, text)} and {_written(b, text)}", made
            turned = replace(node, factors=(*factors[:k], (first, a), ("", _transposed(b)), *factors[k + 2 :]))
            yield "Hadamard and matrix product", f"{_written(a, text)} and {_written(b, text)}", turned
    if len(factors) > 2 and all(sign == "" for sign, _ in factors):
        yield "wrong order of factors", _written(node, text), replace(node, factors=factors[::-1])
        first = 1 if isinstance(factors[0][1], s.Number) else 0
        for k in range(first, len(factors)):
            rest = [f for j, f in enumerate(factors) if j != k]
            for place in {first, len(factors) - 1} - {k}:
                moved = (*rest[:place], factors[k], *rest[place:])
                yield "wrong order of factors", _written(node, text), replace(node, factors=moved)


def _relayered(node: s.Scripted, text: str) -> Iterator[Edit]:
    """The same symbol one layer up or down: a^{l-1} for a^l, W_2 for W_1."""
    for name in ("sup", "sub"):
        script = getattr(node, name)
        for other in _neighbours(script, name == "sup"):
            yield "wrong layer index", _written(node, text), replace(node, **{name: other})


def _neighbours(script: s.Node | None, letters: bool) -> list[s.Node]:
    """A layer's number one less and one more."""
    if isinstance(script, s.Group):
        return [replace(script, body=other) for other in _neighbours(script.body, True)]
    if isinstance(script, s.Number) and script.text.isdigit():
        return [s.Number(script.span, str(n)) for n in (int(script.text) - 1, int(script.text) + 1) if n >= 0]
    if letters and isinstance(script, s.Symbol):
        one = s.Number(script.span, "1")
        return [s.Sum(script.span, ((1, script), (sign, one))) for sign in (-1, 1)]
    if letters and isinstance(script, s.Sum) and len(script.terms) == 2:
        (_, first), (sign, second) = script.terms
        if isinstance(first, s.Symbol) and isinstance(second, s.Number) and second.text == "1":
            return [first, s.Sum(script.span, ((1, first), (-sign, second)))]
    return []


def _exchanged(node: s.Product, k: int, text: str) -> Iterator[Edit]:
    """Two neighbours exchanged; and a transposed one taken over by the other, as in x δ⊤ for δ x⊤."""
    factors = node.factors
    (first, a), (second, b) = factors[k], factors[k + 1]

    def with_pair(x: s.Node, y: s.Node) -> s.Node:
        return replace(node, factors=(*factors[:k], (first, x), (second, y), *factors[k + 2 :]))

    detail = f"{_written(a, text)} and {_written(b, text)}"
    yield "wrong order of factors", detail, with_pair(b, a)
    plain = _untransposed(a)
    if plain is not None and _untransposed(b) is None:
        yield "wrong order of factors", detail, with_pair(plain, _transposed(b))  # x⊤y for xy⊤
    if plain is None and _untransposed(b) is None:
        yield "wrong order of factors", detail, with_pair(_transposed(b), a)
        yield "wrong order of factors", detail, with_pair(b, _transposed(a))


def _transposed(node: s.Node) -> s.Node:
    bare = s.Group(node.span, "(", node) if isinstance(node, (s.Derivative, s.Scripted, s.Call)) else node
    return s.Scripted(node.span, bare, None, s.Mark(node.span, "⊤"))


def _untransposed(node: s.Node) -> s.Node | None:
    """What a transposed factor transposes."""
    if not isinstance(node, s.Scripted) or node.primes or node.indexed is not None:
        return None
    if s.is_transpose(node.sup):
        return node.base if node.sub is None else s.Scripted(node.span, node.base, node.sub, None)
    return None


def _written(node: s.Node, text: str) -> str:
    return " ".join(written(text, node.span).split())
