"""The chapter: an introduction to gradient-based learning and backpropagation, every formula derived and checked here.

One file a part; what they say is in ``prose``, one file a language.
"""

from __future__ import annotations

from reports.document.catalogue import catalogue
from reports.document.chapter import beyond, descent, diagrams, games, models, modules, nets
from reports.document.chapter.book import Book, prose
from reports.document.chapter.recorded import Runs
from reports.document.derivation import Choices
from reports.document.model import Document, Section
from reports.document.selection import select
from reports.document.steps import Telling
from symbolic.notation import Palette

PARTS = (
    ("part_models", (models,)),
    ("part_losses", (diagrams,)),
    ("part_descent", (descent,)),
    ("part_beyond", (beyond, games)),
    ("part_nets", (nets,)),
    ("part_modules", (modules,)),
)


def chapter(choices: Choices | None = None, runs: Runs | None = None) -> Document:
    """The whole chapter in one document, its steps up to those of a lecturer.

    ``runs`` are runs that were made anew, by name (see ``recorded.rerun``); the others are those that were recorded.
    """
    choices = choices or Choices()
    book = Book(prose(choices.language), choices, Telling(catalogue(choices.language), Palette()), runs or {})
    parts = [
        Section(
            book.sentence(f"{key}.title"),
            [book.say(f"{key}.text"), *(section for part in files for section in part.sections(book))],
            id=key,
        )
        for key, files in PARTS
    ]
    blocks = [book.say("chapter.text"), book.say("chapter.how"), *parts]
    return select(Document(book.sentence("chapter.title"), blocks, choices.language), level=1)
