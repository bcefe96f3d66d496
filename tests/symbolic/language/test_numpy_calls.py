"""One NumPy call, once on arrays and once on tensors: the same shape and the same values, and slopes by differences."""

import itertools
import re

import numpy as np
import pytest
import scipy.special as sc

import symbolic as s
from tests.symbolic.language.comparison import assert_gradient, symbolic_of, value

RNG = np.random.default_rng(7)
V, U = RNG.normal(size=4), RNG.normal(size=3)
M, N, SQ = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
T3 = RNG.normal(size=(2, 3, 4))
ROW, COL, ONE, S0 = RNG.normal(size=(1, 4)), RNG.normal(size=(3, 1)), RNG.normal(size=(1, 1)), np.array(0.7)
POS, UNIT = np.exp(M), sc.expit(M)
IDX, IDX2 = np.array([2, 0, 1]), np.array([[0, 2, 1, 0], [1, 1, 0, 2]])
VEC3, VEC3B = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 3))


def partial_second(f, second):
    return lambda x: f(x, second)


def partial_first(f, *first):
    return lambda x: f(*first, x)


def along_rows(f):
    return lambda x: f(x, axis=1, keepdims=True)


def of_signs(f):
    return lambda x, y: f(x > 0, y > 0)


AXES = {
    1: [None, 0, -1, (0,)],
    2: [None, 0, 1, -1, -2, (0, 1), (1,), ()],
    3: [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2)],
}
CALLS = {}


def call(name, function, *arrays, smooth=True):
    assert name not in CALLS, name
    CALLS[name] = (function, arrays, smooth)


for f in (np.sum, np.mean, np.var, np.std, np.prod, np.max, np.min):
    for x, keepdims in itertools.product((V, M, T3, ONE), (False, True)):
        for axis in AXES[x.ndim]:
            if f in (np.max, np.min, np.std) and x is ONE and f is np.std:
                continue
            call(
                f"{f.__name__}{x.shape}{axis}{keepdims}",
                lambda x, f=f, a=axis, k=keepdims: f(x, axis=a, keepdims=k),
                x,
                smooth=axis != () or f not in (np.std, np.var),
            )
for f in (np.argmax, np.argmin):
    for x in (V, M, T3):
        for axis in [None, 0, -1]:
            call(f"{f.__name__}{x.shape}{axis}", lambda x, f=f, a=axis: f(x, axis=a), x, smooth=False)
for f in (np.cumsum, np.cumprod):
    for x in (V, M, T3):
        for axis in [None, 0, -1]:
            call(f"{f.__name__}{x.shape}{axis}", lambda x, f=f, a=axis: f(x, axis=a), x)
for order in (None, 1, 2, np.inf, -np.inf, 3, 2.5, 0.5):
    call(f"norm vector {order}", lambda x, o=order: np.linalg.norm(x, o), V)
    call(f"norm axis {order}", lambda x, o=order: np.linalg.norm(x, o, axis=1), M)
    call(f"norm keepdims {order}", lambda x, o=order: np.linalg.norm(x, o, axis=-1, keepdims=True), T3)
for order in ("fro", 1, -1, np.inf, -np.inf):
    call(f"norm matrix {order}", lambda x, o=order: np.linalg.norm(x, o), M)
call("vector_norm", lambda x: np.linalg.vector_norm(x, ord=3, axis=(0, 1)), M)
call("vector_norm all", np.linalg.vector_norm, T3)
call("matrix_norm", np.linalg.matrix_norm, T3)
call("norm zero entries", lambda x: np.linalg.norm(x, 0), V, smooth=False)

