"""Edits of derivatives of activations: missing, another function's, at another argument, the function for its derivative."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.differences import close
from numeric.checking.edits import (
    Edit,
    Node,
    Place,
    binary,
    called,
    copied,
    expression,
    is_gradient,
    is_term,
    put,
    short,
)
from numeric.checking.edits_of_matter import factors_of, known, multipliable

_SPOKEN = {"tanh": "tanh", "logistic": r"exp|sigmoid|expit", "relu": r"relu|maximum|> ?=? ?0|clip|where", "absolute": "abs|sign",
           "exp": "exp", "sin": r"\bsin", "softplus": "log1p|log|softplus|logaddexp"}  # fmt: skip


def slopes_of(name: str, value: np.ndarray, place: Place) -> Iterator[tuple[str, str]]:
    """Derivatives of activations that are written with a variable, each with what it is the derivative of.

    Only of functions that the code speaks of, and only where the variable may be their value.
    """
    lowest, highest = (float(value.min()), float(value.max())) if value.size else (0.0, 0.0)
    for slope, of in _slopes_of(name, value, place.module):
        kind = of.split()[1] if of.startswith("the ") else of.split()[0]
        inside = "with value" not in of or (highest < 1 and lowest > (-1 if kind == "tanh" else 0))
        if kind == "exp" and not re.search(rf"exp\(-? ?{re.escape(name)}", place.text):
            continue  # a factor that is the exponential of a variable is seldom a derivative
        if kind == "relu" and (lowest > 0 or highest <= 0):
            continue  # it would always be the same
        if inside and (kind not in _SPOKEN or not place.text or re.search(_SPOKEN[kind], place.text)):
            yield slope, of


def _slopes_of(name: str, value: np.ndarray, module: str) -> Iterator[tuple[str, str]]:
    if value.dtype.kind == "b" or set(np.unique(value)) <= {0.0, 1.0}:
        yield name, f"the mask {name}"
        return
    if re.match(r"d_?[A-Za-z]|grad", name) and is_gradient(name):
        return
    yield f"(1 - {name} ** 2)", f"tanh with value {name}"
    yield f"{name} * (1 - {name})", f"the logistic function with value {name}"
    yield f"({name} > 0)", f"relu at {name}"
    yield f"(1 - {module}.tanh({name}) ** 2)", f"tanh at {name}"
    yield f"{module}.sign({name})", f"the absolute value at {name}"
    yield f"{module}.exp({name})", f"exp at {name}"
    yield f"{module}.cos({name})", f"sin at {name}"
    yield f"1 / (1 + {module}.exp(-{name}))", f"softplus at {name}"
    yield f"{module}.exp(-{name}) / (1 + {module}.exp(-{name})) ** 2", f"the logistic function at {name}"


def derivatives(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """The derivative of an activation, missing somewhere."""
    values = known(place)
    with np.errstate(all="ignore"):
        said = [
            n for n, v in values.items() if v.ndim and any(v is not w and close(np.exp(v), w) for w in values.values())
        ]
    for n, weight in multipliable(found):
        for name, value in values.items():
            if value.ndim and place.takes(n.node, value):
                for text, of in slopes_of(name, value, place):
                    if of.startswith("exp ") and (name in said or (text == name and name not in place.own)):
                        continue  # the slope has a name of its own; what is given is no value of exp
                    new = binary(ast.Mult(), copied(n.node), expression(text))
                    yield Edit("missing h'", of, put(n, new), 1 + weight + len(text) / 40)
    yield from _other_functions(place, found, values)
    yield from _called_functions(place, found)
    for n in found:
        text = ast.unparse(n.node)
        named = isinstance(n.node, (ast.Name, ast.Subscript, ast.Attribute)) and is_term(n)
        if named and text in values and values[text].ndim:
            for slope, of in slopes_of(text, values[text], place):
                if slope != text and of.startswith("exp "):  # log p where p belongs
                    yield Edit("wrong tensor", f"{text} instead of exp({text})", put(n, expression(slope)), 2)
                elif slope != text:
                    yield Edit("h instead of h'", of, put(n, expression(slope)), 2)


_DERIVED = {"sin": "{m}cos({x})", "cos": "-{m}sin({x})", "tanh": "(1 - {m}tanh({x}) ** 2)", "log": "1 / ({x})",
            "sigmoid": "{m}sigmoid({x}) * (1 - {m}sigmoid({x}))", "sqrt": "0.5 / {m}sqrt({x})", "relu": "(({x}) > 0)"}  # fmt: skip


def _called_functions(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A function where its derivative belongs: sin for cos."""
    for n in found:
        if not isinstance(n.node, ast.Call) or len(n.node.args) != 1 or called(n.node) not in _DERIVED:
            continue
        f = n.node.func
        module = f"{ast.unparse(f.value)}." if isinstance(f, ast.Attribute) else ""
        slope = _DERIVED[called(n.node)].format(m=module, x=ast.unparse(n.node.args[0]))
        yield Edit("h instead of h'", short(n.node), put(n, expression(f"({slope})")), 1)


def _other_functions(place: Place, found: Sequence[Node], values: dict[str, np.ndarray]) -> Iterator[Edit]:
    """The derivative of one activation where that of another belongs: a(1 − a) for 1 − a²."""
    for n in found:
        parts = factors_of(n.node)
        texts = [ast.unparse(p) for p in parts]
        for name, value in values.items():
            for k, text in enumerate(texts):
                squared = re.fullmatch(rf"\(1(\.0)? - {re.escape(name)}\) \*\* 2", text)
                if not squared and not re.fullmatch(rf"\(?1(\.0)? - {re.escape(name)}( \*\* 2)?\)?", text):
                    continue
                rest = [t for j, t in enumerate(texts) if j != k]
                without = [t for t in rest if t != name] if "**" not in text else rest
                for slope, of in slopes_of(name, value, place):
                    product = [*without, f"({slope})"]
                    if sorted(product) != sorted(texts):
                        new = " * ".join(f"({t})" if not t.isidentifier() else t for t in product)
                        label = "h' at the wrong argument" if " at " in of else "wrong h'"
                        yield Edit(label, of, put(n, expression(new)), 1 + len(slope) / 40)
