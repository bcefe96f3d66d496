"""Data for any per-sample loss without a file: inputs at random, targets from a teacher of the same form.

The teacher is the model with other, random parameters; what it predicts, with a little noise, is the target. So there is
something to learn, and the best loss is known to be small.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp

from numeric.sampling import bounds_of_integers, draw, sizes_for
from numeric.training.data import DataSet
from numeric.training.evaluation import for_samples
from numeric.training.initial import parameters_of
from numeric.training.metrics import prediction_of
from symbolic import Tensor
from symbolic.program.graph import leaves, topological

NOISE = 0.05  # of a real target, in units of its spread
SPREAD = 0.3  # of the logarithm of a parameter that starts at a constant
_SMALLEST = 4  # size of the first named dimension


def teacher_sizes(loss: Tensor) -> dict[str, int]:
    """Small and pairwise distinct sizes for the named dimensions of a loss."""
    symbols = sorted({s for t in leaves([loss]) for e in t.extents for s in e.free_symbols}, key=str)
    return {str(s): _SMALLEST + k for k, s in enumerate(symbols)}


def teacher_data(loss: Tensor, samples: int = 320, seed: int = 0, sizes: Mapping[str, int] | None = None) -> DataSet:
    """Seeded samples of every input and target of ``loss``, arrays by name with the samples first.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    >>> {name: a.shape for name, a in teacher_data((w @ x - y) ** 2, 10).arrays.items()}
    {'x': (10, 4), 'y': (10,)}
    """
    rng = np.random.default_rng(seed)
    numbers = sizes_for(leaves([loss]), {**teacher_sizes(loss), **(sizes or {})})
    below = bounds_of_integers(topological([loss]), numbers)
    read = [t for t in leaves([loss]) if t.role in ("input", "target") and t.value is None]
    arrays = {str(t.name): draw(_many(t, samples), numbers, rng, below.get(t.serial, 2)) for t in read}
    prediction = prediction_of(loss)
    targets = [t for t in read if t.role == "target"]
    if prediction is not None and len(targets) == 1:
        teacher = {str(w.name): _teacher(w, numbers, rng) for w in parameters_of(loss)}
        inputs = {name: a for name, a in arrays.items() if name != targets[0].name}
        said = for_samples([prediction], teacher, inputs)[0]
        arrays[str(targets[0].name)] = _target(targets[0], np.broadcast_to(said, (samples, *said.shape[1:])), rng)
    return DataSet("a teacher", arrays)


def _many(t: Tensor, samples: int) -> Tensor:
    return Tensor(t.name, (sp.Integer(samples), *t.extents), dtype=t.dtype, role=t.role, assume=t.assume)


def _teacher(w: Tensor, numbers: Mapping[sp.Symbol, int], rng: np.random.Generator) -> np.ndarray:
    """Entries with the variance one over fan-in: what comes out is about as large as what goes in.

    A parameter that starts at a constant other than zero (a gain, a width) keeps its sign and about that size.
    """
    array = draw(w, numbers, rng)
    start = w.init if w.init is not None and w.init.kind == "constant" else None
    if start is not None and start.scale != 0:
        return float(start.scale.xreplace(numbers)) * np.exp(SPREAD * array)
    return array if w.assume else array / np.sqrt(max(np.prod(array.shape[1:], dtype=float), 1.0))


def _target(t: Tensor, said: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A target of the kind that ``t`` asks for, from what the teacher says."""
    if t.dtype == "int":
        return np.argmax(said, axis=-1)
    if "one_hot" in t.assume:
        return np.eye(said.shape[-1])[np.argmax(said, axis=-1)]
    if "probability" in t.assume:
        raised = np.exp(said - said.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)
    if "sign" in t.assume:
        return np.where(said > 0, 1.0, -1.0)
    if "binary" in t.assume:
        return (said > 0).astype(float)
    if "unit_interval" in t.assume:
        return 1 / (1 + np.exp(-said))
    noisy = said + NOISE * np.std(said) * rng.normal(size=said.shape)
    return np.abs(noisy) if "positive" in t.assume else noisy
