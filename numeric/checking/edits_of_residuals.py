"""Terms that are missing, found from what is missing: the difference between a line's right value and its own."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from numeric.checking.edits import Edit, Node, Place, binary, copied, expression, is_gradient, put

_MOST, _MOST_TRIPLES, _PROBED, _DEEPEST = 16, 9, 5, 3

Term = tuple[str, np.ndarray]


def residual_terms(place: Place, found: Sequence[Node], wanted: np.ndarray) -> Iterator[Edit]:
    """Products of what is in scope that the line lacks up to a number: one factor, two or three, a matrix product, a sum.

    ``wanted`` is the line's right value. What is lacking is looked for in the whole, and in
    the factors of a product, each divided by the others. Numbers are 1, 2, ½, the same over a whole number in scope, and
    their negatives.
    """
    whole = next((n for n in found if n.depth == 0), None)
    by_node = {id(n.node): n for n in found}
    pending = [(whole, wanted)] if whole is not None else []
    while pending:
        node, should = pending.pop(0)
        value = place.value(node.node)
        if value is not None and not value.ndim and isinstance(node.node, ast.Constant):
            value = np.broadcast_to(value, should.shape)
        if value is None or value.shape != should.shape:
            continue
        yield from _lacking_terms(place, node, should - value)
        if node.depth < _DEEPEST:
            for part, its in _factors_wanted(place, node.node, should):
                if id(part) in by_node:
                    pending.append((by_node[id(part)], its))


def _factors_wanted(place: Place, node: ast.expr, should: np.ndarray) -> Iterator[tuple[ast.expr, np.ndarray]]:
    """The operands of a product, quotient or negative, with what each should be if the others are right."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand, -should
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Mult, ast.Div)):
        return
    left, right = place.value(node.left), place.value(node.right)
    if left is None or right is None:
        return
    with np.errstate(all="ignore"):
        if isinstance(node.op, ast.Mult):
            pairs = ((node.left, should / right, left), (node.right, should / left, right))
        else:
            pairs = ((node.left, should * right, left),)
    for part, its, now in pairs:
        if its.shape == now.shape and np.all(np.isfinite(its)):
            yield part, its


def _lacking_terms(place: Place, whole: Node, rest: np.ndarray) -> Iterator[Edit]:
    if not rest.ndim or ast.unparse(whole.node) in ("1", "1.0") or not np.any(rest) or not np.all(np.isfinite(rest)):
        return
    counts = list(place.counts().items())[:6]
    counts += [(f"({a} * {b})", m * n) for (a, m), (b, n) in itertools.combinations(counts[:4], 2)]
    lacking = _Lacking(rest)
    parameters = _parameters(place)
    for text, value in _terms(place, rest):
        ratio = lacking.ratio(value)
        if not ratio:
            continue
        for factor, divisor in _numbers(ratio, counts):
            term = text if abs(factor) == 1 else f"{abs(factor):g} * {text}"
            term = term if divisor is None else f"{term} / {divisor}"
            op: ast.operator = ast.Add() if factor > 0 else ast.Sub()
            new = binary(op, copied(whole.node), expression(term))
            label = "forgotten regulariser" if text in parameters and factor > 0 else "forgotten path"
            yield Edit(
                label,
                term,
                put(whole, new),
                2 + whole.depth / 2 + len(term) / 40 + 6 * text.count(" * ") + 25 * ("(1 " in term) + 9 * (text == "1"),
            )


class _Lacking:
    """What is lacking, and whether something is a multiple of it: first at a few entries, then at all."""

    def __init__(self, rest: np.ndarray):
        self.rest = rest
        flat = np.abs(rest).argsort(axis=None)[::-1]
        self.at = np.unravel_index(flat[np.linspace(0, flat.size - 1, min(_PROBED, flat.size)).astype(int)], rest.shape)
        self.few, self.scale = rest[self.at], float(np.abs(rest).max())

    def ratio(self, value: np.ndarray) -> float:
        """The number by which the value must be multiplied; 0 if there is none."""
        if value.ndim > self.rest.ndim or any(
            m not in (1, n) for m, n in zip(value.shape[::-1], self.rest.shape[::-1], strict=False)
        ):
            return 0.0
        full = np.broadcast_to(value, self.rest.shape)
        few = full[self.at]
        if not few[0] or not np.isfinite(few[0]):
            return 0.0
        ratio = float(self.few[0] / few[0])
        if np.abs(few * ratio - self.few).max() > 1e-5 * self.scale:
            return 0.0
        return ratio if np.allclose(full * ratio, self.rest, rtol=1e-5, atol=1e-7 * self.scale) else 0.0