# -- shapes
call("reshape -1", lambda x: x.reshape(-1), T3)
call("reshape merge", lambda x: np.reshape(x, (2, 12)), T3)
call("reshape split", lambda x: x.reshape(3, 2, 2), M)
call("reshape mixed", lambda x: x.reshape((4, -1)), T3)
call("reshape units", lambda x: x.reshape(1, 3, 1, 4, 1), M)
call("reshape F", lambda x: np.reshape(x, (4, 3), order="F"), M)
call("ravel", np.ravel, M)
call("ravel F", lambda x: np.ravel(x, order="F"), M)
call("flatten", lambda x: x.flatten(), T3)
call("transpose", np.transpose, T3)
call("transpose axes", lambda x: np.transpose(x, (1, -1, 0)), T3)
call("T", lambda x: x.T, M)
call("mT", lambda x: x.mT, T3)
call("permute_dims", lambda x: np.permute_dims(x, (2, 0, 1)), T3)
call("matrix_transpose", np.matrix_transpose, T3)
call("moveaxis", lambda x: np.moveaxis(x, 0, -1), T3)
call("moveaxis two", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), T3)
call("rollaxis", lambda x: np.rollaxis(x, 2), T3)
call("swapaxes", lambda x: np.swapaxes(x, 0, -1), T3)
call("expand_dims", lambda x: np.expand_dims(x, -1), M)
call("expand_dims two", lambda x: np.expand_dims(x, (0, 2)), M)
call("squeeze", np.squeeze, np.ones((1, 3, 1)))
call("squeeze axis", lambda x: np.squeeze(x, axis=-1), COL)
call("newaxis", lambda x: x[:, None, ..., np.newaxis], M)
call("broadcast_to", lambda x: np.broadcast_to(x, (2, 3, 4)), ROW)
call("broadcast_arrays", lambda x, y: np.broadcast_arrays(x, y)[0] * np.broadcast_arrays(x, y)[1], ROW, COL)
call("atleast_1d", np.atleast_1d, S0)
call("atleast_2d", np.atleast_2d, V)
call("atleast_3d", np.atleast_3d, M)
call("concatenate", lambda x, y: np.concatenate([x, y]), M, N)
call("concatenate axis", lambda x, y: np.concatenate((x, y, x), axis=-1), M, COL)
call("concatenate none", lambda x, y: np.concatenate([x, y], axis=None), M, V)
call("concat", lambda x, y: np.concat([x, y], axis=1), M, COL)
call("concatenate with an array", lambda x: np.concatenate([x, np.ones(2)]), V)
call("append", lambda x, y: np.append(x, y), V, U)
call("stack", lambda x, y: np.stack([x, y]), M, N)
call("stack last", lambda x, y: np.stack([x, y], axis=-1), M, N)
call("vstack", lambda x, y: np.vstack([x, y]), M, V)
call("hstack", lambda x, y: np.hstack([x, y]), V, U)
call("hstack 2", lambda x, y: np.hstack([x, y]), M, COL)
call("dstack", lambda x, y: np.dstack([x, y]), M, N)
call("column_stack", lambda x, y: np.column_stack([x, y]), U, M)
call("block", lambda x, y: np.block([[x, y], [y, x]]), M, N)
call("split", lambda x: np.split(x, 2, axis=1)[1], M)
call("split at", lambda x: np.split(x, [1, 3], axis=-1)[1], M)
call("array_split", lambda x: np.array_split(x, 3)[0], V)
call("hsplit", lambda x: np.hsplit(x, 2)[1], M)
call("vsplit", lambda x: np.vsplit(x, 3)[2], M)
call("unstack", lambda x: np.unstack(x, axis=1)[2], M)
call("unpacking", lambda x: sum(row[0] for row in x), M)
for key in (
    1,
    -1,
    slice(1, None),
    slice(None, None, 2),
    slice(None, None, -1),
    slice(3, 0, -2),
    slice(-2, None),
    slice(1, 1),
    slice(2, 100),
):
    call(f"getitem {key}", lambda x, k=key: x[k], V)
call("getitem mixed", lambda x: x[1, ::2, -1], T3)
call("getitem ellipsis", lambda x: x[..., 1], T3)
call("getitem slices", lambda x: x[:, 1:, ::-2], T3)
call("gather", lambda x, i: x[i], M, IDX)
call("gather columns", lambda x, i: x[:, i], M, IDX2)
call("gather pairs", lambda x, i: x[i, i], SQ, IDX)
call("gather far", lambda x, i: x[i[:2], :, i[:2]], T3, np.array([1, 0]))
call("gather arange", lambda x: x[np.arange(3), [0, 1, 3]], M)
call("gather list", lambda x: x[[2, 0]], M)
call("gather range", lambda x: x[range(3), (0, 1, 3)], M)
call("take", lambda x, i: np.take(x, i, axis=1), M, IDX)
call("take flat", lambda x, i: np.take(x, i), M, IDX)
call("take_along_axis", lambda x, i: np.take_along_axis(x, i, axis=0), M, IDX2)
call("choose by mask", lambda x: x[np.array([True, False, True])], M)
call("compress", lambda x: np.compress([True, False, True], x, axis=0), M)
call("delete", lambda x: np.delete(x, 1, axis=1), M)
call("insert nothing", lambda x: np.copy(x), M)
for k in (-2, -1, 0, 1, 2):
    call(f"diag {k}", lambda x, k=k: np.diag(x, k), M)
    call(f"diag vector {k}", lambda x, k=k: np.diag(x, k), U)
    call(f"tril {k}", lambda x, k=k: np.tril(x, k), M)
    call(f"triu {k}", lambda x, k=k: np.triu(x, k), T3)
    call(f"trace {k}", lambda x, k=k: np.trace(x, offset=k), M)
    call(f"diagonal {k}", lambda x, k=k: np.diagonal(x, k, 1, 2), T3)
