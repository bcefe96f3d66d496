"""The terms of a structured array: products of small arrays in given places, and entries scattered over a matrix.

Axes carry labels, as in ``np.einsum``; rows and columns with one label are tied to each other, a label on no axis is
summed. Labels are numbers of the term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np
import scipy.sparse

_SMALL = 10_000  # entries; below, np.einsum itself is faster than what it would hand to BLAS

Labels = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ProductTerm:
    """``coefficient · Σ Π arrays``: ``labels`` along the axes of each array, ``places`` along the axes of the whole."""

    arrays: tuple[np.ndarray, ...]
    labels: tuple[Labels, ...]
    places: Labels
    rows: int
    sizes: Mapping[int, int]
    coefficient: float
    dtype: np.dtype
    _paths: dict = field(default_factory=dict, repr=False)  # orders of contraction that were found

    # -- contractions

    def contracted(
        self, out: Labels, more: Sequence[tuple[np.ndarray, Labels]] = (), same: Mapping[int, int] | None = None
    ) -> np.ndarray:
        """The product of the arrays and of ``more`` summed to the labels ``out``; a label given twice is a diagonal.

        ``same`` replaces labels by others. Along a label that no array has, all numbers are equal.
        """
        same = same or {}
        operands = [(a, tuple(same.get(n, n) for n in mine)) for a, mine in zip(self.arrays, self.labels, strict=True)]
        operands += more
        known = {n: size for a, mine in operands for n, size in zip(mine, a.shape, strict=True)}
        distinct = tuple(dict.fromkeys(out))
        operands += [(np.ones(self.sizes[n], self.dtype), (n,)) for n in distinct if n not in known]
        result = self._einsum(operands, distinct) if operands else np.ones((), self.dtype)
        if self.coefficient != 1:
            result = result * self.dtype.type(self.coefficient)
        if distinct == out:
            return result
        whole = np.zeros([known.get(n) or self.sizes[n] for n in out], self.dtype)
        np.einsum(whole, list(out), list(distinct))[...] = result
        return whole

    def _einsum(self, operands: Sequence[tuple[np.ndarray, Labels]], out: Labels) -> np.ndarray:
        flat = [x for a, mine in operands for x in (a, list(mine))]
        if len(operands) == 1 or (len(operands) == 2 and max(a.size for a, _ in operands) < _SMALL):
            return np.einsum(*flat, list(out))
        key = (out, *((mine, a.shape) for a, mine in operands))
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = np.einsum_path(*flat, list(out), optimize="greedy")[0]
        return np.einsum(*flat, list(out), optimize=path)

    @cached_property
    def axes(self) -> tuple[Labels, Labels]:
        """The labels of rows and of columns."""
        return self.places[: self.rows], self.places[self.rows :]

    @property
    def transposed(self) -> ProductTerm:
        """Rows and columns exchanged."""
        rows, columns = self.axes
        return replace(self, places=(*columns, *rows), rows=len(columns), _paths={})

    def scaled(self, factor: float) -> ProductTerm:
        """The term times a number."""
        return replace(self, coefficient=self.coefficient * factor)

    # -- what a structured array asks of a term

    def add_to(self, dense: np.ndarray) -> None:
        """Add the term to a dense array."""
        distinct = tuple(dict.fromkeys(self.places))
        there = np.einsum(dense, list(self.places), list(distinct))  # a view of what is not zero
        there += self.contracted(distinct)

    def times(self, v: np.ndarray) -> np.ndarray:
        """The term times ``v`` of the columns' shape and one axis more, which holds several of them."""
        rows, columns = self.axes
        extra = max(self.sizes, default=-1) + 1
        return self.contracted((*rows, extra), [(v, (*columns, extra))])

    def diagonal(self) -> np.ndarray:
        """The entries whose rows are their columns, in the rows' shape."""
        rows, columns = self.axes
        same: dict[int, int] = {}
        for i, j in zip(rows, columns, strict=True):
            i, j = _root(same, i), _root(same, j)
            if i != j:
                same[j] = i
        same = {n: _root(same, n) for n in same}
        return self.contracted(tuple(same.get(n, n) for n in rows), same=same)

    @property
    def tied(self) -> tuple[int, ...]:
        """The axes on which rows and columns are tied."""
        rows, columns = self.axes
        paired = len(rows) == len(columns) and len(set(rows)) == len(rows)
        return tuple(a for a, (i, j) in enumerate(zip(rows, columns, strict=True)) if i == j) if paired else ()


def _root(same: Mapping[int, int], n: int) -> int:
    while n in same:
        n = same[n]
    return n


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where the entries of a matrix of ``shape`` (rows' shape, columns' shape) are, as flat positions."""

    row: np.ndarray
    column: np.ndarray
    shape: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def size(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return prod(self.shape[0]), prod(self.shape[1])

    @cached_property
    def transposed(self) -> Pattern:
        """Rows and columns exchanged."""
        return Pattern(self.column, self.row, self.shape[::-1])

    @cached_property
    def _by_rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        order = np.argsort(self.row, kind="stable")
        counts = np.bincount(self.row, minlength=self.size[0])
        return order, self.column[order], np.concatenate([[0], np.cumsum(counts)])

    def matrix(self, values: np.ndarray) -> scipy.sparse.csr_array:
        """The matrix with these entries; entries at one position add up."""
        order, columns, starts = self._by_rows
        return scipy.sparse.csr_array((values[order], columns, starts), shape=self.size)


@dataclass(frozen=True, eq=False)
class ScatteredTerm:
    """Entries in the places of a pattern."""

    pattern: Pattern
    values: np.ndarray
    coefficient: float = 1.0

    @cached_property
    def matrix(self) -> scipy.sparse.csr_array:
        """The term over flat rows and flat columns."""
        values = self.values if self.coefficient == 1 else self.values * self.values.dtype.type(self.coefficient)
        return self.pattern.matrix(values)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the entries."""
        return self.values.dtype

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What it holds in memory."""
        return self.pattern.row, self.pattern.column, self.values

    @property
    def transposed(self) -> ScatteredTerm:
        """Rows and columns exchanged."""
        return replace(self, pattern=self.pattern.transposed)

    def scaled(self, factor: float) -> ScatteredTerm:
        """The term times a number."""
        return replace(self, coefficient=self.coefficient * factor)

    def add_to(self, dense: np.ndarray) -> None:
        """Add the term to a dense array."""
        dense += self.matrix.toarray().reshape(dense.shape)

    def times(self, v: np.ndarray) -> np.ndarray:
        """The term times ``v`` of the columns' shape and one axis more, which holds several of them."""
        return (self.matrix @ v.reshape(-1, v.shape[-1])).reshape(*self.pattern.shape[0], v.shape[-1])

    def diagonal(self) -> np.ndarray:
        """The entries whose rows are their columns, in the rows' shape."""
        return self.matrix.diagonal().reshape(self.pattern.shape[0])


Term = ProductTerm | ScatteredTerm
