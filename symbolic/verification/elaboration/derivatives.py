"""Derivatives as written: ∂C/∂W, ∇f, chains of Jacobians, differentials; the layout decides rows, columns and order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from symbolic.language.shaping import reshape, transpose
from symbolic.program.dims import as_dim
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.program.tensors import tensor as leaf
from symbolic.verification.elaboration import algebra, points, rates, variables
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.inverse import by_rewritten, reads_besides
from symbolic.verification.elaboration.names import candidate_names, letters, of_vector
from symbolic.verification.elaboration.scope import FunctionOf, Generic
from symbolic.verification.elaboration.values import NotWritten, ShapeMisfit, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator

Places = list[Any]
_GIVEN = frozenset("abcdABCDPQRS")
"""First letters of what a function is usually given, rather than of what it is a function of."""
_ANYWHERE = "anywhere"


def derivative(el: Elaborator, node: s.Derivative) -> Value:
    """``∂of/∂by…``."""
    if node.of is None:
        raise ReadingError("∂/∂ stands without the function that it differentiates", node.span)
    return differentiated(el, el(node.of), _untransposed(node.of), node.by, node.span)


def _untransposed(node: s.Node) -> bool:
    """Whether the function is written as a transposed symbol (∂s⊤/∂x: denominator layout said explicitly)."""
    return not (isinstance(node, s.Scripted) and isinstance(node.sup, (s.Mark, s.Symbol)) and s.is_transpose(node.sup))


def differentiated(el: Elaborator, of: Value, plain: bool, by: tuple[s.Node, ...], span: s.Span) -> Value:
    """``of`` differentiated by each of ``by`` in turn, laid out."""
    if of.form:
        of = Value(of.tensor, of.labels)
    if len(by) == 1 and isinstance(by[0], s.Items):
        return _by_each(el, of, by[0].items, 1, span)
    stacked = variables.stacked(by)
    if stacked is not None:
        return _by_stacked(el, of, *stacked, span)
    special = rates.by_time(el, of, by) or variables.by_expression(el, of, by)
    if special is not None:
        return special
    square = variables.squared(el, by)
    if square is not None:
        slope = differentiated(el, of, plain, (square,), span)
        return v.pointwise(lambda a, x: a / (2 * x), [slope, el(square)], span)
    steps = [variable(el, node) for node in by]
    raw, labels, core = of.tensor, of.labels, of.rank
    by_rank = 0
    for tensor, places, _ in steps:
        raw = el.scope.reaching(raw, tensor)
        rewritten = None
        if not _depends(el, raw, tensor):
            part = el.scope.through(raw, tensor)
            rewritten = by_rewritten(raw, tensor) if part is None or reads_besides(part, tensor) else None
            if part is not None and rewritten is None:
                rewritten = el.scope.jacobian(part, tensor)
        if rewritten is None:
            _require_dependence(el, raw, tensor, span)
        raw = el.scope.jacobian(raw, tensor) if rewritten is None else rewritten
        at = [None] * (core + by_rank) + places
        taken = v.entry(Value(raw, labels), at, span)
        raw, labels = taken.tensor, taken.labels
        by_rank += sum(1 for p in places if p is None)
    value = Value(raw, labels)
    explicit = None
    if steps[0][2]:
        explicit = "numerator"
    elif not plain:
        explicit = "denominator"
    row = bool(len(steps) == 1 and el_row(el, by[0]))
    result = laid_out(el, value, core, by_rank, explicit, row, of.row)
    if len(steps) == 1 and not labels and all(p is None for p in steps[0][1]):
        result = Value(result.tensor, result.labels, result.row, "", of.tensor, steps[0][0], raw)
    return result


def _by_stacked(el: Elaborator, of: Value, node: s.Node, turned: bool, span: s.Span) -> Value:
    """The Jacobian of a vector by the columns of a matrix, stacked."""
    matrix, places, _ = variable(el, node)
    if of.rank > 1 or of.labels or matrix.ndim != 2 or any(p is not None for p in places):
        raise ShapeMisfit("a derivative by vec X is read of a scalar or a vector, by a whole matrix", span)
    raw = el.scope.jacobian(el.scope.reaching(of.tensor, matrix), matrix)
    order = (*range(of.rank), of.rank + 1, of.rank)
    flat = reshape(transpose(raw, order), (*(as_dim(e) for e in raw.extents[: of.rank]), -1))
    return laid_out(el, Value(flat), of.rank, 1, "numerator" if turned else None, False, of.row)


def el_row(el: Elaborator, node: s.Node) -> bool:
    """Whether the variable was declared as a row."""
    if isinstance(node, s.Scripted):
        named = next((name for name, _, _ in candidate_names(node) if name in el.scope.values), None)
        if named is not None:
            return el.scope.values[named].row
    base = node.base if isinstance(node, s.Scripted) else node
    return isinstance(base, s.Symbol) and base.name in el.scope.values and el.scope.values[base.name].row


def laid_out(
    el: Elaborator, value: Value, of_rank: int, by_rank: int, explicit: str | None, row: bool, of_row: bool
) -> Value:
    """Entries in numerator order to the document's layout."""
    layout = el.scope.layout
    tensor, labels = value.tensor, value.labels
    if of_rank == 0 and by_rank == 1:
        turned = (layout.gradient == "row") != (explicit == "numerator" and layout.gradient == "column")
        return Value(tensor, labels, row=turned != row)
    if of_rank == 0 and by_rank == 2:
        return algebra.transposed(value, (0, 0)) if layout.matrix == "transposed" else value
    if of_rank == 1 and by_rank == 0:
        return Value(tensor, labels, row=(layout.jacobian == "denominator") != of_row)
    if of_rank == 1 and by_rank == 1:
        order = explicit or layout.jacobian
        return value if order == "numerator" else algebra.transposed(value, (0, 0))
    return value