call("diagflat", np.diagflat, M)
call("vander", lambda x: np.vander(x, 3), V)
call("trace axes", lambda x: np.trace(x, axis1=0, axis2=2), RNG.normal(size=(3, 2, 3)))
call("where", lambda x, y: np.where(x > y, x, 2 * y), M, N)
call("where both", lambda x: np.where((x > 0) & ~(x > 1) | (x < -1), x, 0), M)
call("where broadcast", lambda x, y: np.where(x < 0, y, x), COL, ROW)
call("select", lambda x: np.select([x < -0.5, x > 0.5], [x, x**2], 3.0), M)
call("piecewise by comparison", lambda x: (x > 0) * x, M)
call("clip", lambda x: np.clip(x, -0.5, 0.5), M)
call("clip method", lambda x: x.clip(min=0), M)
call("clip by tensors", lambda x, y: np.clip(x, y - 1, y + 1), M, N)
call("nan_to_num", np.nan_to_num, M)
call("pad", lambda x: np.pad(x, 1), M)
call("pad pair", lambda x: np.pad(x, (1, 2)), V)
call("pad axes", lambda x: np.pad(x, ((0, 1), (2, 0))), M)
call("pad pair of two", lambda x: np.pad(x, (1, 2)), M)
call("pad value", lambda x: np.pad(x, 1, constant_values=2.5), M)
for mode in ("edge", "reflect", "symmetric", "wrap"):
    call(f"pad {mode}", lambda x, m=mode: np.pad(x, ((1, 1), (2, 1)), mode=m), M)
call("roll", lambda x: np.roll(x, 1), V)
call("roll flat", lambda x: np.roll(x, 5), M)
call("roll axis", lambda x: np.roll(x, -2, axis=1), M)
call("roll axes", lambda x: np.roll(x, (1, -1), axis=(0, 1)), M)
call("flip", np.flip, M)
call("flip axis", lambda x: np.flip(x, -1), T3)
call("flip axes", lambda x: np.flip(x, (0, 2)), T3)
call("fliplr", np.fliplr, M)
call("flipud", np.flipud, M)
call("rot90", np.rot90, M)
call("rot90 thrice", lambda x: np.rot90(x, 3, (1, 2)), T3)
call("repeat", lambda x: np.repeat(x, 2, axis=1), M)
call("repeat flat", lambda x: np.repeat(x, 3), M)
call("repeat counts", lambda x: np.repeat(x, [1, 0, 2], axis=0), M)
call("tile", lambda x: np.tile(x, 2), V)
call("tile 2", lambda x: np.tile(x, (2, 1)), M)
call("tile up", lambda x: np.tile(x, (2, 1, 2)), M)
call("resize", lambda x: np.resize(x, (2, 3)), V)
call("full_like", lambda x: np.full_like(x, 2.0) * x, M)
call("ones_like", lambda x: np.ones_like(x) + x, M)
call("zeros_like", lambda x: np.zeros_like(x) - x, M)
call("sort", lambda x: np.sort(x), V)
call("sort axis", lambda x: np.sort(x, axis=0), M)
call("argsort", lambda x: np.argsort(x, axis=1), M, smooth=False)
call("median", np.median, V)
call("median axis", lambda x: np.median(x, axis=0), M)
call("median keepdims", lambda x: np.median(x, axis=1, keepdims=True), M)
call("quantile", lambda x: np.quantile(x, 0.3, axis=0), M)
call("percentile", lambda x: np.percentile(x, 40), M)
call("sum of integers as an index", lambda x, i: x[np.sum(i, axis=0) - 1], M, np.array([[1, 2, 0], [1, 1, 1]]))
call("sum of a number", lambda x: np.sum(x) + np.mean(x) * np.max(x), S0)
call("softmax of one", lambda x: s.softmax(x) + s.logsumexp(x), ONE)
call("ptp", lambda x: np.ptp(x, axis=1), M)
call("average", lambda x: np.average(x, axis=0, weights=np.array([1.0, 2.0, 4.0])), M)
call("average all", lambda x, w: np.average(x, weights=w), M, POS)
call("cov", np.cov, M)
call("corrcoef", np.corrcoef, M)
call("gradient", np.gradient, V)
call("trapezoid", lambda x: np.trapezoid(x, dx=0.5), M)
call("diff", np.diff, M)
call("diff twice", lambda x: np.diff(x, n=2, axis=0), M)
call("ediff1d", np.ediff1d, M)
call("count_nonzero", lambda x: np.count_nonzero(x > 0, axis=0), M, smooth=False)
call("any", lambda x: np.any(x > 1, axis=1), M, smooth=False)
call("all", lambda x: np.all(x < 3, axis=1), M, smooth=False)
call("nansum", np.nansum, M)
call("std ddof", lambda x: np.std(x, axis=0, ddof=1), M)
call("var correction", lambda x: np.var(x, axis=0, correction=1), M)
call("mean method", lambda x: x.mean(0) + x.std(0) + x.max(axis=0), M)
call("max initial", lambda x: np.max(x, axis=0, initial=0.3), M)
call("sum initial", lambda x: np.sum(x, axis=0, initial=2.0), M)
call("sum where", lambda x: np.sum(x, axis=0, where=np.array([[True], [False], [True]])), M)

