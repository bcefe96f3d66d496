"""NumPy's elementary functions by name, for layers and losses: this package does not import NumPy.

Each works on tensors, arrays and numbers alike; a user writes ``np.exp`` and so on.
"""

from __future__ import annotations

from typing import Any

from symbolic.language import operations
from symbolic.language import pointwise as pw
from symbolic.language.activations import entrywise
from symbolic.language.arrays import is_symbolic, namespace, require_namespace


def _named(name: str, *args: Any) -> Any:
    xp = None if is_symbolic(*args) else namespace(*args)
    return entrywise(name, *args) if xp is None else getattr(xp, name)(*args)


def exp(x: Any) -> Any:
    """eˣ."""
    return _named("exp", x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return _named("log", x)


def log1p(x: Any) -> Any:
    """log(1 + x)."""
    return _named("log1p", x)


def sqrt(x: Any) -> Any:
    """The square root."""
    return _named("sqrt", x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _named("tanh", x)


def sin(x: Any) -> Any:
    """The sine."""
    return _named("sin", x)


def cos(x: Any) -> Any:
    """The cosine."""
    return _named("cos", x)


def absolute(x: Any) -> Any:
    """|x|; the derivative at 0 is taken as 0."""
    return _named("absolute", x)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two, entry by entry."""
    return _named("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two, entry by entry."""
    return _named("minimum", a, b)


def where(test: Any, a: Any, b: Any) -> Any:
    """a where the test holds, else b."""
    if is_symbolic(test, a, b):
        return pw.where(test, a, b)
    return require_namespace("where", test, a, b).where(test, a, b)


def einsum(spec: str, *operands: Any) -> Any:
    """NumPy's einsum."""
    if is_symbolic(*operands):
        return operations.einsum(spec, *operands)
    return require_namespace("einsum", *operands).einsum(spec, *operands)
