"""All gradients of a loss from one pullback, and a plain answer where the derivation finds that there is nothing to descend.

A loss made of steps has a derivative that is zero almost everywhere; one that depends on its parameters only through an
index or a comparison has none. Either way a gradient method would stand still, so it is refused before the first step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from numeric.errors import NoGradientError
from symbolic.calculus.pullback import cotangents, dependence, derivative, identity_seed, zero_like
from symbolic.errors import NotDifferentiableError
from symbolic.program.equations import Equation
from symbolic.program.functions import BY_HEAD
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

ADVICE = "numeric.minimise_without_gradient needs no gradient: it compares values of the loss"


def gradients_of(loss: Tensor, parameters: Sequence[Tensor], source: Tensor | None = None) -> list[Tensor]:
    """∂loss/∂w for every parameter, one pullback for all.

    ``source`` is the loss as the user wrote it, for one sample, if ``loss`` is made from it: errors speak of its lines.
    Raises ``NoGradientError``, naming the function that is to blame, where no parameter has a gradient or all gradients
    are zero almost everywhere.

    >>> import numpy as np
    >>> from symbolic import tensor
    >>> w = tensor("w", "n", role="parameter")
    >>> gradients_of(np.sum(np.sign(w)), [w])
    Traceback (most recent call last):
        ...
    numeric.errors.NoGradientError: the gradient of the loss by w is zero almost everywhere: sign ...
    """
    try:
        bars = cotangents(loss, identity_seed(loss), parameters)
    except NotDifferentiableError as error:
        raise NoGradientError(
            f"the loss has no gradient: {_as_written(source, parameters) or error}. {ADVICE}"
        ) from error
    found = [bars.get(w, zero_like(w.extents)) for w in parameters]
    if parameters and all(is_zero(g) for g in found):
        names = ", ".join(w.label for w in parameters)
        raise NoGradientError(
            f"the gradient of the loss by {names} is zero almost everywhere: {_blame(loss if source is None else source, parameters)}. A gradient method "
            f"would never move. {ADVICE}"
        )
    return found


def obstacle(loss: Tensor, parameters: Iterable[Tensor]) -> str | None:
    """Why no gradient method can train these parameters, as a sentence; None where one can.

    >>> import symbolic as s
    >>> x, W = s.tensor("x", "n"), s.tensor("W", "K n", role="parameter")
    >>> obstacle(s.nearest_distance(x, W), [W]) is None
    True
    >>> "argmin" in obstacle((s.nearest_neighbour(x, W) - 1) ** 2, [W])
    True
    """
    try:
        gradients_of(loss, list(parameters))
    except NoGradientError as error:
        return str(error)
    return None


def is_zero(t: Tensor) -> bool:
    """True if the tensor is 0 by its equation."""
    return isinstance(t.definition, Equation) and t.definition.body == 0


def _as_written(source: Tensor | None, parameters: Sequence[Tensor]) -> str | None:
    """What is said of the loss as the user wrote it."""
    if source is None:
        return None
    try:
        cotangents(source, identity_seed(source), parameters)
    except NotDifferentiableError as error:
        return str(error)
    return None


def _blame(loss: Tensor, parameters: Sequence[Tensor]) -> str:
    """The first tensor through which nothing flows although it depends on a parameter, and the function that makes it."""
    order = topological([loss])
    active, _ = dependence(order, parameters)
    for t in order:
        if not isinstance(t.definition, Equation) or t.serial not in active:
            continue
        eq = t.definition
        moved = [a for a in eq.accesses if a.tensor.serial in active]
        if moved and all(derivative(eq.body, a) == 0 for a in moved):
            heads = {BY_HEAD[f.func].name for f in eq.body.atoms(*BY_HEAD) if any(f.has(a) for a in moved)}
            made = f" (made at {t.origin})" if t.origin else ""
            which = " and ".join(sorted(heads)) or "it"
            return f"{which} in {t.describe()}{made} is constant between its jumps"
    return "the loss does not change with them"
