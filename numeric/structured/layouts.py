"""Layouts: where the numbers of a compressed derivative go, at known sizes; found once for each set of sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp

from numeric.structured.array import StructuredArray
from numeric.structured.terms import Labels, Pattern, ProductTerm, ScatteredTerm
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.realisation import realised
from symbolic.program.expressions import Access, Index, Quotient, Remainder
from symbolic.program.tensors import Tensor

Known = Mapping[int, np.ndarray]  # the computed arrays by the serial of their tensor


@dataclass(frozen=True)
class TermLayout:
    """A term whose factors are known by the serials of their tensors."""

    factors: tuple[int, ...]
    labels: tuple[Labels, ...]
    places: Labels
    rows: int
    sizes: Mapping[int, int]
    coefficient: float

    def filled(self, known: Known, dtype: np.dtype) -> ProductTerm:
        """The term with its numbers."""
        arrays = tuple(np.asarray(known[serial], dtype) for serial in self.factors)
        return ProductTerm(arrays, self.labels, self.places, self.rows, self.sizes, self.coefficient, dtype)


class ScatteredLayout:
    """A term whose entries are scattered.

    For each axis of ``shape``, ``axes`` has the array of positions and the labels of its axes, or the serial of the tensor
    that computes them and these labels. Positions outside the array do not count.
    """

    def __init__(self, term: TermLayout, axes: Sequence[tuple[int | np.ndarray, Labels]], shape: tuple[int, ...]):
        self.term, self.axes, self.shape = term, axes, shape
        self.over = tuple(term.sizes)
        self._fixed = None if any(isinstance(at, int) for at, _ in axes) else self._pattern({})

    def filled(self, known: Known, dtype: np.dtype) -> ScatteredTerm:
        """The term with its numbers."""
        values = self.term.filled(known, dtype).contracted(self.over)
        pattern, inside = self._fixed or self._pattern(known)
        return ScatteredTerm(pattern, values[inside])

    def _pattern(self, known: Known) -> tuple[Pattern, np.ndarray]:
        """The pattern, and which points of the core lie inside of the array."""
        sizes, over, rows = self.term.sizes, self.over, self.term.rows
        whole = [sizes[n] for n in over]
        inside, places = np.ones(whole, bool), []
        for (at, mine), extent in zip(self.axes, self.shape, strict=True):
            found = known[at] if isinstance(at, int) else at
            order = sorted(range(len(mine)), key=lambda a: over.index(mine[a]))
            found = found.transpose(order).reshape([sizes[n] if n in mine else 1 for n in over])
            inside &= (found >= 0) & (found < extent)
            places.append(np.broadcast_to(found, whole))
        kept = tuple(p[inside] for p in places)
        shape = self.shape[:rows], self.shape[rows:]
        row, column = np.ravel_multi_index(kept[:rows], shape[0]), np.ravel_multi_index(kept[rows:], shape[1])
        return Pattern(row, column, shape), inside


@dataclass(frozen=True)
class Layout:
    """An array of a shape, its first axes rows, by its terms."""

    shape: tuple[int, ...]
    rows: int
    terms: Sequence[TermLayout | ScatteredLayout]

    def filled(self, known: Known, dtype: np.dtype) -> StructuredArray:
        """The array with its numbers."""
        return StructuredArray(self.shape, self.rows, [t.filled(known, dtype) for t in self.terms], dtype)


# -- positions -------------------------------------------------------------------------------------------------------


def indices_of(place: sp.Expr) -> tuple[Index, ...]:
    """The indices in a place, in a fixed order."""
    return tuple(sorted(place.atoms(Index), key=lambda i: (i.name, i.dummy_index)))


def is_affine(place: sp.Expr) -> bool:
    """Whether a place is a sum of multiples of indices, so that it is known without any array."""
    return not place.has(Access, Quotient, Remainder)


def position(place: sp.Expr) -> Tensor:
    """The positions as an integer tensor over the indices in the place."""
    return realised(Closed(indices_of(place), place), dtype="int")


def affine_positions(
    place: sp.Expr, label: Mapping[Index, int], sizes: Mapping[int, int], number: Callable[[sp.Expr], int]
) -> tuple[np.ndarray, Labels]:
    """The positions of an affine place and the labels of their axes."""
    mine = indices_of(place)
    total = np.full([1] * len(mine), number(place.xreplace(dict.fromkeys(mine, sp.S.Zero))))
    for axis, i in enumerate(mine):
        steps = np.arange(sizes[label[i]]) * number(sp.sympify(place.coeff(i, 1), strict=True))
        total = total + steps.reshape([-1 if a == axis else 1 for a in range(len(mine))])
    return np.asarray(total), tuple(label[i] for i in mine)
