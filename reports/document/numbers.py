"""Worked numbers: small arrays put into every step, symbol = formula = numbers = value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from numeric.functions import lambdify
from numeric.sampling import bounds_of_integers, draw, sizes_for
from reports.document.model import Block, Formula, Note, Paragraph, Section
from reports.document.phrases import symbol
from reports.document.steps import Telling
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.records import Step
from symbolic.notation import latex, matrix_form, statement
from symbolic.program.expressions import Access
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor

DIGITS = 4  # decimals that are shown; everything is computed with all digits
MOST = 20  # entries of an array that a person still reads
RATE = 0.1  # step size of the update that is shown
_EXACT = frozenset(
    {
        "one_hot",
        "probability",
        "orthogonal",
        "positive_definite",
        "invertible",
        "binary",
        "sign",
        "diagonal",
        "lower_triangular",
    }
)


def worked_numbers(d: Derivation, telling: Telling, seed: int = 0) -> Section:
    """Every definition, gradient and updated parameter with small seeded numbers in it."""
    words = telling.words
    if not _is_small(d):
        note = Note(words("numbers.large", most=MOST), kind="info")
        return Section(words("numbers.title"), [note], id="numbers")
    values = numbers_of(d, seed)
    shown = {t: _given(t, v) for t, v in values.items()}
    blocks: list[Block] = [Paragraph(words("numbers.intro", digits=DIGITS, seed=seed))]
    blocks += [Formula(f"{symbol(t).latex} = {array_latex(values[t])}") for t in values if t.definition is None]
    blocks.append(Paragraph(words("numbers.forward")))
    blocks += [_worked(s, values[s.left], shown) for s in d.steps if s.kind == "definition"]
    blocks.append(Paragraph(words("numbers.backward")))
    blocks += [_worked(s, values[s.tensor], shown) for s in d.steps if s.level == 0 and s.tensor in values]
    updates = list(_updates(d, values))
    if updates:
        blocks += [Paragraph(words("numbers.update", rate=RATE)), *updates]
    return Section(words("numbers.title"), blocks, id="numbers")


def _is_small(d: Derivation) -> bool:
    numbers = sizes_for(leaves([d.output]))
    sizes = [
        np.prod([int(e.xreplace(numbers)) for e in t.extents], dtype=int) for t in topological([d.output]) if t.name
    ]
    return max(sizes, default=0) <= MOST


def numbers_of(d: Derivation, seed: int = 0) -> dict[Tensor, Any]:
    """Small arrays for the declared tensors of a derivation, and what they make of its modules and derivatives."""
    rng = np.random.default_rng(seed)
    given = [t for t in leaves([d.output]) if t.value is None]
    numbers = sizes_for(given)
    below = bounds_of_integers(topological([d.output]), numbers)
    values: dict[Tensor, Any] = {t: _readable(t, draw(t, numbers, rng, below.get(t.serial, 2))) for t in given}
    named = [t for t in topological([d.output]) if t.definition is not None and t.name is not None]
    outputs = [*named, *d.results.values()]
    found = lambdify(given, outputs, dtype="float64")(*values.values())
    values.update(zip(outputs, found, strict=True))
    return values


def _readable(t: Tensor, array: np.ndarray) -> Any:
    """One decimal and no zeros, where that keeps what is assumed of the tensor."""
    if t.dtype != "real" or t.assume & _EXACT:
        return array
    rounded = np.round(array, 1)
    return np.where(rounded == 0, 0.1, rounded)


def array_latex(value: Any) -> str:
    r"""An array as LaTeX: a number, a column, a matrix; further axes by their rows.

    >>> array_latex(np.array([1.0, -0.25])), array_latex(np.float64(2))
    ('\\begin{bmatrix} 1 \\\\ -0.25 \\end{bmatrix}', '2')
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array[()])
    table = array.reshape(-1, 1) if array.ndim == 1 else array.reshape(-1, array.shape[-1])
    rows = [" & ".join(map(_number, row)) for row in table]
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


def _number(x: Any) -> str:
    if not np.issubdtype(type(x), np.floating):
        return str(int(x))
    text = f"{float(x):.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _given(t: Tensor, value: Any) -> Tensor:
    """A tensor that is printed as its numbers."""
    tex = array_latex(value) if t.ndim else rf"({_number(np.asarray(value)[()])})"
    role = t.role if t.definition is None else "input"
    put = Tensor(t.label, t.extents, dtype=t.dtype, role=role, assume=t.assume, tex=tex)
    put.derived = t.derived  # so that factors stand in the same order
    return put


def _worked(s: Step, value: Any, shown: Mapping[Tensor, Tensor]) -> Formula:
    """symbol = formula = numbers = value; without a matrix form the numbers are left to the value."""
    parts = [statement(s, "matrix")]
    right = s.right
    if isinstance(right, Closed) and matrix_form(right) is not None:
        read = {a.tensor for a in right.expr.atoms(Access)}
        put = {t.handle: shown[t].handle for t in read if t in shown}
        parts.append(latex(Closed(right.indices, right.expr.xreplace(put)), "matrix"))
    parts.append(array_latex(value))
    return Formula(_chained(list(dict.fromkeys(parts))), number=str(s.number))


_ARRAY = re.compile(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}")
_WIDEST = 58  # characters on a line, an array counted by its widest row


def _chained(parts: list[str]) -> str:
    """A chain of equalities on one line, or one below the other where it is too wide."""
    line = " = ".join(parts)
    flat = _ARRAY.sub(lambda match: max(match[1].split(r"\\"), key=len).replace("&", "  "), line)
    if len(re.sub(r"\\[a-zA-Z]+|[{}\\]", "", flat)) <= _WIDEST:
        return line
    left, _, first = parts[0].partition(" = ")
    rows = [f"{left} &= {first}", *(f"&= {part}" for part in parts[1:])]
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def _updates(d: Derivation, values: Mapping[Tensor, Any]) -> Iterator[Formula]:
    for w in d.wrt:
        if w.role == "parameter" and w in d.results and w in values:
            before, g = array_latex(values[w]), array_latex(values[d.results[w]])
            after = array_latex(np.asarray(values[w]) - RATE * np.asarray(values[d.results[w]]))
            name = symbol(w).latex
            cost = symbol(d.output).latex
            derivative = rf"\frac{{\partial {cost}}}{{\partial {name}}}"
            following = rf"{name} - {RATE}\, {derivative}"
            yield Formula(_chained([rf"{following} = {before} - {RATE}\, {g}", after]))
