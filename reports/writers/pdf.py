"""A document as PDF, by the first engine that this machine has.

pdflatex sets best; Chromium prints the HTML page; typst with ziamath comes from pip alone. An engine that fails gives
way to the next. Nothing of a document is run: pdflatex is started without shell escape and with paranoid file access.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from numeric.output import write_output
from reports.document.model import Document
from reports.writers.html import html
from reports.writers.latex import latex
from symbolic.errors import ChainruleError, suggestion

TIMEOUT = 180  # seconds for one run of an engine
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
INSTALL = (
    "install texlive-latex-recommended with lmodern, or Chromium, or chainrule[pdf] (pip install 'chainrule[pdf]')"
)


class PdfError(ChainruleError, RuntimeError):
    """No engine is there, or none could set the document; the message says what to install and where the .tex is."""


@dataclass(frozen=True)
class Pdf:
    """A finished PDF, the engine that made it, and what kept better engines from it."""

    data: bytes
    engine: str
    remarks: tuple[str, ...] = ()


class _Failed(Exception):
    """An engine that is there and could not set the document."""


def pdf(document: Document, engine: str | None = None) -> Pdf:
    """The document as PDF, by ``engine`` (a name from ``ENGINES``) or by the first that is there and succeeds.

    Raises ``PdfError``.
    """
    _require(engine)
    remarks = []
    for name in [engine] if engine else ENGINES:
        available, make = ENGINES[name]
        if not available():
            remarks.append(f"{name} is not installed")
            continue
        try:
            return Pdf(make(document), name, tuple(remarks))
        except (_Failed, subprocess.TimeoutExpired, OSError) as error:
            remarks.append(f"{name} failed: {error}")
    raise PdfError(f"no PDF: {'; '.join(remarks)}. To get one, {INSTALL}")


def write_pdf(
    document: Document, path: str | os.PathLike[str], keep_tex: bool = False, engine: str | None = None
) -> Pdf:
    """Write the PDF to ``path``, with the .tex beside it on request; the .tex is written in any case if there is no PDF."""
    _require(engine)
    beside = Path(path).with_suffix(".tex")
    try:
        made = pdf(document, engine)
    except PdfError as error:
        write_output(beside, latex(document))
        raise PdfError(f"{error}. The LaTeX source is in {beside}") from error
    if keep_tex:
        write_output(beside, latex(document))
    write_output(path, made.data)
    return made


def _require(engine: str | None) -> None:
    if engine is not None and engine not in ENGINES:
        raise PdfError(
            f"pdf: the engine must be one of {', '.join(ENGINES)}, got {engine!r}.{suggestion(engine, ENGINES)}"
        )


def available_engines() -> tuple[str, ...]:
    """Names of the engines that this machine has, best first."""
    return tuple(name for name, (available, _) in ENGINES.items() if available())


# --- engines ----------------------------------------------------------------------------------------------------------


def _by_pdflatex(document: Document) -> bytes:
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        source = Path(folder) / "report.tex"
        source.write_text(latex(document), encoding="utf-8")
        command = [_pdflatex(), "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", source.name]
        paranoid = {**os.environ, "openin_any": "p", "openout_any": "p", "TEXMFOUTPUT": folder}
        for _ in range(2):  # once more for the table of contents
            answer = _run(command, folder, paranoid)
            if answer.returncode:
                raise _Failed(_complaint(answer.stdout))
        return source.with_suffix(".pdf").read_bytes()


def _by_browser(document: Document) -> bytes:
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        page, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html(document), encoding="utf-8")
        command = [
            *(_browser(), "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-pdf-header-footer"),
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            *(f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", page.as_uri()),
        ]
        answer = _run(command, folder, dict(os.environ))
        if not made.exists():
            raise _Failed((answer.stdout.strip() or "it wrote nothing")[-200:])
        return made.read_bytes()


def _by_typst(document: Document) -> bytes:
    from reports.writers.typst import compiled

    try:
        return compiled(document)
    except Exception as error:  # typst raises its own and plain RuntimeErrors
        raise _Failed(str(error)[:200]) from error


def _pdflatex() -> str:
    return shutil.which("pdflatex") or ""


def _browser() -> str:
    return next((found for name in BROWSERS if (found := shutil.which(name))), "")


def _has_typst() -> bool:
    return util.find_spec("typst") is not None and util.find_spec("ziamath") is not None


def _run(command: list[str], folder: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (a fixed command; the document is only in the file)
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _complaint(log: str) -> str:
    """The first error in TeX's log, with the line that it names."""
    lines = log.splitlines()
    for place, line in enumerate(lines):
        if line.startswith("!"):
            where = next((later for later in lines[place:] if later.startswith("l.")), "")
            return f"{line} {where}".strip()[:200]
    return "no output"


ENGINES: dict[str, tuple[Callable[[], object], Callable[[Document], bytes]]] = {
    "pdflatex": (_pdflatex, _by_pdflatex),
    "chromium": (_browser, _by_browser),
    "typst": (_has_typst, _by_typst),
}
