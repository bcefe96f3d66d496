"""Recipes of descent: prototypes (L3), step matrices (L8), noisy paths and redundancy (L9), searches without gradients (L10)."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from numeric.learning.full_batch import matrix_step, minimise
from numeric.learning.prototypes import train_prototypes
from numeric.learning.trajectories import descent_path, redundancy, two_parameter_problem
from numeric.learning.zeroth.minimising import minimise_without_gradient
from numeric.learning.zeroth.searches import SEARCHES
from numeric.training.curvature import Objective
from numeric.training.data import load
from numeric.training.gradients import obstacle
from numeric.training.loop import train
from symbolic import Tensor, binary_cross_entropy, tensor

START = {"w": np.array([-1.5, 1.5])}


def prototypes() -> dict[str, Any]:
    """Held-out accuracy of nearest-prototype classifiers before and after learning, by data set and prototypes per class."""
    rows = []
    for name in ("iris", "digits"):
        for per_class in (1, 3, 5):
            found = [train_prototypes(load(name), per_class=per_class, seed=seed) for seed in (0, 1, 2)]
            rows.append(
                {
                    "data": name, "per_class": per_class, "seeds": [0, 1, 2],
                    "first_accuracy": median(c.first_accuracy for c in found),
                    "accuracy": median(c.accuracy for c in found),
                }
            )  # fmt: skip
    shown = train_prototypes(load("digits"), per_class=1, seed=0).prototypes[:, 0]
    return {"rows": rows, "digits": shown.reshape(10, 8, 8)}


def tumours() -> tuple[Tensor, dict[str, np.ndarray]]:
    """Logistic regression with a small penalty on 569 tumours, 30 standardised measurements: 31 parameters."""
    data = load("breast_cancer").standardised()
    x, y = tensor("x", 30), tensor("y", role="target")
    w, b = tensor("w", 30, role="parameter"), tensor("b", role="parameter")
    loss = binary_cross_entropy(w @ x + b, y) + np.sum(w * w) / 200
    return loss, {"x": data.arrays["features"], "y": data.arrays["targets"].astype(float)}


def matrix_steps() -> dict[str, Any]:
    """Loss by full-batch step of plain descent and of each step matrix, and of two of SciPy's optimisers."""
    loss, data = tumours()
    start = {"w": np.zeros(30), "b": 0.0}
    runs = {"plain descent": train(loss, data, start, learning_rate=0.5, batch_size=None, epochs=20).losses}
    settings: dict[str, dict[str, Any]] = {
        "newton": {}, "gauss_newton": {}, "natural": {"damping": 0.01, "learning_rate": 0.3}, "diagonal": {"learning_rate": 0.2},
    }  # fmt: skip
    for name, options in settings.items():
        runs[name] = matrix_step(loss, data, start, matrix=name, steps=20, **options).losses
    for name in ("L-BFGS-B", "trust-ncg"):
        runs[name] = minimise(loss, data, start, method=name, steps=19).losses
    least = minimise(loss, data, start, method="trust-exact", gtol=1e-12).losses[-1]
    options = {"plain descent": {"learning_rate": 0.5}, **settings}
    return {"least": least, "losses": runs, "options": options, "parameters": 31, "samples": 569}


def noisy_path() -> dict[str, Any]:
    """Paths of two parameters: per-sample, mini-batch and full-batch descent from one point, and the averages."""
    loss, data, minimum = two_parameter_problem(seed=0)
    runs = {
        "one sample": descent_path(loss, data, START, batch_size=1, steps=300, learning_rate=0.05, seed=3),
        "eight samples": descent_path(loss, data, START, batch_size=8, steps=80, learning_rate=0.1, seed=3),
        "all samples": descent_path(loss, data, START, batch_size=None, steps=25, learning_rate=0.2),
    }
    return {
        "minimum": minimum,
        "least": Objective(loss).value({"w": minimum}, data),
        "paths": {name: run.path for name, run in runs.items()},
        "work": {name: run.work for name, run in runs.items()},
        "averages": {name: run.average() for name, run in runs.items()},
        "settings": {name: run.settings for name, run in runs.items()},
    }


def redundant_samples() -> dict[str, Any]:
    """Gradients of single samples until the loss is within a tenth of its minimum, by duplicates of the samples."""
    loss, data, minimum = two_parameter_problem(seed=0)
    goal, seeds = 1.1 * Objective(loss).value({"w": minimum}, data), (0, 1, 2, 3, 4, 5, 6, 7, 8)
    rows = redundancy(loss, data, START, goal=goal, copies=(1, 2, 4, 8, 16), seeds=seeds, most=600)
    return {"goal": goal, "samples": 40, "seeds": seeds, "rows": [vars(row) for row in rows]}


def zeroth_order() -> dict[str, Any]:
    """Share of wrong signs of a linear classifier, whose gradient is zero almost everywhere, by evaluations and method."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5))
    data = {"x": x, "y": np.sign(x @ [2.0, -1.0, 0.5, 0.0, -0.3])}
    w = tensor("w", 5, role="parameter")
    loss = (np.sign(w @ tensor("x", 5)) - tensor("y", role="target")) ** 2 / 4
    start, seeds, marks = {"w": np.array([-1.0, 0.3, 0.2, -0.4, 0.5])}, (0, 1, 2, 3, 4), (1, 50, 100, 200, 400, 800)
    rows = {}
    for method in SEARCHES:
        runs = [
            minimise_without_gradient(loss, data, start, method=method, evaluations=marks[-1], seed=seed)
            for seed in seeds
        ]
        rows[method] = [median(_best(run.records, mark) for run in runs) for mark in marks]
    chosen = minimise_without_gradient(loss, data, start, evaluations=10)
    reason = obstacle(loss, [w]) or ""
    return {
        "evaluations": marks, "losses": rows, "seeds": seeds, "chosen": chosen.settings["method"],
        "reason": reason.split(" (made at")[0],
    }  # fmt: skip


def _best(records, evaluations: int) -> float:
    return min(r.loss for r in records if r.epoch <= evaluations)
