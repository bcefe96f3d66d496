"""``scipy.special``'s names for symbolic tensors and for arrays.

SciPy's ufuncs (``expit``, ``gammaln``, ``xlogy`` …) take tensors themselves; its other functions (``softmax``,
``logsumexp``, ``polygamma`` …) have no protocol by which a tensor could answer. ``from symbolic import special`` in place
of ``from scipy import special`` serves both, with SciPy's defaults: ``softmax`` is over all axes unless told.

>>> from symbolic import special, tensor
>>> special.softmax(tensor("z", "n k"), axis=1).shape
(n, k)
"""

from __future__ import annotations

import math
from typing import Any

from symbolic.errors import UnsupportedError, suggestion
from symbolic.language import pointwise, softmaxes, special_functions
from symbolic.language.activations import entrywise
from symbolic.language.arrays import is_symbolic

_OTHERS = ("cbrt", "exp2", "expm1", "log1p", "sinc")
_ENTRYWISE = frozenset([*special_functions.UNARY, *special_functions.BINARY, *special_functions.TERNARY, *_OTHERS])


def softmax(x: Any, axis: Any = None) -> Any:
    """e^x / Σ e^x over the axes, all of them by default."""
    return softmaxes.softmax(x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """x − log Σ e^x over the axes, all of them by default."""
    return softmaxes.log_softmax(x, axis)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log Σ b e^a over the axes, all of them by default."""
    if return_sign:
        raise UnsupportedError("logsumexp: return_sign=True is not supported; take the logarithm of positive sums")
    if b is None:
        return softmaxes.logsumexp(a, axis, keepdims)
    if is_symbolic(a, b):
        return softmaxes.logsumexp(a + pointwise.unary("log", b), axis, keepdims)
    return softmaxes.logsumexp(a + entrywise("log", b), axis, keepdims)


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function of order d."""
    terms = [entrywise("gammaln", a - j / 2) for j in range(d)]
    return sum(terms[1:], terms[0]) + d * (d - 1) / 4 * math.log(math.pi)


def __getattr__(name: str) -> Any:
    if name in _ENTRYWISE:
        return lambda *args: entrywise(name, *args)
    raise AttributeError(f"symbolic.special has no function {name!r}.{suggestion(name, __dir__())}")


def __dir__() -> list[str]:
    return sorted([*_ENTRYWISE, "log_softmax", "logsumexp", "multigammaln", "softmax"])
