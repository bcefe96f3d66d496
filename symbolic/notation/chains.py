r"""What a derivation states besides values: the chain rule, moves of an output by one variable, side conditions.

matrix         ∂C/∂s = ∂C/∂z · ∂z/∂s
index          ∂C/∂s_i = Σ_j ∂C/∂z_j ∂z_j/∂s_i
perturbation   dC = ∂C/∂z dz = ∂C/∂z ∂z/∂s ds
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symbolic.calculus.closed_form import Closed, Condition
from symbolic.calculus.records import Chain, Derivative
from symbolic.notation.dialect import Latex, Piece
from symbolic.notation.index import IndexPrinter
from symbolic.notation.letters import Letters
from symbolic.notation.matrix.printing import MatrixPrinter
from symbolic.notation.perturbation import differential_symbol
from symbolic.program.expressions import Index, Reduction
from symbolic.program.tensors import Tensor

Axes = dict[Tensor, tuple[Index, ...]]


def derivative_piece(d: Derivative, dialect: Latex, entries: Sequence[str] = ()) -> Piece:
    """∂of/∂by, with the entries' letters dealt out to the axes of ``of``, then to those of ``by``."""
    letters = list(entries)

    def named(t: Tensor) -> str:
        axes = sum(1 for e in t.extents if e != 1) if letters else 0
        mine, letters[:] = letters[:axes], letters[axes:]
        return MatrixPrinter(dialect).tensor(t).text if not mine else dialect.tensor(t, mine).text

    return dialect.derivative(named(d.of), [named(t) for t in d.by])


def chain_sides(left: Derivative, chain: Chain, style: str, dialect: Latex) -> tuple[str, list[str]]:
    """Left side and terms of a chain rule."""
    if style == "index":
        return _by_entries(left, chain, dialect)
    sign = dialect.dot if len(chain.terms[0]) > 1 else " "
    products = [sign.join(derivative_piece(d, dialect).text for d in term) for term in chain.terms]
    if style == "matrix":
        return derivative_piece(left, dialect).text, products
    moved = dialect.tensor(differential_symbol(left.of)).text
    last = dialect.tensor(differential_symbol(left.by[-1])).text
    chained = dialect.plus(
        [(False, dialect.times([Piece(p), Piece(last, words=(True, False))])) for p in products]
    ).text
    between = [term[0].by[-1] for term in chain.terms if len(term) > 1]
    if not between:
        return moved, [chained]
    steps = [
        dialect.times(
            [
                derivative_piece(term[0], dialect),
                Piece(dialect.tensor(differential_symbol(g)).text, words=(True, False)),
            ]
        )
        for term, g in zip(chain.terms, between, strict=False)
    ]
    return moved, [dialect.plus([(False, s) for s in steps]).text + " = " + chained]


def _by_entries(left: Derivative, chain: Chain, dialect: Latex) -> tuple[str, list[str]]:
    tensors = [left.of, *left.by, *(t for term in chain.terms for d in term for t in (d.of, *d.by))]
    dims = [symbol.name for t in tensors for e in t.extents for symbol in e.free_symbols]
    letters = Letters.apart_from(names=[*dims, *(t.name for t in tensors if t.name)])
    axes: Axes = {t: tuple(i for i in t.fresh_indices() if i.extent != 1) for t in dict.fromkeys(tensors)}
    outer = letters.with_([i for t in dict.fromkeys((left.of, *left.by)) for i in axes[t]])

    def entry(d: Derivative, known: Letters) -> Piece:
        return derivative_piece(d, dialect, [known[i] for t in (d.of, *d.by) for i in axes[t]])

    terms = []
    for term in chain.terms:
        between = [i for d in term[:-1] for i in axes[d.by[-1]]]
        printer = IndexPrinter(dialect, outer.with_(between))
        body = dialect.times([entry(d, printer.letters) for d in term])
        for index in reversed(between):
            body = dialect.reduction(r"\sum", "sum", *printer.limits(index), body)
        terms.append(body.text)
    return entry(left, outer).text, terms


def partial_differential(d: Derivative, value: Closed) -> tuple[Tensor, Closed]:
    """How ``of`` moves when only ``by`` moves: the value of the derivative contracted with one symbol a variable.

    For a second derivative this is the quadratic form d²C.
    """
    order = len(d.by)
    of, rest = value.indices[: d.of.ndim], list(value.indices[d.of.ndim :])
    symbols: dict[Tensor, Tensor] = {}
    body, bound = value.expr, []
    for t in d.by:
        mine, rest = rest[: t.ndim], rest[t.ndim :]
        symbol = symbols.setdefault(t, differential_symbol(t))
        body, bound = body * symbol.access(*mine), bound + list(mine)
    moved = differential_symbol(d.of, order)
    return moved, Closed(of, Reduction("sum", body, bound) if bound else body)


_RELATIONS = {"≠": r"\ne", "≥": r"\ge", "≤": r"\le", ">": ">", "<": "<", "=": "="}


def condition(c: Condition, dialect: Latex | None = None) -> str:
    r"""LaTeX of a side condition: an expression with its relation, or words.

    >>> from symbolic import tensor
    >>> x = tensor("x", "n")
    >>> condition(Condition("≠ 0", x.access(*x.fresh_indices())))
    'x_{i} \\ne 0'
    >>> condition(Condition("A invertible"))
    '\\text{A invertible}'
    """
    dialect = dialect or Latex()
    if c.expr is not None:
        free = sorted(
            {i for i in c.expr.free_symbols if isinstance(i, Index)}
            - {i for r in c.expr.atoms(Reduction) for i in r.bound},
            key=lambda i: (i.name, i.dummy_index),
        )
        subject = IndexPrinter.of(Closed(tuple(free), c.expr), dialect).piece(c.expr).text
    else:
        subject = dialect.tensor(c.subject).text if c.subject is not None else ""
    sign, _, number = c.relation.partition(" ")
    if sign in _RELATIONS:
        return f"{subject} {_RELATIONS[sign]} {number}"
    interval = re.fullmatch(r"in (\S.*)", c.relation)
    if interval:
        return rf"{subject} \in {interval[1]}"
    words = rf"\text{{{_words(c.relation)}}}"
    return rf"{subject} \; {words}" if subject else words


def _words(sentence: str) -> str:
    """Words inside \\text: TeX's own characters escaped, mathematics signs spelled in math."""
    signs = {"≠": r"$\ne$", "≥": r"$\ge$", "≤": r"$\le$", "′": "$'$", "∞": r"$\infty$", "−": "$-$", "σ": r"$\sigma$"}
    escaped = re.sub(r"([#$%&_{}])", r"\\\1", sentence.replace("\\", ""))
    return "".join(signs.get(c, c) for c in escaped.replace("^", r"\^{}").replace("~", r"\~{}"))