def _parameters(place: Place) -> set[str]:
    """Arrays that a function was given, and those times a number in scope: what the derivative of a penalty is."""
    given = {n for n in place.arrays() if n not in place.own and not is_gradient(n)}
    scalars = [n for n, v in place.arrays().items() if not v.ndim]
    return given | {f"{c} * {n}" for c in scalars for n in given}


def _numbers(ratio: float, counts: Sequence[tuple[str, int]]) -> Iterator[tuple[float, str | None]]:
    """Ways to write a number as 1, 2 or ½, over a whole number in scope; at small sizes there may be several."""
    for factor in (1.0, 2.0, 0.5):
        if abs(abs(ratio) - factor) < 1e-5 * factor:
            yield float(np.sign(ratio)) * factor, None
        for name, count in counts:
            if abs(abs(ratio) - factor / count) < 1e-5 * factor / count:
                yield float(np.sign(ratio)) * factor, name


def _terms(place: Place, rest: np.ndarray) -> Iterator[Term]:
    """What may be missing, the simple before the long."""
    arrays = {n: v for n, v in place.arrays().items() if v.dtype.kind == "f" and np.all(np.isfinite(v))}
    values = {n: v for n, v in arrays.items() if v.ndim}
    flowing = {n: values[n] for n in [n for n in values if is_gradient(n)][-_MOST:]}
    others = {n: values[n] for n in [n for n in values if not is_gradient(n)][-_MOST:]}
    widened = {**_widened(flowing, rest), **_widened(others, rest)}
    atoms = {**flowing, **others, **widened}
    scalars = {n: v for n, v in arrays.items() if not v.ndim}
    matter = _matter(others)
    yield "1", np.ones(())
    yield from atoms.items()
    yield from ((n, v) for n, v in matter.items() if n not in atoms)
    if rest.ndim == 2 and rest.shape[0] == rest.shape[1]:
        sizes = [c for c, size in place.counts().items() if size == len(rest)]
        yield from ((f"{place.module}.eye({c})", np.eye(len(rest))) for c in sizes)
    yield from _of_scalars(scalars)
    for c, n in itertools.product(scalars, others):
        yield f"{c} * {n}", scalars[c] * others[n]
    with np.errstate(all="ignore"):
        for (g, d), (text, v) in itertools.product(flowing.items(), matter.items()):
            if _meet(d, v):
                yield f"{g} * {text}", d * v
        for (a, v), (b, w) in itertools.combinations(others.items(), 2):
            if _meet(v, w):
                yield f"{a} * {b}", v * w
                yield f"{a} / {b}", v / w
                yield f"{b} / {a}", w / v
        yield from _spread_sums(flowing, others, rest)
        yield from _matrix_products(place, flowing, matter)
        yield from _matrix_products(place, others, {**others, **_complements(others)})
        yield from _triples(flowing, {**_bends(others), **others})
        yield from _sums(atoms, rest)


def _widened(arrays: Mapping[str, np.ndarray], rest: np.ndarray) -> dict[str, np.ndarray]:
    """``s[:, :, None, None]``: what stands for the first axes of what is lacking."""
    found = {}
    for n, v in arrays.items():
        more = rest.ndim - v.ndim
        if more > 0 and v.shape == rest.shape[: v.ndim]:
            index = ", ".join([":"] * v.ndim + ["None"] * more)
            found[f"{n}[{index}]"] = v.reshape((*v.shape, *(1,) * more))
    return found


