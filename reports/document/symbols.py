"""The table of symbols: what every letter means, its shape, its name in code and what is assumed of it."""

from __future__ import annotations

from collections.abc import Iterator

from reports.document.families import MANY, families, first_to_last
from reports.document.model import Code, Content, Math, Section, Table
from reports.document.phrases import joined
from reports.document.steps import Telling
from symbolic.calculus.derivation import Derivation
from symbolic.notation import name_latex, shape_latex
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor


def symbols(d: Derivation, telling: Telling) -> Section:
    """Declared tensors, modules and dimensions of a derivation."""
    words = telling.words
    titles = ["symbol", "role", "shape", "code", "assumed"]
    shown = list(_shown(d))
    among = families(shown, lambda t: t, _kind) if len(shown) > MANY else [[t] for t in shown]
    rows = [_row(family, d, telling) for family in among]
    dims = sorted({s for t in shown for e in t.extents for s in e.free_symbols}, key=str)
    rows += [[Math(name_latex(s.name)), words("role.dimension"), (), Code(s.name), ()] for s in dims]
    if not any(row[-1] for row in rows):
        titles, rows = titles[:-1], [row[:-1] for row in rows]
    columns = [words(f"report.column.{c}") for c in titles]
    return Section(words("report.symbols"), [Table(columns, rows, row_headers=True)], id="symbols")


def _shown(d: Derivation) -> Iterator[Tensor]:
    order = topological([d.output])
    yield from (t for t in leaves([d.output]) if t.name is not None)
    modules = {t.serial for t in d.program}
    yield from (t for t in order if t.definition is not None and (t.name is not None or t.serial in modules))


def _kind(t: Tensor) -> tuple:
    return t.definition is None, t.role, t.extents, t.assume, t.dtype, t.value is None


def _row(family: list[Tensor], d: Derivation, telling: Telling) -> list[Content]:
    words, t = telling.words, family[0]
    role = "output" if t is d.output else "computed" if t.definition is not None else t.role
    assumed = [words(f"assume.{a}") for a in sorted(t.assume)]
    if t.dtype != "real":
        assumed.insert(0, words(f"dtype.{t.dtype}"))
    if t.value is not None and not t.ndim:
        assumed.insert(0, f"= {t.value}")
    code = [Code(t.label)] if t is family[-1] else [Code(t.label), " … ", Code(family[-1].label)]
    return [first_to_last(family), words(f"role.{role}"), Math(shape_latex(t.extents)), code, joined(assumed)]
