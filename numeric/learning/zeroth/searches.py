"""Searches on a function of a vector that gives a number; each calls the function until it raises ``Spent``.

A search is a function ``(f, start, scale, rng, option)``: ``start`` (n,) the first point, ``scale`` the size of the first
steps in the units of the parameters, ``rng`` the only source of chance, ``option`` its own settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import extra
from numeric.functions import Function, lambdify
from symbolic import gradient, tensor

Objective = Callable[[np.ndarray], float]


class Spent(Exception):
    """All evaluations that were granted are used."""


@dataclass(frozen=True)
class Search:
    """A zeroth-order method: how it runs, its own options with their defaults, where it comes from."""

    name: str
    run: Callable[[Objective, np.ndarray, float, np.random.Generator, Mapping[str, Any]], None]
    source: str
    options: Mapping[str, float]


def random_search(
    f: Objective, start: np.ndarray, scale: float, rng: np.random.Generator, option: Mapping[str, Any]
) -> None:
    """Normal steps around the best point, kept if they are no worse; the step size follows the one-fifth success rule.

    A step that is no worse is taken also on a plateau, with σ unchanged, so that the search drifts across it. σ grows by the
    factor ``growth`` at a success and shrinks by ``growth``^(−1/4) at a failure: in balance one trial in five succeeds. Below
    ``least`` · ``scale`` it begins anew.
    """
    best, value, sigma = start, f(start), scale
    while True:
        trial = best + sigma * rng.standard_normal(len(start))
        found = f(trial)
        if found != value:
            sigma *= option["growth"] if found < value else option["growth"] ** -0.25
        sigma = sigma if sigma >= option["least"] * scale else scale
        if found <= value:
            best, value = trial, found


def nelder_mead(
    f: Objective, start: np.ndarray, scale: float, rng: np.random.Generator, option: Mapping[str, Any]
) -> None:
    """The downhill simplex, with the coefficients of Gao and Han 2012 for many dimensions, begun anew where it has shrunk."""
    from scipy.optimize import minimize

    best = start
    while True:
        simplex = np.vstack([best, best + scale * np.diag(rng.choice([-1.0, 1.0], len(start)))])
        result = minimize(
            f, best, method="Nelder-Mead",
            options={
                "initial_simplex": simplex, "adaptive": True, "maxfev": 10**9, "maxiter": 10**9,
                "xatol": option["least"] * scale, "fatol": 0.0,
            },
        )  # fmt: skip
        best = result.x


def cma_es(f: Objective, start: np.ndarray, scale: float, rng: np.random.Generator, option: Mapping[str, Any]) -> None:
    """Covariance matrix adaptation by the library ``cma`` (extra ``zeroth``), begun anew from the best point where it stops."""
    try:
        import cma
    except ImportError:
        raise extra("cma", "zeroth", "method='cma'") from None
    n = len(start)
    best, value, population = start, np.inf, int(option["population"])
    while True:
        inner = {
            "verbose": -9, "seed": np.nan, "randn": lambda *shape: rng.standard_normal(shape), "maxfevals": np.inf,
            **({"popsize": population} if population else {}),
        }  # fmt: skip
        # The library wants two dimensions at least: one parameter gets a second that does nothing.
        strategy = cma.CMAEvolutionStrategy(best if n > 1 else [*best, 0.0], scale, inner)
        while not strategy.stop():
            points = strategy.ask()
            values = [f(np.asarray(p[:n])) for p in points]
            strategy.tell(points, values)
            least = int(np.argmin(values))
            if values[least] < value:
                best, value = np.asarray(points[least][:n]), values[least]


def simultaneous_perturbation(
    f: Objective, start: np.ndarray, scale: float, rng: np.random.Generator, option: Mapping[str, Any]
) -> None:
    """SPSA: ĝ = (f(w + cΔ) − f(w − cΔ)) / (2c) · Δ with Δ of random signs, two evaluations whatever the dimension.

    Gains a_k = a / (k + 1 + A)^0.602 and c_k = c / (k + 1)^0.101 (Spall 1998), c = ``scale``; ``a`` is set so that the
    first steps have the length ``step`` · ``scale`` per coordinate.
    """
    w, f_start, stability = np.array(start), f(start), option["stability"]
    slopes = []
    for _ in range(int(option["calibration"])):
        delta = rng.choice([-1.0, 1.0], len(w))
        slopes.append(abs(f(w + scale * delta) - f(w - scale * delta)) / (2 * scale))
    typical = np.mean(slopes)
    a = option["step"] * scale * (1 + stability) ** 0.602 / (typical if typical > 0 else max(abs(f_start), 1.0))
    k = 0
    while True:
        c = scale / (k + 1) ** 0.101
        delta = rng.choice([-1.0, 1.0], len(w))
        slope = (f(w + c * delta) - f(w - c * delta)) / (2 * c)
        w = w - a / (k + 1 + stability) ** 0.602 * slope * delta
        if k % 10 == 0:
            f(w)
        k += 1


def evolution_strategy(
    f: Objective, start: np.ndarray, scale: float, rng: np.random.Generator, option: Mapping[str, Any]
) -> None:
    """Descent on the smoothed loss E f(v), v ~ N(w, σ²): its gradient is E[f(v) ∂log N(v; w, σ²)/∂w], score derived.

    Trials come in mirrored pairs w ± σε, and their ranks, from −½ to ½, stand for their values (Salimans et al. 2017;
    Wierstra et al. 2014). σ starts at ``scale`` and falls by the factor ``cooling`` per generation.
    """
    w, sigma = np.array(start), scale
    pairs = int(option["population"]) // 2 or 2 + int(3 * np.log(len(w) + 1))
    smoothed = _smoothed_gradient()
    while True:
        noise = rng.standard_normal((pairs, len(w)))
        trials = w + sigma * np.concatenate([noise, -noise])
        values = np.array([f(v) for v in trials])
        ranks = _ranks(values) / (len(values) - 1) - 0.5
        w = w - option["rate"] * sigma**2 * smoothed(w, trials, ranks, sigma)
        f(w)
        sigma = max(sigma * option["cooling"], option["least"] * scale)


def _ranks(values: np.ndarray) -> np.ndarray:
    """0 for the least … m − 1 for the largest; equal values share their mean rank."""
    order = np.sort(values)
    return (np.searchsorted(order, values, "left") + np.searchsorted(order, values, "right") - 1) / 2


@cache
def _smoothed_gradient() -> Function:
    """Σ_p r_p ∂log N(v_p; w, σ²)/∂w for trials v (m, n) with shaped values r (m,), derived and lowered once."""
    w, v = tensor("w", "n", role="parameter"), tensor("v", "m n")
    r, sigma = tensor("r", "m"), tensor("sigma", role="constant", assume="positive")
    log_density = -np.sum((v - w) ** 2, axis=1) / (2 * sigma**2)  # the normalisation does not depend on w
    return lambdify([w, v, r, sigma], gradient(np.sum(r * log_density), w))


_TABLE = (
    Search("random", random_search, "Rastrigin 1963; Rechenberg 1973", {"growth": 1.5, "least": 1e-4}),
    Search("nelder-mead", nelder_mead, "Nelder & Mead 1965; Gao & Han 2012", {"least": 1e-6}),
    Search("cma", cma_es, "Hansen & Ostermeier 2001", {"population": 0}),
    Search("spsa", simultaneous_perturbation, "Spall 1992, 1998", {"step": 0.5, "stability": 20.0, "calibration": 5}),
    Search(
        "es", evolution_strategy, "Rechenberg 1973; Salimans et al. 2017",
        {"population": 0, "rate": 1.0, "cooling": 0.99, "least": 1e-3},
    ),
)  # fmt: skip

SEARCHES: Mapping[str, Search] = MappingProxyType({row.name: row for row in _TABLE})
