"""Functions as written: the table's functions entry by entry, functions of matrices, the document's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.calculus.derivatives import jacobian
from symbolic.language import matrix_functions, shaping
from symbolic.language.pointwise import UNARY
from symbolic.program import functions as f
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor, tensor
from symbolic.verification.elaboration import algebra, derivatives, lists
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.names import candidate_names, letters, script_name
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope, Unread
from symbolic.verification.elaboration.values import ShapeMisfit, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator

_EXTRA = {
    "sech": lambda x: 1 / sp.cosh(x),
    "cot": lambda x: 1 / sp.tan(x),
    "sec": lambda x: 1 / sp.cos(x),
    "abs": f.Magnitude,
    "logit": lambda x: sp.log(x / (1 - x)),
}
LARGEST_FACTORIAL = 170
_INVERSE = {
    "sin": "arcsin",
    "cos": "arccos",
    "tan": "arctan",
    "tanh": "arctanh",
    "exp": "log",
    "log": "exp",
    "sigmoid": "logit",
    "sinh": "arcsinh",
}


def call(el: Elaborator, node: s.Call) -> Value:
    """``f(a, …)`` with whatever stands on f: primes, a power, an inverse, an index."""
    head = node.head
    scripts = head if isinstance(head, s.Scripted) else s.Scripted(head.span, head, None, None)
    name = scripts.base.name
    if scripts.base.name in el.scope.values and conditional(node) is not None and scripts.sub is None:
        held = el.scope.values[scripts.base.name]  # p(y|θ), defined under the name p
        return held if scripts.sup is None else el.power(held, el(scripts.sup), node.span)
    if (
        _is_entry(el, scripts) and len(node.arguments) == 1 and not isinstance(node.arguments[0], s.Symbol)
    ):  # σ_i(1 − σ_i), where σ is an array too
        group = s.Group(node.arguments[0].span, "(", node.arguments[0])
        return el(s.Product(node.span, (("", head), ("", group))))
    whole = name_of_call(scripts)
    if whole in el.scope.values and not scripts.primes:
        return el.scope.values[whole]  # ℓ_0(β), defined under that name
    meaning = el.scope.functions.get(name, name)
    order, sup = scripts.primes, scripts.sup
    if (
        isinstance(sup, s.Group)
        and isinstance(sup.body, s.Number)
        and sup.body.text.isdigit()
        and int(sup.body.text) <= 4
    ):
        order, sup = int(sup.body.text), None
    if _is_minus_one(sup):
        if not isinstance(meaning, str) or meaning not in _INVERSE:
            raise ReadingError(f"the inverse function of {name} is not known", node.span)
        meaning, sup = _INVERSE[meaning], None
    if name in el.scope.values and name not in el.scope.functions:
        value = _of_variable(el, name, node, order)
    else:
        value = _applied(el, meaning, name, node, order)
    if scripts.sub is not None:
        if name == "log" and isinstance(scripts.sub, s.Number):
            value = v.pointwise(lambda a: a / sp.log(sp.Integer(scripts.sub.text)), [value], node.span)
        else:
            partial = derivatives.by_subscript(el, value, scripts.sub, node.span)
            value = partial or v.entry(value, [el.place(p) for p in letters(scripts.sub) or []], node.span)
    if sup is not None:
        value = (
            algebra.transposed(value, node.span)
            if el.is_transpose(sup, value)
            else el.power(value, el(sup), node.span, entrywise=True)
        )
    return value


def _is_entry(el: Elaborator, head: s.Scripted) -> bool:
    """Whether the head of a call is an entry of an array."""
    held = el.scope.values.get(head.base.name) if isinstance(head.base, s.Symbol) else None
    return held is not None and bool(held.rank) and isinstance(head.sub, (s.Symbol, s.Number)) and not head.primes


def conditional(node: s.Node) -> str | None:
    """p of ``p(y|θ)``; None for any other call."""
    if not isinstance(node, s.Call) or not any(isinstance(a, s.Relation) and a.sign == "|" for a in node.arguments):
        return None
    head = node.head.base if isinstance(node.head, s.Scripted) else node.head
    return head.name if isinstance(head, s.Symbol) else None


def name_of_call(head: s.Scripted) -> str | None:
    """The name that a function with a subscript, as ℓ_0 or ℓ_λ, has of its own."""
    below = script_name(head.sub)
    return f"{head.base.name}_{below}" if below and head.sup is None else None


def _of_variable(el: Elaborator, name: str, node: s.Call, order: int) -> Value:
    """``f(x)`` and ``f'(x)`` where f was defined as an expression in x."""
    value = el.scope.values[name]
    if len(node.arguments) != 1 and order:
        raise ReadingError(f"{name}' is read for functions of one variable", node.span)
    for _ in range(order):
        value = derivatives.differentiated(el, value, True, node.arguments, node.span)
    return value