def variable(el: Elaborator, node: s.Node) -> tuple[Tensor, Places, bool]:
    """The tensor that is differentiated by, the places of its axes (None: all of them) and whether it is transposed."""
    if isinstance(node, s.Group):
        return variable(el, node.body)
    if isinstance(node, s.Scripted) and el.bare_transpose(node):
        plain = s.Scripted(node.span, node.base, node.sub, None, 0, node.indexed)
        return (*variable(el, plain if node.sub is not None or node.indexed is not None else node.base)[:2], True)
    turned = False
    layer = el.layer_transposed(node) if isinstance(node, s.Scripted) else None
    if layer is not None:
        node, turned = layer, True
    if isinstance(node, s.Symbol):
        base, parts = el.scope.at_last_layer(node.name) or el(node), []
    elif isinstance(node, s.Scripted):
        base, sub, sup, _ = el._head(node)
        parts = [p for group in (node.indexed, sup, sub) if group is not None for p in (letters(group) or [])]
        if isinstance(sub, s.Number) and len(sub.text) == base.rank > 1:
            parts = [s.Number(sub.span, digit) for digit in sub.text]
    else:
        raise ReadingError("one differentiates by a symbol or by an entry of one", node.span)
    if base.form or base.tensor.name is None or base.labels:
        raise ReadingError("one differentiates by a declared or defined symbol", node.span)
    parts = of_vector(parts, base)
    if len(parts) > base.rank:
        raise ShapeMisfit(f"{len(parts)} indices on {base.describe()}", node.span)
    places: Places = [el.place(p) for p in parts]
    return base.tensor, [*places, *[None] * (base.rank - len(places))], turned


def _depends(el: Elaborator, of: Tensor, by: Tensor) -> bool:
    """Whether a derivative has a meaning as it stands: by a declared symbol, by one that is read, or as the author told it."""
    return (of.serial, by.serial) in el.scope.derivatives or by.definition is None or el.scope.depends(of, by)


def _require_dependence(el: Elaborator, of: Tensor, by: Tensor, span: s.Span) -> None:
    if not _depends(el, of, by):
        raise NotWritten(of, by, span)


