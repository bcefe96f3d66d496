"""An array program as PyTorch source: PyTorch's names and calling conventions, on the device of the arguments."""

from __future__ import annotations

import re

import sympy as sp

from numeric.backends.jax_source import placed_core
from numeric.backends.numpy_operations import OPERATIONS, key_text
from numeric.backends.numpy_source import Writer
from numeric.backends.scalars import ScalarPrinter
from numeric.backends.texts import ATOM, UNARY, Text
from numeric.lowering.program import ArrayProgram, Line
from numeric.lowering.stability import Erfc, Expm1, Log1p
from symbolic.errors import UnsupportedError
from symbolic.program.functions import BY_HEAD, Exceptional, Where

PREAMBLE = {
    "windows": '''\
def windows(x, axis, start, sizes, steps):
    """x with one axis replaced by several: x[start + sum of step * index]."""
    places = torch.full(sizes, start, device=x.device)
    for k, (size, step) in enumerate(zip(sizes, steps)):
        places = places + step * torch.arange(size, device=x.device).reshape((-1,) + (1,) * (len(sizes) - 1 - k))
    return x[(slice(None),) * axis + (places,)]
''',
    "on_diagonal": '''\
def on_diagonal(x, shape, axes):
    """Zeros of a shape, but x where those of its axes that share a number in axes have the same index."""
    extents, zeros = dict(zip(axes, shape)), torch.zeros(shape, dtype=x.dtype, device=x.device)
    grid = [torch.arange(extents[k], device=x.device).reshape([-1 if j == k else 1 for j in extents]) for k in extents]
    zeros[tuple(grid[k] for k in axes)] = x
    return zeros
''',
}

# The functions of the table in PyTorch.
_SAME = ("exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh")
_SAME += ("arctanh", "floor", "ceil", "round", "relu", "sigmoid")
_SPECIAL = ("erf", "erfcx", "erfinv", "gammaln", "ndtr", "log_ndtr")
FUNCTIONS = {
    **{name: f"torch.{name}({{0}})" for name in _SAME},
    **{name: f"torch.special.{name}({{0}})" for name in _SPECIAL},
    "arctan2": "torch.arctan2({0}, {1})",
    "maximum": "torch.maximum({0}, {1})",
    "minimum": "torch.minimum({0}, {1})",
    "gammainc": "torch.special.gammainc({0}, {1})",
    "zeta": "torch.special.zeta({0}, {1})",
    "isnan": "torch.isnan({0})",
    "isinf": "torch.isinf({0})",
    "xlogy": "torch.special.xlogy({0}, {1})",
    "polygamma": "torch.special.polygamma({0}, {1})",
    "absolute": "torch.abs({0})",
    "sign": "torch.where(torch.isnan({0}), {0}, torch.sign({0}))",
    "softplus": "torch.logaddexp({0}, torch.zeros_like({0}))",
}
_OWN = {
    Expm1: "torch.expm1({0})",
    Log1p: "torch.log1p({0})",
    Erfc: "torch.special.erfc({0})",
    sp.Abs: "torch.abs({0})",
}
_BESSEL = {
    ("jv", 0): "torch.special.bessel_j0({0})",
    ("jv", 1): "torch.special.bessel_j1({0})",
    ("yv", 0): "torch.special.bessel_y0({0})",
    ("yv", 1): "torch.special.bessel_y1({0})",
    ("kv", 0): "torch.special.modified_bessel_k0({0})",
    ("kv", 1): "torch.special.modified_bessel_k1({0})",
    ("iv", 0): "torch.special.i0({0})",
    ("iv", 1): "torch.special.i1({0})",
}
PRIMITIVES = {
    "inverse": "torch.linalg.inv({0})",
    "solve": "torch.linalg.solve({0}, {1})",
    "pseudo_inverse": "torch.linalg.pinv({0})",
    "determinant": "torch.linalg.det({0})",
    "logabsdet": "torch.linalg.slogdet({0})[1]",
    "sign_determinant": "torch.linalg.slogdet({0})[0]",
    "cholesky": "torch.linalg.cholesky({0})",
    "eigenvalues": "torch.linalg.eigvalsh({0})",
    "eigenvectors": "torch.linalg.eigh({0})[1]",
    "singular_values": "torch.linalg.svdvals({0})",
    "left_singular_vectors": "torch.linalg.svd({0}, full_matrices=False)[0]",
    "right_singular_vectors": "torch.linalg.svd({0}, full_matrices=False)[2].mT",
    "orthonormal_factor": "torch.linalg.qr({0})[0]",
    "triangular_factor": "torch.linalg.qr({0})[1]",
    "expm": "torch.linalg.matrix_exp({0})",
    "sinm": "torch.linalg.matrix_exp(1j * {0}).imag",
    "cosm": "torch.linalg.matrix_exp(1j * {0}).real",
}


