"""Sums, products and extrema over indices: limits, conditions, sets, and quantities of one sample under a sum over samples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from symbolic.program.equations import Equation
from symbolic.program.functions import LessEqual, Where
from symbolic.program.tensors import tensor
from symbolic.verification.elaboration import algebra, names
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.batches import with_samples
from symbolic.verification.elaboration.values import ShapeMisfit, Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError

if TYPE_CHECKING:
    from symbolic.verification.elaboration.elaborate import Elaborator


MOST_TERMS = 12


def big(el: Elaborator, node: s.Big) -> Value:
    """``∑_{limits} body`` and its kin."""
    unrolled = _unrolled(el, node)
    if unrolled is not None:
        return el(unrolled)
    letters, conditions, lower = _limits(node, {*el.env, *el.scope.values, *el.scope.dims})
    if not letters:
        if node.kind in ("max", "min", "argmax", "argmin") and node.sub is None:
            return algebra.total(el(node.body), node.span, node.kind)
        whole = el(node.body) if node.kind == "sum" and node.sub is None and isinstance(node.body, s.Group) else None
        if whole is not None and whole.rank:
            return algebra.total(whole, node.span)
        raise ReadingError("the sum says no index; write it below, as in \\sum_i", node.span)
    upper, start = _upper(el, node), 0 if lower == 0 else 1
    scanned = extents(el, [node.body, *conditions], letters)
    bound = {}
    for letter in letters:
        limit = upper[0] if upper is not None and upper[1] else None
        named = limit if limit is not None and limit.is_Symbol and lower == 1 else None
        count = limit + 1 - start if limit is not None else None
        extent = named or scanned.get(letter, count)
        bound[letter] = (v.fresh_label(letter), extent)
    for letter, (label, extent) in bound.items():
        if extent is None:
            bound[letter] = (label, _of_examples(el, node.body, letter, bound))
    inner = el.inside(bound, letters[:1] if not start else ())
    body = inner(node.body)
    if body.form:
        raise ShapeMisfit(f"the sum over {body.describe()}: its size is not known", node.span)
    for condition in conditions:
        test = inner.condition(condition)
        if node.kind not in ("sum", "prod"):
            raise ReadingError(f"a condition under {node.kind} is not read", node.span)
        neutral = sp.Integer(node.kind == "prod")
        body = v.pointwise(
            lambda a, b, neutral=neutral: a * b if neutral == 0 else Where(b, a, neutral), [body, test], node.span
        )
    labels = [bound[letter][0] for letter in letters]
    if node.sup is not None:
        body = _within(inner, body, bound[letters[0]], letters[0], node, start, upper)
    present = [label for label in labels if label in body.labels]
    for letter, label in zip(letters, labels, strict=True):
        if label not in body.labels:
            body = _repeated(body, bound[letter][1], letter, node)
    if not present:
        return body
    return algebra.reduced(body, present, node.kind, node.span)


def _of_examples(el: Elaborator, body: s.Node, letter: str, bound: dict) -> sp.Expr | None:
    """The extent of i in ``∑_i x_i x_i^⊤ β`` where only X is declared: its rows or its columns, whichever alone fits."""
    for part in s.walk(body):
        if not isinstance(part, s.Scripted) or not isinstance(part.base, s.Symbol):
            continue
        name, matrix = part.base.name, el.scope.values.get(part.base.name.upper())
        read = [p.name for p in names.letters(part.sub) or [] if isinstance(p, s.Symbol)]
        if matrix is None or matrix.rank != 2 or matrix.form or name in el.scope.values or read != [letter]:
            continue
        if v.same(*matrix.core):
            return None
        fitting, notes = [], list(el.scope.notes)
        for extent in matrix.core:
            try:
                el.inside(bound | {letter: (bound[letter][0], extent)})(body)
                fitting.append(extent)
            except ReadingError:
                pass
            el.scope.notes[:] = notes
        if len(fitting) == 2:
            place = f"{name}_{letter} may be a row or a column of {part.base.name.upper()}"
            raise ReadingError(f"{place}; write the limits of the sum", part.span)
        return fitting[0] if fitting else None
    return None


def _unrolled(el: Elaborator, node: s.Big) -> s.Node | None:
    """``∑_{t=1}^3 δ_t x_t`` as its three terms, where δ_1, δ_2, … are names of their own."""
    sub, last = node.sub, node.sup
    if node.kind != "sum" or not isinstance(sub, s.Relation) or sub.sign != "=" or not isinstance(sub.left, s.Symbol):
        return None
    letter, first = sub.left.name, sub.right
    if not (isinstance(first, s.Number) and isinstance(last, s.Number) and (first.text + last.text).isdigit()):
        return None
    numbers = range(int(first.text), int(last.text) + 1)
    indexed = any(_reads(n, letter) for n in s.walk(node.body))
    named = any(_numbered(el, n, letter, numbers) for n in s.walk(node.body))
    if not 1 <= len(numbers) <= MOST_TERMS or (indexed and not named):
        return None
    return s.Sum(node.span, tuple((1, s.at_number(node.body, letter, n)) for n in numbers))


def _reads(node: s.Node, letter: str) -> bool:
    """Whether the letter stands below a symbol, or in brackets behind it, as an index."""
    scripts = (
        (node.sub, node.indexed, node.sup if names.is_layer(node.sup) else None) if isinstance(node, s.Scripted) else ()
    )
    return any(
        isinstance(n, s.Symbol) and n.name == letter for script in scripts if script is not None for n in s.walk(script)
    )


def _numbered(el: Elaborator, node: s.Node, letter: str, numbers: range) -> bool:
    """Whether ``x_t`` stands for names x_1, x_2, … that the document introduces one by one."""
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol):
        return False
    if node.base.name in el.scope.values or not any(
        isinstance(n, s.Symbol) and n.name == letter for x in (node.sub, node.sup) if x is not None for n in s.walk(x)
    ):
        return False
    named = [names.candidate_names(s.at_number(node, letter, n)) for n in numbers]
    return all(any(name in el.scope.values for name, _, _ in found) for found in named)


def _repeated(body: Value, extent: sp.Expr | None, letter: str, node: s.Big) -> Value:
    if extent is None:
        raise ReadingError(f"nothing in the sum depends on {letter}, and its range is not written", node.span)
    if node.kind in ("max", "min"):
        return body
    if node.kind not in ("sum", "prod"):
        raise ReadingError(f"nothing under {node.kind} depends on {letter}", node.span)
    if node.kind == "prod":
        return v.pointwise(lambda a: a**extent, [body], node.span)
    return v.pointwise(lambda a: a * extent, [body], node.span)


def _limits(node: s.Big, free: Collection[str] = ()) -> tuple[list[str], list[s.Node], int | None]:
    """The letters that are summed over, the conditions on them, and the lower limit if one is written."""
    letters: list[str] = []
    conditions: list[s.Node] = []
    lower: int | None = None
    items = list(node.sub.items) if isinstance(node.sub, s.Items) else [node.sub] if node.sub is not None else []
    for item in items:
        if isinstance(item, s.Group):
            item = item.body
        if isinstance(item, s.Relation) and item.sign in ("=",) and isinstance(item.right, s.Number):
            letters.append(_letter(item.left))
            lower = int(item.right.text) if item.right.text.isdigit() else None
            if lower is not None and lower > 1:
                conditions.append(replace(item, sign=">="))
        elif isinstance(item, s.Relation) and item.sign == "=" and not letters and node.sup is not None:
            letters.append(_letter(item.left))
            conditions.append(replace(item, sign=">="))
            if isinstance(item.right, s.Sum) and item.right.terms[0][0] < 0:
                raise ReadingError("an index that starts below 0 is not read", item.right.span)
        elif isinstance(item, s.Relation) and item.sign == "=" and letters:
            conditions.append(item)
        elif isinstance(item, s.Relation) and item.sign in (":", "|"):
            letters.append(_letter(item.left))
            conditions.append(item.right)
        elif isinstance(item, s.Relation) and isinstance(item.right, s.Relation):  # 1 ≤ i < j ≤ n
            letters.extend(n.name for n in _links(item) if isinstance(n, s.Symbol) and n.name not in (*free, *letters))
            conditions.append(item)
        elif isinstance(item, s.Relation):
            left = item.left
            if isinstance(left, s.Symbol) and left.name not in letters and not letters:
                letters.append(left.name)
            right = item.right
            if (
                (item.sign in ("<", "<=", ">", ">=") or (item.sign == "!=" and _is_read(node.body, right)))
                and isinstance(right, s.Symbol)
                and right.name not in free
                and right.name not in letters
            ):
                letters.append(right.name)
            conditions.append(item)
        elif isinstance(item, s.Product):
            letters.extend(_letter(n) for _, n in item.factors)
        else:
            letters.append(_letter(item))
    if node.sup is None and lower is not None:
        lower = None if node.sup is None else lower
    return letters, conditions, lower


def _links(chain: s.Node) -> Iterator[s.Node]:
    """The sides of a chain of relations."""
    while isinstance(chain, s.Relation):
        yield chain.left
        chain = chain.right
    yield chain


def _is_read(body: s.Node, letter: s.Node) -> bool:
    """In ∑_{i≠j} a_ij both run; in ∑_{i≠j} a_i, j is given."""
    return isinstance(letter, s.Symbol) and any(_reads(n, letter.name) for n in s.walk(body))


def _letter(node: s.Node) -> str:
    if isinstance(node, s.Symbol):
        return node.name
    raise ReadingError("the index of a sum is a letter", node.span)


def _upper(el: Elaborator, node: s.Big) -> tuple[sp.Expr | Value, bool] | None:
    """The upper limit: an extent (True), or a value that depends on other indices (False)."""
    if node.sup is None:
        return None
    if isinstance(node.sup, s.Symbol) and node.sup.name in el.env and node.sup.name not in el.scope.values:
        return el(node.sup), False
    try:
        value = el(node.sup)
    except ReadingError:
        if isinstance(node.sup, s.Symbol):
            return el.scope.declare_dim(node.sup.name), True
        raise
    eq = value.tensor.definition
    if value.rank or value.labels or not isinstance(eq, Equation) or eq.accesses:
        return value, False
    return eq.body, True


def _within(el: Elaborator, body: Value, bound, letter: str, node: s.Big, start: int, upper) -> Value:
    """The body where the index, which counts from ``start``, is at most its upper limit, if that leaves out part of the axis."""
    label, known = bound
    extent = body.extent(label) if label in body.labels else known
    if extent is None:
        raise ReadingError(f"the range of {letter} is not known", node.span)
    limit, plain = upper
    if plain:
        last = limit - start
        if v.same(last + 1, extent):
            return body
        gap = sp.expand(extent - 1 - last)
        if not gap.is_Integer and not (isinstance(limit, sp.Expr) and limit.is_Integer):
            raise ShapeMisfit(
                f"the sum over {letter} runs to {limit}, but the axis that {letter} stands on has {extent} entries",
                node.span,
            )
        if gap.is_Integer and gap < 0:
            raise ShapeMisfit(
                f"the sum over {letter} runs to {limit}, beyond the {extent} entries of its axis", node.span
            )
        limit = v.number(limit)
    inner = el.inside({letter: (label, extent)}, () if start else (letter,))
    test = v.pointwise(LessEqual, [inner.number(letter, node.span), limit], node.span)
    if node.kind == "prod":
        return v.pointwise(lambda a, b: Where(b, a, sp.S.One), [body, test], node.span)
    if node.kind != "sum":
        raise ReadingError(f"{node.kind} over part of an axis is not read", node.span)
    return v.pointwise(lambda a, b: a * b, [body, test], node.span)


def membership(el: Elaborator, node: s.Relation) -> Value:
    """``j ∈ UP(i)``: 1 where j belongs to the set, an arbitrary fixed one."""
    right, left = node.right, node.left
    if isinstance(right, s.Call):
        name, arguments = right.head, right.arguments
    elif isinstance(right, s.Product) and len(right.factors) == 2 and isinstance(right.factors[1][1], s.Group):
        name, arguments = right.factors[0][1], (right.factors[1][1].body,)
    elif isinstance(right, s.Symbol) or (whole := names.script_name(right)) is None:
        name, arguments = right, ()
    else:
        name, arguments = s.Symbol(right.span, whole, whole), ()
    size = el.scope.dims.get(name.name.removeprefix("cal")) if isinstance(name, s.Symbol) else None
    if size is not None and isinstance(left, s.Symbol) and left.name in el.env and el.env[left.name][1] == size:
        return v.number(1)  # the set is all that the letter runs over
    if not isinstance(name, s.Symbol) or not isinstance(left, s.Symbol) or left.name not in el.env:
        raise ReadingError("the set of an index is written as S or S(i)", node.span)
    places = [el.env.get(a.name, (a.name, None)) for a in arguments if isinstance(a, s.Symbol)]
    shape = [extent for _, extent in (*places, el.env[left.name])]
    if len(places) != len(arguments) or None in shape:
        raise ReadingError(f"the ranges of the indices of {name.name} are not known", node.span)
    key = f"set_{name.name}"
    held = el.scope.values.get(key)
    if held is None:
        held = el.scope.values[key] = Value(tensor(key, tuple(shape), role="constant", assume="binary"))
    return v.entry(held, [*places, el.env[left.name]], node.span)


# -- ranges of indices --------------------------------------------------------------------------------------------------------


def extents(el: Elaborator, nodes: Iterable[s.Node], only: Iterable[str] | None = None) -> dict[str, sp.Expr]:
    """The extents of index letters, read off the axes on which they stand; letters bound inside are not seen."""
    wanted = None if only is None else set(only)
    found: dict[str, sp.Expr] = {}
    for scripted, hidden in with_scripts(nodes):
        for letter, extent in _axes(el, scripted):
            if letter not in hidden and (wanted is None or letter in wanted):
                found.setdefault(letter, extent)
    return found


def with_scripts(nodes: Iterable[s.Node]) -> Iterator[tuple[s.Scripted, frozenset[str]]]:
    """The scripted nodes inside, in the order in which they are read, each with the letters that sums around it bind."""
    stack: list = [(n, frozenset()) for n in reversed(list(nodes))]
    while stack:
        thing, hidden = stack.pop()
        if isinstance(thing, tuple):
            stack.extend((x, hidden) for x in thing)
            continue
        if not isinstance(thing, s.Node):
            continue
        if isinstance(thing, s.Big):
            hidden = hidden | frozenset(bound_letters(thing))
        if isinstance(thing, s.Scripted):
            yield thing, hidden
        stack.extend((getattr(thing, name), hidden) for name in thing.__dataclass_fields__ if name != "span")


def extents_of_all(el: Elaborator, node: s.Node) -> dict[str, sp.Expr]:
    """The extents of every index letter of a tree, also of those that its sums bind."""
    found: dict[str, sp.Expr] = {}
    for part in s.walk(node):
        if isinstance(part, s.Scripted):
            for letter, extent in _axes(el, part):
                found.setdefault(letter, extent)
    return found


def _axes(el: Elaborator, node: s.Scripted) -> list[tuple[str, sp.Expr]]:
    try:
        base, sub, _sup, _ = (
            el._head(node)
            if (isinstance(node.base, s.Symbol) and node.base.name != "delta")
            or (isinstance(node.base, s.Symbol) and "delta" in el.scope.values)
            else (el(node.base), node.sub, node.sup, 0)
            if isinstance(node.base, (s.Group, s.Call))
            else (None, None, None, 0)
        )
    except ReadingError:
        return []
    if base is None or base.form:
        return []
    parts = [p for group in (node.indexed, sub) if group is not None for p in (names.letters(group) or [])]
    if isinstance(node.base, s.Symbol) and node.base.name in el.scope.sampled and names.is_layer(node.sup):
        sample = el.scope.values[node.base.name]
        pairs = [(p.name, sample.core[0]) for p in names.letters(node.sup) or [] if isinstance(p, s.Symbol)]
        return pairs + [
            (p.name, e)
            for p, e in zip(names.letters(node.sub) or [], sample.core[1:], strict=False)
            if isinstance(p, s.Symbol)
        ]
    if len(parts) > base.rank:
        return []
    return [(p.name, e) for p, e in zip(parts, base.core, strict=False) if isinstance(p, s.Symbol)]


# -- one sample of a quantity that was written for one sample ------------------------------------------------------------------


def per_sample(el: Elaborator, node: s.Scripted, parts: list[s.Node]) -> Value | None:
    """``C_p`` where C was written for one sample: C with its data replaced by those of sample p. None where that is no reading."""
    if not isinstance(node.base, s.Symbol) or len(parts) != 1 or not isinstance(parts[0], s.Symbol):
        return None
    base = el.scope.values.get(node.base.name)
    letter = parts[0].name
    if base is None or base.labels or base.form or letter not in el.env or el.env[letter][1] is None:
        return None
    label, extent = el.env[letter]
    batch = with_samples(base.tensor, el.scope, extent)
    if batch is None:
        return None
    return v.entry(Value(batch, (), base.row), [(label, extent)], node.span) if base.rank else Value(batch, (label,))


def bound_letters(node: s.Big) -> list[str]:
    """The letters over which a sum runs."""
    try:
        return _limits(node)[0]
    except ReadingError:
        return []
