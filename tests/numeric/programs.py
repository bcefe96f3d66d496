"""Programs of every kind that the language can write, each with arrays to run it on.

A case is a function of declared tensors (named by its parameters) that returns a tensor or a list of tensors. Dimensions
are pairwise distinct, so that a missing transpose shows.
"""

import numpy as np

import symbolic as s
from symbolic import tensor

SIZES = {"m": 3, "n": 4, "k": 2, "p": 5, "h": 6}

DECLARED = {
    "a": ("", {}),
    "c": ("", {"assume": "positive"}),
    "x": ("n", {}),
    "y": ("m", {}),
    "z": ("n", {"assume": "positive"}),
    "u": (5, {}),
    "v": (2, {}),
    "w": (3, {}),
    "w2": (3, {}),
    "A": ("m n", {}),
    "B": ("n k", {}),
    "S": ("n n", {}),
    "X": ("p n", {}),
    "Z": ("p m", {}),
    "F": ((4, 6), {}),
    "T": ("p m n", {}),
    "U": ("p n k", {}),
    "I": ((2, 3, 8), {}),
    "K": ((4, 3, 3), {}),
    "row": ((1, "n"), {}),
    "tok": ("p", {"dtype": "int", "below": "n"}),
    "lab": ("p", {"dtype": "int", "below": "m"}),
}


def declared(names):
    """Fresh tensors of the given names."""
    found = []
    for name in names:
        shape, options = DECLARED[name]
        found.append(tensor(name, shape, **{k: v for k, v in options.items() if k != "below"}))
    return found


def arrays(tensors, rng, sizes=SIZES, dtype="float64"):
    """Random arrays for declared tensors."""
    found = []
    for t in tensors:
        shape = [int(e) if e.is_Integer else sizes[str(e)] for e in t.extents]
        below = DECLARED[t.name][1].get("below")
        if below:
            found.append(rng.integers(0, sizes[below], size=shape))
        else:
            values = rng.normal(size=shape)
            found.append((np.abs(values) + 0.5 if "positive" in t.assume else values).astype(dtype))
    return found


CASES = {}


def case(f):
    """Register a program."""
    CASES[f.__name__.strip("_")] = f
    return f


