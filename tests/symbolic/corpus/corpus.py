"""The corpus of identities: published derivatives as data, and how one of them is tried.

An item is ``{id, source, where?, variables, sizes?, output, wrt, kind, claim?, symmetrised?}``: ``variables`` maps a name
to ``shape``, ``role``, ``assume``, ``dtype`` and ``below`` (the bound of integers); ``sizes`` fixes named dimensions;
``output`` and ``claim`` hold NumPy text, one assignment a line and the last line the value; ``wrt`` is a name, or a list
of names for a mixed or higher derivative; ``kind`` is gradient, jacobian, hessian, third, vjp (with the cotangent ``g``)
or value. ``symmetrised`` names a variable of which the text reads the symmetric part.

Trying an item means: derive at random sizes, evaluate in NumPy, compare with central differences of the text itself, and
with the published formula, whose text is also run on symbolic tensors.
"""

from __future__ import annotations

import functools
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.special

import symbolic as s
from tests.symbolic.numpy_oracle import NumPyOracle, differences

HERE = Path(__file__).parent
KINDS = ("gradient", "jacobian", "hessian", "third", "vjp", "value")


@functools.cache
def corpus():
    """All items of all files, in order."""
    return [item for path in sorted(HERE.glob("*.json")) for item in json.loads(path.read_text(encoding="utf-8"))]


# -- a point -----------------------------------------------------------------------------------------------------------


def sizes_of(item, rng):
    """Pairwise distinct numbers for the named dimensions."""
    names = sorted(
        {d for v in item["variables"].values() for d in v["shape"] if isinstance(d, str) and d.isidentifier()}
    )
    fixed = item.get("sizes", {})
    pool = [n for n in (2, 3, 4, 5, 6, 7, 8) if n not in fixed.values()]
    # The more dimensions there are, the larger the numbers must be for all to differ.
    pool = list(rng.permutation(pool[: max(3, len(names))]))
    return {name: int(fixed[name] if name in fixed else pool.pop()) for name in names}


def shape_of(variable, sizes):
    """The shape in numbers; a dimension may be an expression such as "2*n"."""
    return tuple(d if isinstance(d, int) else int(eval(d, {}, sizes)) for d in variable["shape"])


def drawn(variable, shape, sizes, rng):
    """An array with what ``assume`` promises."""
    assume = variable.get("assume", [])
    assume = {assume} if isinstance(assume, str) else set(assume)
    if variable.get("dtype") == "int":
        return rng.integers(0, int(eval(str(variable["below"]), {}, sizes)), size=shape)
    x = rng.normal(size=shape)
    if "positive_definite" in assume:
        return x @ np.swapaxes(x, -1, -2) / shape[-1] + np.diag(np.arange(1.0, shape[-1] + 1))
    if "symmetric" in assume:
        x = (x + np.swapaxes(x, -1, -2)) / 2
    if "orthogonal" in assume:
        return np.linalg.qr(x)[0]
    if "invertible" in assume:
        x = x + 3 * np.eye(shape[-1])
    if "lower_triangular" in assume:
        x = np.tril(x) + 2 * np.eye(shape[-1])
    if "diagonal" in assume:
        x = x * np.eye(shape[-1])
    if "positive" in assume:
        return rng.uniform(0.4, 2, size=shape)
    if "unit_interval" in assume:
        return rng.uniform(0.15, 0.85, size=shape)
    if "nonzero" in assume:
        return np.where(x >= 0, 1, -1) * rng.uniform(0.4, 2, size=shape)
    if "probability" in assume:
        x = rng.uniform(0.2, 1, size=shape)
        return x / x.sum(-1, keepdims=True)
    if "one_hot" in assume:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], size=shape[:-1])]
    if "binary" in assume:
        return rng.integers(0, 2, size=shape).astype(float)
    if "sign" in assume:
        return rng.choice([-1.0, 1.0], size=shape)
    return x


# -- running text ------------------------------------------------------------------------------------------------------


@functools.cache
def compiled(text):
    """The assignments and the final expression of an item's text."""
    *lines, last = text.strip().split("\n")
    return compile("\n".join(lines), "<text>", "exec"), compile(last.strip(), "<text>", "eval")


def run(text, names, special=scipy.special, linalg=scipy.linalg, numpy=np):
    """The value of an item's text."""
    lines, last = compiled(text)
    scope = {"np": numpy, "special": special, "linalg": linalg, **names}
    exec(lines, scope)
    return eval(last, scope)


def run_on_tensors(text, tensors):
    """The program of an item's text: SciPy's modules where they take tensors, else the same names of ours."""
    try:
        return run(text, tensors)
    except s.UnsupportedError as error:
        if "SciPy has no protocol" not in str(error):
            raise
        return run(text, tensors, s.special, s.linalg)


# -- trying ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """``verdict`` is right, unsupported or wrong; ``detail`` says what differs, or the error."""

    verdict: str
    detail: str = ""


