"""Every step of a derivation against numbers: does what it states hold at random points?

The right side of a step is evaluated as it is printed (realised from its closed form) and compared with a derivative that
no rule of calculus took part in: the complex step of the module itself, or central differences where the program does
not bear complex numbers. Points are drawn within what is assumed of each tensor, dimensions pairwise distinct,
directions at random, so a lost factor, a wrong transpose or a forgotten path shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.alike import Parts
from numeric.sampling import bounds_of_integers, draw, sizes_for
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.realisation import realised
from symbolic.calculus.recording import inputs_of
from symbolic.calculus.records import Chain, Step
from symbolic.errors import DeclarationError, EvaluationError, UnsupportedError
from symbolic.program.expressions import Reduction
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, tensor

COMPLEX_STEP, DIFFERENCES, SAME = "complex step", "central differences", "same numbers"
_POINTS = 3  # a point may lie on a kink; only what is wrong at all of them is wrong


@dataclass(frozen=True)
class StepCheck:
    """One step: its ``status`` (agrees, refuted or undecided), the relative ``error``, and by which method.

    ``reason`` says why a step is undecided.
    """

    number: int
    status: str
    error: float
    method: str
    reason: str = ""


def check_steps(
    d: Derivation, seed: int = 0, sizes: Mapping[str, int] | None = None, tolerance: float = 1e-6
) -> dict[int, StepCheck]:
    """The check of every step of ``d``, by its number.

    >>> from symbolic import derive, tensor
    >>> x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    >>> found = check_steps(derive(np.tanh(w @ x) ** 2))
    >>> {check.status for check in found.values()}
    {'agrees'}
    """
    checks: dict[int, StepCheck] = {}
    stated: _Stated | None = None
    parts = Parts([t for t in leaves([d.output]) if t.value is None])
    pending = list(d.steps)
    for point in range(_POINTS):
        if not pending:
            break
        try:
            tape = _Tape(d, parts, np.random.default_rng([seed, point]), sizes)
            stated = stated or _Stated(d)
            stated.evaluate(tape)
        except (EvaluationError, DeclarationError, UnsupportedError) as error:
            return {s.number: StepCheck(s.number, "undecided", np.inf, "", str(error)) for s in d.steps}
        for step in pending:
            checks[step.number] = _check(step, d, tape, stated, tolerance)
        pending = [step for step in pending if checks[step.number].status != "agrees"]
    return checks


def _check(step: Step, d: Derivation, tape: _Tape, stated: _Stated, tolerance: float) -> StepCheck:
    said = stated.value(step)
    if said is None:
        return StepCheck(step.number, "undecided", np.inf, "", "a step that it rests on has no value")
    if step.kind == "definition":
        methods = ((SAME, tape.values[step.tensor]),)
    else:
        of, by = step.left.of, step.left.by[0]
        local, direction = step.kind == "local_jacobian", stated.directions[by]
        methods = tape.derivatives(of, by, (of,), direction) if local else tape.total(of, by, direction)
    check = _compared(step.number, said, methods, tolerance)
    if check.status == "agrees" or step.kind == "definition":
        return check
    near = tape.around(tape.functions[of][0] if local else (by,))
    stated = stated.at(near)
    path = (of,) if local else d.program
    return _compared(step.number, stated.value(step), near.derivatives(of, by, path, direction), tolerance)


def _compared(number: int, said: Any, methods: Iterable[tuple[str, Any]], tolerance: float) -> StepCheck:
    best = StepCheck(number, "undecided", np.inf, "", "the program is not finite near the points that were tried")
    for method, found in methods:
        error = _error(np.asarray(said, dtype=float), np.asarray(found, dtype=float))
        if error <= tolerance:
            return StepCheck(number, "agrees", error, method)
        if error < best.error:
            best = StepCheck(number, "refuted", error, method)
    return best


def _error(said: np.ndarray, found: np.ndarray) -> float:
    """The norm of the difference in units of the larger norm; infinities must stand at the same entries."""
    finite = np.isfinite(found)
    if said.shape != found.shape or np.isnan(found).any() or not np.array_equal(said[~finite], found[~finite]):
        return np.inf
    said, found = said[finite], found[finite]
    scale = max(float(np.linalg.norm(found)), float(np.linalg.norm(said)), 1e-12)
    return float(np.linalg.norm(said - found)) / scale


class _Tape:
    """The modules run at one random point and near it."""

    def __init__(self, d: Derivation, parts: Parts, rng: np.random.Generator, sizes: Mapping[str, int] | None):
        self.program, self.parts, self.rng = d.program, parts, rng
        inputs = {m: frozenset(inputs_of(m)) for m in d.program}
        self.functions = {m: parts.function(m, inputs[m].__contains__) for m in d.program}
        self.known: dict[tuple[Tensor, Tensor], dict[str, Any]] = {}
        numbers = sizes_for(parts.given, sizes)
        below = bounds_of_integers(topological([d.output]), numbers)
        self.values: dict[Tensor, Any] = {t: draw(t, numbers, rng, below.get(t.serial, 2)) for t in parts.given}
        parts.evaluate(d.program, self.values)

    def along(self, of: Tensor, by: Tensor, path: Sequence[Tensor], by_value: Any) -> Any:
        """``of`` when ``by`` has another value and the modules of ``path`` follow."""
        return self._followed({by: by_value}, path)[of]

    def around(self, moved: Iterable[Tensor]) -> _Tape:
        """The program with other values of these tensors than it gives them, which may tie: max over the zeros of a relu."""
        followed = self._followed({u: self._jittered(u) for u in moved}, self.program)
        near = copy(self)
        near.known = {}
        near.values = {t: followed[t] for t in (*self.parts.given, *self.program)}
        return near

    def _followed(self, changed: Mapping[Tensor, Any], path: Sequence[Tensor]) -> dict[Tensor, Any]:
        """All values when some are changed and the modules of ``path`` follow."""
        values = {**self.values, **changed}
        moved = {*changed}
        for m in path:
            reads, function = self.functions[m]
            if m not in changed and not moved.isdisjoint(reads):
                values[m] = function.complex_or_real(*(values[u] for u in reads))
                moved.add(m)
        return values

    def _jittered(self, u: Tensor) -> Any:
        value = self.values[u]
        if u.dtype != "real" or u.assume:
            return value
        return value + 0.1 * self.rng.normal(size=np.shape(value)) * np.where(value == 0, 1.0, np.abs(value))

    def total(self, of: Tensor, by: Tensor, direction: Any) -> Iterator[tuple[str, Any]]:
        """The derivative through the whole program, found once for all the steps that end in it."""
        return self.derivatives(of, by, self.program, direction, self.known.setdefault((of, by), {}))

    def derivatives(
        self, of: Tensor, by: Tensor, path: Sequence[Tensor], direction: Any, known: dict[str, Any] | None = None
    ) -> Iterator[tuple[str, Any]]:
        """The derivative of ``of`` along a direction of ``by``, by one method after the other; ``known`` keeps what is found."""
        known = {} if known is None else known
        for method, derivative in ((COMPLEX_STEP, self._complex_step), (DIFFERENCES, self._differences)):
            if method not in known:
                with np.errstate(all="ignore"):
                    known[method] = derivative(of, by, path, direction)
            if known[method] is not None:
                yield method, known[method]

    def _complex_step(self, of: Tensor, by: Tensor, path: Sequence[Tensor], direction: Any) -> Any:
        try:
            return np.imag(self.along(of, by, path, self.values[by] + 1e-30j * direction)) / 1e-30
        except (TypeError, ValueError):  # NumPy has no complex version of a function of the program
            return None

    def _differences(self, of: Tensor, by: Tensor, path: Sequence[Tensor], direction: Any) -> Any:
        x = np.asarray(self.values[by])
        h = 1e-3 * max(1.0, float(np.abs(x).max(initial=0)))
        ends = {k: np.asarray(self.along(of, by, path, x + k * h * direction)) for k in (-2, -1, 1, 2)}
        return (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * h)


class _Stated:
    """What the steps state at a point: right sides of definitions, derivatives contracted with a direction."""

    def __init__(self, d: Derivation):
        self.symbols: dict[Tensor, Tensor] = {}
        self.steps = {step.number: step for step in d.steps}
        self.sides = {
            step.number: realised(self.contracted(step), getattr(step.tensor, "dtype", "real"))
            for step in d.steps
            if isinstance(step.right, Closed)
        }
        modules = {*d.program}
        self.rows = {m: row for m, row in d.results.items() if m in modules}
        self.directions: dict[Tensor, Any] = {}
        self.values: dict[Tensor, Any] = {}

    def contracted(self, step: Step) -> Closed:
        right = step.right
        if step.kind == "definition":
            return right
        of, by = step.left.of, step.left.by[0]
        v = self.symbols.setdefault(by, tensor(f"direction_{len(self.symbols)}", by.extents))
        if not by.ndim:
            return Closed(right.indices, right.expr * v.access())
        kept, bound = right.indices[: of.ndim], right.indices[of.ndim :]
        return Closed(kept, Reduction("sum", right.expr * v.access(*bound), bound))

    def evaluate(self, tape: _Tape) -> None:
        """All values at the point of ``tape``, along fresh directions."""
        for by in self.symbols:
            v = np.asarray(tape.rng.normal(size=np.shape(tape.values[by])))
            self.directions[by] = v / max(float(np.linalg.norm(v)), 1e-300)
        self._evaluate(tape)

    def at(self, tape: _Tape) -> _Stated:
        """The same at another point, along the same directions."""
        there = copy(self)
        there._evaluate(tape)
        return there

    def _evaluate(self, tape: _Tape) -> None:
        self.values = {**tape.values, **{v: self.directions[by] for by, v in self.symbols.items()}}
        tape.parts.evaluate([*self.sides.values(), *self.rows.values()], self.values)

    def value(self, step: Step) -> Any:
        """What a step states; for the chain rule the product of the factors that earlier steps found."""
        if not isinstance(step.right, Chain):
            return self.values[self.sides[step.number]]
        local = {
            (s.left.of, s.left.by[0]): self.values[self.sides[s.number]]
            for s in (self.steps[k] for k in step.inputs)
            if s.kind == "local_jacobian"
        }
        total: Any = 0.0
        for term in step.right.terms:
            first, last = term[0], term[-1]
            moved = local.get((last.of, last.by[0]))
            if moved is None:
                return None
            if len(term) == 1:
                total = total + moved
            else:
                m = first.by[0]
                total = total + np.tensordot(self.values[self.rows[m]], moved, m.ndim)
        return total
