"""Equations to be solved, as against identities: ``X⊤Xw = X⊤y`` says where a cost is stationary, ``w⊤μ = m`` where the Lagrangian
is by its multiplier, ``Bx = c`` is a system.

Which of them are meant so follows from the formulas, in whatever language the sentence around them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration.operators import named_values
from symbolic.verification.elaboration.values import Value, number, pointwise
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.ahead import free_symbol
from symbolic.verification.judging.comparison import compare
from symbolic.verification.judging.supposed import is_zero
from symbolic.verification.reading.names import name_of

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

NOWHERE = (0, 0)
MOST_GRADIENTS = 24
MULTIPLES = (1, -1, 2, -2, sp.Rational(1, 2), sp.Rational(-1, 2))


def is_equation(reader: Reader, line: Line) -> bool:
    """Whether a line that does not hold in general is an equation for its symbols and no statement about them."""
    left, right = line.before, line.right
    if line.k != 1 or not isinstance(left, s.Node) or not isinstance(right, s.Node):
        return False
    if any(_is_derivative(n) for side in (left, right) for n in s.walk(side)) or name_of(left) is not None:
        return False
    reader.define_everything()
    return is_zero(right) or _is_system(reader, line) or _is_stationary(reader, left, right)


def _is_derivative(node: s.Node) -> bool:
    """Whether a node is a derivative by its sign or by its primes: ∂f, f″(x)."""
    primed = isinstance(node, s.Call) and isinstance(node.head, s.Scripted) and bool(node.head.primes)
    return primed or isinstance(node, (s.Derivative, s.Nabla, s.Differential))


def _is_system(reader: Reader, line: Line) -> bool:
    """Whether declared arrays are said to make up another, as in ``Bx = c``: nothing that is written tells what c is."""
    name = free_symbol(reader, line.right)
    if not name or len(line.chain.sides) != 2 or free_symbol(reader, line.left):
        return False
    of = reader.scope.values[name].tensor
    told = named_values(line.left, reader.scope)
    return bool(of.ndim and told) and all(x.tensor.definition is None and x.tensor is not of for x in told)


def _is_stationary(reader: Reader, left: s.Node, right: s.Node) -> bool:
    """Whether two sides differ by a multiple of the gradient of a scalar that the document defines.

    Where one of them alone is such a multiple the line says what the gradient is.
    """
    try:
        sides = [reader.value(node, {}) for node in (left, right)]
    except ChainruleError:
        return False
    if any(x.labels or x.form for x in sides):
        return False
    plain = [Value(x.tensor) for x in sides]
    shape = max((x.tensor.extents for x in plain), key=len)
    if any(x.rank and x.tensor.extents != shape for x in plain):
        return False
    apart = pointwise(lambda a, b: a - b, plain, NOWHERE)
    own = reader.definitions_of_derivatives()
    costs = [
        x.tensor
        for name, x in reader.scope.values.items()
        if not (x.rank or x.labels)
        and x.tensor.definition is not None
        and name in reader.definitions
        and name not in own
    ]
    tried = 0
    for cost in costs:
        for by in leaves([cost]):
            if by.extents == shape and by.dtype == "real" and tried < MOST_GRADIENTS:
                tried += 1
                gradient = reader.scope.jacobian(cost, by)
                if _parallel(apart, gradient):
                    return not any(x.rank == len(shape) and _parallel(x, gradient) for x in plain)
    return False


def _parallel(a: Value, gradient: Tensor) -> bool:
    """Whether two arrays are multiples of each other, the second not nothing: |a|²|b|² = (a · b)²; numbers by ±1, ±2, ±½."""
    b = Value(gradient)
    if not a.rank:
        return any(
            compare(a, pointwise(lambda p, m=m: m * p, [b], NOWHERE), False, diagnosed=False).holds for m in MULTIPLES
        )
    squares = [
        algebra.total(pointwise(lambda p, q: p * q, pair, NOWHERE), NOWHERE) for pair in ((a, a), (b, b), (a, b))
    ]
    if compare(squares[1], number(0), False, diagnosed=False).holds:
        return False
    both = pointwise(lambda p, q: p * q, squares[:2], NOWHERE)
    return compare(both, pointwise(lambda p: p**2, squares[2:], NOWHERE), False, diagnosed=False).holds
