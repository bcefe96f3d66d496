"""Values of per-sample tensors for many samples at once: predictions, metrics, losses on held-out data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numeric.errors import DataError
from numeric.functions import lambdify
from symbolic import Tensor
from symbolic.language.samples import batched, variables

_AT_ONCE = 2048


def for_samples(
    outputs: Sequence[Tensor], parameters: Mapping[str, Any], arrays: Mapping[str, Any]
) -> list[np.ndarray]:
    """The values of per-sample tensors for all samples, the sample axis first.

    Raises ``DataError`` for an input or parameter that has no array.
    """
    return [np.asarray(v) for v in _caller(batched(outputs, "samples_"))(parameters, arrays)]


def mean_of(outputs: Sequence[Tensor]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[float]]:
    """A function of (parameters, arrays) that gives the mean over samples of each per-sample scalar tensor.

    Samples are taken ``_AT_ONCE`` at a time, so that memory does not grow with their number.
    """
    many = batched(outputs, "samples_")
    call = _caller([np.mean(t) if t.ndim else t for t in many])

    def means(parameters: Mapping[str, Any], arrays: Mapping[str, Any]) -> list[float]:
        samples = max((len(a) for a in arrays.values()), default=0)
        if samples <= _AT_ONCE:
            return [float(v) for v in call(parameters, arrays)]
        total = np.zeros(len(many))
        for first in range(0, samples, _AT_ONCE):
            part = {name: a[first : first + _AT_ONCE] for name, a in arrays.items()}
            total += np.array(call(parameters, part), float) * min(_AT_ONCE, samples - first)
        return [float(v) for v in total / samples]

    return means


def _caller(outputs: Sequence[Tensor]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[Any]]:
    needed = variables(*outputs)
    function = lambdify(list(needed.values()), list(outputs))

    def call(parameters: Mapping[str, Any], arrays: Mapping[str, Any]) -> list[Any]:
        missing = [name for name in needed if name not in parameters and name not in arrays]
        if missing:
            raise DataError(f"no array was given for {', '.join(needed[name].describe() for name in missing)}")
        return function(*(parameters[name] if name in parameters else arrays[name] for name in needed))

    return call
