"""Nobody is accused of a reading: a line is refuted only if no other way of reading what is written makes it right.

Written mathematics leaves open how far a sum, a logarithm or a fraction bar on the line reaches, and whether ``a(b + c)``
applies a or multiplies by it. Where another reading makes the line right, its reader decides: the line is left open, with
both readings named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from symbolic.errors import ChainruleError
from symbolic.verification.diagnosis.edits import places
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.comparison import compare
from symbolic.verification.reading.names import name_of

MOST_READINGS = 12
Reading = tuple[s.Node, str]


def holds_otherwise(
    scope: Scope, right: s.Node, truth: Value, value: Callable[[s.Node], Value], text: str, derivative: bool
) -> str:
    """The other reading of a right side under which it equals ``truth``, in words; empty if there is none."""
    for tried, (node, words) in enumerate(other_readings(scope, right, text)):
        if tried >= MOST_READINGS:
            break
        try:
            claim = value(node)
        except (ChainruleError, ArithmeticError, RecursionError):
            continue
        if compare(claim, truth, derivative, diagnosed=False).holds:
            return words
    return ""


def other_readings(scope: Scope, node: s.Node, text: str) -> Iterator[Reading]:
    """Every formula that the same signs may mean by one other choice, with the choice in words."""
    for part, put in places(node, lambda new: new):
        for new, words in (*_reach(part, text), *_applied(scope, part, text)):
            yield put(new), words


def _reach(part: s.Node, text: str) -> Iterator[Reading]:
    """How far a sum, a function without brackets and a bar on the line reach."""
    if isinstance(part, s.Sum):
        for k, (sign, term) in enumerate(part.terms[:-1]):
            big = _last_big(term)
            if big is not None:
                inside = s.Sum(part.span, ((1, big.body), *((sign * other, t) for other, t in part.terms[k + 1 :])))
                whole = _with_last_big(term, replace(big, body=s.Group(part.span, "(", inside)))
                rest = (*part.terms[:k], (sign, whole))
                yield (
                    replace(part, terms=rest),
                    f"the sum in {_written(big, text)} reaches over what is added behind it",
                )
    if isinstance(part, s.Big) and isinstance(part.body, s.Sum) and len(part.body.terms) > 1:
        (sign, first), *rest = part.body.terms
        head = replace(part, body=first if sign > 0 else s.Sum(first.span, ((-1, first),)))
        yield s.Sum(part.span, ((1, head), *rest)), f"the sum {_written(part, text)} ends with its first term"
    if isinstance(part, s.Product):
        yield from _reach_of_factors(part, text)
    if isinstance(part, s.Call) and _bare(part, text) and isinstance(part.arguments[0], s.Product):
        (_, first), *rest = part.arguments[0].factors
        yield (
            s.Product(part.span, (("", replace(part, arguments=(first,))), *rest)),
            f"{_written(part, text)} applies the function to {_written(first, text)} alone",
        )


def _reach_of_factors(part: s.Product, text: str) -> Iterator[Reading]:
    factors = part.factors
    for k, (sign, factor) in enumerate(factors):
        if isinstance(factor, s.Derivative) and factor.of is None and k + 2 < len(factors):
            span = (factor.span[0], factors[k + 1][1].span[1])
            inner = s.Group(span, "(", s.Product(span, (("", factor), factors[k + 1])))
            yield (
                replace(part, factors=(*factors[:k], (sign, inner), *factors[k + 2 :])),
                f"the derivative in {text[span[0] : span[1]].strip()} is of that factor alone",
            )
        behind = [n for n, (other, _) in enumerate(factors[k + 1 :], k + 1) if other]
        end = behind[0] if behind else len(factors)
        if end == k + 1:
            continue
        run = (("", factor), *factors[k + 1 : end])
        span = (factor.span[0], factors[end - 1][1].span[1])
        if sign == "SLASH":
            below = s.Group(span, "(", s.Product(span, run))
            yield (
                replace(part, factors=(*factors[:k], (sign, below), *factors[end:])),
                f"everything in {text[span[0] : span[1]].strip()} stands below the bar",
            )
        if isinstance(factor, s.Call) and _bare(factor, text):
            inner = s.Product(span, (("", factor.arguments[0]), *run[1:]))
            whole = replace(factor, arguments=(inner,), span=span)
            made = (*factors[:k], (sign, whole), *factors[end:])
            yield (
                whole if len(made) == 1 else replace(part, factors=made),
                f"the function in {text[span[0] : span[1]].strip()} applies to everything behind it",
            )


def _applied(scope: Scope, part: s.Node, text: str) -> Iterator[Reading]:
    """``a(b + c)`` as a product where a is also a quantity, and as a value where a is also a function."""
    called = isinstance(part, s.Call) and len(part.arguments) == 1 and not _bare(part, text)
    if called and name_of(part.head) in scope.values:
        group = s.Group(part.arguments[0].span, "(", part.arguments[0])
        yield (
            s.Product(part.span, (("", part.head), ("", group))),
            f"{_written(part, text)} is a product and not a function's value",
        )
    if isinstance(part, s.Product):
        for k, ((sign, head), (other, group)) in enumerate(zip(part.factors, part.factors[1:], strict=False)):
            known = scope.functions.get(name_of(head) or "")
            if other or not isinstance(group, s.Group) or not isinstance(known, (str, FunctionOf, Generic)):
                continue
            inside = group.body.items if isinstance(group.body, s.Items) else (group.body,)
            call = s.Call((head.span[0], group.span[1]), head, tuple(inside))
            made = (*part.factors[:k], (sign, call), *part.factors[k + 2 :])
            yield (
                call if len(made) == 1 else replace(part, factors=made),
                f"{_written(call, text)} is a function's value and not a product",
            )


def _bare(call: s.Call, text: str) -> bool:
    """Whether a function stands before its argument without brackets."""
    return len(call.arguments) == 1 and text[call.head.span[1] : call.arguments[0].span[0]].strip() in ("", "{", "\\,")


def _last_big(term: s.Node) -> s.Big | None:
    if isinstance(term, s.Big):
        return term if term.kind == "sum" and not isinstance(term.body, s.Group) else None
    return (
        _last_big(term.factors[-1][1]) if isinstance(term, s.Product) and term.factors[-1][0] in ("", "CDOT") else None
    )


def _with_last_big(term: s.Node, big: s.Big) -> s.Node:
    if isinstance(term, s.Product):
        (*rest, (sign, last)) = term.factors
        return replace(term, factors=(*rest, (sign, _with_last_big(last, big))))
    return big


def _written(node: s.Node, text: str) -> str:
    return text[node.span[0] : node.span[1]].strip()
