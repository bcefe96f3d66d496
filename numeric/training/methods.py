"""Descent methods as equations: what a parameter, its gradient and its state become in one step.

A rule is written with the operators of ``Tensor`` like any other program, so it is derived, printed, checked and lowered
by what derives, prints, checks and lowers a model. Hyperparameters are scalar tensors: a schedule changes their values,
not the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import OptionError
from symbolic import Tensor, tensor
from symbolic.errors import suggestion

Rule = Callable[..., tuple[Tensor, dict[str, Tensor]]]


@dataclass(frozen=True)
class Method:
    """A descent method.

    ``rule(w, g, state, option)`` returns the next parameter and the next state; ``state`` names tensors of the
    parameter's shape that start at zero; ``options`` holds the hyperparameters with their defaults. The rule also
    finds ``option.t``, the number of the step, counted from 1.
    """

    name: str
    rule: Rule
    source: str
    options: Mapping[str, float]
    state: tuple[str, ...] = ()


@dataclass(frozen=True)
class Update:
    """One parameter's step as a program: tensors before, and the tensors computed for after."""

    parameter: Tensor
    following: Tensor
    state: Mapping[str, tuple[Tensor, Tensor]]


class Hyperparameters:
    """The scalar tensors that a method's rule reads: its options, ``learning_rate`` as ``eta``, and the step ``t``."""

    def __init__(self, method: Method):
        greek = {"learning_rate": "eta", "beta_1": "beta_1", "beta_2": "beta_2", "weight_decay": "lambda_"}
        self.tensors: dict[str, Tensor] = {
            name: tensor(greek.get(name, name), role="constant", tex=_TEX.get(name)) for name in (*method.options, "t")
        }

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self.__dict__["tensors"][name]
        except KeyError:
            raise AttributeError(name) from None


_TEX = {
    "learning_rate": r"\eta",
    "clip_norm": "c",
    "l2": r"\lambda_2",
    "momentum": r"\mu",
    "weight_decay": r"\lambda",
    "epsilon": r"\varepsilon",
    "decay": r"\rho",
}


def update(method: Method, w: Tensor, g: Tensor, option: Hyperparameters) -> Update:
    """The step of ``method`` for the parameter ``w`` with gradient ``g``.

    >>> w, g = tensor("w", "n", role="parameter"), tensor("g", "n")
    >>> rule = METHODS["momentum"]
    >>> sorted(update(rule, w, g, Hyperparameters(rule)).state)
    ['velocity']
    """
    before = {name: tensor(f"{w.name}_{name}", w.extents, role="constant") for name in method.state}
    following, after = method.rule(w, g, before, option)
    return Update(w, following, MappingProxyType({name: (before[name], after[name]) for name in method.state}))


def clipped(gradients: Sequence[Tensor], limit: Tensor) -> list[Tensor]:
    """Gradients scaled down together so that their joint Euclidean norm is at most ``limit`` (Pascanu et al. 2013)."""
    total: Any = sum((np.sum(g * g) for g in gradients[1:]), np.sum(gradients[0] * gradients[0]))
    factor = np.minimum(1, limit / np.sqrt(total))
    return [g * factor for g in gradients]


_FULL_BATCH = (
    "cg",
    "bfgs",
    "l-bfgs",
    "l-bfgs-b",
    "lbfgs",
    "tnc",
    "slsqp",
    "newton-cg",
    "trust-ncg",
    "trust-krylov",
    "trust-exact",
    "dogleg",
)

COMMON = {
    "clip_norm": "the joint norm of all gradients is at most this",
    "l2": "coupled decay: l2 · w is added to the gradient, the gradient of l2/2 ‖w‖²",
    "weight_decay": "decoupled decay: learning_rate · weight_decay · w is taken off apart from the method's own step",
}


def extended(chosen: Method, given: Mapping[str, Any]) -> Method:
    """The method with those of the options in ``COMMON`` that are given, as one rule.

    Clipping acts on the raw gradients (``clipped``), then coupled decay is added, the method takes its step, and decoupled
    decay comes last (Loshchilov & Hutter 2019).

    >>> w, g = tensor("w", "n", role="parameter"), tensor("g", "n")
    >>> rule = extended(METHODS["sgd"], {"weight_decay": 0.1})
    >>> list(rule.options)
    ['learning_rate', 'weight_decay']
    """
    added = [name for name in COMMON if name in given and name not in chosen.options]
    for name in added:
        value = given[name]
        if isinstance(value, (int, float)) and (value < 0 or (name == "clip_norm" and value == 0)):
            raise OptionError(f"the option {name} is {'above' if name == 'clip_norm' else 'at least'} 0, got {value!r}")
    if not added:
        return chosen

    def rule(w, g, state, option):
        following, after = chosen.rule(w, g + option.l2 * w if "l2" in added else g, state, option)
        if "weight_decay" in added:
            following = following - option.learning_rate * option.weight_decay * w
        return following, after

    return replace(chosen, rule=rule, options={**chosen.options, **dict.fromkeys(added, 0.0)})


