"""What judges say, in the language of a catalogue.

A verdict carries English sentences with names and numbers in them. The English catalogue has the same sentences with fields
in their places (``said``, ``label``, ``mistake``): a sentence is recognised by them and said again in the other language. What
no sentence of the catalogue is like, such as the message of an exception, stays as it is.
"""

from __future__ import annotations

import functools
import re
import string

from reports.document.catalogue import Catalogue, catalogue

_TABLES = ("said.", "mistake.")
_PARTS = re.compile(r"(?<!\\); ")
_SHAPED = re.compile(r"(\w+) of shape (\([^)]*\))")


def said(sentence: str, words: Catalogue) -> str:
    """The sentence in the language of ``words``; each part that a semicolon ends on its own.

    >>> said("line 4 is wrong; lines 5–6 follow correctly from it", catalogue("it"))
    'la riga 4 è sbagliata; le righe 5–6 ne seguono correttamente'
    """
    if words.language == "en" or not sentence:
        return sentence
    whole = _said(sentence, words)
    return "; ".join(_said(part, words) for part in _PARTS.split(sentence)) if whole == sentence else whole


def mistake(sentence: str, words: Catalogue) -> str:
    """A diagnosis, with or without its label before it."""
    name, colon, rest = sentence.partition(": ")
    told = label(name, words)
    return f"{told}: {said(rest, words)}" if colon and told != name else said(sentence, words)


def label(name: str, words: Catalogue) -> str:
    """The name of a mistake."""
    if words.language == "en":
        return name
    known = catalogue("en").sentences
    return next((words(key) for key, text in known.items() if key.startswith("label.") and text == name), name)


def _said(sentence: str, words: Catalogue) -> str:
    for key, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            fields = {name: _field(name, text, words) for name, text in found.groupdict().items()}
            return words(key, **fields) if fields else words(key)
    return sentence


def _field(name: str, text: str, words: Catalogue) -> str:
    if name == "lines":
        return text.replace(" and ", words("diagram.and"))
    if name == "rules":
        return ", ".join(words.sentences.get(f"rule.name.{r.replace(' ', '_')}", r).lower() for r in text.split(", "))
    shaped = _SHAPED.sub(lambda m: words("said.of_shape", name=m[1], shape=m[2]), text)
    return shaped if shaped != text else _said(text, words)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The English sentences as patterns, those that say most first."""
    known = {k: s for k, s in catalogue("en").sentences.items() if k.startswith(_TABLES) and k != "said.of_shape"}
    return [(key, _pattern(text)) for key, text in sorted(known.items(), key=lambda item: -_literal(item[1]))]


def _pattern(text: str) -> re.Pattern[str]:
    parts = [
        re.escape(literal) + (rf"(?P<{name}>(?:(?!; ).)+?)" if name else "")
        for literal, name, _, _ in string.Formatter().parse(text)
    ]
    return re.compile("".join(parts), re.DOTALL)


def _literal(text: str) -> int:
    return sum(len(literal) for literal, _, _, _ in string.Formatter().parse(text))
