"""Every language has every sentence, with the same fields in it."""

import string

import pytest

from reports.document.catalogue import LanguageError, catalogue, languages
from reports.document.model import LEVELS, NOTES, STATUSES, STYLES
from symbolic.language.gallery import GALLERY


def fields(sentence):
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def test_english_and_italian_ship():
    assert {"en", "it"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_keys_and_fields(language):
    english, other = dict(catalogue("en").sentences), catalogue(language).sentences
    if language != "en":  # of their models in English the builders tell themselves
        english |= {f"gallery.{name}.title": e.title for name, e in GALLERY.items()}
        english |= {f"gallery.{name}.text": "" for name in GALLERY}
    assert set(english) == set(other)
    plain = [key for key in english if not key.startswith("gallery.")]  # formulas hold braces
    assert {key: fields(english[key]) for key in plain} == {key: fields(other[key]) for key in plain}
    assert all(text.strip() for text in other.values())


def test_every_value_of_the_model_has_a_word():
    known = catalogue("en").sentences
    keys = [f"status.{status}" for status in STATUSES] + [f"note.{kind}" for kind in NOTES]
    keys += [f"style.{style}" for style in STYLES] + [f"switch.level.{level}" for level in LEVELS]
    assert set(keys) <= set(known)


def test_unknown_language_and_sentence():
    with pytest.raises(LanguageError, match="no catalogue for the language 'xx'; there are: en, it"):
        catalogue("xx")
    with pytest.raises(LanguageError, match=r"no sentence 'step.rul'. Did you mean 'step.rule'"):
        catalogue("en")("step.rul")
