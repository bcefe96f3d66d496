"""Nonlinear functions in a program: where they are applied entry by entry, in one step or spelt out in several, and their slopes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, computed

_OF_A_NEURON = ("sigmoid", "tanh", "relu", "softplus", "erf")
_BENT = (sp.exp, sp.log, sp.tanh)
_GENERAL = re.compile(r"\w+_[ab]_")  # the two numbers of a function that is told no further


@dataclass(frozen=True, eq=False)
class Activation:
    """A pointwise function in a program: ``output = h(argument)``, with h′ at the argument as a tensor; ``spelt`` out in
    several steps or not."""

    output: Tensor
    argument: Tensor
    slope: Tensor
    spelt: bool = False

    @property
    def is_power(self) -> bool:
        """True of a square, a root, a norm, which nobody calls an activation; a single neuron's σ(z) is one."""
        body = self.output.definition.body
        bounded = type(body).__name__.lower() in _OF_A_NEURON and isinstance(body.args[0], Access)
        power = body.is_Pow and not body.atoms(*_BENT)  # 1/(1 + exp(−u)) is none
        return not self.spelt and (not (self.output.ndim or bounded) or power)


def activations(tensors: Sequence[Tensor]) -> list[Activation]:
    """Every nonlinear function of one entry that is applied to a tensor entry by entry, in one equation or in two."""
    found = [a for t in tensors if (a := _applied(t)) is not None]
    bent = [a for a in found if _is_nonlinear(a)]
    return [*_spelt_out(found, tensors), *bent, *_composed(found, {a.output.serial for a in bent})]


def _applied(t: Tensor) -> Activation | None:
    """A function of one entry of one tensor, with its slope."""
    eq = t.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or t.dtype != "real":
        return None
    read = [a for a in eq.accesses if not _GENERAL.fullmatch(a.tensor.name or "")]
    if len(read) != 1 or read[0].indices != eq.indices or read[0].tensor.dtype != "real" or eq.body == read[0]:
        return None
    symbol = sp.Dummy("a", real=True)
    slope = eq.body.xreplace({read[0]: symbol}).diff(symbol).xreplace({symbol: read[0]})
    return Activation(t, read[0].tensor, computed(Equation(eq.indices, slope)))


def _is_nonlinear(a: Activation) -> bool:
    return any(u is a.argument for u in a.slope.operands)


def _composed(found: Sequence[Activation], bent: Container[int]) -> Iterator[Activation]:
    """h(g(u)) as one function of u, as −u² or exp(−u²)."""
    for outer in found:
        for inner in found:
            if inner.output is outer.argument and (outer.output.serial in bent or inner.output.serial in bent):
                indices = outer.output.fresh_indices()
                slope = outer.slope.access(*indices) * inner.slope.access(*indices)
                yield Activation(outer.output, inner.argument, computed(Equation(indices, slope)))


def _spelt_out(found: Sequence[Activation], tensors: Sequence[Tensor]) -> Iterator[Activation]:
    """A function that is written in three steps or more, as one: 1 / (1 + exp(−u)), log(1 + exp(u))."""
    of = {a.output: a for a in found}
    within = {a.argument for a in found}
    users = Counter(u for t in tensors for u in t.operands)
    for top in of.values():
        if top.output in within and users[top.output] == 1:
            continue  # a step on the way
        indices, steps = top.output.fresh_indices(), [top]
        while steps[-1].argument in of:
            steps.append(of[steps[-1].argument])
        if len(steps) > 2:
            u = steps[-1].argument.access(*indices)
            symbol = sp.Dummy("u", real=True)
            value: sp.Expr = symbol
            for step in reversed(steps):
                read = step.argument.access(*step.output.definition.indices)
                value = step.output.definition.body.xreplace({read: value})
            if value.atoms(*_BENT):
                slope = value.diff(symbol)
                falls = slope.xreplace({symbol: sp.S.Zero}).is_negative  # 1 / (1 + exp(u)) is also σ at −u
                for sign in (1, -1) if falls else (1,):
                    made = computed(Equation(indices, sign * slope.xreplace({symbol: u})))
                    yield Activation(top.output, steps[-1].argument, made, spelt=True)


def neurons(found: Sequence[Activation]) -> list[Activation]:
    """Those that a person calls a nonlinearity: no powers, and not the steps in which one of them is spelt out."""
    steps: set[Tensor] = set()
    for a in found:
        if a.spelt:
            steps |= set(topological([a.output], stop=lambda t, a=a: t is a.argument)) - {a.argument}
    return [a for a in found if a.spelt or not (a.is_power or a.output in steps)]
