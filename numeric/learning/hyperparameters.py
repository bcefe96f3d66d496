"""Derivatives by hyperparameters: descent steps are programs, so the loss after them is differentiated like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

from numeric.errors import OptionError
from numeric.functions import lambdify
from numeric.training import methods
from numeric.training.gradients import gradients_of
from numeric.training.loop import checked
from symbolic import Tensor, average_loss, constant, gradient, variables
from symbolic.calculus.pullback import zero_like
from symbolic.language.samples import sample_axis
from symbolic.verification.diagnosis.surgery import rebuilt


@dataclass(frozen=True)
class Hypergradients:
    """Held-out loss after some steps, and its derivatives by the hyperparameters of the method.

    ``after``: the held-out loss as a tensor, a program of the start, both data sets and the hyperparameters;
    ``derivatives``: its gradients as tensors, by option; ``loss`` and ``values`` are their numbers.
    """

    after: Tensor
    derivatives: Mapping[str, Tensor]
    loss: float
    values: Mapping[str, float]


def hypergradients(
    loss: Tensor,
    data: Mapping[str, Any],
    held_out: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    method: str = "sgd",
    steps: int = 1,
    **options: float,
) -> Hypergradients:
    """∂L(held out, w_K)/∂h for every hyperparameter h, where w_K are the parameters after K full-batch steps on ``data``.

    For plain descent and one step this is ∂L/∂η = −∂L(held out, w₁)/∂w · ∂L(data, w₀)/∂w; for more steps the derivative goes
    through all of them, with the second derivatives of the training loss (Bengio 2000; Maclaurin et al. 2015). ``loss``
    is written for one sample, arrays have the samples first. Raises ``OptionError`` for an unknown method or option.

    >>> import numpy as np
    >>> from symbolic import tensor
    >>> x, w = tensor("x"), tensor("w", role="parameter")
    >>> one, w_0 = {"x": np.array([1.0])}, {"w": np.array(2.0)}
    >>> found = hypergradients((w * x) ** 2, one, one, w_0, learning_rate=0.25)  # (2 − 4η)²
    >>> found.loss, found.values["learning_rate"]
    (1.0, -8.0)
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise OptionError(f"steps is a whole number of at least 1, got {steps!r}")
    chosen = methods.extended(methods.method(method), options)
    values = methods.settings(chosen, options)
    hyper = methods.Hyperparameters(chosen)
    axis = sample_axis(loss)
    training, validation = average_loss(loss, axis), average_loss(loss, f"{axis}_held")
    trained = [t for t in variables(loss).values() if t.role == "parameter"]
    after = rebuilt(validation, _unrolled(training, trained, chosen, hyper, steps, loss))
    wanted = {name: hyper.tensors[name] for name in values}
    derivatives = {name: gradient(after, h) for name, h in wanted.items()}
    arrays = {str(t.name): parameters[str(t.name)] for t in trained}
    arguments, given = list(trained), list(arrays.values())
    for mean, source in ((training, checked(loss, data)), (validation, checked(loss, held_out))):
        inputs = [t for t in variables(mean).values() if t.role in ("input", "target")]
        arguments += inputs
        given += [source[str(t.name)] for t in inputs]
    function = lambdify([*arguments, *wanted.values()], [after, *derivatives.values()], dtype="float64")
    number, *slopes = function(*given, *values.values())
    found = {name: float(v) for name, v in zip(wanted, slopes, strict=True)}
    return Hypergradients(after, MappingProxyType(derivatives), float(number), MappingProxyType(found))


def _unrolled(
    mean: Tensor,
    trained: list[Tensor],
    chosen: methods.Method,
    hyper: methods.Hyperparameters,
    steps: int,
    source: Tensor,
) -> dict[Tensor, Tensor]:
    """Each parameter after so many steps, as a program of the parameters at the start."""
    gradients = gradients_of(mean, trained, source)
    if "clip_norm" in chosen.options:
        gradients = methods.clipped(gradients, hyper.clip_norm)
    now = {w: w for w in trained}
    states = {w: {name: zero_like(w.extents) for name in chosen.state} for w in trained}
    for number in range(1, steps + 1):
        option = SimpleNamespace(**{**hyper.tensors, "t": constant(number)})
        here = [g if number == 1 else rebuilt(g, now) for g in gradients]
        moved = {}
        for w, g in zip(trained, here, strict=True):
            moved[w], states[w] = chosen.rule(now[w], g, states[w], option)
        now = moved
    return now
