"""chainrule's numbers: equations lowered to array programs, and training with them."""

from numeric.functions import lambdify
from numeric.training.step import training_step

__all__ = ["lambdify", "training_step"]
