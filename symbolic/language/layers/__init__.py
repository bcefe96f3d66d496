"""Layers: functions of tensors, and classes that create their parameters.

Every layer exists twice. A function (``linear(x, W, b)``) is the formula, with the parameters handed in. A class
(``Linear("n", "m")``) declares the parameters once, with names and with a statement of how training starts them, and
calls the function; using the object twice shares its parameters. No derivative is written anywhere: it follows.
"""