def point(item):
    """The item's tensors with fixed sizes, and arrays for them, both by name; always the same for one item."""
    rng = np.random.default_rng(zlib.crc32(item["id"].encode()) + item.get("seed", 0))
    sizes = sizes_of(item, rng)
    tensors, arrays = {}, {}
    for name, variable in item["variables"].items():
        shape = shape_of(variable, sizes)
        options = {k: variable[k] for k in ("role", "assume", "dtype") if k in variable}
        tensors[name] = s.tensor(name, shape, **options)
        arrays[name] = drawn(variable, shape, sizes, rng)
    return tensors, arrays


def derived(item, tensors):
    """The derivative that the item asks for, as a tensor."""
    output, kind = run_on_tensors(item["output"]["expr_numpy"], tensors), item["kind"]
    output = s.constant(output)
    wrt = [tensors[name] for name in ([item["wrt"]] if isinstance(item["wrt"], str) else item["wrt"])]
    if kind == "value":
        return output, output
    if kind == "vjp":
        return output, s.vjp(output, wrt[0], tensors["g"])
    if kind == "gradient":
        return output, s.gradient(output, wrt[0])
    if kind == "jacobian":
        return output, s.jacobian(output, wrt[0])
    if kind == "hessian":
        return output, s.hessian(output, wrt[0], wrt[-1])
    first, second, third = (wrt * 3)[:3] if len(wrt) == 1 else wrt
    return output, s.jacobian(s.hessian(output, first, second), third)


def expected(item, arrays):
    """The same by central differences of the text, to order six."""
    text, kind = item["output"]["expr_numpy"], item["kind"]
    wrt = [item["wrt"]] if isinstance(item["wrt"], str) else item["wrt"]
    order = {"hessian": 2, "third": 3, "value": 0}.get(kind, 1)
    wrt = (wrt * order)[:order] if len(wrt) == 1 else wrt

    def value(names):
        if "symmetrised" in item:
            a = names[item["symmetrised"]]
            names = {**names, item["symmetrised"]: (a + np.swapaxes(a, -1, -2)) / 2}
        return np.asarray(run(text, names), float)

    def derivative(depth, names):
        if depth == 0:
            return value(names)
        # From the inside out: output axes, then those of the first variable, then those of the next.
        name = wrt[depth - 1]
        step = {1: 1e-3, 2: 4e-3, 3: 2e-2}[order]
        return differences(lambda x: derivative(depth - 1, {**names, name: x}), names[name], step)

    with np.errstate(all="ignore"):
        result = derivative(order, arrays)
    if kind == "vjp":
        axes = np.ndim(arrays["g"])
        return np.tensordot(arrays["g"], result, axes)
    return result


def distance(a, b):
    """The largest difference, relative to the largest entry; infinite if the shapes differ."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return np.inf
    return float(np.max(np.abs(a - b), initial=0) / (1e-3 + np.max(np.abs(b), initial=0)))


TOLERANCE = {"value": 1e-9, "gradient": 1e-7, "jacobian": 1e-7, "vjp": 1e-7, "hessian": 1e-6, "third": 1e-4}


def attempt(item):
    """Try one item."""
    tensors, arrays = point(item)
    try:
        output, derivative = derived(item, tensors)
        oracle = NumPyOracle({tensors[name]: array for name, array in arrays.items()})
        found = oracle(derivative)
        value = oracle(output)
    except (s.UnsupportedError, s.NotDifferentiableError) as error:
        return Outcome("unsupported", f"{type(error).__name__}: {error}")
    with np.errstate(all="ignore"):
        plain = run(item["output"]["expr_numpy"], arrays)
    if not distance(value, plain) < 1e-9:
        return Outcome("wrong", f"value {np.ravel(value)[:4]} against {np.ravel(plain)[:4]}")
    true = expected(item, arrays)
    if not distance(found, true) < TOLERANCE[item["kind"]]:
        return Outcome(
            "wrong", f"derived {found.shape} {np.ravel(found)[:4]}, differences {true.shape} {np.ravel(true)[:4]}"
        )
    if "claim" not in item:
        return Outcome("right")
    with np.errstate(all="ignore"):
        claim = run(item["claim"]["expr_numpy"], arrays)
    if not distance(found, claim) < 1e-9:
        return Outcome("wrong", f"derived {np.ravel(found)[:4]}, published {np.shape(claim)} {np.ravel(claim)[:4]}")
    try:
        program = s.constant(run_on_tensors(item["claim"]["expr_numpy"], tensors))
    except s.UnsupportedError as error:
        return Outcome("unsupported", f"the claim's text: {error}")
    if not distance(oracle(program), claim) < 1e-9:
        return Outcome("wrong", f"the claim as a program {np.ravel(oracle(program))[:4]}, run {np.ravel(claim)[:4]}")
    return Outcome("right")
