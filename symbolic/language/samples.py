"""From one sample to many: every input and target gets the sample axis first, parameters are shared.

The axis is added to the equations themselves. If ``t[i] = Σ_k body(x[k], w[i, k])`` reads a tensor that differs from
sample to sample, its batched form is ``t[p, i] = Σ_k body(x[p, k], w[i, k])``; nothing is traced again, so whatever a
program is made of is averaged in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError, UnsupportedError
from symbolic.language.operations import require_scalar
from symbolic.language.shaping import broadcast_to
from symbolic.program.dims import extent
from symbolic.program.equations import Equation, equation
from symbolic.program.expressions import Access, Index
from symbolic.program.facts import Fact
from symbolic.program.graph import leaves, topological
from symbolic.program.primitives import Application, apply
from symbolic.program.tensors import Tensor, computed

PER_SAMPLE = ("input", "target")


def average_loss(loss: Tensor, samples: Any, mask: str | None = None) -> Tensor:
    """The mean over samples of a loss that is written for one: L(S, w) = (1/P) Σ_p L(x[p], y[p], w).

    ``samples`` is the extent of the new axis: a name such as ``"P"``, a ``Dim`` or a number. Inputs and targets of the
    result are new tensors with the old names and the sample axis first (``variables`` finds them by name); parameters
    and constants are shared. A loss that reads no input is its own mean. ``mask`` is the name of a further input m[p],
    1 for samples and 0 for padding: the mean is then Σ_p m[p] L_p / Σ_p m[p].

    Raises ``ShapeError`` unless the loss is a scalar and ``DeclarationError`` if the program has that dimension already.

    >>> import numpy as np
    >>> from symbolic import tensor
    >>> x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    >>> L = average_loss((w @ x - y) ** 2, "P")
    >>> L.shape, variables(L)["x"].shape, variables(L)["w"] is w
    ((), (P, n), True)
    """
    require_scalar(loss, "average_loss")
    (many,) = batched([loss], samples)
    if many is loss:
        return loss
    p = Index("p", many.extents[0])
    if mask is None:
        return computed(equation((), many.access(p) / p.extent, [p]))
    if mask in variables(many):
        raise DeclarationError(
            f"average_loss: the program has a tensor {mask!r} already; choose another name for the mask"
        )
    m = Tensor(mask, many.extents, role="input")
    return computed(equation((), many.access(p) * m.access(p), [p])) / m.sum()


def batched(outputs: Iterable[Tensor], samples: Any) -> list[Tensor]:
    """``outputs`` for many samples at once: the sample axis first in every one that depends on an input or a target.

    >>> from symbolic import relu, tensor
    >>> x, W = tensor("x", "n"), tensor("W", "m n", role="parameter")
    >>> batched([relu(W @ x)], "P")[0].shape
    (P, m)
    """
    outputs, size = list(outputs), extent(samples)
    order = topological(outputs)
    _require_new(size, order)
    many: dict[Tensor, Tensor] = {}
    for t in order:
        if t.definition is None:
            if t.role in PER_SAMPLE:
                many[t] = Tensor(t.name, (size, *t.extents), dtype=t.dtype, role=t.role, assume=t.assume, tex=t.tex)
        elif any(u in many for u in t.operands):
            many[t] = _for_many(t, many, size)
    return [many.get(t, t) for t in outputs]


def variables(*outputs: Tensor) -> dict[str, Tensor]:
    """The declared tensors that ``outputs`` read, by name, in the order of their declaration.

    >>> from symbolic import tensor
    >>> list(variables(tensor("w", "n", role="parameter") @ tensor("x", "n")))
    ['w', 'x']
    """
    return {t.name: t for t in leaves(outputs) if t.name is not None and t.value is None}


def sample_axis(loss: Tensor) -> str:
    """A name for the sample axis that no dimension of the program has.

    >>> from symbolic import tensor
    >>> sample_axis(tensor("x", "P").sum())
    'samples'
    """
    taken = {str(s) for t in topological([loss]) for e in t.extents for s in e.free_symbols}
    return next(name for name in ("P", "samples", *(f"samples{k}" for k in range(len(taken) + 1))) if name not in taken)


def _require_new(size: sp.Expr, order: Iterable[Tensor]) -> None:
    for t in order:
        for e in t.extents:
            if size.free_symbols & e.free_symbols:
                raise DeclarationError(
                    f"the sample axis {size}: {t.describe()} has a dimension of that name already; choose another name"
                )


def _for_many(t: Tensor, many: dict[Tensor, Tensor], size: sp.Expr) -> Tensor:
    """The batched form of a computed tensor some operand of which is batched."""
    if isinstance(t.definition, Application):
        result = _primitive_for_many(t, many, size)
    else:
        result = computed(_equation_for_many(t.definition, many, size), t.dtype)
    result.name, result.tex, result.assume = t.name, t.tex, t.assume
    result.facts = tuple(Fact(_shifted(f.axes), f.power, f.value) for f in t.facts)
    if t.call is not None:
        result.call = (t.call[0], tuple(many.get(u, u) for u in t.call[1]))
    return result


def _shifted(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + 1 if a >= 0 else a for a in axes)


def _equation_for_many(eq: Equation, many: dict[Tensor, Tensor], size: sp.Expr) -> Equation:
    p = Index("p", size)

    lifted: dict[Access, Access] = {}
    # An index may be read from an integer tensor, so accesses nest: the inner ones first.
    for access in sorted(eq.accesses, key=lambda a: len(a.atoms(Access))):
        indices = [i.xreplace(lifted) for i in access.indices]
        batched_tensor = many.get(access.tensor)
        lifted[access] = (
            access.tensor.access(*indices) if batched_tensor is None else batched_tensor.access(p, *indices)
        )
    body, guards = eq.body.xreplace(lifted), tuple(g.xreplace(lifted) for g in eq.guards)
    return Equation((p, *eq.indices), body, eq.bound, eq.reduce, guards)


def _primitive_for_many(t: Tensor, many: dict[Tensor, Tensor], size: sp.Expr) -> Tensor:
    """A primitive on a stack: the leading axes of its operands are batch axes, as in NumPy's matrix functions.

    A first operand that all samples share stays as it is (one matrix for many right-hand sides); every other operand
    gets the sample axis.
    """
    application: Application = t.definition
    first, *others = application.operands
    operands = [many.get(first, first), *(many[u] if u in many else _for_each(u, size) for u in others)]
    result = apply(application.primitive.name, *operands)
    if application.options or result.extents != (size, *t.extents):
        raise UnsupportedError(
            f"average_loss: {application.primitive.name} of {', '.join(u.describe() for u in application.operands)} differs "
            "from sample to sample, which is not supported"
        )
    return result


def _for_each(t: Tensor, size: sp.Expr) -> Tensor:
    """A shared tensor repeated for every sample."""
    return broadcast_to(t, (size, *t.extents))