for _name, _f in {
    "matvec": lambda A, x: A @ x,
    "matmul": lambda A, B: A @ B,
    "chain": lambda A, B, y: (y @ A) @ B,
    "quadratic": lambda S, x: x @ S @ x,
    "outer": lambda x, y: np.outer(x, y),
    "einsum_three": lambda A, B, X: np.einsum("mn,nk,pn->pkm", A, B, X),
    "einsum_batch": lambda T, U: np.einsum("pmn,pnk->pmk", T, U),
    "einsum_rows": lambda T: np.einsum("pmn,pmn->pm", T, T),
    "batched_matmul": lambda T, U: T @ U,
    "stack_vector": lambda T, x: T @ x,
    "trace": lambda S: np.trace(S @ S),
    "diagonal": lambda S: np.diagonal(S) * 2,
    "diag_matrix": lambda x: np.diag(x),
    "relu_of_diagonal": lambda y: np.maximum(np.diag(y), 0),
    "maximum_of_diagonal": lambda y, a: np.maximum(np.diag(y), a),
    "diag_product": lambda A, x: A @ np.diag(x),
    "affine": lambda A, x, y: np.tanh(A @ x + y),
    "transpose": lambda A: A.T,
    "moveaxis": lambda T: np.moveaxis(T, 0, 2) * 1.5,
    "sum_axis": lambda T: T.sum(1),
    "sum_all": lambda T: T.sum(),
    "keepdims": lambda A: A - A.mean(axis=1, keepdims=True),
    "variance": lambda X: X.var(axis=0),
    "standardised": lambda X: (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5),
    "maximum_axis": lambda A: A.max(axis=0),
    "minimum_all": lambda T: T.min(),
    "argmax": lambda A: A.argmax(axis=1),
    "argmin_all": lambda T: T.argmin(),
    "product": lambda A: A.prod(axis=1),
    "cumsum": lambda A: np.cumsum(A, axis=1),
    "cumsum_reversed": lambda A: np.cumsum(A[:, ::-1], axis=1)[:, ::-1] * 2,
    "cumprod": lambda x: np.cumprod(x),
    "logaddexp": lambda A: np.logaddexp.reduce(A, axis=1),
    "softmax_by_hand": lambda X: np.exp(X) / np.exp(X).sum(axis=1, keepdims=True),
    "softmax": lambda X: s.softmax(X, axis=1),
    "log_sum_exp_by_hand": lambda x: np.log(np.sum(np.exp(x))),
    "reshape_merge": lambda T: T.reshape(5 if False else T.shape[0], -1) * 2,
    "reshape_flat": lambda T: np.ravel(T) * 2,
    "reshape_split": lambda F: F.reshape(4, 2, 3) ** 2,
    "reshape_mixed": lambda F: F.reshape(3, 8) + 1,
    "reshape_matmul": lambda F, K: F.reshape(8, 3) @ K[0],
    "slice": lambda F: F[1:3, ::2],
    "slice_reversed": lambda F: F[::-1, 4:1:-1],
    "slice_symbolic": lambda X: X[:, 1:],
    "slice_end": lambda x: x[:-1] * x[1:],
    "integer_index": lambda T: T[0, :, -1],
    "newaxis": lambda x, y: x[None, :] * y[:, None],
    "flip": lambda A: np.flip(A, 1) + A,
    "roll": lambda F: np.roll(F, 2, axis=1),
    "roll_symbolic": lambda x: np.roll(x, 1),
    "pad": lambda F: np.pad(F, ((1, 2), (0, 3))),
    "pad_symbolic": lambda x: np.pad(x, 1),
    "concatenate": lambda A, X: np.concatenate([A, X], axis=0),
    "stack": lambda x, z: np.stack([x, z, x * z]),
    "repeat": lambda u: np.repeat(u, 3),
    "tile": lambda v: np.tile(v, (2, 3)),
    "tril": lambda S: np.tril(S) @ S,
    "triu": lambda F: np.triu(F, 1),
    "where": lambda A, x: np.where(x < A, A, x * A),
    "where_numbers": lambda A: np.where(A > 0, 1.0, -2.0) * A,
    "clip": lambda A: np.clip(A, -0.5, 0.5),
    "broadcast_to": lambda row: np.broadcast_to(row, (3, row.shape[1])),
    "size_one": lambda row, A: (row * A).sum(axis=0, keepdims=True),
    "dims_as_numbers": lambda x: x / np.sqrt(x.shape[0]) + x.shape[0],
    "gather": lambda X, tok: X[:, tok],
    "gather_rows": lambda B, tok: B[tok] * 2,
    "gather_pairs": lambda Z, lab: Z[np.arange(5) if False else s.arange(Z.shape[0]), lab],
    "take_along": lambda Z, lab: np.take_along_axis(Z, lab[:, None], axis=1),
    "one_hot": lambda lab: s.one_hot(lab, 3) * 2.5,
    "comparisons": lambda A, x: ((x < A) & (A <= 1)) | ~(A < 0),
    "counting": lambda A, x: (x < A).sum(axis=1),
    "fraction_right": lambda Z, lab: np.mean(Z.argmax(axis=1) == lab),
    "integers": lambda tok, lab: tok * 2 + lab,
    "integers_mixed": lambda tok, Z: Z * tok[:, None],
    "arange": lambda x: x * s.arange(x.shape[0]),
    "identity": lambda S: S + s.eye(S.shape[0]),
    "kron": lambda A, v: np.kron(v, v) if False else np.kron(A[0], v),
    "cross": lambda w, w2: np.cross(w, w2),
    "difference": lambda F: np.diff(F, axis=1),
    "norms": lambda A: [np.linalg.norm(A), np.linalg.norm(A, axis=1), np.linalg.norm(A, 1)],
    "several": lambda A, x, y: [np.sum((A @ x - y) ** 2), A @ x, x],
    "relu_net": lambda A, B, x: np.maximum(np.maximum(x @ B, 0) @ B.T, 0) @ A.T,
    "scalar_only": lambda a, c: a * np.log(c) + np.sqrt(c),
    "constants": lambda x: np.array([1.0, 2.0, 3.0])[:, None] * x,
    "no_input": lambda x: s.ones(x.shape) + 0 * x,
    "polynomial": lambda x: x**3 - 2 * x**2 + x / 3 - 1,
    "powers": lambda z: [z**-1, z**0.5, z**-0.5, z**1.7, 2**z],
    "attention": lambda X: s.softmax(X @ X.T / np.sqrt(X.shape[1]), axis=1) @ X,
    "causal": lambda X: s.softmax(np.where(_past(X), X @ X.T, -1e9), axis=1) @ X,
    "convolution_1d": lambda u, v: sum(v[j] * u[j : j + 4] for j in range(2)),
    "multi_reduction": lambda T, U: np.einsum("pmn,pnk->mk", T, U),
    "sum_of_products": lambda A, B, x, S: ((A @ S) * (x + 1)).sum(axis=1) + A @ x,
    "mean_squares": lambda X, Z, A: np.mean((X @ A.T - Z) ** 2),
}.items():
    _f.__name__ = _name
    case(_f)


def _past(X):
    i = s.arange(X.shape[0])
    return i[None, :] <= i[:, None]


@case
def windows(I, K):
    """A convolution along the last axis written with index arrays."""
    positions = s.constant(np.arange(6)[:, None] + np.arange(3)[None, :])
    return np.einsum("bcpk,ock->bop", I[:, :, positions], K)


@case
def strided_convolution(I, K):
    """Every second window of a padded signal."""
    padded = np.pad(I, ((0, 0), (0, 0), (1, 2)))
    windows = np.stack([padded[:, :, u : u + 9 : 2] for u in range(3)], axis=-1)
    return np.einsum("bcpk,ock->bop", windows, K)


@case
def convolution_by_equation(u, v):
    """``y[t] = Σ_k u[t + k] v[k]`` in index notation, whose pullback is guarded."""
    from symbolic.program.equations import equation
    from symbolic.program.expressions import Index
    from symbolic.program.tensors import computed

    t, k = Index("t", 4), Index("k", 2)
    return computed(equation([t], u.access(t + k) * v.access(k), [k]))


@case
def strided_by_equation(F, v):
    """``y[m, t] = Σ_k F[m, 2t + k] v[k]``: a stride of two."""
    from symbolic.program.equations import equation
    from symbolic.program.expressions import Index
    from symbolic.program.tensors import computed

    m, t, k = Index("m", 4), Index("t", 3), Index("k", 2)
    return computed(equation([m, t], F.access(m, 2 * t + k) * v.access(k), [k]))


DIFFERENTIABLE = sorted(
    set(CASES)
    - {
        "argmax",
        "argmin_all",
        "comparisons",
        "counting",
        "fraction_right",
        "integers",
        "one_hot",
        "several",
        "norms",
        "powers",
    }
)


def parameters(f):
    """The tensors that a case wants."""
    return f.__code__.co_varnames[: f.__code__.co_argcount]


def build(name):
    """(arguments, outputs) of a case."""
    f = CASES[name]
    tensors = declared(parameters(f))
    out = f(*tensors)
    return tensors, out if isinstance(out, list) else [out]
