"""chainrule's symbolic core: tensors, programs of equations, and their derivatives.

>>> import numpy as np
>>> from symbolic import tensor, gradient
>>> x, y = tensor("x", "n"), tensor("y", "m", role="target")
>>> W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
>>> C = np.sum((np.tanh(W @ x + b) - y) ** 2)
>>> gradient(C, W).shape
(m, n)
"""

import importlib
from typing import TYPE_CHECKING, Any

from symbolic import linalg, special
from symbolic.calculus.compression import Compressed, compressed
from symbolic.calculus.derivation import Derivation, derive
from symbolic.calculus.derivatives import fisher, gauss_newton, gradient, hessian, hvp, jacobian, jvp, vjp
from symbolic.calculus.presentation import simplified
from symbolic.calculus.records import Derivative, Step
from symbolic.calculus.structure import Finding, structure
from symbolic.calculus.symmetric import symmetric_gradient
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
from symbolic.language.elementary import einsum
from symbolic.language.index_notation import LogSumExp, Max, Min, Prod, Sum, Wiring, define, delta, indices
from symbolic.language.indexing import one_hot, take_along_axis
from symbolic.language.layers.attention import (
    MultiHeadAttention,
    attention,
    attention_weights,
    multi_head_attention,
    rotary_encoding,
    sinusoidal_encoding,
)
from symbolic.language.layers.convolution import (
    Conv1d,
    Conv1dTranspose,
    Conv2d,
    Conv2dTranspose,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
)
from symbolic.language.layers.gates import FeedForward, Residual, SwiGLU, dropout, geglu, glu, swiglu
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import Bilinear, Embedding, Linear, bilinear, embedding, linear
from symbolic.language.layers.norms import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
    running_statistics,
)
from symbolic.language.layers.pooling import average_pool1d, average_pool2d, global_average_pool, max_pool1d, max_pool2d
from symbolic.language.layers.prototypes import (
    RadialBasis,
    nearest_distance,
    nearest_neighbour,
    radial_basis,
    squared_distances,
)
from symbolic.language.layers.recurrent import GRU, LSTM, Elman, elman_cell, gru_cell, lstm_cell
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
from symbolic.language.losses.distributions import (
    bernoulli_nll,
    entropy,
    gaussian_kl,
    gaussian_nll,
    kl_divergence,
    laplace_nll,
    poisson_nll,
    student_nll,
)
from symbolic.language.losses.penalties import elastic_net, l1_penalty, l2_penalty, weight_decay
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
from symbolic.language.losses.similarity import (
    contrastive_loss,
    cosine_embedding_loss,
    cosine_loss,
    cosine_similarity,
    info_nce,
    triplet_loss,
)
from symbolic.language.matrix_functions import (
    cholesky,
    det,
    eigh,
    eigvalsh,
    expm,
    inv,
    logdet,
    logm,
    lstsq,
    matrix_power,
    nuclear_norm,
    pinv,
    quadratic_form,
    slogdet,
    solve,
    spectral_norm,
    sqrtm,
    svd,
    svdvals,
)
from symbolic.language.models import Sequential, mlp
from symbolic.language.numpy_protocol import Language
from symbolic.language.operations import constant, trace
from symbolic.language.samples import average_loss, batched, variables
from symbolic.language.shaping import arange, eye, ones, zeros
from symbolic.language.softmaxes import log_softmax, logsumexp, softmax, softmin
from symbolic.program import hooks
from symbolic.program.dims import Dim
from symbolic.program.equations import Equation
from symbolic.program.initialisation import Initialisation
from symbolic.program.tensors import Tensor, tensor
from symbolic.verification.evaluation import evaluate

if TYPE_CHECKING:
    from symbolic.notation.sympy_bridge import from_sympy, to_sympy
    from symbolic.verification.equality import check
    from symbolic.verification.verdict import Verdict

