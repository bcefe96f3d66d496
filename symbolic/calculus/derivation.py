"""``derive``: the derivatives of a program together with their record.

One sweep in reverse computes everything. When the cotangent of a module is complete it is put into the form that a
person would write, and that form is what goes on to earlier modules, what the steps state, and what ``gradient`` returns:
steps and answer cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from symbolic.calculus import derivatives
from symbolic.calculus.canonical import placed
from symbolic.calculus.closed_form import Closed, Condition, TooLargeError, is_boundary, nearest_form
from symbolic.calculus.conditions import conditions_of
from symbolic.calculus.folding import size
from symbolic.calculus.modules import modules
from symbolic.calculus.presentation import presented, simplified
from symbolic.calculus.pullback import cotangents, dependence, identity_seed, zero_like
from symbolic.calculus.realisation import realised
from symbolic.calculus.recording import record
from symbolic.calculus.records import Derivative, Step
from symbolic.errors import DeclarationError
from symbolic.language.operations import as_tensor, require_scalar
from symbolic.program.expressions import Access
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor


@dataclass(frozen=True, eq=False)
class Derivation:
    """The derivatives of ``output`` with respect to ``wrt``, and how they come about.

    ``program``: the named modules forward, the output last. ``results``: for each module and variable the derivative of
    the output as a named tensor. ``raw``: the same before simplification. ``independent``: variables of ``wrt`` on which
    the output does not depend. ``conditions``: where all this holds.
    """

    output: Tensor
    wrt: tuple[Tensor, ...]
    program: tuple[Tensor, ...]
    results: Mapping[Tensor, Tensor] = field(repr=False)
    forms: Mapping[Tensor, Closed] = field(repr=False)
    raw: Mapping[Tensor, Tensor] = field(repr=False)
    independent: tuple[Tensor, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def gradient(self, x: Tensor) -> Tensor:
        """∂output/∂x of a scalar output, in the shape of ``x``. Raises ``ShapeError`` if the output is no scalar."""
        require_scalar(self.output, "gradient")
        return self.jacobian(x)

    def jacobian(self, x: Tensor) -> Tensor:
        """∂output/∂x in numerator layout: the output's axes, then those of ``x``."""
        derivatives.require_variable(x, "jacobian")
        found = self.results.get(x)
        if found is not None:
            return found
        if any(x is w for w in self.independent):
            return zero_like((*self.output.extents, *x.extents))
        return simplified(derivatives.jacobian(self.output, x))

    def hessian(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The second derivative of a scalar output: the axes of ``x`` twice, or those of ``x``, then those of ``y``."""
        return simplified(derivatives.hessian(self.output, x, y))

    def jvp(self, tangents: Mapping[Tensor, Any]) -> Tensor:
        """How the output moves, to first order, when each key moves by its tangent."""
        return derivatives.jvp(self.output, tangents)

    def vjp(self, x: Tensor, cotangent: Any) -> Tensor:
        """The pullback of a cotangent of the output to ``x``."""
        return derivatives.vjp(self.output, x, cotangent)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The derivation step by step, the modules forward and then the chain rule backward."""
        return tuple(record(self))

    def _repr_latex_(self) -> str:
        from symbolic.notation import statement

        lines = [statement(Derivative(self.output, w), right=self.forms[w]) for w in self.wrt if w in self.forms]
        return r"$\displaystyle \begin{array}{l}" + r" \\ ".join(lines) + r"\end{array}$"


def derive(output: Tensor, wrt: Tensor | Iterable[Tensor] | None = None) -> Derivation:
    """Derive ``output`` with respect to ``wrt`` (every parameter; if there is none, every real input), with its record.

    Unnamed intermediates that a reader would name get names such as s_1 and z_1, the output C if it has none.

    Raises ``NotDifferentiableError`` through integers, ``DeclarationError`` where there is nothing to differentiate by.

    >>> import numpy as np
    >>> import symbolic as s
    >>> x, y = s.tensor("x", "n"), s.tensor("y", "m", role="target")
    >>> W = s.tensor("W", "m n", role="parameter")
    >>> d = derive(np.sum((np.tanh(W @ x) - y) ** 2))
    >>> [t.name for t in d.program], d.gradient(W).name
    (['s_1', 'z_1', 'C'], 'dC_dW')
    >>> print(d.steps[0])
    (1) s_1 = sum[k](x[k]*W[i, k])    [definition]
    """
    output = as_tensor(output)
    variables = _variables(output, wrt)
    order = topological([output])
    active, _ = dependence(order, variables)
    program = modules(output, active)
    sweep = _Sweep(output, program, variables)
    lead = identity_seed(output)
    cotangents(output, lead, variables, finish=sweep.finish)
    differentiated = [t for t in order if t.serial in active]
    return Derivation(
        output,
        variables,
        tuple(program),
        sweep.results,
        sweep.forms,
        sweep.raw,
        tuple(w for w in variables if w not in sweep.results and w is not output),
        conditions_of(differentiated),
    )


def _variables(output: Tensor, wrt: Any) -> tuple[Tensor, ...]:
    if isinstance(wrt, Tensor):
        wrt = [wrt]
    if wrt is not None:
        return tuple(dict.fromkeys(derivatives.require_variable(w, "derive") for w in wrt))
    declared = [t for t in leaves([output]) if t.dtype == "real"]
    for role in ("parameter", "input", "target"):
        found = tuple(t for t in declared if t.role == role)
        if found:
            return found
    raise DeclarationError(
        f"derive: {output.describe()} reads no parameter and no real input; give wrt=[...] to say by what to differentiate"
    )


class _Sweep:
    """What the reverse sweep finds: a named, presented derivative for every module and variable."""

    def __init__(self, output: Tensor, program: list[Tensor], variables: Iterable[Tensor]):
        self.output = output
        self.wanted = {*program, *variables} - {output}
        self.taken = {t.name for t in topological([output])}
        self.results: dict[Tensor, Tensor] = {}
        self.forms: dict[Tensor, Closed] = {}
        self.raw: dict[Tensor, Tensor] = {}
        self._cotangents: set[Tensor] = set()
        self._program = program

    def finish(self, t: Tensor, bar: Tensor) -> Tensor:
        """The cotangent that goes on: of modules and variables its presented form, under its own name."""
        if t not in self.wanted:
            return bar
        try:
            form = self._presented(t, bar)
            result = realised(form)
        except TooLargeError:  # then it is written through the tensors that compute it
            form, result = placed(nearest_form(bar)), bar
        result.derived = True
        result.named(self._name(t), provisional=True)
        self.results[t], self.forms[t], self.raw[t] = result, form, bar
        self._cotangents.add(result)
        return result

    def _presented(self, t: Tensor, bar: Tensor) -> Closed:
        """In terms of the next modules' derivatives, or looking through them where that is simpler: p − y."""
        if bar in self._cotangents:
            return placed(Closed(indices := bar.fresh_indices(), bar.access(*indices)))
        scope = _scope(bar, t)
        one = presented(bar, scope)
        through = {a.tensor for a in one.expr.atoms(Access)} & self._cotangents
        if not through or size(one.expr) <= 2:
            return one
        two = presented(bar, scope, lambda u: is_boundary(u) and u not in through)
        return two if size(two.expr) < size(one.expr) else one

    def _name(self, t: Tensor) -> str:
        name = Derivative(self.output, (t,)).label[:80]
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def _scope(bar: Tensor, t: Tensor) -> list[Tensor]:
    """Names by which a cotangent may be written: the named tensors that it reads, and ``t`` itself."""
    read = {u for u in topological([bar], stop=is_boundary) if is_boundary(u)} | {t}
    return sorted((u for u in read if u.definition is not None and not u.derived), key=lambda u: -u.serial)