call("mean where", lambda x: np.mean(x, axis=0, where=np.array([[True], [False], [True]])), M)
call("gradient of all axes", lambda x: np.stack(np.gradient(x, 2.0, 0.5)), M)
call("diff from an end", lambda x: np.diff(x, prepend=0, append=x[:, :1]), M)
call("diff below", lambda x: np.diff(x, axis=0, prepend=np.zeros((1, 4)), append=1), M)
call("quantiles", lambda x: np.quantile(x, [0.25, 0.6], axis=1), M)
call("quantile of two axes", lambda x: np.quantile(x, 0.3, axis=(0, 2), keepdims=True), T3)
call("median of two axes", lambda x: np.median(x, axis=(0, 1)), T3)
call("cumulative_sum from 0", lambda x: np.cumulative_sum(x, axis=1, include_initial=True), M)
call("windows", lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)), M)
call("windows of an axis", lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=-1), T3)
call("insert", lambda x: np.insert(x, 1, 5.0, axis=0), M)
call("insert several", lambda x, y: np.insert(x, [0, 2], y[:2]), V, U)
call("insert a row", lambda x, y: np.insert(x, -1, y, axis=0), M, V)
call("pad sides", lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=((1, 2), (3, 4))), M)
call("piecewise", lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [lambda v: -v, lambda v: v**2, 3.0]), M)
call("choose", lambda x, i: np.choose(i, [x[0], x[1], 2.0]), M.T[:2, :3], IDX)
call("take wrap", lambda x, i: np.take(x, i - 5, axis=1, mode="wrap"), M, IDX)
call("take clip", lambda x, i: np.take(x, 2 * i, axis=1, mode="clip"), M, IDX)
call("bincount", lambda w, i: np.bincount(i, weights=w, minlength=5), U, IDX)
call("bincount of known positions", lambda w: np.bincount([0, 2, 0], weights=w), U)
call("searchsorted", lambda x: np.searchsorted([-0.5, 0.0, 1.0], x, side="right"), M, smooth=False)
call("digitize", lambda x: np.digitize(x, [-0.5, 0.0, 1.0]), M, smooth=False)
call("tril_indices_from", lambda x: x[np.tril_indices_from(x, -1)] + x[np.triu_indices_from(x, 1)], SQ)
call("diag_indices_from", lambda x: x[np.diag_indices_from(x)], SQ)
call("lists", lambda x: np.concatenate([[0.0], x, [x[0], 2]]) + np.maximum([0, 1, 0, 1, 0, 0, 1], 0.5), V)
call("a list as an operand", lambda x: [1, 2, 0.5] @ x + np.dot(x.T, [3, 2, 1]), M)

# -- integers and truth values: the values are NumPy's, not only their sizes
call("ints joined with reals", lambda x, i: np.concatenate([np.array([0]), i, np.cumsum(x)]), V, IDX)
call("ints stacked with reals", lambda x: np.stack([np.arange(4), x, x > 0]), V)
call("int times float", lambda x, i: i * 0.5 + x[:3] * (i - 0.5), V, IDX)
call("sum of ints halved", lambda x, i: x[:3] * np.sum(np.stack([i, i, i]), axis=0) / 2, V, IDX)
call("running count halved", lambda x: x * (np.cumsum(x > 0) / 2), V)
call("or and and", lambda x: x * ((x > 0) + (x > 1)) + (x > 0) * (x < 1), V)
call("any truth of reals", lambda x: np.where(np.any(x > 1) & ~np.all(x), x, -x), V)
call("reduced truth", lambda x: x[0] * np.logical_or.reduce(x > 0, axis=0) + np.logical_and.reduce(x > 0), M)
call("whole part", lambda x: (3 * x).astype(int) / 2 + x.astype(bool) + (x > 0).astype(float), M, smooth=False)
for name, positions in {
    "max": lambda i: np.maximum(i - 1, 0), "clip": lambda i: np.clip(i, 1, 3), "abs": lambda i: np.abs(i - 2),
    "halves": lambda i: i // 2, "rest": lambda i: (i + 3) % 2, "where": lambda i: np.where(i > 1, i, 0),
    "test": lambda i: (i > 1).astype(int), "power": lambda i: i**2 - i, "fixed": lambda i: (i / 2).astype(int),
}.items():  # fmt: skip
    call(f"position by {name}", lambda x, i, f=positions: x[f(i)], V, IDX)