# Loaded when first used: printing and judging are a third of the program, and who only computes needs neither.
_LATER = {
    "check": "symbolic.verification.equality",
    "Verdict": "symbolic.verification.verdict",
    "from_sympy": "symbolic.notation.sympy_bridge",
    "to_sympy": "symbolic.notation.sympy_bridge",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'symbolic' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return found


def _rendering(t: Tensor) -> str:
    from symbolic.notation.statements import rendering

    return rendering(t)


hooks.install(Language(rendering=_rendering))

__all__ = [
    "GRU",
    "LSTM",
    "BatchNorm",
    "Bilinear",
    "ChainruleError",
    "Compressed",
    "Conv1d",
    "Conv1dTranspose",
    "Conv2d",
    "Conv2dTranspose",
    "DeclarationError",
    "Derivation",
    "Derivative",
    "Dim",
    "Elman",
    "Embedding",
    "Equation",
    "EvaluationError",
    "FeedForward",
    "Finding",
    "GroupNorm",
    "Initialisation",
    "Layer",
    "LayerNorm",
    "Linear",
    "LogSumExp",
    "Max",
    "Min",
    "MultiHeadAttention",
    "NotDifferentiableError",
    "Prod",
    "RMSNorm",
    "RadialBasis",
    "Residual",
    "Sequential",
    "ShapeError",
    "Step",
    "Sum",
    "SwiGLU",
    "Tensor",
    "UnsupportedError",
    "Verdict",
    "Wiring",
    "absolute_error",
    "arange",
    "attention",
    "attention_weights",
    "average_loss",
    "average_pool1d",
    "average_pool2d",
    "batch_norm",
    "batched",
    "bernoulli_nll",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_of_probabilities",
    "celu",
    "check",
    "cholesky",
    "compressed",
    "constant",
    "contrastive_loss",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "cosine_embedding_loss",
    "cosine_loss",
    "cosine_similarity",
    "crammer_singer_hinge",
    "cross_entropy",
    "cross_entropy_of_probabilities",
    "define",
    "delta",
    "derive",
    "det",
    "digamma",
    "dropout",
    "eigh",
    "eigvalsh",
    "einsum",
    "elastic_net",
    "elman_cell",
    "elu",
    "embedding",
    "entr",
    "entropy",
    "epsilon_insensitive",
    "erf",
    "erfc",
    "evaluate",
    "expm",
    "eye",
    "fisher",
    "focal_loss",
    "from_sympy",
    "gammaln",
    "gauss_newton",
    "gaussian_kl",
    "gaussian_nll",
    "geglu",
    "gelu",
    "gelu_tanh",
    "global_average_pool",
    "glu",
    "gradient",
    "group_norm",
    "gru_cell",
    "hard_sigmoid",
    "hard_tanh",
    "hessian",
    "hinge",
    "huber",
    "hvp",
    "i0",
    "i1",
    "indices",
    "info_nce",
    "instance_norm",
    "inv",
    "jacobian",
    "jvp",
    "kl_divergence",
    "l1_penalty",
    "l2_penalty",
    "laplace_nll",
    "layer_norm",
    "leaky_relu",
    "linalg",
    "linear",
    "log_cosh",
    "log_ndtr",
    "log_sigmoid",
    "log_softmax",
    "logdet",
    "logistic_loss",
    "logit",
    "logm",
    "logsumexp",
    "lstm_cell",
    "lstsq",
    "matrix_power",
    "max_pool1d",
    "max_pool2d",
    "mean_squared_error",
    "mish",
    "mlp",
    "multi_head_attention",
    "multiclass_hinge",
    "ndtr",
    "nearest_distance",
    "nearest_neighbour",
    "negative_log_likelihood",
    "nuclear_norm",
    "one_hot",
    "ones",
    "pinv",
    "poisson_nll",
    "polygamma",
    "prelu",
    "quadratic_form",
    "quantile_error",
    "radial_basis",
    "rel_entr",
    "relu",
    "relu6",
    "rms_norm",
    "rotary_encoding",
    "running_statistics",
    "selu",
    "sigmoid",
    "silu",
    "simplified",
    "sinusoidal_encoding",
    "slogdet",
    "smooth_l1",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "solve",
    "special",
    "spectral_norm",
    "sqrtm",
    "squared_distances",
    "squared_error",
    "squared_hinge",
    "step",
    "structure",
    "student_nll",
    "svd",
    "svdvals",
    "swiglu",
    "swish",
    "symmetric_gradient",
    "take_along_axis",
    "tanhshrink",
    "tensor",
    "to_sympy",
    "trace",
    "triplet_loss",
    "variables",
    "vjp",
    "weight_decay",
    "xlog1py",
    "xlogy",
    "zeros",
]
