"""The words that writers and builders print, one file of sentences per language; a third language is one file.

A sentence may hold fields, ``"with respect to {name}"``, which ``catalogue(language)(key, name=…)`` fills in.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from symbolic.errors import ChainruleError, suggestion

FOLDER = Path(__file__).parent


class LanguageError(ChainruleError, LookupError):
    """A language without a catalogue, or a sentence that no catalogue has."""


def languages() -> tuple[str, ...]:
    """The languages that have a catalogue."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@dataclass(frozen=True)
class Catalogue:
    """The sentences of one language, by dotted key.

    >>> catalogue("it")("step.rule")
    'Regola'
    """

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **fields: object) -> str:
        try:
            sentence = self.sentences[key]
        except KeyError:
            hint = suggestion(key, self.sentences)
            raise LanguageError(f"the catalogue {self.language!r} has no sentence {key!r}.{hint}") from None
        return sentence.format(**fields) if fields else sentence


@functools.cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of ``language``; raises ``LanguageError`` that lists the languages where there is none."""
    if language not in languages():
        known = ", ".join(languages())
        raise LanguageError(f"no catalogue for the language {language!r}; there are: {known}")
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return Catalogue(language, dict(_flat(tomllib.load(file))))


def _flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
