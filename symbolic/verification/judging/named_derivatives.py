"""Derivatives that are written like names: f_x beside f_y, and V̇ where ẋ is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.calculus.derivatives import jvp
from symbolic.program.graph import leaves
from symbolic.verification.elaboration.operators import is_partial
from symbolic.verification.elaboration.rates import rates
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader


def enter_rate(reader: Reader, name: str) -> bool:
    """Enter the V̇ of a defined V whose variables have rates of their own (ẋ = Ax): it is to be derived, not defined."""
    values = reader.scope.values
    of = values.get(name.removesuffix("_dot"))
    if of is None or of.tensor.definition is None:
        return False
    moving = rates(reader.scope, of.tensor)
    if moving:
        values[name] = Value(jvp(of.tensor, moving), of.labels, of.row)
    return bool(moving)


def is_slope(left: s.Scripted, held: Value) -> bool:
    """Whether g′ is the derivative of a computed number g of one declared number, and not another quantity."""
    if not left.primes or left.sub is not None or left.sup is not None or held.rank or held.tensor.definition is None:
        return False
    read = leaves([held.tensor])
    return len(read) == 1 and not held.labels and all(not t.ndim for t in read)


def is_partial_derivative(reader: Reader, left: s.Scripted) -> bool:
    """Whether f_x is the partial derivative of f: in a document that writes f_y or f_{xy} too."""
    if left.sub is None or left.sup is not None or not is_partial(left, reader.scope):
        return False
    sides = [reader.side(chain, k) for _, chain in reader.everything for k in range(len(chain.sides))]
    scripted = [n for side in sides if isinstance(side, s.Node) for n in s.walk(side) if isinstance(n, s.Scripted)]
    base = s.plain(left.base)
    below = {str(s.plain(n.sub)) for n in scripted if n.sub and s.plain(n.base) == base and is_partial(n, reader.scope)}
    return len(below) > 1
