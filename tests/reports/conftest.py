"""What tests of documents share."""

import pytest

from reports.document import catalogue as catalogues
from reports.document.catalogue import catalogue
from reports.document.chapter import book
from symbolic.language.gallery import GALLERY
from tests.reports.planted import in_cyrillic, planted, write_catalogue


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """The planted language ``xx``."""
    sentences = {key: planted(text) for key, text in catalogue("en").sentences.items()}
    for name, entry in GALLERY.items():
        sentences |= {
            f"gallery.{name}.title": in_cyrillic(entry.title),
            f"gallery.{name}.text": in_cyrillic(entry.description),
        }
    prose = {key: planted(text) for key, text in book.prose("en").sentences.items()}
    monkeypatch.setattr(catalogues, "FOLDER", write_catalogue(tmp_path / "words", sentences))
    monkeypatch.setattr(book, "FOLDER", write_catalogue(tmp_path / "prose", prose))
    yield "xx"
    catalogue.cache_clear()
    book.prose.cache_clear()
