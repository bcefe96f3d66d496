"""The search for a repair: edits of the suspected lines, run again; what makes the gradients right at all sizes is the repair."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.checking import edits_of_flow as flow
from numeric.checking import edits_of_form as form
from numeric.checking import edits_of_indices as indices
from numeric.checking import edits_of_masks as masks
from numeric.checking import edits_of_matter as matter
from numeric.checking import edits_of_products as products
from numeric.checking import edits_of_slopes as slopes
from numeric.checking.cases import Case
from numeric.checking.chains import Chain, chain_between
from numeric.checking.differences import close
from numeric.checking.edits import Edit, Place, called, copied, is_gradient, nodes
from numeric.checking.edits_of_residuals import residual_terms
from numeric.checking.places import places as places_of
from numeric.checking.probes import is_keyed, kept, leaf, located
from numeric.checking.program import Program, lone
from numeric.checking.slices import Statement, writes
from numeric.checking.work import Work

FAMILIES = (
    form.signs, products.transposes, form.factors, products.symmetrised, form.axes, form.statements, masks.scalings, masks.comparisons, indices.positions,
    flow.unread, matter.names, matter.swaps, matter.softmaxes, slopes.derivatives, form.missing_sums, flow.carried,
    matter.missing_factors, indices.others, flow.running_sums, matter.terms, matter.composites, matter.couplings,
)  # fmt: skip
_ALIASES = (matter.names, indices.positions, form.statements)
_QUESTIONS = (masks.comparisons, matter.names, indices.positions)  # what is asked is no sum and no product
_COMPLETIONS = (
    form.factors,
    matter.names,
    matter.terms,
    form.statements,
)  # what a part of a cotangent, or that of another value, may lack; the other part may be the same again
# From the change of a sign or an exponent to what brings something new in; in code the smaller change is the likelier.
ORDER = (
    "sign", "factor 2", "missing 1/P", "extra 1/P", "keepdims missing", "keepdims too many", "missing transpose",
    "wrong order of factors", "wrong order of steps", "wrong extremum", "softmax Jacobian taken as diagonal", "sum over the wrong axis",
    "lost repetitions", "wrong exponent", "h' at the wrong argument", "wrong h'", "h instead of h'", "pre-activation and activation", "wrong layer index",
    "missing h'", "missing sum over the batch", "off by one", "wrong index", "flipped kernel", "Hadamard and matrix product", "wrong tensor", "factor", "extra factor",
    "extra term", "symmetric assumption", "forgotten regulariser", "forgotten path", "missing factor", "missing term", "extra sum",
)  # fmt: skip
RANK = {label: k for k, label in enumerate(ORDER)}
RANK["missing term"] = RANK["forgotten path"]  # which of the two a term is called is a matter of its name
_BLANK = ("zeros", "zeros_like", "empty", "empty_like", "ones", "ones_like")
_GRADIENT = re.compile(r"_?(d|grad|delta|g_)\w*|\w+(grad|bar|delta)\Z")
_OWN = (
    "missing term",
    "missing factor",
    "missing h'",
    "extra 1/P",
    "missing 1/P",
)  # sooner in the line that is known to be wrong
ENOUGH = 3
CASES, UNITS = 3, 900_000  # points at which a repair must hold, and the work for one search


@dataclass(frozen=True, eq=False)
class Repair:
    """An edit that was confirmed, the line that it changes and how that line reads then."""

    edit: Edit
    function: str
    line: int
    before: str
    after: str
    mended: frozenset[str]


@dataclass(frozen=True, eq=False)
class Target:
    """What a repair must do: make these gradients right and break no other; ``value`` is what ``statement`` should give at
    the first case, where that is known."""

    mend: frozenset[str]
    keep: frozenset[str]
    statement: ast.stmt | None = None
    value: np.ndarray | None = None
    passing: int = 0  # in a loop, the pass in which the statement gives the value; 0 for the last


def repair(
    program: Program,
    cases: Sequence[Case],
    region: Sequence[Statement],
    target: Target,
    made: Callable[[str], Any],
    work: Work,
    partial: frozenset[int] = frozenset(),
    ahead: frozenset[int] = frozenset(),
    of_loss: frozenset[int] = frozenset(),
) -> Repair | None:
    """The simplest edit in the region that reaches the target at all cases; None if none was found in time.

    Statements in ``partial`` give a part of a cotangent; a term may be missing there, or another value be meant; those in
    ``ahead`` give values of the forward function, perhaps not the ones that are meant; those in ``of_loss`` compute the loss itself
    and are changed only if nothing else helps. ``made`` gives the variant in which the function of a name is as its tree stands.
    """
    passed: list[tuple[float, Repair]] = []
    places = places_of(
        program, cases[0], region, not target.keep and target.statement is None, target.statement, target.passing
    )
    for place, function in places:
        if place.statement is target.statement and target.value is not None:
            passed += _direct(program, cases, place, function, target, made, work, region)
    if not passed or len(places) > 1:
        before = len(passed)
        chains = _chains(places, target, program)
        for family in FAMILIES:
            for place, function in places:
                if id(place.statement) in partial and family not in _COMPLETIONS:
                    continue
                if isinstance(place.statement, ast.If) and family not in _QUESTIONS:
                    continue
                if (is_alias(place.statement) or id(place.statement) in ahead) and family not in _ALIASES:
                    continue
                found = nodes(place.statement)
                for edit in family(place, found):
                    if work.spent:
                        break
                    if id(place) in chains and not chains[id(place)].leads(edit, work):
                        continue
                    work.spend()
                    done = _tried(cases, edit, place, function, target, made)
                    if done is not None:
                        passed.append(
                            (_rank(done, place, region, target) + 99 * (id(place.statement) in of_loss), done)
                        )
            if len(passed) > before:
                break
    return min(passed, key=lambda r: r[0])[1] if passed else None


def _chains(places: Sequence[tuple[Place, str]], target: Target, program: Program) -> dict[int, Chain]:
    """For the places of which the target's statement follows in the same block: what leads from one to the other."""
    end = next((p for p, _ in places if p.statement is target.statement), None)
    if end is None or target.value is None:
        return {}
    found = {}
    for place, function in places:
        chain = chain_between(place, end, target.value, program.functions[function].__globals__)
        if chain is not None:
            found[id(place)] = chain
    return found


