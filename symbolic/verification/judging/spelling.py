"""Formulas as a document writes them, spelt out: operators, compositions, traces without brackets, short names of gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lark import Token

from symbolic.verification.elaboration.compositions import composed
from symbolic.verification.elaboration.names import candidate_names
from symbolic.verification.elaboration.operators import is_partial, spelt_out
from symbolic.verification.elaboration.rates import without_time
from symbolic.verification.elaboration.traces import reaching
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.shorthand import with_gradients
from symbolic.verification.reading.compounds import joined
from symbolic.verification.reading.families import renamed, whole
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.primed import without_primes
from symbolic.verification.reading.statements import Chain
from symbolic.verification.reading.subscripted_calls import without_variables

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def as_written(reader: Reader, node: s.Node) -> s.Node:
    """The tree in the document's own spelling of symbols, whatever they stand for so far."""
    node = reaching(joined(without_primes(node), reader.compounds), reader.source.text)
    node = renamed(whole(node, reader.declared.names), reader.declared.families)
    node = without_variables(node, reader.called, reader.whole) if reader.called else node
    if reader.declared.of_time:
        node = without_time(node, reader.declared.of_time)
    if reader.gradients_of is not None:
        node = with_gradients(node, reader)
    return node


def spelt(reader: Reader, node: s.Node) -> s.Node:
    """The tree, as it is written, with operators such as H_f and Δ spelt out in the names in force."""
    return spelt_out(composed(node, reader.scope), reader.scope) if "scope" in reader.__dict__ else node


def without_arguments(reader: Reader, node: s.Node) -> s.Node:
    """``ℓ_0(β)`` as ℓ_0: a name with a subscript, and declared symbols in brackets behind it."""
    if "scope" not in reader.__dict__:
        return node
    held = reader.scope.values
    if (
        isinstance(node, s.Call)
        and isinstance(node.head, s.Scripted)
        and node.head.sup is None
        and not node.head.primes
    ):
        head, arguments = node.head, node.arguments
        if head.sub is None or name_of(head) is None or is_partial(head, reader.scope):
            return node
    elif isinstance(node, s.Product) and len(node.factors) == 2 and isinstance(node.factors[1][1], s.Group):
        head, body = node.factors[0][1], node.factors[1][1].body
        arguments = body.items if isinstance(body, s.Items) else (body,)
    else:
        return node
    if isinstance(head, s.Symbol) and len(head.name) == 1 and head.name not in {*held, *reader.scope.functions}:
        return head if all(name_of(a) in held for a in arguments) else node  # f(a, b) = …
    if not isinstance(head, s.Scripted):
        return node
    if (
        name_of(head) in held
        or any(n in held for n, _, _ in candidate_names(head))
        or not all(name_of(a) in held for a in arguments)
    ):
        return node
    base = held.get(head.base.name) if isinstance(head.base, s.Symbol) else None
    return head if base is None or not base.rank else node  # an array with an index is an entry


def differentiated_whole(reader: Reader, node: s.Node) -> s.Node:
    """A left side on which ∂/∂x differentiates all that follows it: ``d/dx (x² + 1) e^x``; chain rules stand on right sides.

    So does ∇_x where a number follows it, ``∇_x λ‖x‖²``: the gradient of a number is nothing that one writes.
    """
    if not isinstance(node, s.Product) or len(node.factors) < 3:
        return node
    (_, head), *rest = node.factors
    gradient = isinstance(head, s.Nabla) and head.by is not None and _is_constant(reader, rest[0][1])
    if not gradient and (not isinstance(head, s.Derivative) or head.of is not None):
        return node
    if any(isinstance(n, (s.Derivative, s.Nabla, s.At)) for _, n in rest):
        return node
    span = (rest[0][1].span[0], rest[-1][1].span[1])
    whole = s.Group(span, "(", s.Product(span, (("", rest[0][1]), *rest[1:])))
    return s.Product(node.span, (("", head), ("", whole)))


def turned(reader: Reader, chain: Chain, left: s.Sum, right: s.Node) -> tuple[Chain, s.Node]:
    """``−D = …`` as ``D = −(…)`` where D has no value yet."""
    (sign, of), *more = left.terms
    if more or sign > 0 or name_of(of) is None or name_of(of) in reader.scope.values:
        return chain, left
    minus = Token("MINUS", "-", start_pos=chain.sides[0].start, end_pos=chain.sides[0].start + 1)
    opening, closing = (
        Token(kind, c, start_pos=right.span[0], end_pos=right.span[1]) for kind, c in (("LPAR", "("), ("RPAR", ")"))
    )
    first = replace(chain.sides[0], tokens=chain.sides[0].tokens[1:], start=of.span[0])
    second = replace(chain.sides[1], tokens=[minus, opening, *chain.sides[1].tokens, closing])
    return replace(chain, sides=[first, second, *chain.sides[2:]]), of


def _is_constant(reader: Reader, node: s.Node) -> bool:
    """Whether a factor is a numeral, or a declared number that depends on nothing."""
    if isinstance(node, s.Fraction):
        return _is_constant(reader, node.numerator) and _is_constant(reader, node.denominator)
    held = reader.scope.values.get(name_of(node) or "") if "scope" in reader.__dict__ else None
    return isinstance(node, s.Number) or (held is not None and not held.rank and held.tensor.definition is None)