# -- products
call("matmul", lambda x, y: x @ y.T, M, N)
call("matmul vector", lambda x, y: x @ y, M, V)
call("vector matmul", lambda x, y: x @ y, U, M)
call("dot vectors", lambda x: x @ x, V)
call("matmul stacks", lambda x, y: x @ np.swapaxes(y, 1, 2), T3, T3[::-1].copy())
call("matmul stack matrix", lambda x, y: x @ y.T, T3, M)
call("matmul matrix stack", lambda x, y: x.T @ y, M, T3)
call("matmul stack vector", lambda x, y: x @ y, T3, V)
call("matmul broadcast", lambda x, y: x[:, None] @ y[None, :, :, :, None][..., 0].swapaxes(-1, -2), T3, T3)
call("array @ tensor", lambda y: M @ y, V)
call("np.dot", np.dot, M, V)
call("dot scalar", lambda x: np.dot(2.0, x), M)
call("dot 3 with 2", lambda x, y: np.dot(x, y.T), T3, M)
call("dot 3 with 3", lambda x, y: np.dot(x, np.swapaxes(y, 1, 2)), T3, T3)
call("vdot", np.vdot, M, N)
call("inner", np.inner, M, N)
call("inner 3", np.inner, T3, V)
call("outer", np.outer, V, U)
call("outer flat", np.outer, M, U)
call("linalg.outer", np.linalg.outer, V, U)
call("vecdot", np.vecdot, M, N)
call("matvec", np.matvec, T3, V)
call("vecmat", np.vecmat, U, M)
call("tensordot", lambda x, y: np.tensordot(x, y, axes=2), T3, M)
call("tensordot axes", lambda x, y: np.tensordot(x, y, axes=([1, 2], [0, 1])), T3, M)
call("tensordot one", lambda x, y: np.tensordot(x, y, axes=(0, 1)), M, T3)
call("tensordot none", lambda x, y: np.tensordot(x, y, axes=0), V, U)
call("kron", np.kron, M, SQ)
call("kron vectors", np.kron, V, U)
call("kron mixed", np.kron, V, M)
call("kron 3", np.kron, T3, M)
call("cross", np.cross, VEC3, VEC3B)
call("cross vectors", np.cross, VEC3[0], VEC3B[1])
call("cross axis", lambda x, y: np.cross(x.T, y.T, axis=0), VEC3, VEC3B)
call("linalg.cross", np.linalg.cross, VEC3, VEC3B)
call("qr", lambda x: np.linalg.qr(x)[0] @ np.linalg.qr(x).R[:, ::-1] + np.linalg.qr(x)[1][0], SQ)
for name, tall in {"tall": M.T, "square": SQ, "wide": M}.items():
    call(f"Q of a {name} matrix", lambda x: np.linalg.qr(x).Q, tall)
    call(f"R of a {name} matrix", lambda x: np.linalg.qr(x, mode="r"), tall)
call("multi_dot", lambda x, y: np.linalg.multi_dot([x, y.T, x]), M, N)
call("convolve", lambda x, y: np.convolve(x, y), V, U)
call("convolve same", lambda x, y: np.convolve(x, y, mode="same"), V, U)
call("convolve valid", lambda x, y: np.convolve(x, y, mode="valid"), V, U)
call("correlate", lambda x, y: np.correlate(x, y, mode="full"), V, U)
call("correlate valid", lambda x, y: np.correlate(x, y), V, U)
call("polyval", lambda p, x: np.polyval(p, x), U, V)
call("interp-free", lambda x: np.add.outer(x, x), V)
call("multiply.outer", np.multiply.outer, V, M)
for spec, arrays in {
    "ij,kj->ik": (M, N), "ij->ji": (M,), "ii": (SQ,), "ii->i": (SQ,), "ij->": (M,), "ij,ij->i": (M, N), "i,j->ij": (V, U),
    "bij,bkj->bik": (T3, T3), "...j,...j->...": (T3, M), "...ij->...ji": (T3,), "iij->j": (RNG.normal(size=(3, 3, 2)),),
    "ij,jk,kl->il": (M, N.T.copy(), SQ.T @ M), "i,i,i": (V, V, V), "ij,j": (M, V), "...,...": (M, V), "aij,aij,j->a": (T3, T3, V),
    "ij, jk -> ik": (M, M.T.copy()), "ji": (M,),
}.items():  # fmt: skip
    call(f"einsum {spec}", lambda *x, q=spec: np.einsum(q, *x), *arrays)
call("einsum by numbers", lambda x, y: np.einsum(x, [0, 1], y, [2, 1], [0, 2]), M, N)
call("einsum by numbers implicit", lambda x, y: np.einsum(x, [0, 1], y, [1]), M, V)
call("einsum optimize", lambda x, y: np.einsum("ij,kj", x, y, optimize=True), M, N)
call("add.reduce", lambda x: np.add.reduce(x, axis=1), M)
call("add.reduce default", lambda x: np.add.reduce(x), M)
call("multiply.reduce", lambda x: np.multiply.reduce(x, axis=0), M)
call("maximum.reduce", lambda x: np.maximum.reduce(x, axis=0), M)
call("logaddexp.reduce", lambda x: np.logaddexp.reduce(x, axis=1), M)
call("maximum.accumulate", lambda x: np.maximum.accumulate(x, axis=1), M)
call("logaddexp.accumulate", lambda x: np.logaddexp.accumulate(x, axis=0), M)
call("meshgrid", lambda x, y: np.meshgrid(x, y)[0] * np.meshgrid(x, y)[1], V, U)
call("interp", lambda x: np.interp(x, np.array([-1.0, 0.0, 2.0]), np.array([3.0, 1.0, 2.0])), M)
call("modf", lambda x: np.modf(x)[0], M)
call("number beside an array", lambda x, i: x[1, :, i], T3, IDX)
call("add.accumulate", lambda x: np.add.accumulate(x, axis=1), M)
call("multiply.accumulate", lambda x: np.multiply.accumulate(x, axis=0), M)
call("subtract.outer", np.subtract.outer, V, U)