def is_alias(s: ast.stmt) -> bool:
    """``x, w = cache`` or ``H = h.shape[1]``: a statement that only gives names."""
    value = getattr(s, "value", None)
    if isinstance(value, ast.Call) and called(value) in _BLANK:
        return True
    if any(_GRADIENT.match(leaf(t)) or is_gradient(leaf(t)) for t in writes(s)) and not isinstance(s, ast.For):
        return False
    if isinstance(value, ast.Tuple):
        return all(isinstance(v, (ast.Name, ast.Subscript, ast.Attribute, ast.Constant)) for v in value.elts)
    return isinstance(s, ast.Assign) and isinstance(value, (ast.Name, ast.Subscript, ast.Attribute, ast.Constant))


def _rank(done: Repair, place: Place, region: Sequence[Statement], target: Target) -> float:
    """Small changes first; of several lines that a change of the same kind mends, the one that mends more, then the first,
    then the one that computes no more: 1 − z² rather than 1 − tanh(s)²."""
    order = next((k for k, (_, s) in enumerate(region) if s is place.statement), 0)
    if done.edit.label == "missing 1/P":
        order = -20 * order  # the mean is usually taken last
    said = re.match(r"(?:1/)?(\w+)\Z", done.edit.detail)
    if done.edit.label == "missing factor" and said and re.search(rf"\b{said[1]}\b", done.before):
        order -= 60  # the line knows of the factor: it divides the loss by the same number
    lost = done.edit.label == "factor 2" and "missing" in done.edit.detail
    own = place.statement is target.statement and (done.edit.label in _OWN or lost)
    taken = is_gradient(done.edit.detail) and done.edit.label == "missing factor"
    order += 40 * (
        taken and not any(is_gradient(leaf(t)) for t in writes(place.statement)) and bool(writes(place.statement))
    )
    order = order - 12 * own  # what is missing in a line that is known to be wrong is missing there
    value = place.value(place.statement.value) if isinstance(place.statement, ast.Assign) else None
    counts = value is not None and not value.ndim and value.dtype.kind in "iu"
    order += 2000 * counts  # a number of samples is seldom what is wrong
    kind = RANK[done.edit.label] + done.edit.weight / 10 - 3 * len(done.mended)
    more = max(0, done.after.count("(") - done.before.count("("))
    return kind + order / 100 + 0.15 * more + 0.25 * max(0, _words(done.after) - _words(done.before) - 6)


def _words(code: str) -> int:
    """The names, numbers and operators of a line."""
    return len(re.findall(r"\w+|[^\w\s]", code))


def _tried(
    cases: Sequence[Case], edit: Edit, place: Place, function: str, target: Target, made: Callable[[str], Any]
) -> Repair | None:
    """The repair that an edit is, if it is one."""
    for _, new in edit.changes:
        for node in new if isinstance(new, list) else [new]:
            if isinstance(node, ast.AST):
                located(node, place.statement.lineno)
    edit.apply()
    try:
        variant = made(function)
        mended = target.mend | target.keep
        for case in cases:
            right = case.right(case.run(variant))
            if not target.mend <= right or not target.keep <= right:
                return None
            mended = right
        node = edit.changes[0][1] if edit.changes[0][0] is place.where else place.statement
        after = ast.unparse(ast.fix_missing_locations(_head(node)))
    except (SyntaxError, TypeError, ValueError):
        return None
    finally:
        edit.undo()
    before = ast.unparse(_head(place.statement))
    path = edit.changes[0][0]
    old = edit.old[0] if path is not place.where else place.statement
    if isinstance(path[0], ast.BinOp) and path[1] == "op":
        old = path[0].right
    entry = _entry(place.statement, edit)
    if entry is not None:
        before, after = entry
    line = getattr(old, "lineno", None) or getattr(path[0], "lineno", place.statement.lineno)
    return Repair(edit, function, line, before, after, mended)


