"""A sum of products as a graph, reduced to matrix algebra.

Indices are nodes. A factor with one index is a weight on its node, a factor with two an edge. Bound nodes disappear one
by one, each step an identity:

    parallel edges              A_ij B_ij             →  (A ⊙ B)_ij
    bound node of degree two    Σ_k A_ik v_k B_kj     →  (A diag(v) B)_ij
    bound leaf                  Σ_k A_ik v_k          →  (A v)_i,   without a weight (A 1)_i
    isolated bound node         Σ_k u_k v_k           →  uᵀv,       a single weight 1ᵀv
    closed pair, loop           Σ_ij A_ij B_ij        →  tr(AᵀB),   Σ_i A_ii → tr A

What is left are weights and edges on the output's nodes: diag(u) M diag(v), or u vᵀ. A graph that is not
series–parallel has no matrix form.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbolic.notation.matrix import tree as m
from symbolic.program.expressions import Index


class NoMatrixForm(Exception):
    """The expression has no matrix form; the text says why."""


@dataclass(frozen=True)
class Edge:
    """A matrix between two nodes."""

    matrix: m.Node
    row: Index
    column: Index

    def seen_from(self, row: Index) -> m.Node:
        """The matrix with ``row`` as its row index."""
        return self.matrix if self.row is row else m.transpose(self.matrix)

    def other(self, node: Index) -> Index:
        """The end that is not ``node``."""
        return self.column if self.row is node else self.row


class Network:
    """Factors of a monomial, to be contracted over ``bound``."""

    def __init__(self, bound: list[Index]):
        self.bound = list(bound)
        self.scalars: list[m.Node] = []
        self.weights: dict[Index, list[m.Node]] = {}
        self.edges: list[Edge] = []

    def put(self, factor: m.Node, support: tuple[Index, ...]) -> None:
        """Add a factor with its indices: none, one (a column) or two (row, column)."""
        if not support:
            self.scalars.append(factor)
        elif len(support) == 1:
            self.weights.setdefault(support[0], []).append(factor)
        else:
            self.edges.append(Edge(factor, *support))

    def contract(self, out: tuple[Index, ...]) -> m.Node:
        """The tree over the output's indices (none, one or two)."""
        while True:
            self._loops()
            self._parallel()
            node = self._next()
            if node is None:
                break
            self._eliminate(node)
            self.bound.remove(node)
        if self.bound:
            raise NoMatrixForm("its index graph is not series–parallel")
        return m.scale(sp.S.One, self.scalars, self._assembled(out)) if out else self._scalar()

    def _scalar(self) -> m.Node:
        return m.scale(sp.S.One, self.scalars, m.Number(sp.S.One))

    def _at(self, node: Index) -> list[Edge]:
        return [e for e in self.edges if node in (e.row, e.column)]

    def _loops(self) -> None:
        for e in [e for e in self.edges if e.row is e.column]:
            self.edges.remove(e)
            if e.row in self.bound and not self._at(e.row) and not self.weights.get(e.row):
                self.scalars.append(m.trace(e.matrix))
                self.bound.remove(e.row)
            else:
                self.weights.setdefault(e.row, []).append(m.DiagonalOf(e.matrix))

    def _parallel(self) -> None:
        groups: dict[frozenset, list[Edge]] = {}
        for e in self.edges:
            groups.setdefault(frozenset((e.row, e.column)), []).append(e)
        for ends, group in groups.items():
            closed = all(n in self.bound and self._at(n) == group and not self.weights.get(n) for n in ends)
            if len(group) < 2 and not closed:
                continue
            row, column = self._preferred_ends(group)
            matrices = [e.seen_from(row) for e in group]
            for e in group:
                self.edges.remove(e)
            if closed and len(matrices) == 2:
                self.scalars.append(m.trace(m.product(m.transpose(matrices[0]), matrices[1])))
                self.bound = [n for n in self.bound if n not in ends]
            elif closed:
                self.scalars.append(m.total(m.hadamard(*matrices)))
                self.bound = [n for n in self.bound if n not in ends]
            else:
                self.edges.append(Edge(m.hadamard(*matrices), row, column))

    @staticmethod
    def _preferred_ends(group: list[Edge]) -> tuple[Index, Index]:
        forward = sum(e.seen_from(group[0].row).cost for e in group)
        backward = sum(e.seen_from(group[0].column).cost for e in group)
        ends = (group[0].row, group[0].column)
        return ends if forward <= backward else ends[::-1]

    def _next(self) -> Index | None:
        """The bound node to eliminate: isolated ones first, then leaves, then those of degree two."""
        for degree in range(3):
            for node in self.bound:
                if len(self._at(node)) == degree:
                    return node
        return None

    def _eliminate(self, node: Index) -> None:
        edges, weights = self._at(node), self.weights.pop(node, [])
        for e in edges:
            self.edges.remove(e)
        if not edges:
            self.scalars.append(self._isolated(node, weights))
        elif len(edges) == 1:
            other = edges[0].other(node)
            v = m.hadamard(*weights) if weights else m.Ones(node.extent)
            self.weights.setdefault(other, []).append(m.product(edges[0].seen_from(other), v))
        else:
            row, column = (e.other(node) for e in edges)
            middle = [m.diag(m.hadamard(*weights))] if weights else []
            matrix = m.product(edges[0].seen_from(row), *middle, edges[1].seen_from(node))
            self.edges.append(Edge(matrix, row, column))

    @staticmethod
    def _isolated(node: Index, weights: list[m.Node]) -> m.Node:
        if not weights:
            return m.Number(node.extent)
        if len(weights) == 1:
            return m.total(weights[0])
        return m.total(m.hadamard(*weights)) if len(weights) == 2 else _grouped(weights)

    def _assembled(self, out: tuple[Index, ...]) -> m.Node:
        sides = [m.hadamard(*self.weights[i]) if i in self.weights else None for i in out]
        if len(out) == 1:
            return sides[0] or m.Ones(out[0].extent)
        row, column = out
        left, right = sides
        if not self.edges:
            return m.product(left or m.Ones(row.extent), m.transpose(right or m.Ones(column.extent)))
        (edge,) = self.edges
        factors = [edge.seen_from(row)]
        if isinstance(edge.matrix, m.Identity):
            both = [v for v in sides if v is not None]
            return m.diag(m.hadamard(*both)) if both else edge.matrix
        if left is not None:
            factors.insert(0, m.diag(left))
        if right is not None:
            factors.append(m.diag(right))
        return m.product(*factors)


def _grouped(weights: list[m.Node]) -> m.Node:
    """Σ_k of three or more weights: aᵀ(b ⊙ c ⊙ …) with the simplest factor in front."""
    first = min(weights, key=m.in_front)
    rest = list(weights)
    rest.remove(first)
    return m.product(m.transpose(first), m.hadamard(*rest))
