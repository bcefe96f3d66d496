"""chainrule's numbers: equations lowered to array programs, and training with them."""

from numeric.functions import lambdify
from numeric.gradient_check import check_gradient
from numeric.training.history import History
from numeric.training.loop import train
from numeric.training.step import training_step

__all__ = ["History", "check_gradient", "lambdify", "train", "training_step"]
