"""The value of a matrix expression tree in NumPy: a second meaning of the tree, written apart from what builds it."""

import numpy as np
import sympy as sp
from scipy import special

from symbolic.notation.matrix import tree as m


def value(node, arrays, dims):
    """``node`` as a 2-D array; ``arrays`` by tensor, ``dims`` numbers by SymPy symbol."""

    def of(n):
        result = np.atleast_2d(np.asarray(compute(n), dtype=float))
        assert result.shape == tuple(int(e.subs(dims)) for e in n.shape), (n, result.shape)
        return result

    def number(e):
        return float(sp.sympify(e).subs(dims))

    def compute(n):
        match n:
            case m.Leaf():
                array = np.asarray(arrays[n.tensor], dtype=float)
                picked = array[tuple(slice(None) if i is None else int(i.subs(dims)) for i in n.at)]
                return picked[:, None] if picked.ndim == 1 else picked
            case m.Number():
                return number(n.value)
            case m.Identity():
                return np.eye(int(number(n.size)))
            case m.Ones():
                return np.ones((int(number(n.size)), 1))
            case m.Zeros():
                return np.zeros([int(number(e)) for e in n.extents])
            case m.Transpose():
                return of(n.operand).T
            case m.Diag():
                return np.diag(of(n.operand)[:, 0])
            case m.DiagonalOf():
                return np.diag(of(n.operand))[:, None]
            case m.Trace():
                return np.trace(of(n.operand))
            case m.Norm():
                return np.abs(of(n.operand)).sum() if n.order == 1 else np.sqrt((of(n.operand) ** 2).sum())
            case m.Reduce():
                kinds = {"max": np.max, "min": np.min, "prod": np.prod, "logsumexp": special.logsumexp,
                         "argmax": np.argmax, "argmin": np.argmin}  # fmt: skip
                return kinds[n.kind](of(n.operand))
            case m.Power():
                return of(n.operand) ** number(n.exponent)
            case m.Product():
                result = of(n.operands[0])
                for f in n.operands[1:]:
                    other = of(f)
                    assert result.shape[1] == other.shape[0]
                    result = result @ other
                return result
            case m.Hadamard():
                return np.prod([of(f) for f in n.operands], axis=0)
            case m.Sum():
                return np.sum([of(f) for f in n.operands], axis=0)
            case m.Scale():
                result = number(n.number) * of(n.operand)
                for s in n.scalars:
                    result = result * of(s).item()
                return result
            case m.Apply():
                arguments = [of(o) for o in n.operands]
                arguments = [a.item() if a.size == 1 else a for a in arguments]
                return FUNCTIONS[n.function.name](*arguments)
        raise AssertionError(f"no value for {type(n).__name__}")

    return of(node)


FUNCTIONS = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sigmoid": special.expit,
    "relu": lambda x: np.maximum(x, 0), "step": lambda x: (np.asarray(x) > 0) * 1.0, "absolute": np.abs,
    "sign": np.sign, "softplus": lambda x: np.logaddexp(0, x), "maximum": np.maximum, "minimum": np.minimum,
    "where": lambda c, a, b: np.where(np.asarray(c) != 0, a, b), "less": lambda a, b: (np.asarray(a) < b) * 1.0,
    "equal": lambda a, b: (np.asarray(a) == b) * 1.0, "erf": special.erf,
}  # fmt: skip
