"""Sums of products that are matrix products: one call to BLAS in place of three loops.

    out[i, j] = Σ_k a[i, k] b[k, j]

Factors are grouped by the indices that they mention. A group of several factors, or one that is no plain array, gets an
array of its own first. A leading index that all three share is a stack of products.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Index

SMALLEST = 2048  # multiplications of a product of fixed size that are worth a call


@dataclass(frozen=True)
class MatrixProduct:
    """``out[stack, i, j] = scale · Σ_k left · right``; ``left`` and ``right`` mention (i, k) and (k, j)."""

    stack: tuple[Index, ...]
    row: Index
    column: Index
    inner: Index
    left: sp.Expr
    right: sp.Expr
    scale: sp.Expr


def matrix_product(eq: Equation) -> MatrixProduct | None:
    """The matrix product that a sum is, if it is one and is large enough for a call."""
    if eq.reduce != "sum" or eq.guards or len(eq.bound) != 1 or not 2 <= len(eq.indices) <= 4:
        return None
    (k,) = eq.bound
    *stack, row, column = eq.indices
    stack_set = frozenset(stack)
    left: list[sp.Expr] = []
    right: list[sp.Expr] = []
    scale: list[sp.Expr] = []
    for factor in sp.Mul.make_args(eq.body):
        used = factor.atoms(Index)
        if not used:
            scale.append(factor)
        elif used <= {row, k} | stack_set and column not in used:
            left.append(factor)
        elif used <= {column, k} | stack_set:
            right.append(factor)
        else:
            return None
    a, b = sp.Mul(*left), sp.Mul(*right)
    if not {row, k} <= a.atoms(Index) or not {column, k} <= b.atoms(Index):
        return None
    if any(stack_set != side.atoms(Index) & stack_set for side in (a, b)) and stack:
        return None
    size = row.extent * column.extent * k.extent
    if size.is_Integer and size < SMALLEST:
        return None
    if not all(isinstance(x, Access) and x.tensor.dtype == "real" for x in a.atoms(Access) | b.atoms(Access)):
        return None
    return MatrixProduct(tuple(stack), row, column, k, a, b, sp.Mul(*scale))


def plain(side: sp.Expr, stack: tuple[Index, ...], first: Index, second: Index) -> bool | None:
    """Whether an array holds (first, second), True, or (second, first), False, after the stack; None if it must be made."""
    if not isinstance(side, Access):
        return None
    if side.indices == (*stack, first, second):
        return True
    return False if side.indices == (*stack, second, first) else None
