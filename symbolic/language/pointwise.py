"""The pointwise functions of the language: one name, one scalar expression.

NumPy's ufuncs, SciPy's special functions and the functions that only ``symbolic`` has (relu, sigmoid, …) all come from
this table, so a function has one meaning however it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.errors import UnsupportedError
from symbolic.language import special_functions
from symbolic.language.dtypes import OF_TRUTH_VALUES, asked_dtype, dtype_of_result, promoted
from symbolic.language.operations import as_tensor, pointwise
from symbolic.program import functions as f
from symbolic.program.tensors import Tensor


def _half(x: sp.Expr) -> sp.Expr:
    return x / 2


UNARY: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "absolute": f.Magnitude,
    "fabs": f.Magnitude,
    "sign": f.Sign,
    "square": lambda x: x**2,
    "sqrt": sp.sqrt,
    "cbrt": lambda x: f.Sign(x) * f.Magnitude(x) ** sp.Rational(1, 3),
    "reciprocal": lambda x: 1 / x,
    "exp": sp.exp,
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sp.exp(x) - 1,
    "log": sp.log,
    "log2": lambda x: sp.log(x) / sp.log(2),
    "log10": lambda x: sp.log(x) / sp.log(10),
    "log1p": lambda x: sp.log(1 + x),
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "arcsin": sp.asin,
    "arccos": sp.acos,
    "arctan": sp.atan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "arcsinh": sp.asinh,
    "arccosh": sp.acosh,
    "arctanh": sp.atanh,
    "deg2rad": lambda x: x * sp.pi / 180,
    "radians": lambda x: x * sp.pi / 180,
    "rad2deg": lambda x: x * 180 / sp.pi,
    "degrees": lambda x: x * 180 / sp.pi,
    "floor": f.Floor,
    "ceil": f.Ceiling,
    "rint": f.Round,
    "trunc": lambda x: f.Sign(x) * f.Floor(f.Magnitude(x)),
    "fix": lambda x: f.Sign(x) * f.Floor(f.Magnitude(x)),
    "conjugate": lambda x: x,
    "sinc": lambda x: f.Where(f.Equal(x, 0), 1, sp.sin(sp.pi * x) / (sp.pi * x)),
    # functions that NumPy lacks
    "relu": f.Relu,
    "sigmoid": f.Sigmoid,
    "log_sigmoid": lambda x: -f.Softplus(-x),
    "softplus": f.Softplus,
    "silu": lambda x: x * f.Sigmoid(x),
    "swish": lambda x: x * f.Sigmoid(x),
    "mish": lambda x: x * sp.tanh(f.Softplus(x)),
    "softsign": lambda x: x / (1 + f.Magnitude(x)),
    "hard_tanh": lambda x: f.Maximum(f.Minimum(x, 1), -1),
    "relu6": lambda x: f.Minimum(f.Relu(x), 6),
    "gelu": lambda x: _half(x) * (1 + sp.erf(x / sp.sqrt(2))),
    "gelu_tanh": lambda x: _half(x) * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + sp.Rational(44715, 1000000) * x**3))),
    "step": f.Step,
    **special_functions.UNARY,
}

BINARY: dict[str, Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "maximum": f.Maximum,
    "minimum": f.Minimum,
    "fmax": f.Maximum,
    "fmin": f.Minimum,
    "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
    "logaddexp": lambda a, b: a + f.Softplus(b - a),
    "logaddexp2": lambda a, b: a + f.Softplus((b - a) * sp.log(2)) / sp.log(2),
    "arctan2": sp.atan2,
    "floor_divide": lambda a, b: f.Floor(a / b),
    "remainder": lambda a, b: a - b * f.Floor(a / b),
    "fmod": lambda a, b: a - b * f.Sign(a / b) * f.Floor(f.Magnitude(a / b)),
    "ldexp": lambda x, n: x * 2**n,
    "heaviside": lambda a, b: f.Step(a) + b * f.Equal(a, 0),
    "copysign": lambda a, b: f.Magnitude(a) * f.Where(f.Less(b, 0), -1, 1),
    "leaky_relu": lambda x, slope: f.Where(f.Step(x), x, slope * x),
    "elu": lambda x, alpha: f.Where(f.Step(x), x, alpha * (sp.exp(x) - 1)),
    **special_functions.BINARY,
}

TERNARY = special_functions.TERNARY

CONDITIONS: dict[str, Callable[..., sp.Expr]] = {
    "less": f.Less,
    "less_equal": f.LessEqual,
    "greater": lambda a, b: f.Less(b, a),
    "greater_equal": lambda a, b: f.LessEqual(b, a),
    "equal": f.Equal,
    "not_equal": lambda a, b: 1 - f.Equal(a, b),
    "logical_not": lambda a: 1 - a,
    "logical_and": lambda a, b: a * b,
    "logical_or": lambda a, b: a + b - a * b,
    "logical_xor": lambda a, b: a + b - 2 * a * b,
    "bitwise_and": lambda a, b: a * b,
    "bitwise_or": lambda a, b: a + b - a * b,
    "invert": lambda a: 1 - a,
    "signbit": lambda a: f.Less(a, 0),
    "isnan": f.NotANumber,
    "isinf": f.Infinite,
    "isfinite": lambda a: (1 - f.NotANumber(a)) * (1 - f.Infinite(a)),
}


def unary(name: str, x: Any) -> Tensor:
    """The unary function ``name`` entry by entry."""
    if name in CONDITIONS:
        return condition(name, x)
    if name not in UNARY:
        raise UnsupportedError(f"the function {name} is not supported")
    return pointwise(name, UNARY[name], x, dtype=dtype_of_result(name, x))


def binary(name: str, x: Any, y: Any) -> Tensor:
    """The binary function ``name`` entry by entry."""
    if name in CONDITIONS:
        return condition(name, x, y)
    if name not in BINARY:
        raise UnsupportedError(f"the operation {name} is not supported")
    if name in OF_TRUTH_VALUES and promoted(x, y) == "bool":
        return condition(OF_TRUTH_VALUES[name], x, y)
    return pointwise(name, BINARY[name], x, y, dtype=dtype_of_result(name, x, y))


def ternary(name: str, x: Any, y: Any, z: Any) -> Tensor:
    """The function ``name`` of three arguments entry by entry."""
    return pointwise(name, TERNARY[name], x, y, z, dtype="real")


def condition(name: str, *args: Any) -> Tensor:
    """The comparison or logical operation ``name``, a tensor of truth values."""
    if name.startswith(("logical", "bitwise", "invert")):
        for a in args:
            if isinstance(a, Tensor) and a.dtype != "bool" and not a.assume & {"binary", "one_hot"}:
                raise UnsupportedError(f"{name}: expected truth values (a comparison), got {a.describe()}")
    return pointwise(name, CONDITIONS[name], *args, dtype="bool")


def where(test: Any, a: Any, b: Any) -> Tensor:
    """a where the test holds, else b; the derivative flows through the branch that is taken."""
    if isinstance(test, Tensor) and test.dtype == "real" and not test.assume & {"binary", "one_hot"}:
        raise UnsupportedError(f"where: the condition is a comparison, got the real {test.describe()}")
    # Numbers alone are levels of a function of the test, whose derivative is 0; what may become an index is a tensor.
    chosen = isinstance(a, Tensor) or isinstance(b, Tensor)
    return pointwise("where", f.Where, test, a, b, dtype=promoted(a, b) if chosen else "real")


def cast(x: Any, asked: Any) -> Tensor:
    """``x.astype(asked)``: of integers the whole part towards 0, of truth values whether x is not 0."""
    t, dtype = as_tensor(x), asked_dtype(asked)
    if dtype == t.dtype:
        return t
    if dtype == "bool":
        return condition("not_equal", t, 0)
    cut = dtype == "int" and t.dtype == "real" and "integer" not in t.assume
    return pointwise("astype", UNARY["trunc"] if cut else UNARY["positive"], t, dtype=dtype)
