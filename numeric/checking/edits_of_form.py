"""Edits that change what is there: signs, factors, transposes, axes, indices, operators."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from numeric.checking.edits import (
    Edit,
    Node,
    Path,
    Place,
    binary,
    called,
    copied,
    expression,
    is_term,
    method,
    put,
    receiver,
    short,
)

_SUMS = ("sum", "mean")
_EXTREMA = {
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "maximum": "minimum",
    "minimum": "maximum",
}
_TOTALS = {"sum": "trace", "trace": "sum"}
_JOINS = ("hstack", "concatenate", "vstack", "stack", "cat", "dstack", "column_stack", "block")


def signs(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Plus for minus and minus for plus."""
    s = place.statement
    if isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Add, ast.Sub)):
        op = ast.Sub() if isinstance(s.op, ast.Add) else ast.Add()
        yield Edit("sign", f"{'-=' if isinstance(op, ast.Sub) else '+='}", (((s, "op", None), op),))
    for n in found:
        if n.index or n.exponent:
            continue
        if isinstance(n.node, ast.BinOp) and isinstance(n.node.op, (ast.Add, ast.Sub)):
            op = ast.Sub() if isinstance(n.node.op, ast.Add) else ast.Add()
            yield Edit("sign", f"that of {short(n.node.right)}", (((n.node, "op", None), op),))
        elif isinstance(n.node, ast.UnaryOp) and isinstance(n.node.op, ast.USub):
            yield Edit("sign", f"that of {short(n.node.operand)}", put(n, n.node.operand), 0.5)
        if isinstance(n.node, ast.Constant) and isinstance(n.node.value, (int, float)) and n.node.value:
            yield Edit("sign", f"that of {n.node.value}", put(n, expression(repr(-n.node.value))), 0.9)
        if isinstance(n.node, ast.BinOp) and isinstance(n.node.op, ast.Sub):
            turned = (((n.node, "left", None), n.node.right), ((n.node, "right", None), n.node.left))
            yield Edit("sign", f"that of {short(n.node)}", turned)
        elif n.depth <= 4 and is_term(n) and not _is_searched(n):
            weight = 2.0 + n.depth
            yield Edit("sign", f"that of {short(n.node)}", put(n, ast.UnaryOp(ast.USub(), copied(n.node))), weight)


def _is_searched(n: Node) -> bool:
    """Whether a node is what a maximum or its place is looked for in: −x there is the minimum, no sign."""
    owner = n.path[0].attr if isinstance(n.path[0], ast.Attribute) else n.call.partition(":")[0]
    return owner in _EXTREMA


