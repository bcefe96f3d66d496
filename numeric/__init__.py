"""chainrule's numbers: equations lowered to array programs, and training with them."""

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
