"""What a document says of its functions, wherever it stands: ``h(s) = …``, ``h = tanh``, ``h = dg/dx``, ``∇f(x)`` of an untold f."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from symbolic.verification.elaboration.scope import FunctionOf, Generic, Unread
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader

_EQUAL = (("=",), (":=",))


def tell_functions(reader: Reader) -> None:
    """Give every function that the document only names the meaning that its lines tell."""
    every = [chain for _, chain in reader.everything]
    for chain in every:
        if chain.signs[:1] == ("=",):
            _by_values(reader, chain)
    for chain in every:
        if not chain.error and chain.signs in _EQUAL:
            _by_name(reader, chain)
            _by_slope(reader, chain)
    for chain in every:
        _by_gradient(reader, chain)


def _by_values(reader: Reader, chain: Chain) -> None:
    """``h(s) = …`` says what h is."""
    left, right = reader.side(chain, 0), reader.side(chain, 1)
    if not isinstance(left, s.Call) or not isinstance(left.head, s.Symbol):
        return
    name, arguments = left.head.name, tuple(name_of(a) or "" for a in left.arguments)
    if isinstance(reader.scope.functions.get(name), Generic) and all(arguments):
        told = isinstance(right, s.Node)
        reader.scope.functions[name] = FunctionOf(arguments, right) if told else Unread(name)


def _by_name(reader: Reader, chain: Chain) -> None:
    """``h = tanh`` says what h is."""
    left, right = (list(side.tokens) for side in chain.sides)
    if len(left) == len(right) == 1 and left[0].type in ("SYMBOL", "FUNC") and right[0].type == "FUNC":
        name, told = str(left[0]), str(right[0])
        if isinstance(reader.scope.functions.get(name), Generic):
            reader.scope.functions[name] = reader.scope.functions.get(told, told)
            reader.same_functions.add(id(chain))


def _by_slope(reader: Reader, chain: Chain) -> None:
    """``h = dg/dx`` between functions says that h is the derivative of g."""
    left, right = reader.side(chain, 0), reader.side(chain, 1)
    if not (isinstance(left, s.Symbol) and isinstance(right, s.Derivative) and isinstance(right.of, s.Symbol)):
        return
    known = reader.scope.functions
    if len(right.by) != 1 or not all(isinstance(known.get(name), Generic) for name in (left.name, right.of.name)):
        return
    (by,), of = right.by, right.of
    if isinstance(by, s.Symbol):
        known[left.name] = FunctionOf((by.name,), s.Call(right.span, s.Scripted(of.span, of, None, None, 1), (by,)))
        reader.same_functions.add(id(chain))


def _by_gradient(reader: Reader, chain: Chain) -> None:
    """``∇f(x)`` says that the values of f are numbers."""
    for node in (reader.side(chain, k) for k in range(len(chain.sides))):
        if not isinstance(node, s.Node):
            continue
        for product in [n for n in s.walk(node) if isinstance(n, s.Product)]:
            for (_, before), (_, after) in itertools.pairwise(product.factors):
                after = after.base if isinstance(after, s.Scripted) and s.is_transpose(after.sup) else after
                if isinstance(before, s.Nabla) and isinstance(after, s.Call) and isinstance(after.head, s.Symbol):
                    name = after.head.name
                    if isinstance(reader.scope.functions.get(name), Generic):
                        reader.scope.functions[name] = Generic(name, whole=True)