def _entry(s: ast.stmt, edit: Edit) -> tuple[str, str] | None:
    """The one entry of a returned dictionary that an edit changes, before and after."""
    if not isinstance(s, ast.Return) or not isinstance(s.value, ast.Dict):
        return None
    for key, value in zip(s.value.keys, s.value.values, strict=True):
        before = ast.unparse(value)
        edit.apply()
        try:
            now = s.value.values[s.value.values.index(value)] if value in s.value.values else edit.changes[0][1]
            after = ast.unparse(now)
        finally:
            edit.undo()
        if after != before and key is not None:
            return f"{ast.unparse(key)}: {before}", f"{ast.unparse(key)}: {after}"
    return None


def _head(s: Any) -> Any:
    """A loop or a condition without its body."""
    body: list[ast.stmt] = [ast.Expr(ast.Constant(...))]
    if isinstance(s, ast.For):
        return ast.For(s.target, s.iter, body, [], lineno=s.lineno)
    if isinstance(s, ast.If):
        return ast.If(s.test, body, [], lineno=s.lineno)
    return s


def _direct(
    program: Program,
    cases: Sequence[Case],
    place: Place,
    function: str,
    target: Target,
    made: Callable[[str], Any],
    work: Work,
    region: Sequence[Statement],
) -> list[tuple[float, Repair]]:
    """Edits of a statement whose right value is known, tried on the line alone before the function is run."""
    s, passed = place.statement, []
    wanted = _right_side(place, target.value, program.functions[function].__globals__)
    if wanted is None or not isinstance(s, (ast.Assign, ast.AugAssign, ast.Return)):
        return []
    families = list(FAMILIES)
    least = work.left / 3  # for the lines before this one
    value = place.value(s.value)
    if value is not None and (value.shape == wanted.shape or isinstance(s.value, ast.Constant)):
        families.insert(-2, lambda place, found: residual_terms(place, found, wanted))
    for family in families:
        for edit in family(place, nodes(s)):
            if work.left < least or work.spent:
                return passed
            work.left -= 20
            if (
                any(path[0] is s and path[1] != "value" for path, _ in edit.changes)
                or edit.changes[0][0] is place.where
            ):
                done = _tried(cases, edit, place, function, target, made)  # changes the statement, not its value
            else:
                done = None
                edit.apply()
                try:
                    value = place.run(s.value)
                finally:
                    edit.undo()
                fits = value is not None and value.shape == wanted.shape and close(value, wanted)
                if fits:
                    work.spend()
                    done = _tried(cases, edit, place, function, target, made)
            if done is not None:
                passed.append((_rank(done, place, region, target), done))
        if len(passed) >= ENOUGH:
            break
    return passed


def _right_side(place: Place, value: np.ndarray | None, scope: Mapping[str, Any]) -> np.ndarray | None:
    """What the right side of a statement should give, where the value of what it assigns is known.

    ``dq[:, half:] = …`` should give that part of it, ``dx += …`` what is lacking before it.
    """
    s = place.statement
    if isinstance(s, ast.Return) and not isinstance(s.value, (ast.Tuple, ast.List, ast.Dict)):
        return value
    if value is None or not isinstance(s, (ast.Assign, ast.AugAssign)):
        return None
    t = s.target if isinstance(s, ast.AugAssign) else s.targets[0] if len(s.targets) == 1 else None
    if t is None or isinstance(t, (ast.Tuple, ast.List)):
        return None
    if isinstance(t, ast.Subscript) and not is_keyed(t):
        if place.in_loop and isinstance(s, ast.AugAssign):
            return None  # what comes in later iterations is in the value too
        part = ast.Subscript(ast.Name("_", ast.Load()), copied(t.slice), ast.Load())
        try:
            value = kept(lone(part, ["_", *place.objects], scope)(value, *place.objects.values()))
        except Exception:  # an index that fits another array
            return None
    if isinstance(s, ast.AugAssign) and value is not None:
        before = place.scope.get(ast.unparse(t))
        return _added(s.op, before, value, place.value(s.value)) if before is not None else None
    return value


def _added(op: ast.operator, before: np.ndarray, after: np.ndarray, now: np.ndarray | None) -> np.ndarray | None:
    """The right side of ``x += …``, ``x *= …`` and so on, that leads from one value to the other."""
    if isinstance(op, (ast.Add, ast.Sub)):
        return after - before if isinstance(op, ast.Add) else before - after
    if not isinstance(op, (ast.Mult, ast.Div)):
        return None
    with np.errstate(all="ignore"):
        ratio = after / before if isinstance(op, ast.Mult) else before / after
    if now is not None and now.shape != ratio.shape:  # a number, or one for each row
        axes = tuple(range(ratio.ndim - now.ndim)) + tuple(
            ratio.ndim - now.ndim + k for k, size in enumerate(now.shape) if size == 1
        )
        spread = np.nanmedian(ratio, axis=axes, keepdims=True).reshape(now.shape)
        ratio = spread if np.allclose(np.broadcast_to(spread, ratio.shape), ratio, equal_nan=True) else ratio
    return ratio if np.all(np.isfinite(ratio)) else None