def _factorial(n: sp.Expr) -> sp.Expr:
    """n! of a number, Γ(n + 1) of anything else."""
    return sp.factorial(n) if n.is_Integer and 0 <= n <= LARGEST_FACTORIAL else sp.exp(sp.loggamma(n + 1))


def _binomial(n: sp.Expr, k: sp.Expr) -> sp.Expr:
    return _factorial(n) / (_factorial(k) * _factorial(n - k))


def _is_minus_one(node: s.Node | None) -> bool:
    return (
        isinstance(node, s.Sum) and len(node.terms) == 1 and node.terms[0][0] < 0
        and isinstance(node.terms[0][1], s.Number) and node.terms[0][1].text == "1"
    )  # fmt: skip


def _applied(
    el: Elaborator, meaning: str | FunctionOf | Generic | Unread, name: str, node: s.Call, order: int
) -> Value:
    span = node.span
    if isinstance(meaning, FunctionOf):
        return _own(el, meaning, name, node, order)
    if isinstance(meaning, Unread):
        raise ReadingError(f"the definition of {name} could not be read, so {name} is not known here", span)
    dotted = any(isinstance(a, s.Dots) for a in node.arguments)
    arguments = [lists.listed(el, node.arguments, span, down=True)] if dotted else [el(a) for a in node.arguments]
    if meaning == "diag" and len(arguments) > 1 and not any(a.rank for a in arguments):
        arguments = [el.stacked(arguments, span)]
    if name in ("factorial", "binomial") and len(arguments) == (1 if name == "factorial" else 2) and not order:
        return v.pointwise(_factorial if name == "factorial" else _binomial, arguments, span, name)
    if isinstance(meaning, Generic):
        if len(arguments) != 1:
            raise ReadingError(f"{name} is a function of one variable", span)
        return generic(el, meaning, arguments[0], order, span)
    if len(arguments) == 1 and (meaning in UNARY or meaning in _EXTRA) and not (meaning == "abs" and arguments[0].rank):
        rule = UNARY.get(meaning) or _EXTRA[meaning]
        if order:
            return _differentiated(rule, arguments[0], order, span, meaning)
        if meaning == "log" and _is_determinant(node.arguments[0]):
            return matrix_function(el, "logdet", el(_inside_determinant(node.arguments[0])), span)
        return v.pointwise(rule, arguments, span, name)
    if order:
        raise ReadingError(f"{name}' is read for functions of one variable", span)
    if meaning in ("max", "min"):
        return _extremum(meaning, arguments, span)
    if len(arguments) != 1:
        raise ReadingError(f"{name} of {len(arguments)} arguments is not read", span)
    if meaning == "sum" and not arguments[0].rank:
        raise ReadingError("the sum says no index; write it below, as in \\sum_i", span)
    if meaning == "softmax" and not arguments[0].rank and (entry := _of_the_whole(el, node)) is not None:
        return el(entry)
    return matrix_function(el, meaning, arguments[0], span)


def _of_the_whole(el: Elaborator, node: s.Call) -> s.Node | None:
    """``softmax(z)_i`` for ``softmax(z_i)`` of a vector z, as many write it: one entry has no softmax of its own."""
    (argument,) = node.arguments
    if not isinstance(argument, s.Scripted) or argument.sub is None or argument.sup is not None or argument.primes:
        return None
    if not isinstance(argument.base, s.Symbol) or el(argument.base).rank != 1:
        return None
    return replace(argument, base=replace(node, arguments=(argument.base,)))


