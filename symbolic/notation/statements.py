"""The verbs of notation: ``latex``, ``text``, ``statement`` and what they print on the left."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.calculus.closed_form import Closed, TooLargeError
from symbolic.calculus.folding import size
from symbolic.calculus.presentation import presented
from symbolic.calculus.records import Chain, Derivative
from symbolic.notation.chains import chain_sides, derivative_piece, partial_differential
from symbolic.notation.closed import closed_of
from symbolic.notation.dialect import Latex, Piece, joined_terms
from symbolic.notation.index import IndexPrinter
from symbolic.notation.lines import broken
from symbolic.notation.matrix import tree as m
from symbolic.notation.matrix.building import matrix_tree
from symbolic.notation.matrix.contraction import NoMatrixForm
from symbolic.notation.matrix.numpy_code import numpy_text
from symbolic.notation.matrix.printing import MatrixPrinter
from symbolic.notation.names import is_derivative
from symbolic.notation.options import Options, check_style
from symbolic.notation.perturbation import differential, differential_symbol
from symbolic.notation.plain import Text
from symbolic.notation.scalars import ScalarPrinter
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.tensors import Tensor

NO_MATRIX_FORM = "This has no matrix form; it is shown by its entries."


def latex(thing: Any, style: str = "matrix", **options: Any) -> str:
    r"""LaTeX of a tensor's definition, an equation, a closed form or a ``Derivative``.

    ``style``: "matrix" (where there is no matrix form, index style), "index" or "perturbation". ``options``: see
    ``Options``. A declared tensor prints as its name. Raises ``UnsupportedError`` for an unknown style.

    >>> from symbolic import tensor
    >>> W, x, b = tensor("W", "m n"), tensor("x", "n"), tensor("b", "m")
    >>> latex(W @ x + b)
    'W x + b'
    >>> latex(W @ x + b, style="index")
    '\\sum_{j = 0}^{n - 1} W_{i j} x_{j} + b_{i}'
    >>> latex((W @ x).named("s"), style="perturbation")
    'W\\, \\mathrm{d}x + \\mathrm{d}W\\, x'
    """
    chosen = Options(**options)
    return _broken(_printed(thing, style, Latex(chosen)), chosen)


def text(thing: Any, style: str = "matrix", **options: Any) -> str:
    """The same in plain text; style "numpy" gives a NumPy expression.

    >>> from symbolic import tensor
    >>> W, x, b = tensor("W", "m n"), tensor("x", "n"), tensor("b", "m")
    >>> text((W @ x + b) @ b), text((W @ x + b) @ b, style="numpy")
    ('bᵀ (W x + b)', 'b @ (W @ x + b)')
    """
    if style == "numpy":
        return numpy_text(thing)
    return _printed(thing, style, Text(Options(**options))).text


def statement(thing: Any, style: str = "matrix", right: Any = None, **options: Any) -> str:
    r"""LaTeX of "left = right".

    ``thing``: a named tensor (its definition is the right side unless ``right`` is given), a ``Derivative`` with its
    value as ``right``, or any record with ``left`` and ``right``.

    >>> from symbolic import gradient, tensor
    >>> A, x = tensor("A", "n n"), tensor("x", "n")
    >>> C = (x @ A @ x).named("C")
    >>> statement(C)
    'C = x^{\\top} A x'
    >>> statement(Derivative(C, A), right=gradient(C, A), style="index")
    '\\frac{\\partial C}{\\partial A_{i j}} = x_{i} x_{j}'
    """
    chosen = Options(**options)
    dialect = Latex(chosen)
    return broken(*_sides(thing, style, right, dialect), chosen.width)


def statement_text(thing: Any, style: str = "matrix", right: Any = None, **options: Any) -> str:
    """``statement`` in plain text."""
    left, _, whole = _sides(thing, style, right, Text(Options(**options)))
    return f"{left} = {whole}" if left else whole


def matrix_form(thing: Any, **options: Any) -> str | None:
    """LaTeX in matrix notation, None where there is none (``NO_MATRIX_FORM`` is the sentence to print then).

    >>> from symbolic import tensor
    >>> x, w = tensor("x", "n"), tensor("w", "n")
    >>> matrix_form(x @ w), matrix_form(x[::-1] * w)
    ('w^{\\\\top} x', None)
    """
    try:
        return MatrixPrinter(Latex(Options(**options))).piece(matrix_tree(closed_of(thing))).text
    except NoMatrixForm:
        return None


def declaration(t: Tensor, **options: Any) -> str:
    r"""Where a declared tensor lives.

    >>> from symbolic import tensor
    >>> declaration(tensor("W1", "m n"))
    'W_{1} \\in \\mathbb{R}^{m \\times n}'
    """
    dialect = Latex(Options(**options))
    base = {"real": r"\mathbb{R}", "int": r"\mathbb{Z}", "bool": r"\{0, 1\}"}[t.dtype]
    sizes = r" \times ".join(ScalarPrinter(dialect).piece(e).text for e in t.extents)
    return rf"{dialect.tensor(t).text} \in {base}" + (f"^{{{sizes}}}" if sizes else "")


def shape_latex(extents: Any, row: bool = False) -> str:
    r"""A shape in brackets: a vector is a column, or with ``row`` a row; a scalar is 1×1.

    >>> from symbolic.program.dims import parse_shape
    >>> shape_latex(parse_shape("m n")), shape_latex(parse_shape("d_g")), shape_latex(parse_shape("d_g"), row=True)
    ('[m \\times n]', '[d_{g} \\times 1]', '[1 \\times d_{g}]')
    """
    sizes = [ScalarPrinter(Latex()).piece(sp.sympify(e, strict=True)).text for e in extents]
    sizes += ["1"] * (2 - len(sizes))
    if row and len(tuple(extents)) < 2:
        sizes.reverse()
    return "[" + r" \times ".join(sizes) + "]"


def shape_line(result: Any, factors: Any) -> str:
    r"""How shapes multiply: ``[1×d_f] = [1×d_g]·[d_g×d_f]`` from (rows, columns) pairs.

    >>> from symbolic.program.dims import parse_shape
    >>> shape_line(parse_shape("1 d_f"), [parse_shape("1 d_g"), parse_shape("d_g d_f")])
    '[1 \\times d_{f}] = [1 \\times d_{g}] \\cdot [d_{g} \\times d_{f}]'
    """
    return f"{shape_latex(result)} = " + r" \cdot ".join(shape_latex(f) for f in factors)


def rendering(t: Tensor) -> str:
    """What a notebook shows of a tensor: its definition if it is computed, else where it lives."""
    if t.definition is None:
        return declaration(t)
    lines = [statement(t) if t.name is not None else latex(t, tidy=True)]
    shown, pending = {t.serial}, _generated(closed_of(t))
    while pending and len(lines) < _MOST_LINES:
        u = pending.pop(0)
        if u.serial not in shown:
            shown.add(u.serial)
            lines.append(statement(u))
            pending.extend(_generated(closed_of(u)))
    if pending:
        lines.append(r"\dots")
    if len(lines) == 1:
        return lines[0]
    return r"\begin{aligned} " + r" \\ ".join(f"& {line}" for line in lines) + r" \end{aligned}"


_MOST_LINES = 12


def _generated(closed: Closed) -> list[Tensor]:
    """The unnamed tensors that stand under a generated name in a closed form."""
    found = {a.tensor for a in closed.expr.atoms(Access)}
    plain = [u for u in found if u.name is None and u.call is None and isinstance(u.definition, Equation)]
    return sorted(plain, key=lambda u: -u.serial)


# -- the two sides ---------------------------------------------------------------------------------------------------


def _printed(thing: Any, style: str, dialect: Latex) -> Piece:
    check_style(style)
    if isinstance(thing, Derivative):
        return derivative_piece(thing, dialect)
    if hasattr(thing, "left") and hasattr(thing, "right"):
        left, terms, whole = _sides(thing, style, None, dialect)
        return Piece(f"{left} = {whole}", terms=tuple(terms))
    if isinstance(thing, Tensor) and thing.definition is None and style != "perturbation":
        return MatrixPrinter(dialect).tensor(thing)
    closed = _tidied(thing) if dialect.options.tidy else closed_of(thing)
    if style == "perturbation":
        output = thing if isinstance(thing, Tensor) else None
        closed = differential(closed, output, dialect.options.vary)
    return _right(closed, style, dialect)[0]


def _tidied(thing: Any) -> Closed:
    """The definition as it was built or its presented form, whichever is shorter to read."""
    built = closed_of(thing)
    if not isinstance(thing, Tensor) or thing.call is not None or _generated(built):
        return built
    try:
        tidy = presented(thing)
    except TooLargeError:
        return built
    return min(built, tidy, key=lambda c: size(c.expr))


def _right(
    closed: Closed, style: str, dialect: Latex, names: tuple[str, ...] = ()
) -> tuple[Piece, IndexPrinter | None]:
    """The printed closed form, and the index printer where it is shown by entries."""
    if style != "index" and not (style == "perturbation" and dialect.options.entries):
        try:
            tree = matrix_tree(closed)
            if dialect.options.row and tree.is_column:
                tree = _as_row(tree)
            return MatrixPrinter(dialect).piece(tree), None
        except NoMatrixForm:
            pass
    printer = IndexPrinter.of(closed, dialect, names)
    return printer.piece(closed.expr), printer


def _as_row(tree: m.Node) -> m.Node:
    """A column turned into a row, entry by entry where gradients are among its factors, since they are rows."""
    if isinstance(tree, m.Scale):
        return m.scale(tree.number, tree.scalars, _as_row(tree.operand))
    if isinstance(tree, m.Hadamard) and any(map(_holds_a_gradient, tree.operands)):
        return m.hadamard(*map(_as_row, tree.operands))
    if isinstance(tree, m.Sum) and any(map(_holds_a_gradient, tree.operands)):
        return m.add(*map(_as_row, tree.operands))
    return m.transpose(tree)


def _holds_a_gradient(tree: m.Node) -> bool:
    return any(is_derivative(name) for name in m.labels(tree))


def _sides(thing: Any, style: str, right: Any, dialect: Latex) -> tuple[str, tuple[tuple[bool, str], ...], str]:
    """Left side, the terms of the right side, and the right side whole."""
    check_style(style)
    if hasattr(thing, "left") and hasattr(thing, "right"):
        thing, right = thing.left, thing.right
    if isinstance(thing, Tensor) and isinstance(right, Closed) and _is_itself(thing, right):
        right = None
    if isinstance(right, Chain):
        left, products = chain_sides(thing, right, style, dialect)
        terms = dialect.shortened([(False, p) for p in products])
        return left, terms, joined_terms(terms)
    closed = closed_of(thing if right is None else right)
    if style == "perturbation" and isinstance(thing, Derivative):
        thing, closed = partial_differential(thing, closed)
        style = "index" if dialect.options.entries else "matrix"
    elif style == "perturbation":
        closed = differential(closed, thing if isinstance(thing, Tensor) else None, dialect.options.vary)
    if style == "matrix" and isinstance(thing, Tensor) and _is_better_called(thing, closed):
        whole = MatrixPrinter(dialect).call(thing).text
        return dialect.tensor(thing).text, ((False, whole),), whole
    names = tuple(t.name for t in _named_by(thing) if t.name)
    piece, printer = _right(closed, style, dialect, names)
    entries = [printer.position(i) for i in closed.indices if i.extent != 1] if printer is not None else []
    left = _left(thing, style, dialect, entries)
    return left, piece.terms or ((False, piece.text),), piece.text


def _is_itself(t: Tensor, closed: Closed) -> bool:
    return isinstance(closed.expr, Access) and closed.expr.tensor is t


def _is_better_called(t: Tensor, closed: Closed) -> bool:
    """True for a well-known function whose definition has no matrix form without maxima or logarithms of sums."""
    if t.call is None or t.name is None:
        return False
    try:
        return _reduces(matrix_tree(closed))
    except NoMatrixForm:
        return True


def _reduces(node: m.Node) -> bool:
    return isinstance(node, m.Reduce) or any(map(_reduces, node.children))


def _named_by(thing: Any) -> tuple[Tensor, ...]:
    if isinstance(thing, Derivative):
        return (thing.of, *thing.by)
    return (thing,) if isinstance(thing, Tensor) else ()


def _left(thing: Any, style: str, dialect: Latex, entries: list[str]) -> str:
    if isinstance(thing, Derivative):
        return derivative_piece(thing, dialect, entries).text
    if not isinstance(thing, Tensor):
        return ""
    shown = differential_symbol(thing) if style == "perturbation" else thing
    return dialect.tensor(shown, entries).text


def _broken(piece: Piece, options: Options) -> str:
    return broken("", piece.terms or ((False, piece.text),), piece.text, options.width)
