"""chainrule's symbolic core: tensors, programs of equations, and their derivatives.

>>> import numpy as np
>>> from symbolic import tensor, gradient
>>> x, y = tensor("x", "n"), tensor("y", "m", role="target")
>>> W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
>>> C = np.sum((np.tanh(W @ x + b) - y) ** 2)
>>> gradient(C, W).shape
(m, n)
"""

from symbolic.calculus.derivatives import gradient, hessian, jacobian, jvp, vjp
from symbolic.errors import (
    ChainruleError,
    DeclarationError,
    EvaluationError,
    NotDifferentiableError,
    ShapeError,
    UnsupportedError,
)
from symbolic.language.indexing import one_hot
from symbolic.language.numpy_protocol import Language
from symbolic.language.operations import constant, einsum
from symbolic.language.shaping import arange, eye, ones, zeros
from symbolic.program import hooks
from symbolic.program.dims import Dim
from symbolic.program.equations import Equation
from symbolic.program.tensors import Tensor, tensor
from symbolic.verification.evaluation import evaluate

hooks.install(Language(rendering=lambda t: t.label))

__all__ = [
    "ChainruleError",
    "DeclarationError",
    "Dim",
    "Equation",
    "EvaluationError",
    "NotDifferentiableError",
    "ShapeError",
    "Tensor",
    "UnsupportedError",
    "arange",
    "constant",
    "einsum",
    "evaluate",
    "eye",
    "gradient",
    "hessian",
    "jacobian",
    "jvp",
    "one_hot",
    "ones",
    "tensor",
    "vjp",
    "zeros",
]