def by_subscript(el: Elaborator, of: Value, sub: s.Node, span: s.Span) -> Value | None:
    """``f_x``, ``f_{xy}`` of a scalar that depends on x and y: its partial derivatives; None where that is no reading."""
    parts = letters(sub) or []
    names = [p.name for p in parts if isinstance(p, s.Symbol)]
    if of.rank or of.labels or not 1 <= len(parts) <= 3 or len(names) != len(parts):
        return None
    for name in names:
        held = el.scope.values.get(name)
        if held is None or name in el.env or not el.scope.depends(of.tensor, held.tensor):
            return None
    return differentiated(el, of, True, tuple(parts), span)


def held_constant(el: Elaborator, node: s.Scripted) -> s.Node | None:
    """``(∂p/∂T)_V``: the derivative, of numbers that vary independently, where V is said to be held constant."""
    body = node.base.body if isinstance(node.base, s.Group) else None
    names = [p.name if isinstance(p, s.Symbol) else "" for p in letters(node.sub) or []]
    held = [el.scope.values.get(name) for name in names]
    free = all(h is not None and not h.rank and h.tensor.definition is None for h in held)
    return body if isinstance(body, s.Derivative) and held and free and node.sup is None else None


def primed(el: Elaborator, base: Value, span: s.Span) -> Value:
    """``f′`` of a scalar that depends on one variable."""
    return differentiated(el, base, True, (_only_variable(el, base, span),), span)


# -- operators that wait for their operand -------------------------------------------------------------------------------


def applied(el: Elaborator, factors: list) -> list:
    """Each ∇ or ∂/∂ of a product together with the factors that it differentiates."""
    out: list = []
    factors = _twice(factors)
    k = 0
    while k < len(factors):
        sign, node = factors[k]
        waiting = isinstance(node, s.Nabla) or (isinstance(node, s.Derivative) and node.of is None)
        if not waiting:
            out.append((sign, node))
            k += 1
            continue
        taken = _operand(el, node, factors[k + 1 :])
        operands = factors[k + 1 : k + 1 + taken]
        operand = (
            operands[0][1]
            if taken == 1
            else s.Product((operands[0][1].span[0], operands[-1][1].span[1]), tuple(operands))
        )
        place = None
        if isinstance(operand, s.At):
            operand, place = operand.body, operand.point
        plain = _scalar_transposed(el, operand) if taken == 1 else None
        applied_ = (
            _apply(el, node, operand) if plain is None else algebra.transposed(_apply(el, node, plain), node.span)
        )
        out.append((sign, applied_ if place is None else points.at(el, applied_, place)))
        k += 1 + taken
    return out


def _twice(factors: list) -> list:
    """∇∇f and ∇_x ∇_x f as ∇²f."""
    out: list = []
    for sign, node in factors:
        before = out[-1][1] if out else None
        if (
            isinstance(node, s.Nabla)
            and isinstance(before, s.Nabla)
            and (node.order, before.order, sign) == (1, 1, "")
            and (node.by is None) == (before.by is None)
        ):
            both = (
                node.by if before.by is None or _same(before.by, node.by) else s.Items(node.span, (before.by, node.by))
            )
            out[-1] = (out[-1][0], s.Nabla((before.span[0], node.span[1]), both, 2))
        else:
            out.append((sign, node))
    return out


def _same(a: s.Node, b: s.Node | None) -> bool:
    """Whether two variables are written alike."""
    return isinstance(b, s.Node) and s.plain(a) == s.plain(b)


def _scalar_transposed(el: Elaborator, node: s.Node) -> s.Node | None:
    """J of ``∇J⊤``, which is the transpose of ∇J: a scalar itself is not transposed."""
    if not isinstance(node, s.Scripted) or node.primes or node.sup is None or not el.bare_transpose(node):
        return None
    plain = node.base if node.sub is None else s.Scripted(node.span, node.base, node.sub, None)
    return plain if el(plain).rank == 0 else None


