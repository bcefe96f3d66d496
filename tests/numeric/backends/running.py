"""Runs the text of a kernel: as machine code, and as the Python that it also is."""

import math

import numpy as np

from numeric.backends.machine.calls import Calls, Kernel
from numeric.backends.machine.objects import addresses
from numeric.backends.machine.translation import function_tree, parameters


def by_machine(text, dtype, *arguments):
    """Compile the text and call it once."""
    kernel = Kernel(addresses({"kernel": text}, dtype)["kernel"], tuple(parameters(function_tree(text))))
    calls = Calls(dtype, [])
    calls.add(kernel, *arguments)
    calls.ready()
    calls.run(0, 1)


def by_python(text, dtype, *arguments):
    """Interpret the text."""

    real = np.dtype(dtype).type
    scope = {
        "np": np, "math": math, "real": real,
        "larger": lambda x, y: x if x > y or x != x else y, "exponential": lambda x: real(np.exp(np.float64(x))),
        "hyperbolic_tangent": lambda x: real(np.tanh(np.float64(x))),
    }  # fmt: skip
    body = text.split("):\n", 1)[1]
    names = [p.name for p in parameters(function_tree(text))]
    exec(f"def kernel({', '.join(names)}):\n{body}", scope)
    with np.errstate(all="ignore"):
        scope["kernel"](*arguments)
