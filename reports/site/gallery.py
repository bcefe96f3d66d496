"""The gallery's page and the reports behind it."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Any

from reports.site.contents import Markdown
from reports.site.examples import environment

FOLDER = "gallery-reports"  # of the site, with one report for each model
KEYS = "keys.json"  # in that folder: what each report was made from
PACKAGES = Path(__file__).resolve().parents[2]
SECONDS = 1800.0  # that one report may take, on a machine with other work to do
KINDS = {
    "chapter": "Of the chapter",
    "regression": "Regression",
    "classification": "Classification",
    "unsupervised": "Without a teacher",
    "probabilistic": "Probabilistic",
    "sequence": "Sequences",
}
# Reports beside those of the models: file -> arguments of `chainrule report`.
CHAPTER = {"chapter": ("chapter",), "chapter-it": ("chapter", "--lang", "it")}
CHAPTER_SENTENCE = """Every drawing leads to the model's report, which was written when this page was. <a href="{link}/chapter.html">The chapter</a> on
gradient-based learning is here, too, and <a href="{link}/chapter-it.html">in Italian</a>.
"""


def page(link: str = FOLDER, reports: Path = Path("../..", FOLDER)) -> Markdown:
    """Every model with its diagram and its formula, one section a kind; reports that are there are linked as ``link``/NAME.html.

    ``reports`` is their folder as seen from the one in which the examples of the gallery's page run.
    """
    from symbolic.language.gallery import GALLERY

    written = {path.stem for path in reports.glob("*.html")}
    parts = [CHAPTER_SENTENCE.format(link=link)] if set(CHAPTER) <= written else []
    for kind, title in KINDS.items():
        entries = [entry for entry in GALLERY.values() if entry.kind == kind]
        if entries:
            cards = (_card(entry, link if entry.name in written else "") for entry in entries)
            parts += [f"## {title}\n", "```````{raw} html", *cards, "```````\n"]
    return Markdown("\n".join(parts))


def _card(entry: Any, link: str) -> str:
    from reports.figures.blocks import block_diagram
    from reports.figures.svg import to_svg

    drawing = to_svg(block_diagram(entry.build()), standalone=False)
    name = escape(entry.name, quote=True)
    text = "</p><p>".join(_typeset(part) for part in entry.description.split("\n\n"))
    opening, closing = (
        (f'<a class="drawing" href="{link}/{name}.html">', "</a>") if link else ('<div class="drawing">', "</div>")
    )
    report = f'<a href="{link}/{name}.html">The report</a> ' if link else ""
    return (
        f'<section class="model" id="{name}"><h3>{escape(entry.title)}</h3>'
        f"{opening}{drawing}{closing}<p>{text}</p>"
        f'<p class="ways">{report}<code>chainrule report {name}</code></p></section>'
    )


def _typeset(sentence: str) -> str:
    """HTML in which a letter with an index is mathematics."""
    from reports.document.model import Math
    from reports.document.phrases import typeset
    from reports.writers.mathml import mathml

    parts = typeset(sentence)
    return "".join(mathml(p.latex, False, p.latex) if isinstance(p, Math) else escape(p.text) for p in parts)


def write_reports(folder: Path, jobs: int, say: Callable[[str], None]) -> list[str]:
    """Write the report of every model and the chapter into ``folder``, ``jobs`` at a time; what is there and still good stays.

    Returns one line for each report that could not be written. Large models come last in the gallery, and so here.
    """
    from symbolic.language.gallery import GALLERY

    folder.mkdir(parents=True, exist_ok=True)
    wanted = {**{name: (name,) for name in GALLERY}, **CHAPTER}
    kept = _kept(folder / KEYS)
    due = {n: a for n, a in wanted.items() if kept.get(n) != key(n) or not (folder / f"{n}.html").is_file()}
    if due:
        say(f"{len(due)} reports of the gallery, {jobs} at a time")
    failures = []
    with ThreadPoolExecutor(jobs) as pool:
        written = pool.map(lambda name: _write(folder / f"{name}.html", due[name]), due)
        for name, failure in zip(due, written, strict=True):
            if failure:
                failures.append(f"{name}: {failure}")
                continue
            kept[name] = key(name)
            (folder / KEYS).write_text(json.dumps(kept, indent=1), encoding="utf-8")
            say(f"  {name}")
    return failures


def _write(path: Path, arguments: tuple[str, ...]) -> str:
    """Write one report in a process of its own; why that failed, or nothing."""
    program = "from reports.commands import main; main()"
    command = [sys.executable, "-c", program, "report", *arguments, "-o", str(path)]
    try:
        answer = subprocess.run(  # noqa: S603  (this program itself)
            command, capture_output=True, text=True, timeout=SECONDS, env=environment(), check=False
        )
    except subprocess.TimeoutExpired:
        return f"not finished after {SECONDS:.0f} s"
    return (answer.stderr.strip() or f"ended with {answer.returncode}") if answer.returncode else ""


def _kept(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def key(name: str) -> str:
    """What the report of that name depends on, as a hash: the program's own files and the libraries below it."""
    return hashlib.sha256(f"{name} {_program()}".encode()).hexdigest()


@functools.cache
def _program() -> str:
    found = hashlib.sha256()
    for path in _sources():
        found.update(path.relative_to(PACKAGES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    libraries = [f"{name} {metadata.version(name)}" for name in ("sympy", "numpy", "scipy", "latex2mathml")]
    return " ".join([found.hexdigest(), *libraries, *map(str, sys.version_info[:3])])


def _sources() -> Iterator[Path]:
    """The files of the three packages that a report may depend on: not those of the site."""
    here = Path(__file__).parent
    for package in ("symbolic", "numeric", "reports"):
        for path in sorted((PACKAGES / package).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and here not in path.parents:
                yield path