def _operand(el: Elaborator, node: s.Node, rest: list) -> int:
    """How many factors an operator takes: one in brackets or a scalar other than the variable, else the rest of the term."""
    if not rest:
        raise ReadingError("the function to differentiate is missing", node.span)
    first = rest[0][1]
    if isinstance(first, (s.Group, s.Call)):
        return 1
    if isinstance(first, (s.Symbol, s.Scripted)):
        if isinstance(node, s.Derivative) and any(s.plain(first) == s.plain(b) for b in node.by):
            return len(rest)  # d/dx x log x
        try:
            if el(first).rank == 0:
                return 1
        except ReadingError:
            return len(rest)
    return len(rest)


def _apply(el: Elaborator, node: s.Node, operand: s.Node) -> Value:
    span = (node.span[0], operand.span[1])
    at_point = _at_point(el, node, operand) if isinstance(node, s.Nabla) else None
    if at_point is not None:
        return at_point
    of = el(operand)
    if isinstance(node, s.Derivative):
        return differentiated(el, of, True, node.by, span)
    by = node.by
    if by is None:
        by = _argument(operand) or _several_scalars(el, of) or _only_variable(el, of, span)
    if node.by is None and isinstance(by, s.Items):
        return _by_each(el, of, by.items, node.order, span)
    parts = list(by.items) if isinstance(by, s.Items) else None
    if parts is None and isinstance(by, s.Product) and node.order == 2:
        parts = [n for _, n in by.factors]
    variables = tuple(parts) if parts is not None else (by,) * node.order
    if len(variables) != node.order and node.order == 1:
        node = s.Nabla(node.span, node.by, len(variables))
    value = differentiated(el, of, True, variables, span)
    if node.order == 1 and of.rank == 0 and value.rank == 1:
        base = variables[0]
        return Value(
            value.tensor,
            value.labels,
            el_row(el, base) != (el.scope.layout.gradient == "row"),
            "",
            value.of,
            value.by,
            value.raw,
        )
    return value


def _at_point(el: Elaborator, node: s.Nabla, operand: s.Node) -> Value | None:
    """``∇f(x + td)`` of a function that is told no further: its gradient, at that point."""
    if node.by is not None or not isinstance(operand, s.Call) or len(operand.arguments) != 1 or _argument(operand):
        return None
    meaning = el.scope.functions.get(operand.head.name) if isinstance(operand.head, s.Symbol) else None
    point = el(operand.arguments[0]) if isinstance(meaning, Generic) and meaning.whole else None
    if point is None or point.rank != 1 or point.labels or point.form:
        return None
    anywhere = Value(leaf(_ANYWHERE, point.core), row=point.row)
    el.scope.values[_ANYWHERE] = anywhere
    variable_here = s.Symbol(operand.span, _ANYWHERE, _ANYWHERE)
    value = _apply(el, node, s.Call(operand.span, operand.head, (variable_here,)))
    del el.scope.values[_ANYWHERE]
    moved = substituted(value.tensor, lambda t: point.tensor if t is anywhere.tensor else None)
    return Value(moved, value.labels, value.row, value.form)


def _several_scalars(el: Elaborator, of: Value) -> s.Node | None:
    """The variables of a scalar function of several real numbers, in the order in which the document names them."""
    found = {t.serial for t in leaves([of.tensor])}
    names = [n for n, value in el.scope.values.items() if value.tensor.serial in found]
    if of.rank or len(names) < 2 or len(names) != len(found) or any(el.scope.values[n].rank for n in names):
        return None
    return s.Items((0, 0), tuple(s.Symbol((0, 0), n, n) for n in names))