class TorchPrinter(ScalarPrinter):
    """Prints a body for PyTorch, whose functions take tensors where NumPy's take numbers."""

    def converted(self, x: Text, kind: str) -> Text:
        """``x`` as numbers of another kind."""
        found = super().converted(x, kind)
        code = re.sub(r"\.astype\((np\.)?(\w+)\)$", lambda m: f".to({'torch.' if m[1] else ''}{m[2]})", found.code)
        return Text(code, found.binds, found.kind, found.weak)

    def number(self, e: sp.Expr) -> Text:
        """An expression of numbers and dimensions alone."""
        found = super().number(e)
        return Text(found.code.replace("np.", "torch."), found.binds, found.kind, found.weak)

    def power(self, e: sp.Expr, kind: str) -> Text:
        """Powers, with roots and quotients by their own names."""
        found = super().power(e, kind)
        return Text(found.code.replace("np.sqrt(", "torch.sqrt("), found.binds, found.kind, found.weak)

    def tensor(self, x: Text, kind: str = "real") -> str:
        """A written number as a tensor."""
        return f"torch.tensor({x.code}, dtype={self.dtype if kind == 'real' else 'torch.int64'})" if x.weak else x.code

    def where(self, e: sp.Expr, kind: str) -> Text:
        """torch.where, whose branches are not both bare numbers."""
        test = self(e.args[0], "bool").code
        branches = [self.show(a, kind) for a in e.args[1:]]
        if [b.code for b in branches] == ["1", "0"]:
            return Text(test, UNARY if test.startswith("~") else 0, "bool")
        branches = [self.converted(b, kind) if b.kind == "bool" else b for b in branches]
        kind = kind if all(b.weak for b in branches) else "real" if any(b.kind == "real" for b in branches) else "int"
        return Text(f"torch.where({test}, {', '.join(self.tensor(b, kind) for b in branches)})", ATOM, kind)

    def call(self, e: sp.Expr, kind: str) -> Text:
        """A function of the table."""
        name = BY_HEAD[e.func].name if e.func in BY_HEAD else e.func.__name__
        if isinstance(e, sp.polygamma) and e.args[0] == 0:
            return Text(f"torch.special.digamma({self(e.args[1], 'real').code})")
        if name in ("jv", "yv", "iv", "kv"):
            template = _BESSEL.get((name, int(e.args[0]) if e.args[0].is_Integer else None))
            return Text(self.known(template, f"{name} of order {e.args[0]}").format(self(e.args[1], "real").code))
        args = [self(a, "real" if not (name == "polygamma" and a.is_Integer) else "int") for a in e.args]
        if name in ("maximum", "minimum") and any(x.weak for x in args):
            array, number = sorted(args, key=lambda x: x.weak)
            return Text(f"torch.clamp({array.code}, {'min' if name == 'maximum' else 'max'}={number.code})")
        template = self.known(_OWN.get(e.func) or FUNCTIONS.get(name), name)
        shown = [x.code if name == "polygamma" and x.weak else self.tensor(x) for x in args]
        if isinstance(e, Exceptional):
            return Text(template.format(*shown), ATOM, "bool")
        return Text(template.format(*shown))

    @staticmethod
    def known(template: str | None, name: str) -> str:
        """The template, or the answer that there is none."""
        if template is None:
            raise UnsupportedError(f"backend='torch': PyTorch has no {name}; use backend='numpy'")
        return template

    RULES = ((sp.Pow, power), (Where, where), *ScalarPrinter.RULES)