def _bends(others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """1 − a² and a(1 − a), where a may be the value of tanh or of the logistic function."""
    bounded = {n: v for n, v in others.items() if np.abs(v).max(initial=0) < 1}
    squares = {f"(1 - {n} ** 2)": 1 - v**2 for n, v in bounded.items()}
    return {**squares, **{f"{n} * (1 - {n})": v * (1 - v) for n, v in bounded.items() if v.min(initial=1) > 0}}


def _of_scalars(scalars: Mapping[str, np.ndarray]) -> Iterator[Term]:
    with np.errstate(all="ignore"):
        for a, v in scalars.items():
            yield a, v
            yield f"1 / {a}", 1 / v
        for (a, v), (b, w) in itertools.permutations(scalars.items(), 2):
            yield f"{a} / {b}", v / w
            yield f"{a} / {b} ** 2", v / w**2


def _matter(others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values, differences of two, and what is left to one."""
    found = dict(others)
    for a, b in itertools.permutations(others, 2):
        v, w = others[a], others[b]
        if v.ndim == w.ndim and _meet(v, w) and v.size >= w.size:
            found[f"({a} - {b})"] = v - w
    return {**found, **_complements(others)}


def _complements(others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"(1 {s} {a})": 1 + v if s == "+" else 1 - v for a, v in others.items() for s in "+-"}


def _matrix_products(place: Place, first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> Iterator[Term]:
    for (g, d), (text, v) in itertools.product(first.items(), second.items()):
        if d.ndim == v.ndim == 1:
            yield f"{place.module}.outer({g}, {text})", np.outer(d, v)
            yield f"{place.module}.outer({text}, {g})", np.outer(v, d)
        if {d.ndim, v.ndim} == {1, 2}:
            for a, p, b, q in ((g, d, text, v), (text, v, g, d)):
                if p.shape[-1] == q.shape[0]:
                    yield f"{a} @ {b}", p @ q
                if p.ndim == 2 and p.shape[0] == q.shape[0]:
                    yield f"{a}.T @ {b}", p.T @ q
        if d.ndim == v.ndim == 2:
            for a, p in ((g, d), (f"{g}.T", d.T)):
                for b, q in ((text, v), (f"{text}.T", v.T)):
                    if p.shape[1] == q.shape[0]:
                        yield f"{a} @ {b}", p @ q
                    if q.shape[1] == p.shape[0]:
                        yield f"{b} @ {a}", q @ p


def _triples(flowing: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> Iterator[Term]:
    near = list(others.items())[-_MOST_TRIPLES:]
    pairs = list(itertools.combinations_with_replacement(near, 2))
    for (g, d), ((a, v), (b, w)) in itertools.product(list(flowing.items())[-4:], pairs):
        if _meet(d, v) and _meet(d, w) and _meet(v, w):
            yield f"{g} * {a} * {b}", d * v * w
            if a != b:
                yield f"{g} * {a} / {b}", d * v / w
                yield f"{g} * {b} / {a}", d * w / v
    for (a, u), (b, v), (c, w) in itertools.combinations(near, 3):
        if _meet(u, v) and _meet(u, w) and _meet(v, w):
            yield f"{a} * {b} * {c}", u * v * w


def _sums(atoms: Mapping[str, np.ndarray], rest: np.ndarray) -> Iterator[Term]:
    """Sums along an axis that is kept, by themselves or times another value: what a norm or a softmax couples."""
    full = {n: v for n, v in atoms.items() if v.shape == rest.shape}
    narrow = [*full.items()][-_MOST_TRIPLES:]
    inner = [(n, v) for n, v in narrow] + [
        (f"{a} * {b}", v * w) for (a, v), (b, w) in itertools.combinations(narrow, 2)
    ]
    fit = [(n, v) for n, v in atoms.items() if _meet(v, rest) and v.ndim <= rest.ndim][-_MOST_TRIPLES:]
    for axis in range(-1, rest.ndim - 1):
        for text, v in inner:
            total = v.sum(axis=axis, keepdims=True)
            said = f"({text}).sum(axis={axis}, keepdims=True)"
            yield said, total
            for n, w in fit:
                yield f"{n} * {said}", w * total


def _spread_sums(
    flowing: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray], rest: np.ndarray
) -> Iterator[Term]:
    """Row or column sums of one array times another: what ‖x − c‖² brings beside a matrix product."""
    if rest.ndim != 2:
        return
    for (d, v), axis in itertools.product(flowing.items(), (0, 1)):
        total = v.sum(axis=axis) if v.ndim == 2 else v
        text = f"{d}.sum({axis})" if v.ndim == 2 else d
        for n, w in others.items() if total.size == rest.shape[0] else ():
            if w.shape == rest.shape:
                yield f"{text}[:, None] * {n}", total[:, None] * w


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], b.shape[::-1], strict=False))
