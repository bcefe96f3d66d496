"""From compressed derivatives to structured arrays: their small tensors are computed, and put in their places.

Whether a sum over factors is carried out depends on the sizes: Σ_k X[k,i] X[k,j] is kept as X where that holds fewer
numbers than the product. So a function has a plan for each set of sizes that it meets, with a program of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from numeric.binding import Sizes, common_dtype
from numeric.structured.layouts import (
    Layout,
    ScatteredLayout,
    TermLayout,
    affine_positions,
    indices_of,
    is_affine,
    position,
)
from symbolic.calculus.compression import Compressed
from symbolic.calculus.terms import Term
from symbolic.errors import EvaluationError
from symbolic.program.dims import shape_text
from symbolic.program.tensors import Tensor

MOST_PLANS = 64  # sets of sizes that a function remembers


@dataclass(frozen=True)
class _Plan:
    function: Callable[..., list[Any]] | None
    tensors: tuple[Tensor, ...]
    outputs: tuple[Tensor | Layout, ...]


class StructuredFunction:
    """A function on arrays some of whose outputs are structured arrays; what ``lambdify`` returns for them.

    ``source`` is the code for the sums carried out, or what the last call has run.
    """

    def __init__(
        self,
        arguments: Sequence[Tensor],
        outputs: Sequence[Tensor | Compressed],
        compiled: Callable[[list[Tensor]], Any],
        container: type | None,
        dtype: np.dtype | None,
    ):
        self.arguments, self.outputs = tuple(arguments), tuple(outputs)
        self.container, self.dtype = container, dtype
        self._compiled = compiled
        self._functions: dict[tuple[bool, ...], tuple[Any, tuple[Tensor, ...], tuple[tuple[Term, ...], ...]]] = {}
        self._plans: dict[tuple, _Plan] = {}
        self._positions: dict[Term, list[Tensor | None]] = {}
        self._current = self._function(tuple(True for c in self._compressed for _ in c.terms))[0]

    @property
    def source(self) -> str:
        """The generated code of the small tensors."""
        return self._current.source if self._current is not None else "# every entry is known without computing\n"

    def __call__(self, *values: Any) -> Any:
        if len(values) != len(self.arguments):
            names = ", ".join(a.label for a in self.arguments)
            raise EvaluationError(f"expected {len(self.arguments)} arrays ({names}), got {len(values)}")
        shapes = tuple(map(np.shape, values))
        plan = self._plans.get(shapes)
        if plan is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            plan = self._plans[shapes] = self._planned(shapes)
        dtype = common_dtype(self.dtype, self.arguments, values)
        found = plan.function(*values) if plan.function is not None else []
        known = dict(zip([t.serial for t in plan.tensors], found, strict=True))
        result = [o.filled(known, dtype) if isinstance(o, Layout) else known[o.serial] for o in plan.outputs]
        self._current = plan.function
        return result[0] if self.container is None else self.container(result)

    def __repr__(self) -> str:
        inner = ", ".join(a.label for a in self.arguments)
        given = ", ".join(
            o.describe() if isinstance(o, Tensor) else f"a structured array {shape_text(o.tensor.extents)}"
            for o in self.outputs
        )
        return f"<StructuredFunction ({inner}) -> {given}>"

    # -- plans -------------------------------------------------------------------------------------------------------

    @property
    def _compressed(self) -> list[Compressed]:
        return [o for o in self.outputs if isinstance(o, Compressed)]

    def _function(self, contracted: tuple[bool, ...]):
        """The program for a choice, for each term, whether its sums are carried out."""
        if contracted not in self._functions:
            choices = iter(contracted)
            chosen = tuple(tuple(t.contracted if next(choices) else t for t in c.terms) for c in self._compressed)
            wanted = [o for o in self.outputs if isinstance(o, Tensor)]
            wanted += [f.tensor for terms in chosen for t in terms for f in t.factors]
            wanted += [p for terms in chosen for t in terms for p in self._places(t) if p is not None]
            tensors = tuple({t.serial: t for t in wanted}.values())
            function = self._compiled(list(tensors)) if tensors else None
            self._functions[contracted] = function, tensors, chosen
        return self._functions[contracted]

    def _places(self, t: Term) -> list[Tensor | None]:
        """For each axis of a scattered term the positions as a tensor, None for an affine place, which is known."""
        if not t.is_scattered:
            return []
        if t not in self._positions:
            self._positions[t] = [None if is_affine(p) else position(p) for p in t.places]
        return self._positions[t]

    def _planned(self, shapes: tuple[tuple[int, ...], ...]) -> _Plan:
        sizes = Sizes()
        sizes.bind(self.arguments, {t.serial: shape for t, shape in zip(self.arguments, shapes, strict=True)})
        numbers = {s: sp.Integer(n) for s, n in sizes.numbers.items()}

        def number(e: sp.Expr) -> int:
            return int(e.xreplace(numbers))

        smaller = tuple(number(t.contracted.entries) <= number(t.entries) for c in self._compressed for t in c.terms)
        function, tensors, chosen = self._function(smaller)
        layouts = iter(chosen)
        outputs = tuple(o if isinstance(o, Tensor) else self._layout(o, next(layouts), number) for o in self.outputs)
        return _Plan(function, tensors, outputs)

    def _layout(self, c: Compressed, terms: Sequence[Term], number: Callable[[sp.Expr], int]) -> Layout:
        shape = tuple(number(e) for e in c.tensor.extents)
        return Layout(shape, c.rows, [self._laid_out(t, shape, number) for t in terms])

    def _laid_out(
        self, t: Term, shape: tuple[int, ...], number: Callable[[sp.Expr], int]
    ) -> TermLayout | ScatteredLayout:
        label = {i: n for n, i in enumerate(t.core)}
        layout = TermLayout(
            tuple(f.tensor.serial for f in t.factors),
            tuple(tuple(label[i] for i in f.indices) for f in t.factors),
            tuple(label[p] for p in t.places) if not t.is_scattered else (),
            t.rows,
            {label[i]: number(i.extent) for i in t.core},
            float(t.coefficient),
        )
        if not t.is_scattered:
            return layout
        axes = [
            affine_positions(place, label, layout.sizes, number)
            if p is None
            else (p.serial, tuple(label[i] for i in indices_of(place)))
            for p, place in zip(self._places(t), t.places, strict=True)
        ]
        return ScatteredLayout(layout, axes, shape)
