"""Shapes of everything that a sheet leaves undeclared, as the one choice with which all its formulas together fit.

A formula alone often fits numbers and arrays alike. A sheet of them seldom does: what is transposed in one line stands
behind a matrix in the next. Symbols with letters below or above them, ``x^{(i)}``, ``w_j``, are lists of one kind of item;
a choice says for each symbol and each list whether it is (of) numbers, columns or matrices, and the sizes follow by
unification (``fitting``). The choice that misfits the fewest formulas and keeps best to the custom is taken; what two
choices that are as good say differently is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.fitting import Misfit, Sizes
from symbolic.verification.reading.sheet_shapes import COLUMN, MATRIX, NUMBER, ROW, SheetShapes
from symbolic.verification.reading.sheets import COSTS, Equality, Key, Sheet, is_large, is_turned

MOST_TRIALS = 4000
NEVER = 99.0
_PRODUCTS = ("", "CDOT")
_CUSTOMARY_NUMBERS = frozenset(
    ["alpha", "beta", "gamma", "lambda", "eta", "epsilon", "rho", "tau", "sigma", "kappa", "Delta", "nu", "b", "c"]
)


@dataclass
class Choice:
    """What one choice says: the kind of each key and the extents of its items, sizes as symbols."""

    kinds: dict[Key, int]
    shapes: dict[Key, tuple[sp.Expr, ...]]
    places: dict[Key, list[sp.Expr]]
    """How many items a list has, place by place."""
    counted: dict[str, sp.Expr]
    """The sizes of what letters count."""


def collected(sheet: Sheet, unknown: Iterable[Key]) -> Choice | None:
    """What the formulas of a sheet together tell of the unknown symbols; None where they tell nothing for certain."""
    keys = list(dict.fromkeys(unknown))
    options = {key: _options(key, sheet) for key in keys}
    if not sheet.arrays:
        options = {key: [(NUMBER, 0.0)] for key in keys}
    mentioned = _read(sheet, set(keys))
    found: list[tuple[float, dict[Key, int]]] = []
    trials = 0
    last = [max((k for k, key in enumerate(keys) if key in names), default=0) for names in mentioned]

    def search(depth: int, spent: float, before: SheetShapes) -> None:
        nonlocal trials
        if depth == len(keys):
            total = spent + _kinship(before.kinds)
            if not found or total <= found[0][0] + 1e-9:
                found.append((total, dict(before.kinds)))
                found.sort(key=lambda one: one[0])
            return
        for kind, cost in options[keys[depth]]:
            trials += 1
            bound = spent + cost + _kinship(before.kinds)
            if trials > MOST_TRIALS or (found and bound > found[0][0] + 1e-9):
                continue
            reading = before.with_kind(keys[depth], kind)
            strain = reading.strain(k for k, at in enumerate(last) if at == depth)
            search(depth + 1, spent + cost + strain, reading)

    search(0, 0.0, SheetShapes(Sizes({}), sheet.known, sheet=sheet, kinds={}))
    if not found or trials > MOST_TRIALS:
        return None
    best = found[0][1]
    rivals = [kinds for cost, kinds in found[1:] if cost <= found[0][0] + 1e-9]
    agreed = {key: kind for key, kind in best.items() if all(r[key] == kind for r in rivals)}
    reading = SheetShapes(Sizes({}), sheet.known, sheet=sheet, kinds={})
    for key, kind in best.items():
        reading = reading.with_kind(key, kind)
    reading.strain(range(len(sheet.equalities)))
    for items, whole in held_as_rows(agreed):
        _join(reading, items, whole)
    shapes = {k: _extents(reading, k, agreed[k]) for k in agreed}
    counted = {}
    for letter, sizes in reading.seen.items():
        roots = {reading.sizes.of(x) for x in sizes}
        if len(roots) == 1:
            counted[letter] = roots.pop()
    places = {k: [reading.sizes.of(x) for x in reading.places.get(k, [])] for k in agreed}
    return Choice(agreed, shapes, places, counted)


def held_as_rows(kinds: dict[Key, int]) -> list[tuple[Key, Key]]:
    """Lists of columns x_i beside a matrix X, of which by custom they are the rows."""
    found = []
    for key, kind in kinds.items():
        whole = Key(key.name[:1].upper() + key.name[1:])
        small = key.name[0].islower() and Key(key.name) not in kinds
        if key.places == 1 and kind == COLUMN and small and kinds.get(whole) == MATRIX:
            found.append((key, whole))
    return found


def _join(reading: SheetShapes, items: Key, whole: Key) -> None:
    """Give X the sizes of the list x_i, where nothing says otherwise."""
    before = dict(reading.sizes.bound)
    try:
        reading.sizes.unify(reading.items[whole][0], reading.places[items][0])
        reading.sizes.unify(reading.items[whole][1], reading.items[items][0])
    except (Misfit, KeyError):
        reading.sizes.bound = before


def _extents(reading: SheetShapes, key: Key, kind: int) -> tuple[sp.Expr, ...]:
    rows, columns = map(reading.sizes.of, reading.items[key])
    return (columns,) if kind == ROW else (rows, columns)[:kind]


def _kinship(kinds: dict[Key, int]) -> float:
    """How unusual it is that x and x_i are of such kinds together: entries of it, others like it, rows of it."""
    cost = 0.0
    for key, kind in kinds.items():
        whole = Key(key.name)
        if not key.places or whole not in kinds or whole == key:
            continue
        of = kinds[whole]
        entries = {COLUMN: 1, ROW: 1, MATRIX: 2}.get(of) == key.below and not key.above and kind == NUMBER
        alike = of == kind
        listed = of == COLUMN and kind == NUMBER and key.above == 1
        rows = of == MATRIX and kind == COLUMN and key.places == 1
        cost += 0.0 if entries else 1.0 if alike and not kind else 0.5 if alike or listed else 1.0 if rows else 3.0
    return cost


def _read(sheet: Sheet, keys: set[Key]) -> list[set[Key]]:
    """The unknown symbols that each formula reads, through what the sheet defines too."""
    found = [_mentioned(e, sheet, keys) for e in sheet.equalities]
    told: dict[Key, set[Key]] = {}
    for e, mine in zip(sheet.equalities, found, strict=True):
        inner = {k[0] for side in (e.left, e.right) for n in s.walk(side) if (k := sheet.key(n)) is not None}
        mine |= set().union(*(told[key] for key in inner if key in told))
        left = sheet.key(e.left.head if isinstance(e.left, s.Call) else e.left) if e.defines else None
        if left is not None:
            told[left[0]] = mine
    return found


def _mentioned(equality: Equality, sheet: Sheet, keys: set[Key]) -> set[Key]:
    found = set()
    for side in (equality.left, equality.right):
        for node in s.walk(side):
            key = sheet.key(node)
            if key is not None:
                found |= {key[0], Key(key[0].name)} & keys
            if isinstance(node, s.Call) and isinstance(node.head, s.Symbol):
                told = sheet.functions.get(node.head.name)
                for n in s.walk(told[1]) if isinstance(told, tuple) else ():
                    inner = sheet.key(n)
                    found |= {inner[0]} & keys if inner else set()
    return found


def _options(key: Key, sheet: Sheet) -> list[tuple[int, float]]:
    """The kinds that (the items of) a symbol may be of, the most usual first, with how unusual each is."""
    nodes = [n for e in sheet.equalities for side in (e.left, e.right) for n in s.walk(side)]
    mine = [n for n in nodes if (k := sheet.key(n)) is not None and k[0] == key]
    marked = {id(n) for n in mine}
    turned = any(isinstance(n, s.Scripted) and s.is_transpose(n.sup) for n in mine)
    bold = key.name.split("_")[0].split("^")[0] in sheet.bold
    capital = key.name[0].isupper()
    nabla = any(isinstance(n, s.Nabla) and n.by is not None and id(n.by) in marked for n in nodes)
    normed = any(
        isinstance(n, s.Norm) and n.kind == "norm" and any(id(m) in marked for m in s.walk(n.body)) for n in nodes
    )
    behind = before = row = False
    for n in nodes:
        if isinstance(n, s.Product):
            for (_, one), (sign, two) in zip(n.factors, n.factors[1:], strict=False):
                if sign in _PRODUCTS:
                    behind = behind or (id(two) in marked and (is_large(one) or is_turned(one)))
                    row = row or (id(one) in marked and not is_turned(one) and is_large(two) and not is_turned(two))
                    before = before or (id(one) in marked and not isinstance(two, s.Group))
    whole = any(
        (isinstance(n, s.Call) and isinstance(n.head, s.Symbol) and n.head.name in ("trace", "det", "logdet"))
        and any(id(m) in marked for m in s.walk(n))
        for n in nodes
    ) or any(isinstance(n, s.Scripted) and _inverted(n) and any(id(m) in marked for m in s.walk(n)) for n in nodes)
    entrywise = any(
        isinstance(n, s.Product)
        and any(sign == "ODOT" for sign, _ in n.factors)
        and any(id(factor) in marked for _, factor in n.factors)
        for n in nodes
    )
    listed = any(
        isinstance(n, s.Group)
        and n.bracket == "["
        and isinstance(n.body, s.Items)
        and any(id(m) in marked for m in n.body.items)
        for n in nodes
    )
    if capital:
        costs = (1.0, 3.0, 0.0) if sheet.arrays else (0.0, 3.0, 1.0)
        if turned or (whole and not key.places):
            costs = (NEVER, 2.0, 0.0)
        elif bold or nabla or before or behind:
            costs = (1.5, 3.0, 0.0)
        elif key.places:
            costs = (0.3, 0.5, 1.0)
        elif key.name in COSTS:
            costs = (0.0, 4.0, 1.2)
    else:
        costs = (0.0, 0.6, 4.0)
        if turned:
            costs = (NEVER, 0.0, 3.0)
        elif bold:
            costs = (4.0, 0.0, 3.0)
        elif normed or behind or listed:
            costs = (1.0, 0.0, 3.0)
        elif nabla or entrywise:
            costs = (0.5, 0.0, 3.0)
        elif key.name in _CUSTOMARY_NUMBERS:
            costs = (0.0, 1.0, NEVER)
    if not capital and not bold and sheet.rows:
        costs = (*costs, 0.3 if row else 1.2)
    return sorted(((kind, cost) for kind, cost in enumerate(costs) if cost < NEVER), key=lambda one: one[1])


def _inverted(node: s.Scripted) -> bool:
    sup = node.sup
    return isinstance(sup, s.Sum) and bool(re.fullmatch(r"minus(1|T|⊤)", script_name(sup) or ""))
