"""An array program as JAX source: NumPy's names, with functional updates in the place of writing into zeros."""

from __future__ import annotations

import re

from numeric.backends.numpy_operations import OPERATIONS, key_text
from numeric.backends.numpy_source import Writer
from numeric.backends.texts import ATOM, Text
from numeric.lowering.program import ArrayProgram, Line
from symbolic.errors import UnsupportedError

PREAMBLE = {
    "windows": '''\
def windows(x, axis, start, sizes, steps):
    """x with one axis replaced by several: x[start + sum of step * index]."""
    places = jnp.full(sizes, start)
    for k, (size, step) in enumerate(zip(sizes, steps)):
        places = places + step * jnp.arange(size).reshape((-1,) + (1,) * (len(sizes) - 1 - k))
    return jnp.take(x, places, axis=axis)
''',
    "on_diagonal": '''\
def on_diagonal(x, shape, axes):
    """Zeros of a shape, but x where those of its axes that share a number in axes have the same index."""
    extents = dict(zip(axes, shape))
    grid = [jnp.arange(extents[k]).reshape([-1 if j == k else 1 for j in range(len(extents))]) for k in sorted(extents)]
    return jnp.zeros(shape, x.dtype).at[tuple(grid[k] for k in axes)].set(x)
''',
    "erfcx": '''\
def erfcx(x):
    """exp(x**2) * erfc(x), by its asymptotic series where x is large."""
    y = 1 / (2 * jnp.maximum(x, 20) ** 2)
    series = 1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y))))
    near = 2 * jnp.exp(jnp.minimum(x, 20) ** 2 + special.log_ndtr(-math.sqrt(2) * jnp.minimum(x, 20)))
    return jnp.where(x < 20, near, series / (math.sqrt(math.pi) * jnp.maximum(x, 20)))
''',
}
WITHOUT = (
    "special.jv",
    "special.yv",
    "special.iv",
    "special.kv",
    "special.dawsn",
    "special.ellipk",
    "special.ellipe",
    "linalg.logm",
)
_COMPLEX = {"sinm": "imag", "cosm": "real"}


def _reduce(w: Writer, line: Line) -> Text:
    (x,), axes = line.operands, line["axes"]
    if line["kind"] != "logsumexp":
        return OPERATIONS["reduce"](w, line)
    return Text(f"special.logsumexp({w.operand(x)}, axis={axes[0] if len(axes) == 1 else axes})")


def _place(w: Writer, line: Line) -> Text:
    core, key = placed_core(w, line), key_text(w, line["key"])
    if line["axes"] and all(k == ("all",) for k in line["key"]):
        return Text(core)
    return Text(f"jnp.zeros({w.shape(line['shape'])}, {w.dtype(line.target.dtype)}).at[{key or '...'}].set({core})")


def _increment(w: Writer, line: Line) -> Text:
    base, core = w.operand(line.operands[0], ATOM), placed_core(w, line)
    return Text(f"{base}.at[{key_text(w, line['key']) or '...'}].add({core})")


def placed_core(w: Writer, line: Line) -> str:
    """What is assigned to the slices of zeros; spread over a diagonal where axes share an index."""
    core, axes = line.operands[-1], line["axes"]
    if not axes:
        return w.operand(core)
    w.helpers["on_diagonal"] = None
    kept = [(k, e) for k, e in zip(line["key"], line.target.extents, strict=True) if k[0] != "at"]
    return f"on_diagonal({w.operand(core)}, {w.shape(e if k == ('all',) else k[2] for k, e in kept)}, {tuple(axes)})"


def _scatter(w: Writer, line: Line) -> Text:
    core, *indices = line.operands
    places = ", ".join(w.operand(i) for i in indices)
    zeros = f"jnp.zeros({w.shape(line['shape'])}, {w.dtype(line.target.dtype)})"
    return Text(f"{zeros}.at[{places}].{'add' if line['add'] else 'set'}({w.operand(core)})")


def _primitive(w: Writer, line: Line) -> Text:
    name = w.tensors[line.target.number].definition.primitive.name
    if name == "sqrtm":
        return Text(f"linalg.sqrtm({w.operand(line.operands[0])}).real")
    if name in _COMPLEX:
        return Text(f"linalg.expm(1j * {w.operand(line.operands[0], ATOM)}).{_COMPLEX[name]}")
    return OPERATIONS["primitive"](w, line)


JAX_OPERATIONS = {
    **OPERATIONS,
    "reduce": _reduce,
    "place": _place,
    "increment": _increment,
    "scatter": _scatter,
    "primitive": _primitive,
}


class JaxWriter(Writer):
    """Writes an array program for JAX; ``default`` is the precision that the function computes in unless told otherwise."""

    target = "JAX"
    operations = JAX_OPERATIONS
    written = frozenset()
    preamble = PREAMBLE

    def __init__(self, program: ArrayProgram, commented: bool = True, default: str = "float64"):
        super().__init__(program, commented)
        self.default_dtype = f"jnp.{default}"

    def dtype(self, kind: str) -> str:
        """JAX's own integers, whose width follows the precision."""
        return {"real": "dtype", "int": "int", "bool": "bool"}[kind]

    def with_header(self, text: str) -> str:
        """The text in JAX's names, after the imports and functions that it needs."""
        for name in WITHOUT:
            if f"{name}(" in text:
                raise UnsupportedError(f"backend='jax': JAX has no {name.split('.')[1]}; use backend='numpy'")
        text = text.replace("np.int64", "int").replace("special.erfcx(", "erfcx(")
        text = re.sub(r"(?<!\w)np\.", "jnp.", text)
        if "erfcx(" in text:
            self.helpers["erfcx"] = None
        whole = "\n".join([*(self.preamble[h] for h in self.helpers), text])
        header = ["import jax", "import jax.numpy as jnp"]
        scipy = [name for name in ("linalg", "special") if re.search(rf"(?<![\w.]){name}\.", whole)]
        if scipy:
            header.append(f"from jax.scipy import {', '.join(scipy)}")
        if "math." in whole:
            header.insert(0, "import math\n")
        if self.default_dtype == "jnp.float64":
            header.append('\njax.config.update("jax_enable_x64", True)  # without it, JAX rounds float64 to float32')
        else:
            header.remove("import jax")
        return "\n\n\n".join(["\n".join(header), *(self.preamble[h].rstrip() for h in self.helpers), text]) + "\n"
