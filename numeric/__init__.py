"""chainrule's numbers: equations lowered to array programs, and training with them."""
