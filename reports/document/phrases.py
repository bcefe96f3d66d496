"""Sentences of the catalogue with mathematics in their fields."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from reports.document.catalogue import Catalogue
from reports.document.model import Code, Content, Inline, Math, Note, Paragraph, Text, inlines
from symbolic.notation import name_latex
from symbolic.program.tensors import Tensor


def phrase(words: Catalogue, key: str, **fields: Content) -> tuple[Inline, ...]:
    """The sentence ``key`` as inlines; a field may hold a string, an inline, or several.

    >>> from reports.document.catalogue import catalogue
    >>> phrase(catalogue("en"), "step.title.definition", of=Math("s"))
    (Text(text='Definition of '), Math(latex='s'))
    """
    found: list[Inline] = []
    for literal, name, _, _ in string.Formatter().parse(words(key)):
        if literal:
            found.append(Text(literal))
        if name is not None:
            found.extend(inlines(fields[name]))
    return tuple(found)


def joined(parts: Iterable[Content], between: str = ", ") -> tuple[Inline, ...]:
    """Contents in a row, with ``between`` between them."""
    found: list[Inline] = []
    for part in parts:
        found += [Text(between)] if found else []
        found += inlines(part)
    return tuple(found)


def symbol(t: Tensor) -> Math:
    """A tensor's name as mathematics."""
    return Math(t.tex or name_latex(t.name or t.label))


def scientific(number: float) -> Math:
    r"""A small number as a person writes it.

    >>> scientific(2.34e-16).latex, scientific(0.0).latex
    ('2.3 \\times 10^{-16}', '0')
    """
    if number == 0:
        return Math("0")
    mantissa, exponent = f"{number:.1e}".split("e")
    return Math(rf"{mantissa} \times 10^{{{int(exponent)}}}")


_INDEXED = re.compile(r"(?<!\w)([^\W\d_]_(?:\{[^{}]*\}|[^\W_](?!\w)))")


def typeset(text: str) -> tuple[Inline, ...]:
    """Plain text in which a letter with an index is mathematics.

    >>> typeset("where z_{k+1} follows")
    (Text(text='where '), Math(latex='z_{k+1}'), Text(text=' follows'))
    """
    parts = enumerate(_INDEXED.split(text))
    return tuple(Math(part) if k % 2 else Text(part) for k, part in parts if part)


_ASSIGNED = re.compile(r"([^\W\d]\w*) = (-?\d+(?:[./]\d+)?(?:e[+-]?\d+)?|\[(?:[^\[\]]|\[[^\[\]]*\])*\])")


def assigned(sentence: str) -> tuple[Inline, ...]:
    r"""A sentence in which each ``x = [1, 2]`` is mathematics.

    >>> assigned("at n = 2, A = [[1, 0], [3, 1/2]]")[3].latex
    'A = \\left(\\begin{smallmatrix} 1 & 0 \\\\ 3 & 1/2 \\end{smallmatrix}\\right)'
    """
    found: list[Inline] = []
    at = 0
    for match in _ASSIGNED.finditer(sentence):
        name, value = match.groups()
        if value.startswith("["):
            rows = re.findall(r"\[([^\[\]]*)\]", value)
            lines = r" \\ ".join(row.replace(", ", " & ") for row in rows)
            value = rf"\left(\begin{{smallmatrix}} {lines} \end{{smallmatrix}}\right)" if rows[1:] else f"({rows[0]})"
        found += [Text(sentence[at : match.start()]), Math(f"{name_latex(name)} = {value}")]
        at = match.end()
    return (*found, Text(sentence[at:]))


def failed(key: str, error: Exception, words: Catalogue) -> Note:
    """A warning: the sentence ``key``, and what the program said, as it said it."""
    return Note(Paragraph(phrase(words, key, message=Code(str(error)))), kind="warning")