def _differentiated(rule, argument: Value, order: int, span: s.Span, name: str) -> Value:
    x = sp.Dummy("x", real=True)
    slope = rule(x).diff(x, order)
    return v.pointwise(lambda a: slope.xreplace({x: a}), [argument], span, name)


def _extremum(kind: str, arguments: list[Value], span: s.Span) -> Value:
    if len(arguments) == 1:
        return algebra.total(arguments[0], span, kind)
    rule = f.Maximum if kind == "max" else f.Minimum
    result = arguments[0]
    for a in arguments[1:]:
        result = v.pointwise(rule, [result, a], span, kind)
    return result


def generic(el: Elaborator, meaning: Generic, argument: Value, order: int, span: s.Span) -> Value:
    """A function that is not told further, or its derivative: the general member a·sin t + b·t² of a two-parameter family.

    An equality between a function, its derivatives and other terms that holds for all a and b is what is judged.
    """
    held = el.scope.values
    if meaning.whole and argument.rank == 1 and not argument.labels and not argument.form and not order:
        return _of_array(el, meaning, argument, span)
    parameters = []
    for letter in ("a", "b"):
        key = f"{meaning.name}_{letter}_"
        if key not in held:
            held[key] = Value(tensor(f"{meaning.name}_{letter}_", role="constant", assume="nonzero"))
        parameters.append(held[key].tensor.access())
    a, b = parameters
    t = sp.Dummy("t", real=True)
    rule = (a * sp.sin(t) + b * t**2).diff(t, order) if order else a * sp.sin(t) + b * t**2
    return v.pointwise(lambda x: rule.xreplace({t: x}), [argument], span, meaning.name)


def _of_array(el: Elaborator, meaning: Generic, argument: Value, span: s.Span) -> Value:
    """A scalar function of an array: the general member sin(κ·x) + ½ρ·x² of a family whose Hessian is not diagonal."""
    parameters = []
    for letter in ("kappa", "rho"):
        key = f"{meaning.name}_{letter}_{'_'.join(map(str, argument.core))}_"
        if key not in el.scope.values:
            el.scope.values[key] = Value(tensor(f"{meaning.name}_{letter}", argument.core, role="constant"))
        parameters.append(replace(el.scope.values[key], row=argument.row))
    kappa, rho = parameters
    linear = algebra.total(v.pointwise(lambda a, x: a * x, [kappa, argument], span), span)
    square = algebra.total(v.pointwise(lambda r, x: r * x**2, [rho, argument], span), span)
    return v.pointwise(lambda a, b: sp.sin(a) + b / 2, [linear, square], span)


def _own(el: Elaborator, meaning: FunctionOf, name: str, node: s.Call, order: int) -> Value:
    """A function that the document defines by a formula."""
    span = node.span
    if len(node.arguments) != len(meaning.parameters):
        raise ReadingError(f"{name} takes {len(meaning.parameters)} arguments, {len(node.arguments)} are given", span)
    if (
        order == 0
        and name in el.scope.values
        and all(
            isinstance(a, s.Symbol) and a.name == p for a, p in zip(node.arguments, meaning.parameters, strict=True)
        )
    ):
        return el.scope.values[name]
    arguments = [
        el(a.base if p in meaning.raised and isinstance(a, s.Scripted) and isinstance(a.sup, s.Number) else a)
        for a, p in zip(node.arguments, meaning.parameters, strict=True)
    ]
    put = dict(zip(meaning.parameters, arguments, strict=True))
    inner = type(el)(_with_values(el, put, meaning.body, span), el.env, el.zero)
    if order == 0:
        return inner(meaning.body)
    if len(arguments) != 1:
        raise ReadingError(f"{name}' is read for functions of one variable", span)
    if order == 1 and arguments[0].rank:
        value = inner(meaning.body)
        if not value.rank and not value.labels:  # f′(x) of a function of the whole array is its gradient
            return derivatives.differentiated(el, value, True, node.arguments, span)
    t = tensor("t_")
    own = _with_values(el, {meaning.parameters[0]: Value(t)}, meaning.body, span)
    body = type(el)(own, el.env, el.zero)(meaning.body).tensor
    for _ in range(order):
        body = jacobian(body, t)
    if not arguments[0].rank and not arguments[0].labels and not arguments[0].form:
        return Value(substituted(body, lambda u: arguments[0].tensor if u is t else None))
    slope = flattened(body)
    if any(u is t for a in slope.atoms(Access) if a.tensor is not t for u in topological([a.tensor])):
        raise ReadingError(f"{name}' of an array is read where {name} takes one entry after the other", span)
    return v.pointwise(lambda x: slope.xreplace({t.access(): x}), arguments, span, name)


