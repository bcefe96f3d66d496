"""What a document says of its functions, wherever it stands: ``h(s) = …``, ``h = tanh``, ``h = dg/dx``, ``∇f(x)`` of an untold f."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from symbolic.errors import ChainruleError
from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope, Unread
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.ahead import with_name
from symbolic.verification.judging.comparison import compare
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader

_LOGISTIC = re.compile(r"(?i)sigmo[iï]d|logisti|logística|logistique")
_EQUAL = (("=",), (":=",))


def tell_functions(reader: Reader) -> None:
    """Give every function that the document only names the meaning that its lines tell."""
    every = [chain for _, chain in reader.everything]
    if reader.scope.functions.get("sigma") == "sigmoid" and not _LOGISTIC.search(reader.declared.prose):
        _not_logistic(reader, every)
    for chain in every:
        if chain.signs[:1] == ("=",):
            _by_values(reader, chain)
    for chain in every:
        if not chain.error and chain.signs in _EQUAL:
            _by_name(reader, chain)
            _by_slope(reader, chain)
    for chain in every:
        _by_gradient(reader, chain)


def _not_logistic(reader: Reader, every: list[Chain]) -> None:
    """σ, which no word tells, is no logistic function where a formula beside it says so: ``σ(z) = max(0, z)``."""
    for chain in every:
        sides = [] if chain.error else [reader.side(chain, k) for k in range(len(chain.sides))]
        for call, formula in (p for pair in itertools.pairwise(sides) for p in (pair, pair[::-1])):
            if not isinstance(call, s.Call) or name_of(call.head) != "sigma" or len(call.arguments) != 1:
                continue
            argument, parts = call.arguments[0], list(s.walk(formula)) if isinstance(formula, s.Node) else []
            if name_of(argument) is None or len(parts) == 1 or any(name_of(n) == "sigma" for n in parts):
                continue
            if s.plain(argument) in map(s.plain, parts) and not _is_logistic(formula, argument):
                shared = isinstance(formula, s.Fraction) and any(isinstance(n, s.Big) for n in parts)
                reader.scope.functions["sigma"] = "softmax" if shared else Generic("sigma")
                return


def _is_logistic(formula: s.Node, argument: s.Node) -> bool:
    """Whether a formula is 1/(1 + e^{−x}) of its argument x, however it is written."""
    x = Value(tensor("x", ()))
    scope = Scope(values={"x": x}, functions={"sigma": "sigmoid"})
    name = s.Symbol(argument.span, "x", "x")
    try:
        found = Elaborator(scope)(with_name(formula, s.plain(argument), name))
        usual = Elaborator(scope)(s.Call(argument.span, s.Symbol(argument.span, "sigma", "sigma"), (name,)))
    except ChainruleError:
        return False
    return not found.rank and compare(found, usual, False, diagnosed=False).holds


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