def _by_each(el: Elaborator, of: Value, by: tuple[s.Node, ...], order: int, span: s.Span) -> Value:
    """∇f and ∇²f of a function of several real numbers: a column, a matrix."""
    if order == 1 and of.rank == 1 and of.core[0].is_Integer:
        columns = [differentiated(el, of, True, (b,), span) for b in by]
        rows = [[v.entry(c, [sp.Integer(k)], span) for c in columns] for k in range(int(of.core[0]))]
        table = el.tabulated(rows, span)
        return table if el.scope.layout.jacobian == "numerator" else algebra.transposed(table, span)
    if order == 1:
        column = el.stacked([differentiated(el, of, True, (b,), span) for b in by], span)
        return Value(column.tensor, column.labels, el.scope.layout.gradient == "row")
    if order != 2:
        raise ReadingError("of a function of several numbers, ∇ and ∇² are read", span)
    return el.tabulated([[differentiated(el, of, True, (a, b), span) for b in by] for a in by], span)


def _argument(operand: s.Node) -> s.Node | None:
    """x in ∇f(x)."""
    if (
        isinstance(operand, s.Call)
        and len(operand.arguments) == 1
        and isinstance(operand.arguments[0], (s.Symbol, s.Scripted))
    ):
        return operand.arguments[0]
    if isinstance(operand, s.Call) and operand.arguments and all(isinstance(a, s.Symbol) for a in operand.arguments):
        return s.Items(operand.span, operand.arguments)
    return None


def _only_variable(el: Elaborator, of: Value, span: s.Span) -> s.Node:
    """∇ without a variable: the only parameter, else the only leaf, that the function depends on."""
    told = el.scope.functions.get(of.tensor.name or "")
    if isinstance(told, FunctionOf) and len(told.parameters) == 1 and told.parameters[0] in el.scope.values:
        return s.Symbol(span, told.parameters[0], told.parameters[0])
    found = [t for t in leaves([of.tensor]) if t.name in el.scope.values]
    if el.scope.nabla and any(el.scope.values[el.scope.nabla].tensor is t for t in found):
        return s.Symbol(span, el.scope.nabla, el.scope.nabla)
    parameters = [t for t in found if t.role == "parameter"] or found
    sought = [t for t in parameters if (t.name or "")[:1] not in _GIVEN]
    parameters = sought if len(sought) == 1 else parameters
    if len(parameters) != 1:
        raise ReadingError(
            f"∇ of a function of {', '.join(t.name for t in found) or 'nothing'}: write the variable, as in ∇_x", span
        )
    return s.Symbol(span, parameters[0].name, parameters[0].name)


# -- what is differentiated ----------------------------------------------------------------------------------------------------


def subject(el: Elaborator, node: s.Node) -> tuple[Value, list[tuple[Tensor, Places, bool]]] | None:
    """What is differentiated and by what, if a node is one derivative: (function, [(variable, places, transposed), …])."""
    if isinstance(node, s.Group):
        return subject(el, node.body)
    if isinstance(node, s.Derivative) and (
        variables.stacked(node.by)
        or variables.squared(el, node.by)
        or isinstance(node.by[0], (s.Items, s.Call, s.Fraction, s.Group))
    ):
        return None
    if isinstance(node, s.Derivative) and node.of is not None:
        whole = el(node.of)
        return None if rates.is_time(el, whole.tensor, node.by) else (whole, [variable(el, b) for b in node.by])
    if isinstance(node, s.Product):
        head, rest = node.factors[0][1], node.factors[1:]
        if not rest:
            return None
        operand = rest[0][1] if len(rest) == 1 else s.Product(node.span, rest)
        if isinstance(head, s.Derivative) and head.of is None:
            return subject(el, s.Derivative(node.span, operand, head.by))
        if isinstance(head, s.Nabla):
            if _operand(el, head, list(rest)) < len(rest):
                return None  # ∇f(x)⊤s
            of = el(operand)
            by = head.by if head.by is not None else _argument(operand)
            if by is None and _several_scalars(el, of):
                return None
            by = by or _only_variable(el, of, node.span)
            return of, [
                variable(el, b)
                for b in ((by,) * head.order if not isinstance(by, (s.Items, s.Product)) else _parts(by))
            ]
    return None


def _parts(by: s.Node) -> tuple[s.Node, ...]:
    return (
        by.items if isinstance(by, s.Items) else tuple(n for _, n in by.factors) if isinstance(by, s.Product) else (by,)
    )
