"""Oracles for the language's tests: the exact evaluator on small arrays, and differences with 30 digits."""

import mpmath
import numpy as np

from symbolic import Tensor, evaluate, gradient, variables
from symbolic.program.graph import leaves


def value(output, arrays, dims=None):
    """The value of a tensor as an array; ``arrays`` by name."""
    by_tensor = {t: arrays[t.name] for t in leaves([output]) if t.value is None}
    return np.array(evaluate(output, by_tensor, dims, precision=20), dtype=float)


def exactly(array):
    """An array's entries as numbers of 40 digits, for the evaluator."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return {point: int(v) for point, v in np.ndenumerate(array)}
    return {point: mpmath.mpf(float(v)) for point, v in np.ndenumerate(array)}


def sizes(tensors, arrays):
    """The numbers of all named dimensions that the arrays tell."""
    found = {}
    for t in tensors:
        for e, n in zip(t.extents, np.shape(arrays[t.name]), strict=True):
            if e.is_Symbol:
                found[str(e)] = n
    return found


def assert_gradient(loss, arrays, wrt=None, seed=0, tolerance=1e-9):
    """Every gradient of a scalar agrees with central differences in a random direction, in 40 digits."""
    known = variables(loss)
    dims = sizes(known.values(), arrays)
    rng = np.random.default_rng(seed)
    wrt = [t for t in known.values() if t.dtype == "real"] if wrt is None else wrt
    exact = {t: exactly(arrays[t.name]) for t in known.values()}
    with mpmath.workdps(40):
        h = mpmath.mpf(10) ** -12
        for t in wrt:
            direction = rng.normal(size=np.shape(arrays[t.name]))
            g = np.array(evaluate(gradient(loss, t), exact, dims, 40), dtype=float)
            assert g.shape == direction.shape, (t, g.shape)
            ahead, behind = (evaluate(loss, exact | {t: _moved(exact[t], direction, s * h)}, dims, 40) for s in (1, -1))
            expected = float((ahead - behind) / (2 * h))
            found = float(np.sum(g * direction))
            assert abs(found - expected) <= tolerance * (1 + abs(expected)), (t, found, expected)


def _moved(entries, direction, h):
    return {point: v + h * mpmath.mpf(float(direction[point])) for point, v in entries.items()}


def symbolic_of(name, array, **options) -> Tensor:
    """A declared tensor with the fixed shape of an array."""
    from symbolic import tensor

    kind = "int" if np.asarray(array).dtype.kind in "iu" else "real"
    return tensor(name, np.shape(array), dtype=kind, **options)