def _with_values(el: Elaborator, more: dict[str, Value], body: s.Node, span: s.Span) -> Scope:
    """The scope with arguments for parameters, also in what the body names and the document defines through a parameter."""
    values = {**el.scope.values, **more}
    named = {n for node in s.walk(body) for n in _possible_names(node)}
    for parameter, value in more.items():
        held = el.scope.values.get(parameter)
        if held is None or held.tensor.definition is not None or held.tensor is value.tensor:
            continue
        for name in (named & el.scope.values.keys()) - more.keys():
            through = values[name]
            if through.tensor is held.tensor or not el.scope.depends(through.tensor, held.tensor):
                continue
            if value.labels or value.form or value.tensor.extents != held.tensor.extents:
                raise ReadingError(f"{name} depends on {parameter}, for which this cannot be put in", span)
            values[name] = replace(
                through,
                tensor=substituted(through.tensor, lambda u, h=held, x=value: x.tensor if u is h.tensor else None),
            )
    return replace(el.scope, values=values)


def _possible_names(node: s.Node) -> list[str]:
    if isinstance(node, s.Scripted):
        return [name for name, _, _ in candidate_names(node)]
    return [node.name] if isinstance(node, s.Symbol) else []


def flattened(t: Tensor) -> sp.Expr:
    """The expression of a scalar that is computed from scalars without reductions."""
    eq = t.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or eq.indices:
        return t.access()
    return eq.body.xreplace({a: flattened(a.tensor) for a in eq.body.atoms(Access) if a.tensor.name is None})


# -- functions of arrays -----------------------------------------------------------------------------------------------------


def matrix_function(el: Elaborator, name: str, value: Value, span: s.Span) -> Value:
    """Functions of a vector or matrix as a whole."""
    if name == "diag":
        return algebra.diagonal_matrix(value, span)
    if name == "trace":
        return algebra.trace(value, span)
    if name == "sum":
        return algebra.total(value, span)
    if name in ("norm", "abs"):
        return norm_of(value, None, span)
    if name == "mean":
        count = sp.Mul(*value.core)
        return v.pointwise(lambda a: a / count, [algebra.total(value, span)], span)
    if name in ("softmax", "log_softmax", "logsumexp"):
        return _soft(name, value, span)
    if name in ("det", "logdet", "inv"):
        _unlabelled(value, name, span)
        if value.rank == 0:
            return v.pointwise({"det": lambda a: a, "logdet": sp.log, "inv": lambda a: 1 / a}[name], [value], span)
        if value.rank != 2 or not v.same(*value.core):
            raise ShapeMisfit(f"{name} needs a square matrix, got {value.describe()}", span)
        if name == "logdet":
            return Value(matrix_functions.slogdet(value.tensor)[1])
        return Value(matrix_functions.det(value.tensor) if name == "det" else matrix_functions.inv(value.tensor))
    if name == "vec":
        _unlabelled(value, name, span)
        return Value(shaping.reshape(algebra.transposed(value, span).tensor, -1)) if value.rank == 2 else value
    raise ReadingError(f"the function {name} of {value.describe()} is not read", span)


def inverse(el: Elaborator, value: Value, span: s.Span) -> Value:
    """The inverse of a square matrix; of a scalar or entry by entry, the reciprocal."""
    if value.form == "identity":
        return v.pointwise(lambda a: 1 / a, [value], span, "the scaling")
    if value.rank == 2:
        return matrix_function(el, "inv", value, span)
    return v.pointwise(lambda a: 1 / a, [value], span)