# -- operations: where PyTorch's differ from NumPy's ----------------------------------------------------------------------


def _transpose(w: Writer, line: Line) -> Text:
    text = OPERATIONS["transpose"](w, line)
    return Text(re.sub(r"\.transpose\((?=[^()]*\)$)", ".permute(", text.code))


def _key(w: Writer, key) -> tuple[str, str]:
    """The index with its steps backwards turned forwards, and the call that turns the axes back."""
    turned, flipped, axis = [], [], 0
    for k in key:
        if k[0] == "slice" and sp.sympify(k[3], strict=True).is_negative:
            _, start, count, step = k
            k = ("slice", sp.expand(start + step * (count - 1)), count, -step)
            flipped.append(axis)
        axis += k[0] != "at"
        turned.append(k)
    return key_text(w, turned), f".flip({', '.join(map(str, flipped))})" if flipped else ""


def _index(w: Writer, line: Line) -> Text:
    key, back = _key(w, line["key"])
    return Text(f"{w.operand(line.operands[0], ATOM)}[{key}]{back}")


def _take(w: Writer, line: Line) -> Text:
    x, index = line.operands
    return Text(f"{w.operand(x, ATOM)}[{':, ' * line['axis']}{w.operand(index)}]")


def _arange(w: Writer, line: Line) -> Text:
    return Text(f"torch.arange({w.size(line['size'])}, device=device)")


def _cast(w: Writer, line: Line) -> Text:
    if line["kind"] == "bool":
        return OPERATIONS["cast"](w, line)
    return Text(f"{w.operand(line.operands[0], ATOM)}.to({w.dtype(line['kind'])})")


def _pointwise(w: Writer, line: Line) -> Text:
    leaves = {leaf: w.texts[v.number] for leaf, v in zip(line["leaves"], line.operands, strict=True)}
    text = TorchPrinter(leaves, w.size)(line["body"], line["kind"])
    if not line.operands:
        return Text(f"torch.tensor({text.code}, dtype={w.dtype(line['kind'])}, device=device)")
    if text.weak:
        return Text(
            f"torch.full({w.shape(line.target.extents)}, {text.code}, dtype={w.dtype(line['kind'])}, device=device)"
        )
    return text


def _renamed(text: Text) -> Text:
    """Where PyTorch has NumPy's functions by NumPy's names, it is the names' prefix alone that differs."""
    return Text(re.sub(r"(?<![\w.])np\.", "torch.", text.code), text.binds)


def _same(operation: str):
    return lambda w, line: _renamed(OPERATIONS[operation](w, line))


def _reduce(w: Writer, line: Line) -> Text:
    (x,), axes, kind = line.operands, line["axes"], line["kind"]
    code, every = w.operand(x), len(axes) == x.ndim
    if kind == "prod" and len(axes) > 1:
        code, axes = f"{w.operand(x, ATOM)}.flatten({axes[0]})", axes[:1]
    name = {"max": "amax", "min": "amin"}.get(kind, kind)
    typed = ", dtype=dtype" if line.target.dtype == "real" and x.dtype != "real" and kind in ("sum", "prod") else ""
    whole = every and kind in ("sum", "argmax", "argmin")
    axis = "" if whole else f", dim={axes[0] if len(axes) == 1 else axes}"
    return Text(f"torch.{name}({code}{axis}{typed})")


