"""What judges say, in the language of a catalogue.

A verdict carries English sentences with names and numbers in them. The English catalogue has the same sentences with fields
in their places (``said``, ``label``, ``mistake``, ``detail``): a sentence is recognised by them and said again in the other
language, the sentences in its fields too. What no sentence of the catalogue is like, such as the message of an exception
that a user's own code raised, stays as it is.
"""

from __future__ import annotations

import functools
import re
import string

from reports.document.catalogue import Catalogue, catalogue

_SENTENCES = ("said.", "mistake.", "condition.")
_DETAILS = (*_SENTENCES, "detail.")  # too short to be recognised anywhere else
_PARTS = re.compile(r"(?<!\\); ")
_SHAPED = re.compile(r"(\w+) of shape (\([^)]*\))")
_WHOLE = ("reason", "choices")  # fields that hold whole sentences, or lists, with semicolons of their own


def said(sentence: str, words: Catalogue) -> str:
    """The sentence in the language of ``words``; each part that a semicolon ends on its own.

    >>> said("line 4 is wrong; lines 5–6 follow correctly from it", catalogue("it"))
    'la riga 4 è sbagliata; le righe 5–6 ne seguono correttamente'
    """
    return _told(sentence, words) if words.language != "en" else sentence


def mistake(sentence: str, words: Catalogue) -> str:
    """A diagnosis, with or without its label before it."""
    name, colon, rest = sentence.partition(": ")
    told = label(name, words)
    return f"{told}{colon}{said(rest, words)}" if told != name else said(sentence, words)


def label(name: str, words: Catalogue) -> str:
    """The name of a mistake."""
    if words.language == "en":
        return name
    known = catalogue("en").sentences
    return next((words(key) for key, text in known.items() if key.startswith("label.") and text == name), name)


def properties(names: str, words: Catalogue) -> str:
    """What is assumed of a symbol, told as the judge tells it.

    >>> properties("symmetric, unit interval", catalogue("it"))
    'simmetrica, tra 0 e 1'
    """
    return ", ".join(words.sentences.get(f"assume.{name.replace(' ', '_')}", name) for name in names.split(", "))


def recognised(sentence: str, detail: bool = False) -> tuple[str, dict[str, str]] | None:
    """The key of the sentence that this is like, and what stands in its fields; ``detail``: where a mistake is told.

    >>> recognised("line 4 is wrong"), recognised("axis 0"), recognised("axis 0", detail=True)
    (('said.line_wrong', {'line': '4'}), None, ('detail.axis', {'axis': '0'}))
    """
    for key, pattern in _patterns(_DETAILS if detail else _SENTENCES):
        found = pattern.fullmatch(sentence)
        if found:
            return key, found.groupdict()
    return None


def _told(sentence: str, words: Catalogue, detail: bool = False) -> str:
    """The longest runs of parts that are sentences, each said; a part that is none stays."""
    parts = _PARTS.split(sentence)
    found = []
    while parts:
        runs = ((end, _said("; ".join(parts[:end]), words, detail)) for end in range(len(parts), 0, -1))
        end, told = next(((end, told) for end, told in runs if told is not None), (1, parts[0]))
        found.append(told)
        parts = parts[end:]
    return "; ".join(found)


def _said(sentence: str, words: Catalogue, detail: bool) -> str | None:
    found = recognised(sentence, detail)
    if found is None:
        return None
    key, fields = found
    inside = {n: _field(n, text, words, detail or n == "detail") for n, text in fields.items()}
    return words(key, **inside) if inside else words(key)


def _field(name: str, text: str, words: Catalogue, detail: bool) -> str:
    if name == "lines":
        return text.replace(" and ", words("diagram.and"))
    if name == "rules":
        return ", ".join(words.sentences.get(f"rule.name.{r.replace(' ', '_')}", r).lower() for r in text.split(", "))
    if name == "property":
        return properties(text, words)
    if name == "tokens":
        return ", ".join(_told(token, words) for token in text.split(", "))
    shaped = _SHAPED.sub(lambda m: words("said.of_shape", name=m[1], shape=m[2]), text)
    return shaped if shaped != text else _told(text, words, detail)


@functools.cache
def _patterns(tables: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    """The English sentences as patterns, those that say most first."""
    known = {k: s for k, s in catalogue("en").sentences.items() if k.startswith(tables) and k != "said.of_shape"}
    return [(key, _pattern(text)) for key, text in sorted(known.items(), key=lambda item: -_literal(item[1]))]


def _pattern(text: str) -> re.Pattern[str]:
    parts = [
        re.escape(literal) + (f"(?P<{name}>{'.+' if name in _WHOLE else '(?:(?!; ).)+?'})" if name else "")
        for literal, name, _, _ in string.Formatter().parse(text)
    ]
    return re.compile("".join(parts), re.DOTALL)


def _literal(text: str) -> int:
    return sum(len(literal) for literal, _, _, _ in string.Formatter().parse(text))