def method(name: str | Method) -> Method:
    """The method of that name. Raises ``OptionError`` with a suggestion if there is none."""
    if isinstance(name, Method):
        return name
    if name not in METHODS:
        known = [*METHODS, "matrix"]
        if str(name).lower() in _FULL_BATCH:
            raise OptionError(f"{name} works on the full batch: call numeric.minimise(loss, data, method=...)")
        if str(name).replace("-", "_") in ("newton", "gauss_newton", "natural", "diagonal"):
            raise OptionError(
                f"{name} is a step matrix: give method='matrix' and matrix={str(name).replace('-', '_')!r}"
            )
        raise OptionError(f"there is no method {name!r}; known are {', '.join(known)}.{suggestion(name, known)}")
    return METHODS[name]


def settings(chosen: Method, given: Mapping[str, Any]) -> dict[str, float]:
    """The values of all hyperparameters, defaults included; ``OptionError`` for one that the method does not have."""
    for name, value in given.items():
        if name not in chosen.options:
            raise OptionError(
                f"the method {chosen.name} has no option {name!r}; it has {', '.join(chosen.options)}; every method takes "
                f"{', '.join(COMMON)}.{suggestion(name, [*chosen.options, *COMMON])}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
            raise OptionError(f"the option {name} of {chosen.name} is a finite number, got {value!r}")
    return {**chosen.options, **{name: float(value) for name, value in given.items()}}


# -- the rules -----------------------------------------------------------------------------------------------------------


def _sgd(w, g, state, option):
    return w - option.learning_rate * g, {}


def _momentum(w, g, state, option):
    velocity = option.momentum * state["velocity"] + g
    return w - option.learning_rate * velocity, {"velocity": velocity}


def _nesterov(w, g, state, option):
    velocity = option.momentum * state["velocity"] + g
    return w - option.learning_rate * (g + option.momentum * velocity), {"velocity": velocity}


def _adagrad(w, g, state, option):
    total = state["squares"] + g * g
    return w - option.learning_rate * g / (np.sqrt(total) + option.epsilon), {"squares": total}


def _rmsprop(w, g, state, option):
    mean = option.decay * state["squares"] + (1 - option.decay) * g * g
    return w - option.learning_rate * g / (np.sqrt(mean) + option.epsilon), {"squares": mean}


def _adam(w, g, state, option):
    first = option.beta_1 * state["first"] + (1 - option.beta_1) * g
    second = option.beta_2 * state["second"] + (1 - option.beta_2) * g * g
    m = first / (1 - option.beta_1**option.t)
    v = second / (1 - option.beta_2**option.t)
    return w - option.learning_rate * m / (np.sqrt(v) + option.epsilon), {"first": first, "second": second}


def _adamw(w, g, state, option):
    following, after = _adam(w, g, state, option)
    return following - option.learning_rate * option.weight_decay * w, after


_TABLE = (
    Method("sgd", _sgd, "Robbins & Monro 1951", {"learning_rate": 0.01}),
    Method("momentum", _momentum, "Polyak 1964", {"learning_rate": 0.01, "momentum": 0.9}, ("velocity",)),
    Method("nesterov", _nesterov, "Nesterov 1983; Sutskever et al. 2013", {"learning_rate": 0.01, "momentum": 0.9}, ("velocity",)),
    Method("adagrad", _adagrad, "Duchi, Hazan & Singer 2011", {"learning_rate": 0.01, "epsilon": 1e-10}, ("squares",)),
    Method("rmsprop", _rmsprop, "Tieleman & Hinton 2012", {"learning_rate": 0.01, "decay": 0.99, "epsilon": 1e-8}, ("squares",)),
    Method(
        "adam", _adam, "Kingma & Ba 2015",
        {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}, ("first", "second"),
    ),
    Method(
        "adamw", _adamw, "Loshchilov & Hutter 2019",
        {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
        ("first", "second"),
    ),
)  # fmt: skip

METHODS: Mapping[str, Method] = MappingProxyType({row.name: row for row in _TABLE})
