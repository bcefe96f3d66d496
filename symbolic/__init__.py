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
from symbolic.language.activations import (
    celu,
    digamma,
    elu,
    entr,
    erf,
    erfc,
    gammaln,
    gelu,
    gelu_tanh,
    hard_sigmoid,
    hard_tanh,
    i0,
    i1,
    leaky_relu,
    log_ndtr,
    log_sigmoid,
    logit,
    mish,
    ndtr,
    polygamma,
    prelu,
    rel_entr,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    step,
    swish,
    tanhshrink,
    xlog1py,
    xlogy,
)
from symbolic.language.indexing import one_hot, take_along_axis
from symbolic.language.losses.classification import (
    binary_cross_entropy,
    binary_cross_entropy_of_probabilities,
    crammer_singer_hinge,
    cross_entropy,
    cross_entropy_of_probabilities,
    focal_loss,
    hinge,
    logistic_loss,
    multiclass_hinge,
    negative_log_likelihood,
    squared_hinge,
)
from symbolic.language.losses.regression import (
    absolute_error,
    epsilon_insensitive,
    huber,
    log_cosh,
    mean_squared_error,
    quantile_error,
    smooth_l1,
    squared_error,
)
from symbolic.language.numpy_protocol import Language
from symbolic.language.operations import constant, einsum
from symbolic.language.samples import average_loss, batched, variables
from symbolic.language.shaping import arange, eye, ones, zeros
from symbolic.language.softmaxes import log_softmax, logsumexp, softmax, softmin
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
    "absolute_error",
    "arange",
    "average_loss",
    "batched",
    "binary_cross_entropy",
    "binary_cross_entropy_of_probabilities",
    "celu",
    "constant",
    "crammer_singer_hinge",
    "cross_entropy",
    "cross_entropy_of_probabilities",
    "digamma",
    "einsum",
    "elu",
    "entr",
    "epsilon_insensitive",
    "erf",
    "erfc",
    "evaluate",
    "eye",
    "focal_loss",
    "gammaln",
    "gelu",
    "gelu_tanh",
    "gradient",
    "hard_sigmoid",
    "hard_tanh",
    "hessian",
    "hinge",
    "huber",
    "i0",
    "i1",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log_cosh",
    "log_ndtr",
    "log_sigmoid",
    "log_softmax",
    "logistic_loss",
    "logit",
    "logsumexp",
    "mean_squared_error",
    "mish",
    "multiclass_hinge",
    "ndtr",
    "negative_log_likelihood",
    "one_hot",
    "ones",
    "polygamma",
    "prelu",
    "quantile_error",
    "rel_entr",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "squared_error",
    "squared_hinge",
    "step",
    "swish",
    "take_along_axis",
    "tanhshrink",
    "tensor",
    "variables",
    "vjp",
    "xlog1py",
    "xlogy",
    "zeros",
]