# -- pointwise, with broadcasting
SMOOTH = "negative positive square exp exp2 expm1 sin cos arctan sinh cosh tanh arcsinh absolute fabs cbrt deg2rad rad2deg sinc i0 degrees radians"  # fmt: skip
for name in SMOOTH.split():
    call(f"np.{name}", getattr(np, name), M)
for name in ["sqrt", "log", "log2", "log10", "log1p", "reciprocal"]:
    call(f"np.{name}", getattr(np, name), POS)
for name in ["arcsin", "arccos", "arctanh", "tan"]:
    call(f"np.{name}", getattr(np, name), UNIT)
call("np.arccosh", np.arccosh, 1 + POS)
for name in ["floor", "ceil", "rint", "trunc", "sign", "fix", "round"]:
    call(f"np.{name}", getattr(np, name), 3 * M, smooth=False)
for name in ["signbit"]:
    call(f"np.{name}", getattr(np, name), M, smooth=False)
for name in [
    "add",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "arctan2",
    "copysign",
]:
    call(f"np.{name}", getattr(np, name), COL, ROW)
    call(f"np.{name} scalar", partial_second(getattr(np, name), 1.25), M)
for name in ["power", "float_power"]:
    call(f"np.{name}", getattr(np, name), POS, N)
    call(f"np.{name} whole", partial_second(getattr(np, name), 3), M)
for name in ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]:
    call(f"np.{name}", getattr(np, name), M, ROW, smooth=False)
for name in ["logical_and", "logical_or", "logical_xor"]:
    call(f"np.{name}", of_signs(getattr(np, name)), M, N, smooth=False)
