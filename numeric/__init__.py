"""chainrule's numbers: equations lowered to array programs, and training with them."""

from numeric.functions import lambdify

__all__ = ["lambdify"]