def _cumulate(w: Writer, line: Line) -> Text:
    (x,), axis, name = line.operands, line["axis"], f"torch.cum{line['kind']}"
    if line["forward"]:
        return Text(f"{name}({w.operand(x)}, dim={axis})")
    return Text(f"{name}({w.operand(x, ATOM)}.flip({axis}), dim={axis}).flip({axis})")


def _zeros(w: Writer, line: Line) -> str:
    name = w.names(None, "t")
    w.statement(f"{name} = torch.zeros({w.shape(line['shape'])}, dtype={w.dtype(line.target.dtype)}, device=device)")
    return name


def _place(w: Writer, line: Line) -> Text:
    if line["axes"] and all(k == ("all",) for k in line["key"]):
        name, core = w.names(None, "t"), placed_core(w, line)
        w.statement(f"{name} = {core}")
        return Text(name)
    name = _zeros(w, line)
    return _written(w, line, name, "=")


def _increment(w: Writer, line: Line) -> Text:
    name = w.names(None, "t")
    w.statement(f"{name} = {w.operand(line.operands[0], ATOM)}.clone()")
    return _written(w, line, name, "+=")


def _written(w: Writer, line: Line, name: str, sign: str) -> Text:
    """The core is assigned or added to a part of an array."""
    core, (key, back) = placed_core(w, line), _key(w, line["key"])
    ready = core if not back else f"torch.broadcast_to({core}, {name}[{key}].shape){back}"
    w.statement(f"{name}[{key or '...'}] {sign} {ready}")
    return Text(name)


def _scatter(w: Writer, line: Line) -> Text:
    core, *indices = line.operands
    name, places = _zeros(w, line), ", ".join(w.operand(i) for i in indices)
    if line["add"]:
        w.statement(f"{name}.index_put_(({places},), {w.operand(core)}, accumulate=True)")
    else:
        w.statement(f"{name}[{places}] = {w.operand(core)}")
    return Text(name)


def _primitive(w: Writer, line: Line) -> Text:
    name = w.tensors[line.target.number].definition.primitive.name
    template = TorchPrinter.known(PRIMITIVES.get(name), name)
    return Text(template.format(*(w.operand(v, ATOM if "1j" in template else 0) for v in line.operands)))


TORCH_OPERATIONS = {
    **{name: show for name, show in OPERATIONS.items() if name != "call"},
    **{name: _same(name) for name in ("broadcast", "diagonal", "clip", "choose", "inner")},
    "transpose": _transpose,
    "index": _index,
    "take": _take,
    "arange": _arange,
    "cast": _cast,
    "pointwise": _pointwise,
    "reduce": _reduce,
    "cumulate": _cumulate,
    "place": _place,
    "increment": _increment,
    "scatter": _scatter,
    "primitive": _primitive,
}


class TorchWriter(Writer):
    """Writes an array program for PyTorch; ``default`` is the precision of the function unless it is told another."""

    target = "PyTorch"
    operations = TORCH_OPERATIONS
    preamble = PREAMBLE
    first_import = "import torch"

    def __init__(self, program: ArrayProgram, commented: bool = True, default: str = "float64"):
        super().__init__(program, commented)
        self.default_dtype = f"torch.{default}"

    def dtype(self, kind: str) -> str:
        """The PyTorch type of a kind of numbers."""
        return {"real": "dtype", "int": "torch.int64", "bool": "torch.bool"}[kind]

    def bind_sizes(self) -> None:
        """The device of the first argument, and the dimensions of all."""
        given = (*self.program.arguments, *self.program.constants)
        self.body.append(f"device = {self.texts[given[0].number].code}.device" if given else "device = None")
        super().bind_sizes()

    def with_header(self, text: str) -> str:
        """The text after the imports and functions that it needs."""
        if "device=device" not in text:
            text = re.sub(r"^ +device = .*\n", "", text, flags=re.M)
        header = (["import math\n"] if "math." in text else []) + [self.first_import]
        return "\n\n\n".join(["\n".join(header), *(self.preamble[h].rstrip() for h in self.helpers), text]) + "\n"