def _unlabelled(value: Value, name: str, span: s.Span) -> None:
    if value.labels:
        raise ReadingError(f"{name} of a matrix that depends on an index is not read", span)


def _soft(name: str, value: Value, span: s.Span) -> Value:
    if value.rank != 1 and not (value.rank == 2 and name == "softmax"):
        raise ShapeMisfit(f"{name} needs a vector, got {value.describe()}", span)
    exponential = v.pointwise(sp.exp, [value], span)
    if value.rank == 2:
        rows = algebra.product(exponential, Value(v.number(1).tensor, form="ones"), span)
        i, _j = (v.fresh_label("i"), None), None
        spread = v.entry(rows, [i], span)
        whole = v.entry(exponential, [i], span)
        quotient = v.pointwise(lambda a, b: a / b, [whole, spread], span)
        return Value(quotient.tensor)
    total = algebra.total(exponential, span)
    if name == "logsumexp":
        return v.pointwise(sp.log, [total], span)
    if name == "log_softmax":
        return v.pointwise(lambda a, b: a - sp.log(b), [value, total], span)
    return v.pointwise(lambda a, b: a / b, [exponential, total], span)


def _is_determinant(node: s.Node) -> bool:
    if isinstance(node, s.Group):
        return _is_determinant(node.body)
    return isinstance(node, s.Call) and isinstance(node.head, s.Symbol) and node.head.name == "det"


def _inside_determinant(node: s.Node) -> s.Node:
    return _inside_determinant(node.body) if isinstance(node, s.Group) else node.arguments[0]


# -- norms -------------------------------------------------------------------------------------------------------------------


def norm(el: Elaborator, node: s.Scripted) -> Value:
    """``‖x‖_p^k``, ``|x|``, ``⌊x⌋``, ``⟨x, y⟩``."""
    body = node.base
    if body.kind == "angle":
        if not isinstance(body.body, s.Items) or len(body.body.items) != 2:
            raise ReadingError("⟨ ⟩ holds two things with a comma between them", node.span)
        a, b = (el(n) for n in body.body.items)
        return algebra.inner(a, b, node.span) if a.rank else algebra.scaled(a, b, node.span)
    value = el(body.body)
    if body.kind == "floor":
        return v.pointwise(f.Floor, [value], node.span)
    if body.kind == "abs" and value.rank == 0:
        result = v.pointwise(f.Magnitude, [value], node.span)
    elif body.kind == "abs" and value.rank == 2:
        result = matrix_function(el, "det", value, node.span)
    else:
        squared = isinstance(node.sup, s.Number) and node.sup.text == "2"
        result = norm_of(value, node.sub, node.span, squared)
        if squared:
            return result
    return el.power(result, el(node.sup), node.span) if node.sup is not None else result


def norm_of(value: Value, kind: s.Node | None, span: s.Span, squared: bool = False) -> Value:
    """The 2-norm (Frobenius norm of a matrix) unless the subscript says 1 or ∞."""
    text = kind.text if isinstance(kind, s.Number) else kind.name if isinstance(kind, s.Symbol) else ""
    if kind is not None and text not in ("1", "2", "F", "Fro", "fro", "infinity"):
        raise ReadingError(f"the norm {text or 'with this subscript'} is not read; known are 1, 2, F and ∞", span)
    if text == "2" and value.rank == 2:
        raise ReadingError(
            "‖·‖_2 of a matrix is its largest singular value; write ‖·‖_F for the root of the sum of squares", span
        )
    if text in ("1", "infinity"):
        if value.rank == 2:
            raise ReadingError(f"the {text}-norm of a matrix has two meanings; write the sum", span)
        size = v.pointwise(f.Magnitude, [value], span)
        result = algebra.total(size, span, "sum" if text == "1" else "max")
        return v.pointwise(lambda a: a**2, [result], span) if squared else result
    square = algebra.total(v.pointwise(lambda a: a**2, [value], span), span)
    return square if squared else v.pointwise(sp.sqrt, [square], span)
