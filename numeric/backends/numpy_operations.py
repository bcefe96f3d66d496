"""The operations of an array program in NumPy: one function each, and the table of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import sympy as sp

from numeric.backends.scalars import ScalarPrinter
from numeric.backends.texts import ATOM, PRODUCT, SUM, UNARY, Text
from numeric.lowering.program import Line

if TYPE_CHECKING:
    from numeric.backends.numpy_source import Writer


def _transpose(w: Writer, line: Line) -> Text:
    x, axes = line.operands[0], line["axes"]
    code = w.operand(x, ATOM)
    if axes == (1, 0):
        return Text(f"{code}.T")
    if tuple(axes[:-2]) == tuple(range(len(axes) - 2)) and axes[-2:] == (len(axes) - 1, len(axes) - 2):
        return Text(f"{code}.swapaxes(-1, -2)")
    return Text(f"{code}.transpose({', '.join(map(str, axes))})")


def _expand(w: Writer, line: Line) -> Text:
    axes = line["axes"]
    key = ["None" if a in axes else ":" for a in range(line.target.ndim)]
    return Text(f"{w.operand(line.operands[0], ATOM)}[{', '.join(key)}]")


def _broadcast(w: Writer, line: Line) -> Text:
    return Text(f"np.broadcast_to({w.operand(line.operands[0])}, {w.shape(line.target.extents)})")


def _reshape(w: Writer, line: Line) -> Text:
    sizes = ", ".join(w.size(e) for e in line["shape"])
    return Text(f"{w.operand(line.operands[0], ATOM)}.reshape({sizes or '()'})")


def key_text(w: Writer, key) -> str:
    """A basic index as text."""
    parts = []
    for k in key:
        if k[0] == "all":
            parts.append(":")
        elif k[0] == "at":
            parts.append(w.size(k[1]))
        else:
            _, start, count, step = k
            parts.append(_slice(w, start, count, sp.sympify(step, strict=True)))
    return ", ".join(parts)


def _slice(w: Writer, start: sp.Expr, count: sp.Expr, step: sp.Expr) -> str:
    stop = sp.expand(start + step * count)
    if step.is_negative:
        last = sp.expand(start + step * (count - 1))
        return f"{w.size(start)}:{'' if last == 0 else w.size(last - 1)}:{w.size(step)}"
    stop = sp.expand(start + step * (count - 1) + 1) if step != 1 else stop
    head = "" if start == 0 else w.size(start)
    return f"{head}:{w.size(stop)}" + ("" if step == 1 else f":{w.size(step)}")


def _index(w: Writer, line: Line) -> Text:
    return Text(f"{w.operand(line.operands[0], ATOM)}[{key_text(w, line['key'])}]")


def _windows(w: Writer, line: Line) -> Text:
    w.helpers["windows"] = None
    sizes = w.shape(size for size, _ in line["window"])
    steps = w.shape(step for _, step in line["window"])
    return Text(f"windows({w.operand(line.operands[0])}, {line['axis']}, {w.size(line['start'])}, {sizes}, {steps})")


def subscripts(axes: Iterable[int]) -> str:
    """Letters for axes."""
    return "".join("abcdefghijklmnopqrstuvwxyz"[a] for a in axes)


def _diagonal(w: Writer, line: Line) -> Text:
    axes = line["axes"]
    spec = f"{subscripts(axes)}->{subscripts(range(line.target.ndim))}"
    return Text(f'np.einsum("{spec}", {w.operand(line.operands[0])})')


def _pack(w: Writer, line: Line) -> Text:
    return Text(f"np.ascontiguousarray({w.operand(line.operands[0])})")


def _winner(w: Writer, line: Line) -> Text:
    w.helpers["winner"] = None
    extreme = {"argmax": "np.maximum", "argmin": "np.minimum"}[line["kind"]]
    return Text(f"winner({w.operand(line.operands[0])}, {line['axes']}, {extreme})")


def _take(w: Writer, line: Line) -> Text:
    x, index = (w.operand(v) for v in line.operands)
    base = w.operand(line.operands[0], ATOM)
    axis = line["axis"]
    if axis == 0:
        return Text(f"{base}[{index}]")
    if line.operands[1].ndim == 0:
        return Text(f"{base}[{', '.join([':'] * axis)}, {index}]")
    return Text(f"np.take({x}, {index}, axis={axis})")


def _gather(w: Writer, line: Line) -> Text:
    x, *indices = line.operands
    return Text(f"{w.operand(x, ATOM)}[{', '.join(w.operand(i) for i in indices)}]")


def _clip(w: Writer, line: Line) -> Text:
    size = w.size(line["size"] - 1)
    return Text(f"np.clip({w.operand(line.operands[0])}, 0, {size})")


def _arange(w: Writer, line: Line) -> Text:
    return Text(f"np.arange({w.size(line['size'])})")


def _cast(w: Writer, line: Line) -> Text:
    (x,) = line.operands
    if line["kind"] == "bool":
        return Text(f"{w.operand(x, SUM)} != 0", SUM - 1)
    return Text(f"{w.operand(x, ATOM)}.astype({w.dtype(line['kind'])})")


def _pointwise(w: Writer, line: Line) -> Text:
    leaves = {leaf: w.texts[v.number] for leaf, v in zip(line["leaves"], line.operands, strict=True)}
    printer = ScalarPrinter(leaves, w.size)
    text = printer(line["body"], line["kind"])
    if not line.operands:
        kind = {"real": "dtype", "int": "np.int64", "bool": "np.bool_"}[line["kind"]]
        return Text(f"np.asarray({text.code}, dtype={kind})")
    if text.weak:
        return Text(f"np.full({w.shape(line.target.extents)}, {text.code}, dtype={w.dtype(line['kind'])})")
    return text


def _call(w: Writer, line: Line) -> Text:
    return Text(line["template"].format(*call_arguments(w, line)))


def call_arguments(w: Writer, line: Line) -> list[str]:
    """Arrays and numbers in the order of the call."""
    arrays = iter(line.operands)
    numbers = ScalarPrinter({}, w.size)
    return [w.operand(next(arrays)) if n is None else numbers(n, "real").code for n in line["numbers"]]


def _choose(w: Writer, line: Line) -> Text:
    test, x = line.operands
    neutral = line["neutral"]
    other = {sp.oo: "np.inf", -sp.oo: "-np.inf"}.get(neutral, str(neutral))
    if x.dtype == "int" and "inf" in other:
        other = "np.iinfo(np.int64)." + ("max" if neutral is sp.oo else "min")
    if x.dtype == "bool":
        other = "False"
    return Text(f"np.where({w.operand(test)}, {w.operand(x)}, {other})")


def _add(w: Writer, line: Line) -> Text:
    return Text(" + ".join(w.operand(v, SUM) for v in line.operands), SUM)


def _multiply(w: Writer, line: Line) -> Text:
    a, c = line.operands
    return Text(f"{w.operand(a, PRODUCT)} * {w.operand(c, UNARY)}", PRODUCT)


def _scale(w: Writer, line: Line) -> Text:
    (x,), by = line.operands, line["by"]
    x_text = w.operand(x, UNARY)
    if by == -1:
        return Text(f"-{x_text}", SUM)
    upper, lower = sp.fraction(by)
    printer = ScalarPrinter({}, w.size)
    front = f"{printer(upper, 'real').within(PRODUCT)} * {x_text}" if upper != 1 else w.operand(x, PRODUCT)
    return Text(front if lower == 1 else f"{front} / {printer(lower, 'real').within(UNARY)}", PRODUCT)


def _reduce(w: Writer, line: Line) -> Text:
    (x,), axes, kind = line.operands, line["axes"], line["kind"]
    code = w.operand(x)
    every = len(axes) == x.ndim
    axis = "" if every else f", axis={axes[0] if len(axes) == 1 else axes}"
    if kind == "logsumexp":
        w.helpers["logsumexp"] = None
        return Text(f"logsumexp({code}, {axes[0] if len(axes) == 1 else axes})")
    typed = ""
    if line.target.dtype == "real" and x.dtype != "real" and kind in ("sum", "prod"):
        typed = ", dtype=dtype"
    return Text(f"np.{kind}({code}{axis}{typed})")


def _cumulate(w: Writer, line: Line) -> Text:
    (x,), axis, name = line.operands, line["axis"], f"np.cum{line['kind']}"
    if line["forward"]:
        return Text(f"{name}({w.operand(x)}, axis={axis})")
    back = f"[{':, ' * axis}::-1]"
    return Text(f"{name}({w.operand(x, ATOM)}{back}, axis={axis}){back}")


def _matmul(w: Writer, line: Line) -> Text:
    a, c = line.operands
    return Text(f"{w.operand(a, PRODUCT)} @ {w.operand(c, UNARY)}", PRODUCT)


def _inner(w: Writer, line: Line) -> Text:
    a, c = line.operands
    if a.ndim == 1 and not line["batch"]:
        return Text(f"{w.operand(a, PRODUCT)} @ {w.operand(c, UNARY)}", PRODUCT)
    if not line["batch"]:
        return Text(f"{w.operand(a, ATOM)}.ravel() @ {w.operand(c, ATOM)}.ravel()", PRODUCT)
    letters = subscripts(range(a.ndim))
    return Text(f'np.einsum("{letters},{letters}->{letters[: line["batch"]]}", {w.operand(a)}, {w.operand(c)})')


def _place(w: Writer, line: Line) -> Text:
    name = w.names(None, "t")
    w.statement(f"{name} = np.zeros({w.shape(line['shape'])}, dtype={w.dtype(line.target.dtype)})")
    w.statement(f"{view(w, line, name)} = {w.operand(line.operands[0])}")
    return Text(name)


def _increment(w: Writer, line: Line) -> Text:
    base, core = line.operands
    name = w.names(None, "t")
    w.statement(f"{name} = {w.operand(base) if w.is_own(base) else w.operand(base, ATOM) + '.copy()'}")
    w.statement(f"{view(w, line, name)} += {w.operand(core)}")
    return Text(name)


def view(w: Writer, line: Line, name: str) -> str:
    """The part of an array that a line writes to."""
    key, axes = line["key"], line["axes"]
    view = name if all(k == ("all",) for k in key) else f"{name}[{key_text(w, key)}]"
    if axes:
        spec = f"{subscripts(axes)}->{subscripts(range(len(set(axes))))}"
        return f'np.einsum("{spec}", {view})[...]'
    return f"{view}[...]" if view == name else view


def _scatter(w: Writer, line: Line) -> Text:
    core, *indices = line.operands
    name = w.names(None, "t")
    w.statement(f"{name} = np.zeros({w.shape(line['shape'])}, dtype={w.dtype(line.target.dtype)})")
    inner = ", ".join(w.operand(i) for i in indices)
    if line["add"]:
        place = f"({inner},)" if len(indices) == 1 else f"({inner})"
        w.statement(f"np.add.at({name}, {place}, {w.operand(core)})")
    else:
        w.statement(f"{name}[{inner}] = {w.operand(core)}")
    return Text(name)


def _primitive(w: Writer, line: Line) -> Text:
    code = line["template"].format(*(w.operand(v) for v in line.operands), **dict(line["given"]))
    return Text(code)


OPERATIONS: dict[str, Callable[[Writer, Line], Text]] = {
    "transpose": _transpose,
    "expand": _expand,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "index": _index,
    "windows": _windows,
    "diagonal": _diagonal,
    "pack": _pack,
    "winner": _winner,
    "take": _take,
    "gather": _gather,
    "clip": _clip,
    "arange": _arange,
    "cast": _cast,
    "pointwise": _pointwise,
    "call": _call,
    "choose": _choose,
    "add": _add,
    "multiply": _multiply,
    "scale": _scale,
    "reduce": _reduce,
    "cumulate": _cumulate,
    "matmul": _matmul,
    "inner": _inner,
    "place": _place,
    "increment": _increment,
    "scatter": _scatter,
    "primitive": _primitive,
}
WRITTEN = frozenset(["place", "increment", "scatter"])  # In several statements, into zeros.
NESTED = frozenset(OPERATIONS) - WRITTEN - {"primitive"}
