"""The case for which a line is meant: "if $i \\ne j$", "for $k = y$" beside it restricts it to those entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from symbolic.program.graph import leaves
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import SizeUnknown, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.comparison import compare
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_BEFORE = re.compile(r"(?i)\b(if|for|when|whenever|case|and|suppose|assume|all)\b[^.]{0,12}$|[,(:]\W*$")
_AFTER = re.compile(r"\b(if|for|when|whenever|where|provided|with)\b|^[\s,$(]*(?:\\q?quad|\\[;,:!])?[\s,$(]*$")
_OPENS = re.compile(r"(?i)\b(if|for|when|whenever|case|in)\b[^.]{0,12}$")
_FURTHEST = 90  # signs between a line and its case


def occasion(reader: Reader, line: Line, env) -> s.Relation | None:
    """``i ≠ j`` or ``i = j`` (j may be a class) of the line's own indices, said right before or right after it."""
    every = reader.everything
    here = next((k for k, (_, chain) in enumerate(every) if chain is line.chain), None)
    if here is None:
        return None
    before = [k for k in range(here - 1, max(here - 3, -1), -1) if _beside(reader, every[k][1], line.chain, env)]
    if len(before) == 2 and before[0] == here - 1:
        return None  # "for i = j and i ≠ j together"
    if before[:1] == [here - 1] and not _taken(reader, here - 1, env):
        return _relation(reader, every[here - 1][1], env)
    if before == [here - 2] and _opens(reader, here - 2, env) and every[here - 1][1].signs[:1] == ("=",):
        return _relation(reader, every[here - 2][1], env)  # "for r > κ: a = b and c = d"
    if here + 1 < len(every):
        case = every[here + 1][1]
        between = reader.source.text[line.chain.end : case.start]
        if len(between) <= 45 and not ends_sentence(between.rstrip("$ ")) and _AFTER.search(between):
            return _relation(reader, case, env)
    return None


def _beside(reader: Reader, case: Chain, chain: Chain, env) -> bool:
    """Whether a case is said in the sentence that leads to the line."""
    text = reader.source.text
    between = text[case.end : chain.start]
    said = text[max(0, case.start - 25) : case.start].rstrip("$\\( ").split("\n\n")[-1]
    return (
        len(between) <= _FURTHEST
        and _relation(reader, case, env) is not None
        and not ends_sentence(between)
        and bool(_BEFORE.search(said))
    )


def _taken(reader: Reader, k: int, env) -> bool:
    """Whether the case at k belongs to the line before it: the sentence began with a line and not with a case."""
    text = reader.source.text
    first = k
    while first > 0 and not ends_sentence(
        text[reader.everything[first - 1][1].end : reader.everything[first][1].start]
    ):
        first -= 1
    return first < k and _relation(reader, reader.everything[first][1], env) is None


def _opens(reader: Reader, k: int, env) -> bool:
    """Whether a bound of a number opens its sentence, which it then holds for as a whole."""
    chain, text = reader.everything[k][1], reader.source.text
    relation = _relation(reader, chain, env)
    if relation is None or relation.sign not in ("<", ">", "<=", ">="):
        return False
    said = re.split(r"[.;:]\s|\n\s*\n", text[max(0, chain.start - 60) : chain.start].rstrip("$\\( "))[-1]
    return "$" not in said and bool(_OPENS.search(said))


def ends_sentence(between: str) -> bool:
    """Whether a sentence or paragraph ends in a stretch of prose."""
    return bool(
        re.search(
            r"[.;?](?:\s|$|\\\]|\\end\b)|\n\s*\n\s*(?!\s*(?:\$\$|\\\[|\begin))", re.sub(r"\$\$|\\[;,:!]", "", between)
        )
    )


def _relation(reader: Reader, chain: Chain, env) -> s.Relation | None:
    """A chain that relates two index letters of the line, or one of them with a class."""
    if len(chain.sides) == 1:
        node = reader.side(chain, 0)
        node = node.body if isinstance(node, s.Group) else node
        if not isinstance(node, s.Relation):
            return None
        sign, left, right = node.sign, node.left, node.right
    elif len(chain.sides) == 2:
        sign, left, right = chain.signs[0], reader.side(chain, 0), reader.side(chain, 1)
    else:
        return None
    counted = _counted(reader, sign, left, right, env)
    if counted is not None:
        return counted
    if sign in ("<", ">", "<=", ">=") and isinstance(left, s.Node) and isinstance(right, s.Node):
        found = s.Relation((left.span[0], right.span[1]), sign, left, right)
        return found if bounds(reader, found, env) else None
    if sign not in ("=", "!="):
        return None
    if not isinstance(left, s.Symbol) or not isinstance(right, s.Symbol):
        return None
    letters = [n.name in env and n.name not in reader.scope.values for n in (left, right)]
    held = [reader.scope.values.get(n.name) for n in (left, right)]
    classes = [h is not None and h.tensor.dtype == "int" and not h.rank for h in held]
    if not all(a or b for a, b in zip(letters, classes, strict=True)) or not any(letters):
        return None
    return s.Relation((left.span[0], right.span[1]), sign, left, right)


def _counted(reader: Reader, sign: str, left: object, right: object, env) -> s.Relation | None:
    """``j ≠ 1``, ``j ≥ 2`` and ``j = 2, …, N`` of an index letter of the line."""
    if not isinstance(left, s.Symbol) or left.name not in env or left.name in reader.scope.values:
        return None
    if sign in ("=", "in") and isinstance(right, s.Group):
        right = right.body
    if sign in ("=", "in") and isinstance(right, s.Items) and any(isinstance(n, s.Dots) for n in right.items):
        sign, right = ">=", right.items[0]
    if (
        not isinstance(right, s.Number)
        or not right.text.rstrip(".").isdigit()
        or sign not in ("=", "!=", "<", ">", "<=", ">=")
    ):
        return None
    return (
        None
        if (sign, right.text.rstrip(".")) == (">=", "1")
        else s.Relation((left.span[0], right.span[1]), sign, left, right)
    )


def bounds(reader: Reader, case: s.Relation, env) -> bool:
    """Whether a relation bounds a number of the program, ``s_i > 0``, so that it holds at some points and fails at others."""
    if isinstance(case.left, s.Symbol) and (case.left.name in env or case.left.name not in reader.scope.values):
        return False
    try:
        test = Elaborator(reader.scope, env).condition(case)
    except ReadingError:
        return False
    if test.rank or test.form or not leaves([test.tensor]):
        return False
    never, always = (v.pointwise(lambda a, c=c: a * 0 + c, [test], case.span) for c in (0, 1))
    return not any(compare(test, same, False, diagnosed=False).holds for same in (never, always))


def concerns(scope: Scope, env, case: s.Relation, truth: Value) -> bool:
    """Whether a case is one of the entries of the left side: it bounds a number, or relates indices that the side has."""
    try:
        test = Elaborator(scope, env).condition(case)
    except ReadingError:
        return False
    return not truth.form and set(test.labels) <= set(truth.labels)


def restricted(scope: Scope, env, case: s.Relation, value: Value) -> Value:
    """The value where the case holds, 0 elsewhere."""
    test = Elaborator(scope, env).condition(case)
    if value.form:
        raise SizeUnknown("the size of an identity or of ones is not known here; write it as an index", case.span)
    return v.pointwise(lambda a, b: a * b, [value, test], case.span)