call("np.logical_not", lambda x: np.logical_not(x > 0), M, smooth=False)
call("remainder", lambda x: np.remainder(x, 0.8), M)
call("mod operator", lambda x: x % 0.8, M)
call("floor_divide", lambda x: x // 0.8, M, smooth=False)
call("fmod", lambda x: np.fmod(x, 0.8), M)
call("heaviside", lambda x: np.heaviside(x, 0.5), M, smooth=False)
call("divmod", lambda x: divmod(x, 0.8)[1], M)
call("ldexp-free", lambda x: 2**x + x**2 - 1 / (3 + x**2), M)
call("pow half", lambda x: x**0.5 + x**-1.5, POS)
call("reflected", lambda x: (1 - x) * 2 / (2 + x * x) + (3 ** (x / 2)), M)
call("array left", lambda x: M * x + M - x / (M**2 + 1), ROW)
call("scalar tensor", lambda x, y: x * y + y, S0, M)
call("numpy scalar", lambda x: np.float64(2.5) * x + np.float32(0.5), M)
call("real", lambda x: np.real(x) + np.conj(x), M)
for mode in ("mean", "maximum", "minimum", "median", "linear_ramp"):
    call(f"pad {mode}", lambda x, mode=mode: np.pad(x, ((1, 0), (2, 3)), mode=mode), M)
call("pad mean of the near", lambda x: np.pad(x, 2, mode="mean", stat_length=((1, 2), (3, 2))), M)
call("pad ramps", lambda x: np.pad(x, 2, mode="linear_ramp", end_values=((1, 2), (3, -4))), M)
call("gradient of second order", lambda x: np.gradient(x, 0.5, axis=1, edge_order=2), M)
call("add.reduceat", lambda x: np.add.reduceat(x, [0, 2, 1, 3], axis=1), M)
call("maximum.reduceat", lambda x: np.maximum.reduceat(x, [1, 0]), M)
call("apply_along_axis", lambda x: np.apply_along_axis(lambda v: np.sum(v**2), 1, x), T3)
call("apply_along_axis to matrices", lambda x: np.apply_along_axis(lambda v: np.outer(v, v[:2]), 0, x), M)
call("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, [0, -1]), T3)
call("extract", lambda x: np.extract(np.array([True, False, True, True]), x), V)
call("linspace", lambda x, y: np.linspace(x, y, 5, axis=-1), M, V)
call("linspace without its end", lambda x: np.linspace(x, 1, 4, endpoint=False), S0)
call("logspace", lambda x: np.logspace(x, 1, 3, base=2.0), V)
call("geomspace", lambda x, y: np.geomspace(x, y, 4), POS[0], UNIT[0])
call("real and imaginary", lambda x: x.real * np.real(x) + x.imag + np.imag(x), M)
call("angle", np.angle, M, smooth=False)
call("ldexp", lambda x: np.ldexp(x, 3), M)
call("isclose", lambda x, y: np.isclose(x, y, rtol=0.5, atol=0.1), M, V, smooth=False)
call("allclose", lambda x: np.allclose(x, x + 1e-9) * (1 - np.allclose(x, 0)), M, smooth=False)
call("array_equal", lambda x, y: np.array_equal(x, x) * (1 - np.array_equal(x, y)), M, N, smooth=False)
call("array_equiv", lambda x, y: np.array_equiv(x, x[:1]) + np.array_equiv(x, x + 0), M, N, smooth=False)
call("isfinite", lambda x: np.isfinite(x) & ~np.isnan(x) & ~np.isinf(x), M, smooth=False)
for name in ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"]:
    call(f"{name} of numbers", along_rows(getattr(np, name)), M)
call("nanvar ddof", lambda x: np.nanvar(x, axis=0, ddof=1), M)
call("nanargmax", lambda x: np.nanargmax(x, axis=0) + np.nanargmin(x), M, smooth=False)
SPECIAL = {
    "dawsn cosm1 sindg cosdg tandg j0 j1": M,
    "y0 y1 k0 k1 k0e k1e expi exp1 spence rgamma gamma exprel": POS,
    "ellipk ellipe ellipkm1": UNIT,
    "erf erfc expit log_expit ndtr log_ndtr i0 i1 i0e i1e erfcx expm1 cbrt exp2 exp10": M,
    "gammaln digamma psi loggamma entr log1p": POS,
    "logit ndtri": UNIT,
    "erfinv": UNIT - 0.5,
    "erfcinv": UNIT + 0.5,
}
for names, argument in SPECIAL.items():
    for name in names.split():
        call(f"special.{name}", getattr(sc, name), argument)
TWO = "xlogy xlog1py rel_entr kl_div betaln beta binom poch powm1 boxcox1p inv_boxcox inv_boxcox1p"
for name in TWO.split():
    call(f"special.{name}", getattr(sc, name), POS, np.exp(N))
call("special.huber", lambda x: sc.huber(0.7, x), M)
call("special.pseudo_huber", lambda x: sc.pseudo_huber(0.7, x), M)
call("special.boxcox", sc.boxcox, POS, N)
for name in ["iv", "ive", "kv", "kve", "yv", "jv"]:
    call(f"special.{name}", partial_first(getattr(sc, name), 2), POS)
for name in ["gammainc", "gammaincc", "zeta", "chdtr", "chdtrc", "stdtr", "pdtr", "pdtrc"]:
    call(f"special.{name}", partial_first(getattr(sc, name), 3), POS)
call("special.stdtr of both signs", lambda x: sc.stdtr(4, x), M)
for name in ["legendre", "chebyt", "chebyu", "hermite", "hermitenorm", "laguerre"]:
    call(f"special.eval_{name}", partial_first(getattr(sc, f"eval_{name}"), 4), M)
call("special.eval_gegenbauer", lambda x: sc.eval_gegenbauer(3, 0.5, x), M)
call("special.eval_genlaguerre", lambda x: sc.eval_genlaguerre(2, 1.5, x), M)
for name in ["betainc", "betaincc"]:
    call(f"special.{name}", partial_first(getattr(sc, name), 2.5, 1.5), UNIT)
for name in ["bdtr", "bdtrc"]:
    call(f"special.{name}", partial_first(getattr(sc, name), 2, 5), UNIT)
for name in ["gdtr", "gdtrc", "fdtr", "fdtrc"]:
    call(f"special.{name}", partial_first(getattr(sc, name), 2.0, 3.0), POS)
call("special.sici", lambda x: sc.sici(x)[0] + sc.sici(x)[1], POS)


def arguments(arrays):
    return [symbolic_of(f"a{k}", a) for k, a in enumerate(arrays)], {f"a{k}": a for k, a in enumerate(arrays)}


@pytest.mark.parametrize("name", CALLS)
def test_same_values(name):
    function, arrays, _ = CALLS[name]
    tensors, values = arguments(arrays)
    found, expected = function(*tensors), np.asarray(function(*arrays))
    assert tuple(found.shape) == expected.shape
    np.testing.assert_allclose(value(found, values), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, c in CALLS.items() if c[2]])
def test_slopes(name):
    function, arrays, _ = CALLS[name]
    tensors, values = arguments(arrays)
    out = function(*tensors)
    weight = np.random.default_rng(1).normal(size=tuple(map(int, out.shape)))
    assert_gradient(
        (out * weight).sum() if out.ndim else out * float(weight), values, [t for t in tensors if t.dtype == "real"]
    )


# -- refused, with a name and a way on -------------------------------------------------------------------------------

x, A, tok = s.tensor("x", "n"), s.tensor("A", "m n"), s.tensor("tok", "k", dtype="int")
REFUSED = {
    "unknown function": (lambda: np.histogram(x), s.UnsupportedError, r"np\.histogram is not supported"),
    "unknown ufunc": (lambda: np.nextafter(x, 1), s.UnsupportedError, "nextafter is not supported"),
    "close name": (lambda: np.nanpercentile(x, 3), s.UnsupportedError, r"nanpercentile is not supported.*Did you mean 'percentile'"),
    "out": (lambda: np.add(x, 1, out=np.zeros(3)), s.UnsupportedError, "out= writes in place"),
    "out of a function": (lambda: np.sum(x, out=np.zeros(())), s.UnsupportedError, "out= writes in place"),
    "one-argument where": (lambda: np.where(x > 0), s.UnsupportedError, "positions that depend on data"),
    "mask": (lambda: x[x > 0], s.UnsupportedError, r"by a mask: .*np\.where"),
    "real index": (lambda: x[A], s.UnsupportedError, "declared with dtype='int'"),
    "position outside": (lambda: s.tensor("v", 3)[[0, 5]], s.ShapeError, r"5 is outside the axis of extent 3 of v \(3,\)"),
    "too many indices": (lambda: x[1, 2], s.ShapeError, r"x \(n,\) has 1 axes, 2 indices"),
    "no such axis": (lambda: np.sum(A, axis=2), s.ShapeError, r"A \(m, n\) has no axis 2"),
    "repeated axis": (lambda: np.sum(A, axis=(0, -2)), s.ShapeError, "repeat"),
    "shapes": (lambda: A + s.tensor("B", "n m"), s.ShapeError, r"add: A \(m, n\) and B \(n, m\) do not broadcast"),
    "matmul": (lambda: A @ s.tensor("y", "m"), s.ShapeError, r"matmul: A \(m, n\) @ y \(m,\) do not fit"),
    "einsum": (lambda: np.einsum("ij,ij->i", A, A.T), s.ShapeError, r"A \(m, n\)"),
    "order": (lambda: np.reshape(A, -1, order="K"), s.UnsupportedError, "use 'C' or 'F'"),
    "reshape": (lambda: s.tensor("v", 6).reshape(4, 2), s.ShapeError, r"v \(6,\) has 6 entries and cannot become \(4, 2\)"),
    "truth": (lambda: bool(x.sum() > 0), s.UnsupportedError, r"np\.where"),
    "float": (lambda: float(x.sum()), s.UnsupportedError, "lambdify"),
    "assignment": (lambda: x.__setitem__(0, 1), s.UnsupportedError, r"np\.where, np\.concatenate"),
    "complex": (lambda: x * 1j, s.UnsupportedError, "complex"),
    "unknown attribute": (lambda: x.sums(), AttributeError, "Did you mean 'sum'"),
    "median of a named length": (lambda: np.median(x), s.UnsupportedError, r"axis 0 of x \(n,\) must be a number"),
    "pad mode": (lambda: np.pad(x, 1, mode="empty"), s.UnsupportedError, "mode='empty' is not supported"),
    "where of a reduction": (lambda: np.var(x, where=np.array([True])), s.UnsupportedError, "where="),
    "array of tensors": (lambda: np.array([x.sum(), 1.0]), s.UnsupportedError, r"np\.stack.*np\.block"),
    "bins that depend on data": (lambda: np.bincount(tok), s.UnsupportedError, "give minlength"),
    "decreasing bins": (lambda: np.digitize(x, [1.0, 0.0]), s.UnsupportedError, "increasing"),
    "complex dtype": (lambda: x.astype(complex), s.UnsupportedError, "expected float, int or bool"),
    "largest of nothing": (lambda: np.max(s.tensor("v", "0 n"), axis=0), s.ShapeError, r"max: v \(0, n\) has no entries"),
    "scipy function": (lambda: sc.softmax(x), s.UnsupportedError, r"special\.softmax"),
    "derivative of argmax": (lambda: s.gradient(x.sum() * np.argmax(x) * 0 + np.argmax(x), tok), s.NotDifferentiableError, "integers"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    build, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        build()


def test_writing_a_tensor_into_an_array_says_what_to_do():
    with pytest.raises(ValueError, match="setting an array element") as caught:
        np.zeros(3)[0] = x.sum()  # NumPy's own error, for anything that can be indexed; ours is its cause.
    assert "np.stack" in str(caught.value.__cause__)


def test_an_error_of_shapes_says_where():
    unnamed = A @ x + 1
    with pytest.raises(s.ShapeError) as caught:
        A @ unnamed
    here = r".*test_numpy_calls\.py:\d+"
    assert re.match(
        rf"matmul: A \(m, n\) @ an unnamed tensor \(m,\) made at {here} do not fit: .* \(at {here}\)\Z",
        str(caught.value),
    )


def test_a_median_along_an_open_dimension_says_which_function_it_was():
    with pytest.raises(s.UnsupportedError, match=r"median: axis 0 of v \(n,\) must be a number"):
        np.median(s.tensor("v", "n"))
