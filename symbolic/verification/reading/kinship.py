"""The vectors that a matrix holds: ``a_i⊤ are the rows of A``, or x_i ∈ ℝ^n beside an X ∈ ℝ^{m×n} of the same letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.declared import Declarations, Declared, Kin
from symbolic.verification.reading.names import tex_of

_M = "\u27e6(\\d+)\u27e7"
_MANY = "((?:\u27e6\\d+\u27e7(?:\\s*(?:,|and|,\\s*and)\\s*)?)+)"
_LINES = r"\b(rows?|columns?|Zeilen?|Spalten?|righe|colonne|lignes?|colonnes|filas|columnas|linhas|colunas)"
_OF = r"(?:vectors?\s+)?(?:of|von|der|di|della|de|da)\b"
_ARE = r"(?:is|are|be|being|denotes?|as|sind|seien|sono|siano|sont|son|sean|são)"
_THE = r"(?:(?:the|die|le|les|las|as)\s+)?"
_HELD_BY = re.compile(
    rf"(?i){_MANY}\s*{_ARE}?\s*{_THE}(?:(?:\u27e6\d+\u27e7|\w+)(?:-?\s*(?:th|st|ten?))?\s+)?{_LINES}\s+{_OF}\s*{_MANY}"
)
_NAMED_OF = re.compile(rf"(?i){_LINES}\s+{_MANY}\s+{_OF}\s*{_MANY}")
_OF_ARE = re.compile(rf"(?i){_LINES}\s+{_OF}\s*{_M}\s+(?:{_ARE}|by|called)\s+{_M}")
_HAS = re.compile(rf"(?i){_M}\s*(?:\w+\s+){{0,3}}(?:with|has|have|having|mit|hat|con|avec|com)\s+{_THE}{_LINES}\s*{_M}")
_EACH = r"(?:(?:\u27e6\d+\u27e7|\w+)(?:-?\s*(?:th|st|ten?|te))?\s+)?"
_WHOSE = re.compile(
    rf"(?i){_M}\s*,?\s*(?:\w+\s+){{0,3}}(?:whose|deren|cuyas|cujas)\s+{_EACH}{_LINES}\s+{_ARE}\s+{_THE}(?:\w+\s+)?{_M}"
)
_AS = re.compile(rf"(?i){_M}\s+(?:has|have|with)\s+{_THE}(?:\w+\s+)?{_M}\s+as\s+(?:its|their)\s+{_EACH}{_LINES}")
_DATA = re.compile(rf"(?i)\b(?:design|data|feature|input|Daten|sample)[- ]?matri(?:x|ce|z)\s+{_M}")
_COLUMNS = re.compile(r"(?i)col|spalt")
Node = Callable[[int], s.Node | None]


def declare_told(found: Declarations, sentence: str, node: Node) -> None:
    """The vectors that a sentence calls the rows or the columns of a matrix; ``node`` reads a numbered formula."""
    for name, matrix, turned, columns in _told(sentence, node):
        held, whole = found.names.get(name), found.names.get(matrix)
        if held is not None and whole is not None and whole.shape == _stacked(held, columns):
            del found.names[name]  # u_1, …, u_V ∈ ℝ^d are the rows of U ∈ ℝ^{V×d}
        elif held is not None and whole is None and _is_list(held):
            del found.names[name]  # x_i ∈ ℝ^d are the rows of an X that nothing else declares
            found.names[matrix] = replace(
                held, name=matrix, shape=_stacked(held, columns), tex=tex_of(matrix), sample=""
            )
            turned = True
        if name not in found.names:
            found.kin[name] = Kin(matrix, columns, held.sample if held is not None else "")
            found.columns |= {name} if turned or columns else set()
    for match in _DATA.finditer(sentence):
        whole = node(int(match[1]))
        name = whole.name.lower() if isinstance(whole, s.Symbol) else ""
        held = found.names.get(name)
        if isinstance(whole, s.Symbol) and whole.name not in found.names and held is not None and _is_list(held):
            found.names[whole.name] = replace(
                held, name=whole.name, tex=whole.tex, sample=""
            )  # the samples are its rows


def declare_by_letter(found: Declarations) -> None:
    """x_i ∈ ℝ^n for the m samples and an X ∈ ℝ^{m×n} or ℝ^{n×m}: the x_i are its rows or its columns.

    So are the numbers y_i the entries of a Y ∈ ℝ^{m} or ℝ^{1×m}.
    """
    for name, held in list(found.names.items()):
        whole = found.names.get(name.upper())
        if not held.sample or whole is None or whole is held or whole.sample:
            continue
        if len(held.shape) == 2 and held.shape[0] == held.shape[1]:
            continue  # rows or columns: nothing tells
        for columns in (False, True):
            if name in found.names and whole.shape == _stacked(held, columns):
                del found.names[name]
                found.kin[name] = Kin(whole.name, columns and len(held.shape) == 2, held.sample)
                found.columns.add(name)
                found.assume.setdefault(whole.name, set()).update(held.assume, found.assume.get(name, ()))
                if held.dtype != whole.dtype == "real":
                    found.names[whole.name] = replace(whole, dtype=held.dtype)


def _is_list(held: Declared) -> bool:
    """Whether a name stands for a vector for each sample."""
    return bool(held.sample) and len(held.shape) == 2


def _stacked(held: Declared, columns: bool) -> tuple[str, ...]:
    return held.shape[::-1] if columns else held.shape


def _told(sentence: str, node: Node) -> Iterator[tuple[str, str, bool, bool]]:
    """(name of the vectors, name of the matrix, whether told as a_i⊤, whether columns)."""
    found = [(vectors, matrix, m[2]) for m in _HELD_BY.finditer(sentence) for vectors, matrix in _paired(m[1], m[3])]
    found += [(vectors, matrix, m[1]) for m in _NAMED_OF.finditer(sentence) for vectors, matrix in _paired(m[2], m[3])]
    found += [(m[3], m[2], m[1]) for m in _OF_ARE.finditer(sentence)]
    found += [(m[3], m[1], m[2]) for m in (*_HAS.finditer(sentence), *_WHOSE.finditer(sentence))]
    found += [(m[2], m[1], m[3]) for m in _AS.finditer(sentence)]
    for vectors, matrix, lines in found:
        one, whole = node(int(vectors)), node(int(matrix))
        whole = whole.left if isinstance(whole, s.Relation) and whole.sign == "in" else whole
        one = one.left if isinstance(one, s.Relation) and one.sign == "in" else one
        turned = isinstance(one, s.Scripted) and s.is_transpose(one.sup)
        while isinstance(one, s.Scripted) and isinstance(one.base, s.Scripted):
            one = one.base
        if (
            isinstance(one, s.Scripted)
            and isinstance(one.base, s.Symbol)
            and isinstance(one.sub, s.Symbol)
            and isinstance(whole, s.Symbol)
            and one.base.name != whole.name
        ):
            yield one.base.name, whole.name, turned, bool(_COLUMNS.match(lines))


def _paired(vectors: str, matrices: str) -> list[tuple[str, str]]:
    """``u_i, v_j are the rows of U and V``: one of each; ``x_i, x_j are rows of X``: both of X."""
    one, whole = (re.findall(r"\d+", group) for group in (vectors, matrices))
    if len(whole) == 1:
        return [(name, whole[0]) for name in one]
    if len(one) == 1:
        return [(one[0], whole[0])]
    return list(zip(one, whole, strict=True)) if len(one) == len(whole) else []
