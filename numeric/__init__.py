"""chainrule's numbers: equations lowered to array programs, and training with them.

A name is imported when it is first used: a report that derives and checks needs no optimiser.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numeric.functions import lambdify
    from numeric.gradient_check import check_gradient
    from numeric.learning.full_batch import matrix_step, minimise
    from numeric.learning.hyperparameters import hypergradients
    from numeric.learning.zeroth.minimising import minimise_without_gradient
    from numeric.training.cost import step_cost
    from numeric.training.curvature import per_sample_gradients
    from numeric.training.history import History
    from numeric.training.loop import train
    from numeric.training.rates import learning_rate_range
    from numeric.training.sequences import generate
    from numeric.training.step import training_step

_PLACES = {
    "History": "numeric.training.history",
    "check_gradient": "numeric.gradient_check",
    "generate": "numeric.training.sequences",
    "hypergradients": "numeric.learning.hyperparameters",
    "lambdify": "numeric.functions",
    "learning_rate_range": "numeric.training.rates",
    "matrix_step": "numeric.learning.full_batch",
    "minimise": "numeric.learning.full_batch",
    "minimise_without_gradient": "numeric.learning.zeroth.minimising",
    "per_sample_gradients": "numeric.training.curvature",
    "step_cost": "numeric.training.cost",
    "train": "numeric.training.loop",
    "training_step": "numeric.training.step",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})


__all__ = [
    "History",
    "check_gradient",
    "generate",
    "hypergradients",
    "lambdify",
    "learning_rate_range",
    "matrix_step",
    "minimise",
    "minimise_without_gradient",
    "per_sample_gradients",
    "step_cost",
    "train",
    "training_step",
]
