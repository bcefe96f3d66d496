"""``dW`` as a short name of ∂J/∂W, as in code: where the document says so, or where it can mean nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.names import name_of

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader

_EQUAL = frozenset(["=", ":="])
_VARIATION = re.compile(
    r"(?i)\b(?:differentials?|twist|perturb\w*|wiggl\w*|nudg\w*|infinitesimal\w*|first[- ]order|small changes?|vary|varies)\b"
)
_NAMED = r"\$\s*(?:\\mathrm\s*\{?)?d\}?\s*\\?[A-Za-z][^$]{0,12}\$"
_STATED = re.compile(
    rf"(?i)(?:{_NAMED}\s*(?:for|denotes?|is|be|to denote|to mean|means|stands for|as (?:a )?shorthand for|as short for|instead of)"
    rf"\s*(?:the\s+)?(?:gradient|derivative|\$[^$]{{0,12}}(?:partial|nabla|∂|∇)))"
    rf"|(?:gradient|derivative)[^.$]{{0,60}}(?:\$[^$]{{1,20}}\$[^.$]{{0,40}}){{0,3}}\b(?:as|by|with)\s+{_NAMED}"
)


def cost_of_shorthand(reader: Reader) -> s.Node | None:
    """The cost whose gradients ``dW``, ``db`` are; None where d is the sign of a differential.

    It is so where the document says it (``dW = ∂J/∂W``, "we write dV for ∂J/∂V"). It is so too where ``dW`` of a declared
    symbol is said to equal something, nothing is said to vary and no differential of the cost is written: the differential
    of a free symbol is free and equals nothing. The cost is then the one quantity that is defined and not used further.
    """
    pairs = [
        (reader.side(chain, 0), reader.side(chain, 1))
        for _, chain in reader.everything
        if chain.signs[:1] and chain.signs[0] in _EQUAL
    ]
    of = next((right.of for left, right in pairs if _states(left, right)), None)  # type: ignore[union-attr]
    if of is not None:
        return of
    text = reader.source.text
    defined, tops = _defined(pairs)
    varied = {name_of(left.body) for left, _ in pairs if isinstance(left, s.Differential) and left.body is not None}
    if not varied or len(tops) != 1:
        return None
    (cost,) = tops.values()
    if _STATED.search(text):
        return cost
    free = {name for name in varied if name in reader.declared.names and name not in defined}
    prose = " ".join(text[p.start : p.end] for p in reader.source.pieces if not p.mathematics)
    return cost if free and not varied & set(tops) and not _VARIATION.search(prose) else None


def _states(left: object, right: object) -> bool:
    """Whether an equality is dW = ∂J/∂W of a named J."""
    return (
        isinstance(left, s.Differential)
        and isinstance(right, s.Derivative)
        and left.body is not None
        and len(right.by) == 1
        and right.of is not None
        and name_of(right.of) is not None
        and name_of(left.body) is not None
        and s.plain(left.body) == s.plain(right.by[0])
    )


def _defined(pairs: list[tuple[Any, Any]]) -> tuple[set[str], dict[str, s.Node]]:
    """What is defined by formulas without derivatives, and of that what no other such formula reads."""
    defined: dict[str, s.Node] = {}
    read: set[str | None] = set()
    for left, right in pairs:
        name = name_of(left) if isinstance(left, (s.Symbol, s.Scripted)) else None
        signs = (s.Derivative, s.Nabla, s.Differential)
        if name is None or not isinstance(right, s.Node) or any(isinstance(n, signs) for n in s.walk(right)):
            continue
        defined.setdefault(name, left)
        symbols = [n for n in s.walk(right) if isinstance(n, (s.Symbol, s.Scripted))]
        read |= {name_of(n) for n in symbols} | {name_of(whole) for n in symbols if (whole := _whole(n)) is not None}
    return set(defined), {name: node for name, node in defined.items() if name not in read}


def _whole(node: s.Node) -> s.Node | None:
    """A^{[2]} of its example a^{[2](i)}, and X of x^{(i)}."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol):
        return None
    capital = replace(node.base, name=node.base.name.upper())
    two = s.pair(node.sup)
    return capital if two is None else s.Scripted(node.span, capital, None, two[0], 0, None)


def summed_over(reader: Reader) -> s.Symbol | None:
    """m of a cost ``J = (1/m) ∑ …`` whose gradients are written dW: dZ of a whole batch is often that of m J instead."""
    if reader.gradients_of is None:
        return None
    for _, chain in reader.everything:
        right = reader.side(chain, 1) if chain.is_equality else None
        if isinstance(right, s.Node) and s.plain(reader.side(chain, 0)) == s.plain(reader.gradients_of):
            head = right.terms[0][1] if isinstance(right, s.Sum) else right
            head = head.factors[0][1] if isinstance(head, s.Product) else head
            if isinstance(head, s.Fraction) and isinstance(head.denominator, s.Symbol):
                return head.denominator
    return None


def with_gradients(node: Any, reader: Reader) -> Any:
    """The tree with ∂J/∂W in place of dW; with m ∂J/∂Z in place of dZ where Z is computed and ``reader`` sums over the batch."""
    cost = reader.gradients_of
    if isinstance(node, s.Differential) and node.order == 1 and node.body is not None and cost is not None:
        name = name_of(node.body)
        if name is not None:
            made = _gradient(node, node.body, cost)
            free = name in reader.declared.names or reader.batch is None
            return made if free else s.Product(node.span, (("", reader.batch), ("", made)))
    return s.mapped(node, lambda part: with_gradients(part, reader))


def _gradient(node: s.Differential, body: s.Node, cost: s.Node) -> s.Node:
    """∂J/∂W for dW; of dWᵀ and dW^{[2]⊤} it is the gradient that is transposed."""
    of, turned = replace(cost, span=node.span), None
    if isinstance(body, s.Scripted) and isinstance(body.sup, s.Product) and s.is_transpose(body.sup.factors[-1][1]):
        *layer, (_, turned) = body.sup.factors
        body = replace(body, sup=layer[0][1] if len(layer) == 1 else replace(body.sup, factors=tuple(layer)))
    elif isinstance(body, s.Scripted) and s.is_transpose(body.sup):
        body, turned = (
            replace(body, sup=None) if body.sub is not None or body.indexed is not None else body.base,
            body.sup,
        )
    made = s.Derivative(node.span, of, (body,))
    return made if turned is None else s.Scripted(node.span, s.Group(node.span, "(", made), None, turned, 0, None)
