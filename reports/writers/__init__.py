"""Documents in every format: one writer a file, all in one table.

>>> from reports.document.model import Document
>>> written(Document("A net", ["One layer."]), "txt")
'A net\\n=====\\n\\nOne layer.\\n'
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from numeric.output import OutputError, write_output
from reports.document.model import Document
from symbolic.errors import ChainruleError, suggestion

__all__ = ["FORMATS", "FormatError", "OutputError", "format_of", "write", "written"]

# Format (and suffix of its files) -> module and function that writes it. Imported when used: a page needs no notebook.
FORMATS = {
    "html": ("reports.writers.html", "html"),
    "tex": ("reports.writers.latex", "latex"),
    "md": ("reports.writers.markdown", "markdown"),
    "txt": ("reports.writers.text", "text"),
    "ipynb": ("reports.writers.notebook", "notebook"),
}
NAMES = {"latex": "tex", "markdown": "md", "text": "txt", "notebook": "ipynb", "htm": "html"}


class FormatError(ChainruleError, ValueError):
    """A format that no writer writes."""


def format_of(path: str | os.PathLike[str], chosen: str | None = None) -> str:
    """The format to write: ``chosen`` by name or suffix, else by the suffix of ``path``. Raises ``FormatError``."""
    wanted = (chosen or Path(path).suffix.lstrip(".")).lower()
    name = NAMES.get(wanted, wanted)
    known = [*FORMATS, "pdf"]
    if name not in known:
        where = f"got {wanted!r}" if wanted else f"and {os.fspath(path)!r} has no suffix"
        raise FormatError(f"the format must be one of {', '.join(known)}, {where}.{suggestion(wanted, known)}")
    return name


def written(document: Document, format: str) -> str | bytes:
    """The document in that format: text, or bytes for "pdf"."""
    name = format_of("", format)
    if name == "pdf":
        return importlib.import_module("reports.writers.pdf").pdf(document).data
    module, function = FORMATS[name]
    return getattr(importlib.import_module(module), function)(document)


def write(document: Document, path: str | os.PathLike[str], format: str | None = None) -> Path:
    """Write the document to ``path`` whole or not at all, in the format of its suffix or in ``format``.

    Raises ``FormatError``, ``OutputError``, and for PDF ``reports.writers.pdf.PdfError``.
    """
    name = format_of(path, format)
    if name == "pdf":
        importlib.import_module("reports.writers.pdf").write_pdf(document, path)
        return Path(path)
    return write_output(path, written(document, name))