def factors(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A factor 2 or ½, a mean for a sum, a number that is another."""
    counts, spoken = list(place.counts())[:6], _spoken_numbers(place)
    for n in found:
        if n.exponent and isinstance(n.node, ast.Constant) and isinstance(n.node.value, (int, float)):
            for other in (n.node.value + 1, n.node.value - 1, -n.node.value, n.node.value / 2, n.node.value * 2):
                yield Edit("wrong exponent", f"{n.node.value} for {other}", put(n, ast.Constant(other)))
        if n.exponent and isinstance(n.node, ast.UnaryOp) and isinstance(n.node.operand, ast.Constant):
            v = -float(n.node.operand.value)  # type: ignore[arg-type]
            for other in (v + 1, v - 1, -v, v / 2, v * 2):
                yield Edit("wrong exponent", f"{v} for {other}", put(n, expression(repr(other))))
        if n.index or n.exponent:
            continue
        node = n.node
        known = isinstance(node, ast.Subscript) or ast.unparse(node) in place.scope
        if isinstance(node, (ast.Name, ast.Subscript)) and known and isinstance(n.path[0], ast.BinOp):
            for power in (2, 3):
                new = binary(ast.Pow(), copied(node), ast.Constant(power))
                yield Edit("wrong exponent", f"{short(node)} for its power {power}", put(n, new), power)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield Edit("wrong exponent", f"{short(node)} for {short(node.left)}", put(n, copied(node.left)), 2)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            v = node.value
            for other in (v * 3, v / 3, v * 4, v / 4):
                yield Edit("factor", f"{v} for {other:g}", put(n, ast.Constant(other)), 2)
            for other in (v * 2, v / 2):
                yield Edit("factor 2", "missing" if other > v else "one too many", put(n, ast.Constant(other)), 0.1)
            yield Edit("factor", f"{v} for 1", put(n, ast.Constant(1)), 2)
            for other in (*spoken, *([round(1 - v, 12)] if isinstance(v, float) and 0 < v < 1 else [])):
                if other != v:
                    yield Edit("factor", f"{v} for {other:g}", put(n, ast.Constant(other)), 2.5)
            for c in counts if v == 1 else ():
                divides = isinstance(place.statement, ast.AugAssign) and isinstance(place.statement.op, ast.Div)
                yield Edit("missing 1/P" if divides else "factor", f"1/{c}", put(n, expression(c)), 2)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            yield from _dropped(n, node, place)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            for kept, lost in ((node.left, node.right), (node.right, node.left)):
                yield Edit("extra factor", short(lost), put(n, copied(kept)), 1.5)
        if isinstance(node, ast.Call) and called(node) in _SUMS and isinstance(node.func, ast.Attribute):
            other = "mean" if called(node) == "sum" else "sum"
            label = "missing 1/P" if other == "mean" else "extra 1/P"
            yield Edit(label, f"{other} for {called(node)}", (((node.func, "attr", None), other),))
        if is_term(n) and (n.depth <= 1 or _is_addend(n)):
            weight = 1.0 + n.depth
            yield Edit("factor 2", "missing", put(n, binary(ast.Mult(), ast.Constant(2), copied(node))), weight)
            yield Edit("factor 2", "one too many", put(n, binary(ast.Div(), copied(node), ast.Constant(2))), weight)
            for c in (3, 4, 6) if n.depth == 0 else ():
                yield Edit("factor", f"{c} is missing", put(n, binary(ast.Mult(), ast.Constant(c), copied(node))), c)
                yield Edit("factor", f"1/{c} is missing", put(n, binary(ast.Div(), copied(node), ast.Constant(c))), c)
            pairs = [f"({a} * {b})" for a, b in itertools.combinations(counts[:4], 2)] if len(counts) < 7 else []
            for c in [*counts, *pairs] if not _is_count(node, place) else ():
                yield Edit("missing 1/P", f"1/{c}", put(n, binary(ast.Div(), copied(node), expression(c))), weight + 1)
                yield Edit("extra 1/P", f"1/{c}", put(n, binary(ast.Mult(), expression(c), copied(node))), weight + 2)
            for c in counts if n.depth == 0 and "sqrt" in place.text and place.module != "torch" else ():
                root = expression(f"{place.module}.sqrt({c})")
                for op, said in ((ast.Div(), f"1/√{c}"), (ast.Mult(), f"√{c}")):
                    yield Edit("missing factor", said, put(n, binary(op, copied(node), root)), 2)


def _spoken_numbers(place: Place) -> list[float]:
    """The few numbers that are no whole numbers and stand in the code: a slope, a momentum, a coefficient."""
    found = dict.fromkeys(float(t) for t in re.findall(r"(?<![\w.])\d*\.\d+(?![\w.])", place.text))
    return [v for v in found if v != int(v)][:6]


def _dropped(n: Node, node: ast.BinOp, place: Place) -> Iterator[Edit]:
    """One operand of a product or quotient left out, or the one for the other; a slope a(1 − a) left out as a whole."""
    divided = isinstance(node.op, ast.Div)
    first = node.left.right if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult) else None
    if (
        first is not None
        and not divided
        and ast.unparse(node.right) in (f"1 - {ast.unparse(first)}", f"1.0 - {ast.unparse(first)}")
    ):
        rest = node.left.left  # type: ignore[attr-defined]
        yield Edit("extra factor", f"{short(first)} * ({short(node.right)})", put(n, copied(rest)), 1.2)
    counts = place.counts()
    text = ast.unparse(node.right)
    is_count = _is_count(node.right, place)
    number = isinstance(node.right, ast.Constant)
    label = (
        "extra 1/P"
        if divided and is_count
        else "factor 2"
        if number and node.right.value in (2, 0.5, 2.0)
        else "extra factor"
    )  # type: ignore[attr-defined]
    detail = ("1/" if divided else "") + short(node.right)
    yield Edit(label, "one too many" if label == "factor 2" else detail, put(n, copied(node.left)), 1.5)
    if not divided:
        left = isinstance(node.left, ast.Constant) and node.left.value in (2, 0.5)
        yield Edit(
            "factor 2" if left else "extra factor",
            "one too many" if left else short(node.left),
            put(n, copied(node.right)),
            1.5,
        )
    op = ast.Mult() if divided else ast.Div()
    yield Edit("wrong exponent", f"of {short(node.right)}", (((node, "op", None), op),), 2)
    if not divided and isinstance(node.left, (ast.Name, ast.Subscript, ast.Attribute)):
        turned = binary(ast.Div(), copied(node.right), copied(node.left))
        yield Edit("wrong exponent", f"of {short(node.left)}", put(n, turned), 2.5)
    if divided and is_count:
        for c, v in place.scope.items():
            if c.isidentifier() and isinstance(v, np.ndarray) and not v.ndim and v.dtype.kind == "f":
                yield Edit("wrong tensor", f"{text} instead of {c}", (((node, "right", None), expression(c)),), 3)
        less = binary(ast.Sub(), copied(node.right), ast.Constant(1))
        yield Edit("off by one", f"1/{text} for 1/({text} - 1)", (((node, "right", None), less),), 2)
        root = expression(f"{place.module}.sqrt({text})" if place.module != "torch" else f"{text} ** 0.5")
        yield Edit("wrong exponent", f"1/{text} for 1/√{text}", (((node, "right", None), root),), 2)
    if divided and isinstance(node.right, ast.BinOp) and _is_whole_number(node.right.right):
        for c, wrong in ((node.right.left, "1/({} - 1) for 1/{}"),):
            if _is_count(c, place):
                yield Edit("off by one", wrong.format(short(c), short(c)), (((node, "right", None), copied(c)),), 2)
    if divided and (is_count or number):
        for c in [*counts][:6]:
            if c != text:
                yield Edit("factor", f"1/{text} for 1/{c}", (((node, "right", None), expression(c)),), 2)
        size = "numel()" if place.module == "torch" else "size"
        now = place.value(node.right)
        for a in {m.id for m in ast.walk(place.statement) if isinstance(m, ast.Name)} if now is not None else ():
            value = place.scope.get(a)
            if isinstance(value, np.ndarray) and value.ndim > 1 and value.size != now:
                label = "missing 1/P" if value.size > float(now.flat[0]) else "extra 1/P"
                new = expression(f"{a}.{size}")
                yield Edit(label, f"1/{a}.{size} for 1/{text}", (((node, "right", None), new),), 2.5)


def _is_whole_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _is_count(node: ast.expr, place: Place) -> bool:
    text = ast.unparse(node)
    return text in place.counts() or re.fullmatch(r"len\(.*\)|.*\.shape\[.*\]|.*\.size", text) is not None


def _is_addend(n: Node) -> bool:
    owner = n.path[0]
    return isinstance(owner, ast.BinOp) and isinstance(owner.op, (ast.Add, ast.Sub))


def axes(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """Sums along another axis, sums missing, sums that keep their axis or do not."""
    for n in found:
        node = n.node
        if isinstance(node, ast.Call) and called(node) in (
            "sum",
            "mean",
            "max",
            "var",
            "std",
            "argmax",
            "prod",
            "cumsum",
        ):
            yield from _summed(place, n, node)


def missing_sums(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """A sum over the batch, or over another axis, left out."""
    most = max((v.ndim for v in place.scope.values() if isinstance(v, np.ndarray)), default=0)
    for n in found:
        if not is_term(n) or n.depth > 2 or isinstance(n.path[0], ast.Attribute):
            continue
        rank = _rank(place, n.node)
        rank = most if rank is None else rank
        for axis in (0, 1, -1, 2, (0, 1), (1, 2), (0, 2, 3), (2, 3), None):
            needed = max(axis) + 1 if isinstance(axis, tuple) else axis + 1 if isinstance(axis, int) else 1
            if needed > rank:
                continue
            for keep in (False, True) if axis is not None else (False,):
                options = {"axis": axis, **({"keepdims": True} if keep else {})} if axis is not None else {}
                weight = 1.0 + n.depth / 2 + keep / 4 + (axis not in (0, 1)) / 4
                new = method(copied(n.node), "sum", **options)
                said = f"axis {axis}" if axis is not None else "all entries"
                yield Edit("missing sum over the batch", said, put(n, new), weight)


def _rank(place: Place, node: ast.expr) -> int | None:
    value = place.scope.get(ast.unparse(node))
    return getattr(value, "ndim", None)


def _axes(rank: int) -> list[str]:
    """Axes along which an array may be summed, as they are written, the usual first."""
    several = [c for size in (2, 3) for c in itertools.combinations(range(rank), size) if size < rank]
    return [*map(str, range(min(rank, 4))), "-1", "None", *(str(c) for c in several[:20])]


def _summed(at: Place, n: Node, node: ast.Call) -> Iterator[Edit]:
    keywords = {k.arg: k for k in node.keywords}
    functional = receiver(node) is (node.args[0] if node.args else None)
    place = 1 if functional else 0
    axis = keywords.get("axis") or keywords.get("dim")
    current = axis.value if axis else node.args[place] if len(node.args) > place else None
    written = ast.unparse(current) if current is not None else "None"
    value = at.value(receiver(node))
    for other in _axes(value.ndim if value is not None else 4):
        if other == written:
            continue
        new = expression(other)
        if axis is not None:
            changes = (((axis, "value", None), new),)
        elif current is not None:
            changes = (((node, "args", place), new),)
        else:
            changes = (((node, "keywords", None), [*node.keywords, ast.keyword("axis", new)]),)
        yield Edit("sum over the wrong axis", f"{written} for {other}", changes, 1 + len(other) / 10)
        if "keepdims" not in keywords and other != "None":
            words = [
                *[k for k in node.keywords if k is not axis],
                ast.keyword("axis", new),
                ast.keyword("keepdims", ast.Constant(True)),
            ]
            if axis is not None or current is None:
                yield Edit("sum over the wrong axis", f"{written} for {other}", (((node, "keywords", None), words),), 2)
    keep = keywords.get("keepdims") or keywords.get("keepdim")
    if keep is None and current is not None:
        words = [*node.keywords, ast.keyword("keepdims", ast.Constant(True))]
        yield Edit("keepdims missing", short(node), (((node, "keywords", None), words),))
    elif keep is not None:
        words = [k for k in node.keywords if k is not keep]
        yield Edit("keepdims too many", short(node), (((node, "keywords", None), words),))
    if called(node) in _SUMS:
        yield Edit("extra sum", short(node), put(n, copied(receiver(node))), 2)


def statements(place: Place, found: Sequence[Node]) -> Iterator[Edit]:
    """``=`` for ``+=`` and the other way round; ``np.add.at`` for ``+=`` at indices that repeat."""
    s = place.statement
    added = isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Add, ast.Sub))
    if added and isinstance(s.target, ast.Subscript) and _by_array(place, s.target):
        ufunc = "add" if isinstance(s.op, ast.Add) else "subtract"
        at = expression(f"{place.module}.{ufunc}.at(_, _, _)")
        if isinstance(at, ast.Call):
            at.args = [_read(s.target.value), copied(s.target.slice), copied(s.value)]
            yield Edit("lost repetitions", f"in {short(s.target.slice)}", ((place.where, ast.Expr(at)),))
    if isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add):
        yield Edit("extra term", short(s.target), ((place.where, ast.Assign([copied(s.target)], copied(s.value))),), 3)
    if isinstance(s, ast.Assign) and len(s.targets) == 1 and not isinstance(s.targets[0], (ast.Tuple, ast.List)):
        t = s.targets[0]
        inside = isinstance(t, ast.Subscript) or (place.in_loop and not _flows_on(place, t))
        label = "missing sum over the batch" if inside else "forgotten path"
        said = f"what meets in {short(t)}" if inside else f"what {short(t)} held before"
        yield Edit(label, said, ((place.where, ast.AugAssign(copied(t), ast.Add(), copied(s.value))),), 1.5)
        if isinstance(t, ast.Subscript) and _by_array(place, t):
            at = expression(f"{place.module}.add.at(_, _, _)")
            if isinstance(at, ast.Call):
                at.args = [_read(t.value), copied(t.slice), copied(s.value)]
                yield Edit(
                    "lost repetitions", f"in {short(t.slice)}", ((place.where, ast.Expr(at)),), 200
                )  # if += does not do
    if isinstance(getattr(s, "value", None), ast.Call) and called(s.value) in ("zeros_like", "zeros") and s.value.args:
        yield from _starts(place, s)
    if _is_number(getattr(s, "value", None)):
        for name, value in place.arrays().items():
            for axis in range(min(value.ndim, 3)):
                for sign in ("-", ""):
                    new = expression(f"{sign}{name}.sum(axis={axis})")
                    yield Edit(
                        "missing sum over the batch", f"{name} along axis {axis}", (((s, "value", None), new),), 3
                    )
    for n in found:
        if isinstance(n.node, ast.Call) and called(n.node) in _EXTREMA and isinstance(n.node.func, ast.Attribute):
            other = _EXTREMA[called(n.node)]
            yield Edit("wrong extremum", short(n.node), (((n.node.func, "attr", None), other),))
        total = isinstance(n.node, ast.Call) and len(n.node.args) == 1 and not n.node.keywords
        if total and called(n.node) in _TOTALS and isinstance(n.node.func, ast.Attribute):
            other = _TOTALS[called(n.node)]
            yield Edit("sum over the wrong axis", short(n.node), (((n.node.func, "attr", None), other),), 1.5)
        if isinstance(n.node, (ast.Tuple, ast.List)) and not n.index and n.call.startswith(_JOINS):
            for a, b in itertools.combinations(range(len(n.node.elts)), 2):
                changes = (((n.node, "elts", a), n.node.elts[b]), ((n.node, "elts", b), n.node.elts[a]))
                yield Edit("wrong order of factors", short(n.node), changes)


def _flows_on(place: Place, t: ast.expr) -> bool:
    """Whether what a loop assigns is read in it elsewhere: it is handed from pass to pass, and not only added up."""
    body = getattr(place.where[0], place.where[1], [])
    text = ast.unparse(t)
    others = [n for s in body if s is not place.statement for n in ast.walk(s)]
    return any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id == text for n in others)


def _starts(place: Place, s: ast.stmt) -> Iterator[Edit]:
    """A gradient that is added up from zero where the derivative of a penalty is its start."""
    path: Path = (s, "value", None)
    values = {n: v for n, v in place.arrays().items() if v.dtype.kind == "f"}
    scalars = [n for n, v in values.items() if not v.ndim]
    for name, value in values.items():
        if value.ndim:
            yield Edit("forgotten regulariser", name, ((path, method(expression(name), "copy")),), 2)
            for c in scalars:
                for text in (f"{c} * {name}", f"2 * {c} * {name}"):
                    yield Edit("forgotten regulariser", text, ((path, expression(text)),), 2)


def _is_number(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def _by_array(place: Place, t: ast.Subscript) -> bool:
    """Whether an index is an array of whole numbers, which may repeat."""
    parts = [n for n in ast.walk(t.slice) if isinstance(n, (ast.Name, ast.Subscript, ast.Attribute))]
    found = [place.scope.get(ast.unparse(n), place.objects.get(ast.unparse(n))) for n in parts]
    found += [place.value(n) for n, v in zip(parts, found, strict=True) if v is None]  # of the file, and of no function
    return any(isinstance(v, np.ndarray) and v.dtype.kind in "iu" and v.ndim for v in found)


def _read(node: ast.expr) -> ast.expr:
    made = copied(node)
    made.ctx = ast.Load()
    return made
