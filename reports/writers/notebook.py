"""A document as a Jupyter notebook (format 4.5): prose and formulas in Markdown cells, Python source in cells that run.

The format is small, so it is written here rather than through nbformat; the tests validate with nbformat.
"""

from __future__ import annotations

import hashlib
import json

from reports.document.catalogue import catalogue
from reports.document.model import Code, Document, Fold, Section
from reports.writers.markdown import MarkdownWriter, escape


def notebook(document: Document) -> str:
    """The notebook's JSON. A ``Code`` block in Python becomes a code cell; everything else is read."""
    writer = _Writer(document)
    head = [f"# {writer.markdown.inlines(document.title)}"]
    if document.metadata:
        head.append("  \n".join(f"{escape(key)}: {escape(value)}" for key, value in document.metadata.items()))
    writer.text("\n\n".join(head))
    writer.blocks(document.blocks, 2)
    return (
        json.dumps(
            {
                "cells": writer.cells,
                "metadata": {
                    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                    "language_info": {"name": "python"},
                    "title": escape(writer.markdown.inlines(document.title)),
                },
                "nbformat": 4,
                "nbformat_minor": 5,
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


class _Writer:
    def __init__(self, document: Document):
        self.markdown = MarkdownWriter(catalogue(document.language), attachments=True)
        self.cells: list[dict] = []

    def blocks(self, nodes, level: int) -> None:
        for node in nodes:
            if isinstance(node, Section):
                self.text(self.markdown.heading(node, level))
                self.blocks(node.blocks, level + 1)
            elif isinstance(node, Fold) and any(map(_runs, node.blocks)):
                self.text(f"**{self.markdown.inlines(node.summary)}**")
                self.blocks(node.blocks, level)
            elif _runs(node):
                if node.caption:
                    self.text(self.markdown.inlines(node.caption))
                self.code(node.source)
            else:
                self.text(self.markdown.block(node, level))

    def text(self, source: str) -> None:
        cell = {"cell_type": "markdown", "id": self.identifier(source), "metadata": {}, "source": _lines(source)}
        if self.markdown.drawings:
            cell["attachments"] = {
                f"{name}.svg": {"image/svg+xml": svg} for name, svg in self.markdown.drawings.items()
                if f"attachment:{name}.svg" in source
            }  # fmt: skip
            if not cell["attachments"]:
                del cell["attachments"]
        self.cells.append(cell)

    def code(self, source: str) -> None:
        self.cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": self.identifier(source),
                "metadata": {},
                "outputs": [],
                "source": _lines(source.rstrip()),
            }
        )

    def identifier(self, source: str) -> str:
        """The same for the same document, so that notebooks can be compared."""
        return hashlib.sha256(f"{len(self.cells)} {source}".encode(errors="replace")).hexdigest()[:12]


def _runs(node) -> bool:
    return isinstance(node, Code) and node.language == "python"


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)
