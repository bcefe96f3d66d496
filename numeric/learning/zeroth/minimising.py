"""Minimise a loss that gives no gradient: the search is chosen, told why, and kept within a number of evaluations."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from numeric.errors import OptionError, TrainingError
from numeric.learning.full_batch import arrays_for
from numeric.learning.zeroth.searches import SEARCHES, Search, Spent
from numeric.training.curvature import Objective
from numeric.training.gradients import obstacle
from numeric.training.history import History, Record
from numeric.training.initial import starting_parameters
from numeric.training.interruption import interruptions
from symbolic import Tensor
from symbolic.errors import suggestion

MOST_FOR_CMA = 200  # a covariance matrix of more parameters takes longer than most losses


def minimise_without_gradient(
    loss: Tensor | Callable[[dict[str, np.ndarray]], float],
    data: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    method: str = "auto",
    evaluations: int = 2000,
    scale: float = 0.5,
    seed: int = 0,
    sizes: Mapping[str, int] | None = None,
    frozen: Iterable[str] = (),
    **options: float,
) -> History:
    """Minimise a loss by comparing its values: for steps, indices, plateaus and black boxes.

    ``loss``: a per-sample scalar tensor, averaged over ``data`` as in ``numeric.train``; or a function of a dict of
    parameter arrays that gives a number, with ``parameters`` as its start. ``method``: ``"random"``, ``"nelder-mead"``,
    ``"cma"`` (library cma, extra ``zeroth``), ``"spsa"``, ``"es"``; or ``"auto"``: random search for one parameter, CMA-ES
    where it is installed for up to 200, else an evolution strategy. ``evaluations`` of the loss are spent at most;
    ``scale`` is the size of the first steps, in the parameters' units; ``options`` belong to the method (``SEARCHES``).

    The history holds the best parameters met, one record for every improvement and one for the end (``epoch`` counts
    evaluations), and in ``settings["reason"]`` why the method was chosen and what the derivation says of the gradient. A
    loss that is no number counts as infinitely bad. Ctrl-C ends the search with the best point so far. Raises ``OptionError`` for an unknown method or option,
    ``TrainingError`` if the loss was a number nowhere.

    >>> from symbolic import tensor
    >>> w = tensor("w", "n", role="parameter")
    >>> history = minimise_without_gradient(np.sum(np.abs(np.round(w))), None, {"w": [3.0, -2.0]}, method="random")
    >>> history.losses[-1]
    0.0
    """
    _check_numbers(evaluations, scale)
    value, given, flat, split, reason = _problem(loss, data, parameters, sizes, seed, frozen)
    start = flat(given)
    chosen, why = _chosen(method, len(start))
    settings = _settings(chosen, options)
    spending = _Spending(lambda w: value({**given, **split(w)}), evaluations)
    try:
        with interruptions() as spending.obey:
            chosen.run(spending, start, float(scale), np.random.default_rng(seed), settings)
    except Spent:
        ended = "completed"
    except KeyboardInterrupt:
        ended = "interrupted"
    if spending.best is None:
        raise TrainingError(
            f"the loss was a number at none of {spending.count} points; begin elsewhere with parameters="
        )
    spending.record()
    told = {
        "method": chosen.name, "options": settings, "evaluations": spending.count, "scale": scale, "seed": seed,
        "reason": " ".join(part for part in (why, reason) if part), "batch_size": None, "dtype": "float64",
    }  # fmt: skip
    best = {**given, **split(spending.best)}
    return History(loss if isinstance(loss, Tensor) else None, best, tuple(spending.records), ended, told)


class _Spending:
    """The loss as a function of a vector, counted; it remembers the best point and raises ``Spent`` at the end."""

    def __init__(self, value: Callable[[np.ndarray], float], most: int):
        self.value, self.most, self.count = value, most, 0
        self.best: np.ndarray | None = None
        self.least = np.inf
        self.records: list[Record] = []
        self.began = time.perf_counter()
        self.obey: Callable[[], None] = lambda: None  # raises, once Ctrl-C has come

    def __call__(self, w: np.ndarray) -> float:
        self.obey()
        if self.count >= self.most:
            raise Spent
        self.count += 1
        found = float(self.value(np.asarray(w, float)))
        if not np.isfinite(found):
            return np.inf
        if found < self.least:
            self.best, self.least = np.array(w, float), found
            self.record()
        return found

    def record(self) -> None:
        """The best loss after so many evaluations."""
        entry = Record(self.count, self.least, round(time.perf_counter() - self.began, 4))
        if not self.records or self.records[-1].epoch != self.count:
            self.records.append(entry)


def _problem(loss, data, parameters, sizes, seed, frozen):
    """(value by parameters, start, to a vector, from a vector, what is said of the gradient)."""
    if isinstance(loss, Tensor):
        arrays, objective = arrays_for(loss, data), Objective(loss, frozen)
        given = starting_parameters(loss, arrays, parameters, sizes, seed)
        found = obstacle(loss, objective.trained)
        reason = (
            f"{found[0].upper()}{found[1:]}."
            if found
            else "The loss has a gradient, which numeric.train and numeric.minimise would use."
        )
        return (
            lambda p: objective.value(p, arrays), given, objective.flat, lambda w: objective.split(w, given), reason,
        )  # fmt: skip
    if not callable(loss):
        raise OptionError(f"the loss is a tensor or a function of a dict of arrays, got {type(loss).__name__}")
    if not parameters:
        raise OptionError("a loss that is a function needs parameters=, the arrays to begin with")
    given = {name: np.array(a, float) for name, a in parameters.items()}
    moved = [name for name in given if name not in tuple(frozen)]

    def flat(p):
        return np.concatenate([np.ravel(p[name]) for name in moved])

    def split(w):
        parts = np.split(np.asarray(w, float), np.cumsum([given[name].size for name in moved])[:-1])
        return {name: part.reshape(given[name].shape) for name, part in zip(moved, parts, strict=True)}

    return loss, given, flat, split, "The loss is a function whose inside is not known."


def _chosen(method: str, n: int) -> tuple[Search, str]:
    if method == "auto":
        if n == 1:
            return SEARCHES["random"], "Random search, for one parameter."
        if n <= MOST_FOR_CMA and importlib.util.find_spec("cma"):
            return SEARCHES["cma"], f"CMA-ES, for {n} parameters."
        return SEARCHES["es"], f"An evolution strategy, for {n} parameters" + (
            "." if n > MOST_FOR_CMA else " (CMA-ES needs pip install 'chainrule[zeroth]')."
        )
    if method not in SEARCHES:
        known = ["auto", *SEARCHES]
        raise OptionError(f"there is no method {method!r}; known are {', '.join(known)}.{suggestion(method, known)}")
    return SEARCHES[method], ""


def _settings(chosen: Search, given: Mapping[str, Any]) -> dict[str, float]:
    for name, value in given.items():
        if name not in chosen.options:
            known = ", ".join(chosen.options)
            raise OptionError(
                f"the method {chosen.name} has no option {name!r}; it has {known}.{suggestion(name, chosen.options)}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value > 0:
            raise OptionError(f"the option {name} of {chosen.name} is a number above 0, got {value!r}")
    return {**chosen.options, **given}


def _check_numbers(evaluations: Any, scale: Any) -> None:
    if isinstance(evaluations, bool) or not isinstance(evaluations, (int, np.integer)) or evaluations < 1:
        raise OptionError(f"evaluations is a whole number of at least 1, got {evaluations!r}")
    if not isinstance(scale, (int, float, np.number)) or not 0 < scale < np.inf:
        raise OptionError(f"scale is a number above 0, got {scale!r}")
