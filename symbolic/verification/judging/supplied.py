"""Declarations for a sheet that declares little: what its formulas together tell of the symbols that nothing declares."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from symbolic.verification.elaboration.scope import FunctionOf, Generic, Layout
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.judging.reader import Reader
from symbolic.verification.reading.collected import Choice, collected, held_as_rows
from symbolic.verification.reading.declarations import declarations
from symbolic.verification.reading.declared import Declarations, Declared, Kin
from symbolic.verification.reading.families import declare_every_numbered
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.sheet_shapes import COLUMN, MATRIX, NUMBER, ROW
from symbolic.verification.reading.sheets import Equality, Key, Sheet

MOST_UNKNOWN = 24
_OWN = frozenset(["e", "pi", "I", "ones", "infinity", "const"])
_GAUSSIAN = re.compile(r"(?i)\b(?:gauss\w*|normal distribution|covarian\w*|mahalanobis)\b")
_BOLD = ("mathbf", "boldsymbol", "bm", "vec", "bf", "pmb", "symbf", "mathbfit")


def with_supplied(source: Source, layout: Layout, otimes: str) -> Declarations:
    """What a document declares, and what its formulas together tell of the symbols that it does not."""
    found = declarations(source)
    supply(Reader(source, declarations(source), layout, otimes), found)
    return found


def supply(reader: Reader, found: Declarations) -> bool:
    """Enter into ``found``, the declarations of the sheet that was read, what it does not declare; whether anything was."""
    sheet, nodes = _sheet(reader)
    unknown = {key: node for key, node in nodes.items() if _is_unknown(reader, sheet, key, node)}
    if not 1 <= len(unknown) <= MOST_UNKNOWN:
        return False
    choice = collected(sheet, unknown)
    if choice is None:
        return False
    _enter(reader, found, sheet, choice, unknown)
    declare_every_numbered(found, reader.source)
    return bool(found.supplied)


def _sheet(reader: Reader) -> tuple[Sheet, dict[Key, s.Node]]:
    """The formulas of a sheet, and the first place of each symbol and list that stands in them."""
    equalities = list(_equalities(reader))
    nodes = [n for e in equalities for side in (e.left, e.right) for n in s.walk(side)]
    functions = {
        name: (told.parameters, told.body) if isinstance(told, FunctionOf) else told if isinstance(told, str) else None
        for name, told in reader.scope.functions.items()
    }
    derived = {id(n.of) for n in nodes if isinstance(n, s.Derivative) and n.of is not None}
    derived |= {
        id(after)
        for n in nodes
        if isinstance(n, s.Product)
        for (_, before), (_, after) in itertools.pairwise(n.factors)
        if isinstance(before, s.Nabla) or (isinstance(before, s.Derivative) and before.of is None)
    }
    scripts = {
        id(m) for n in nodes if isinstance(n, s.Scripted) for x in (n.sub, n.sup, n.indexed) if x for m in s.walk(x)
    }
    scripts |= {id(m) for n in nodes if isinstance(n, s.Big) for x in (n.sub, n.sup) if x for m in s.walk(x)}
    bases = {id(n.base) for n in nodes if isinstance(n, s.Scripted)}
    heads = {id(m) for n in nodes if isinstance(n, s.Call) for m in s.walk(n.head)}
    costs = {n.name for n in nodes if isinstance(n, s.Symbol) and id(n) in derived}
    costs -= {n.name for n in nodes if isinstance(n, s.Symbol) and id(n) not in derived | heads | scripts}
    sizes = {*reader.scope.dims, *reader.declared.ranges.values()}
    fixed = frozenset({*_OWN, *costs, *sizes})
    variables = {n.name for n in nodes if isinstance(n, s.Symbol) and id(n) not in derived | heads | scripts}
    variables |= {n.base.name for n in nodes if _is_turned(n)}
    functions = {name: told for name, told in functions.items() if name not in variables or not _guessed(reader, name)}
    sheet = Sheet(equalities, _Declared(reader), functions, reader.declared.ranges, _bold(reader), fixed)
    found: dict[Key, s.Node] = {}
    for n in sorted((n for n in nodes if isinstance(n, (s.Symbol, s.Scripted))), key=lambda n: n.span):
        key = None if id(n) in scripts or id(n) in heads or id(n) in bases else sheet.key(n)
        if key is not None:
            found.setdefault(key[0], n)
    return sheet, found


def _is_turned(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) and s.is_transpose(node.sup)


def _guessed(reader: Reader, name: str) -> bool:
    """Whether a name is read as a function only because brackets stand behind it: w of w⊤(a − b)."""
    return isinstance(reader.scope.functions.get(name), Generic)


@dataclass(frozen=True)
class _Declared:
    """What a sheet declares, without what was guessed from single formulas."""

    reader: Reader

    def __call__(self, name: str) -> Value | None:
        held = self.reader.scope.values.get(name) if name in self.reader.declared.names else None
        return None if held is None or held.tensor.serial in self.reader.inferred else held


def _equalities(reader: Reader) -> Iterator[Equality]:
    """The equalities of a sheet, those by which it introduces something first."""
    first, later, seen = [], [], set()
    for _, chain in reader.everything:
        sides = [n for k in range(len(chain.sides)) if isinstance(n := reader.side(chain, k), s.Node)]
        if chain.error or not chain.is_equality or len(sides) < 2:
            continue
        sides[0] = _of_logarithm(sides[0])
        left = sides[0].head if isinstance(sides[0], s.Call) else sides[0]
        name = reader.introduces(left)
        new = name is not None and name not in seen and name not in reader.declared.names
        seen.add(name)
        if new and not _solves(reader, name, sides[1]):
            first.append(Equality(sides[0], sides[1], True))
            later += [Equality(sides[0], side, False) for side in sides[2:]]
        else:
            later += [Equality(sides[0], side, False) for side in sides[1:]]
    yield from _in_order(reader, first)
    yield from later


def _of_logarithm(left: s.Node) -> s.Node:
    """p of ``log p = …``, which is a number as its logarithm is."""
    if isinstance(left, s.Call) and name_of(left.head) == "log" and isinstance(left.arguments[0], s.Symbol):
        return left.arguments[0]
    return left


def _in_order(reader: Reader, definitions: list[Equality]) -> Iterator[Equality]:
    """Definitions, each behind those of what it reads."""
    told = {reader.introduces(e.left.head if isinstance(e.left, s.Call) else e.left): e for e in definitions}
    waiting = list(definitions)
    while waiting:
        names = {name for name, e in told.items() if e in waiting}
        ready = next((e for e in waiting if not names & {name_of(n) for n in s.walk(e.right)}), waiting[0])
        waiting.remove(ready)
        yield ready


def _solves(reader: Reader, name: str | None, right: s.Node) -> bool:
    """Whether an equality says where a function of ``name`` is smallest, and not what ``name`` is."""
    asked = {p for told in reader.scope.functions.values() if isinstance(told, FunctionOf) for p in told.parameters}
    inverse = any(isinstance(n, s.Scripted) and isinstance(n.sup, s.Sum) for n in s.walk(right))
    return name in asked and inverse


def _bold(reader: Reader) -> frozenset[str]:
    """The names that the sheet writes as arrays: bold, or with an arrow."""
    text = reader.source.text
    found = set()
    for _, chain in reader.everything:
        for k in range(len(chain.sides)):
            side = reader.side(chain, k)
            for n in s.walk(side) if isinstance(side, s.Node) else ():
                before = text[max(0, n.span[0] - 14) : n.span[0]].rstrip("{ ") if isinstance(n, s.Symbol) else ""
                if isinstance(n, s.Symbol) and any(before.endswith(f"\\{mark}") for mark in _BOLD):
                    found.add(n.name)
    return frozenset(found)


def _is_unknown(reader: Reader, sheet: Sheet, key: Key, node: s.Node) -> bool:
    """Whether nothing says what a symbol, or what the items of a list are."""
    held = {name_of(node), key.name}
    if (
        key.name in sheet.fixed
        or any(sheet.known(name or "") is not None for name in held)
        or not key.name[:1].isalpha()
    ):
        return False
    if key.name == "delta" and key.below == 2:
        return False
    if any(re.search(rf"[_^].*{letter}", name_of(node) or "") for letter in reader.declared.layers):
        return False
    if key.name in sheet.functions and (not key.places or sheet.functions[key.name] is not None):
        return False
    if len(key.name) == 1 and not key.places and sheet.counts(key.name):
        return False
    defined = {k[0] for e in sheet.equalities if e.defines and (k := sheet.key(e.left)) is not None}
    if not any(k.name == key.name for k in defined):
        return True
    mine = [n for n in _all(sheet) if (k := sheet.key(n)) is not None and k[0] == key]
    return any(_is_step(sheet, n) and not _introduces(sheet, n) for n in mine)  # h_{t-1} beside h_t = …


def _is_step(sheet: Sheet, node: s.Node) -> bool:
    """Whether a node is x_k or x_{k-1}, where k counts the steps of a recurrence."""
    below = node.sub if isinstance(node, s.Scripted) else None
    return isinstance(below, (s.Symbol, s.Sum)) and any(
        n.name in sheet.steps for n in s.walk(below) if isinstance(n, s.Symbol)
    )


def _enter(reader: Reader, found: Declarations, sheet: Sheet, choice: Choice, unknown: dict[Key, s.Node]) -> None:
    """Enter what a choice says."""
    names = _Names(reader, sheet)
    positive = _logarithms(sheet)
    for letter, size in choice.counted.items():
        if letter in sheet.bound and letter not in found.ranges:
            found.ranges[letter] = names(size)
    rows = {items: whole for items, whole in held_as_rows(choice.kinds) if _same(choice, items, whole)}
    for items, whole in rows.items():
        letter = next(
            (x for n in _all(sheet) if (k := sheet.key(n)) and k[0] == items for x in k[1] if x in found.ranges), ""
        )
        found.kin[items.name] = Kin(whole.name, sample=letter if items.above else "")
        found.columns.add(items.name)
        found.customary.add(whole.name)
    for key, kind in choice.kinds.items():
        if key in rows:
            continue
        node = unknown[key]
        base = node.base if isinstance(node, s.Scripted) else node
        tex, place = reader.source.text[slice(*base.span)], node.span[0]
        if key in positive and kind == NUMBER:
            found.assume.setdefault(key.name, set()).add("positive")
        if key.name == "Sigma" and kind == MATRIX and _GAUSSIAN.search(found.prose):
            found.assume.setdefault(key.name, set()).add("positive_definite")
        shape = tuple(map(names, choice.shapes[key]))
        if not key.places:
            _put(found, Declared(_plain_name(node) or key.name, shape, tex, place, kind == ROW))
            continue
        letters = [(k[0], k[1], n) for n in _all(sheet) if (k := sheet.key(n)) is not None and k[0] == key]
        if any(set(at) & sheet.steps for _, at, _ in letters):
            for _, _, n in letters:
                name = _plain_name(n)
                of_step = isinstance(n, s.Scripted) and isinstance(n.sub, s.Number) and _is_defined(sheet, key)
                if name is not None and not of_step and not _introduces(sheet, n):
                    _put(found, Declared(name, shape, reader.source.text[slice(*n.span)], place))
            continue
        whole = choice.kinds.get(Key(key.name))
        if not choice.places.get(key):
            continue
        if kind == NUMBER and {COLUMN: 1, ROW: 1, MATRIX: 2}.get(whole or NUMBER) == key.places:
            continue  # entries of what is entered as a whole
        counts = [names(choice.places[key][k]) for k in range(key.places)]
        sample = next((at[0] for _, at, _ in letters if at[0] in found.ranges), "")
        name = _plain_name(replace(node, sub=None)) if isinstance(node, s.Scripted) and not key.above else key.name
        many = Declared(name or key.name, (*counts, *shape), tex, place, sample=sample if kind or key.above else "")
        if whole == kind:  # x beside its list x_1, …, x_n
            found.families[f"{key.name}^" if key.above else key.name] = f"{key.name}_each"
            many = replace(many, name=f"{key.name}_each")
        _put(found, many)


def _same(choice: Choice, items: Key, whole: Key) -> bool:
    """Whether a matrix has a row for each item of a list."""
    return tuple(choice.shapes[whole]) == (*choice.places[items], *choice.shapes[items])


def _plain_name(node: s.Node) -> str | None:
    """The name of a symbol, turned or not."""
    turned = isinstance(node, s.Scripted) and (s.is_transpose(node.sup) or isinstance(node.sup, (s.Number, s.Sum)))
    return name_of(
        replace(node, sup=None)
        if turned and node.sub is not None
        else node.base
        if turned or (isinstance(node, s.Scripted) and not node.sub and not node.sup)
        else node
    )


def _put(found: Declarations, item: Declared) -> None:
    if item.name in found.names:
        return
    found.names[item.name] = item
    found.supplied.add(item.name)
    if len(item.shape) >= 2 and item.shape[-1] == item.shape[-2]:
        found.perhaps.setdefault(item.name, set()).add("symmetric")


def _logarithms(sheet: Sheet) -> set[Key]:
    """What stands alone, or as a power, below a logarithm, and so is positive."""
    found = set()
    for n in _all(sheet):
        if isinstance(n, s.Call) and isinstance(n.head, s.Symbol) and n.head.name == "log" and len(n.arguments) == 1:
            inner = n.arguments[0].body if isinstance(n.arguments[0], s.Group) else n.arguments[0]
            key = sheet.key(inner)
            found |= {key[0]} if key is not None else set()
    return found


def _all(sheet: Sheet) -> list[s.Node]:
    return [n for e in sheet.equalities for side in (e.left, e.right) for n in s.walk(side)]


def _introduces(sheet: Sheet, node: s.Node) -> bool:
    return any(e.defines and name_of(e.left) == _plain_name(node) for e in sheet.equalities)


def _is_defined(sheet: Sheet, key: Key) -> bool:
    """Whether the sheet says what some item of a list is: h_2 follows from what is written for h_t."""
    return any(e.defines and (k := sheet.key(e.left)) is not None and k[0] == key for e in sheet.equalities)


class _Names:
    """Names for sizes: those of the sheet's sums, else letters that it does not use."""

    def __init__(self, reader: Reader, sheet: Sheet):
        used = {n.name for n in _all(sheet) if isinstance(n, s.Symbol)}
        taken = {*used, *reader.scope.dims, *reader.scope.values, *reader.declared.ranges.values()}
        self._free = (x for x in [*"npqrmkdh", *(f"n_{k}" for k in range(1, 60))] if x not in taken)
        self._names: dict[sp.Expr, str] = {}

    def __call__(self, size: sp.Expr) -> str:
        if isinstance(size, sp.Add):
            return "+".join(sorted(map(self, size.args)))
        if not isinstance(size, sp.Dummy):
            return str(size)
        if size not in self._names:
            self._names[size] = next(self._free)
        return self._names[size]
