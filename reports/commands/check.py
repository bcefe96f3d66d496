"""``chainrule check``: judge hand calculations line by line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from numeric.output import OutputError, write_output
from reports.document.catalogue import Catalogue, catalogue
from symbolic.errors import ChainruleError
from symbolic.verification.document_verdict import ClaimVerdict, DocumentVerdict, in_one_line

UNREADABLE = 3
FORMATS = ("text", "json", "html", "latex", "md")
COLOURS = {
    "proved": "green",
    "agrees": "green",
    "refuted": "red",
    "shape": "red",
    "layout": "yellow",
    "undecided": "yellow",
    "unreadable": "yellow",
}
SIGNS = {  # by status the word of ``checked.terminal`` that stands before a line
    "proved": "right",
    "agrees": "right",
    "refuted": "wrong",
    "shape": "wrong",
    "layout": "layout",
    "undecided": "open",
    "unreadable": "open",
}


@dataclass(frozen=True)
class Checked:
    """A file with its text and verdict, or with the reason why it has none."""

    name: str
    text: str = ""
    latex: bool = False
    verdict: DocumentVerdict | None = None
    reason: str = ""

    def exit_code(self, strict: bool) -> int:
        """The exit code for this file."""
        return self.verdict.exit_code(strict) if self.verdict is not None else UNREADABLE


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    help="What to write: a summary, data for graders, or an annotated copy; by the suffix of --output if not given, else text.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of the terminal.",
)
@click.option("--lang", "language", default="en", show_default=True, help="The language of the text: en or it.")
@click.option("--strict", is_flag=True, help="Only a proof counts as right; agreement at random points does not.")
@click.option(
    "--of",
    "forward",
    metavar="NAME",
    help="For a backward function FILE.py:NAME: the forward function in the same file. A layer (a class with forward and "
    "backward) and a function that returns a loss and its gradients need none.",
)
@click.option(
    "--shape", "shapes", multiple=True, metavar='NAME="N D"', help="Shape of a parameter of the forward function."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of another parameter of the code, such as stride=2; a number, True, False or a word.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of the random points for backward functions."
)
def command(
    files: tuple[str, ...],
    style: str | None,
    output: Path | None,
    language: str,
    strict: bool,
    forward: str | None,
    shapes: tuple[str, ...],
    settings: tuple[str, ...],
    seed: int,
) -> None:
    """Judge hand calculations in Markdown or LaTeX, line by line.

    Symbols and shapes are declared as people write them ($x \\in \\mathbb{R}^n$), definitions become the program, and every further
    equality is judged twice: is it true, and does it follow from the line before. A document is data: nothing in it is executed.

    FILE.py:NAME --of FORWARD checks a backward function against a forward function on random numbers; that is code, and it runs.
    The line that breaks is named and, where a change of it makes the gradients right, so is the mistake. FILE.py:Layer checks a
    class with forward and backward methods, FILE.py:NAME alone a function that returns a loss and its gradients.

    Exit codes: 0 all right, 1 something is wrong, 2 something is not decided or not understood, 3 a file cannot be read.

    \b
    Examples:
      chainrule check homework.md
      chainrule check --format json solution.tex
      chainrule check --lang it --format html -o compito.html compito.md
      chainrule check hand-ins/*.md
      chainrule check backward.py:layernorm_backward --of layernorm
    """
    words = catalogue(language)
    style = style or _format_of(output)
    for name in files:
        if name.endswith(".py"):
            raise click.UsageError(f"{name} is code: name the function or class to check, {name}:NAME")
    if any(is_code(name) for name in files):
        from reports.commands.check_code import check_code

        text, code = check_code(files, forward, shapes, settings, seed, style, strict, words)
        _written(text, output)
        sys.exit(code)
    checked = [check_file(name) for name in files]
    _written(rendered(checked, style, strict, words), output)
    for one in checked:
        if one.verdict is None:
            click.echo(f"chainrule check: {one.name}: {one.reason}", err=True)
    sys.exit(combined([one.exit_code(strict) for one in checked]))


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for: text where it asks for none."""
    from reports.writers import NAMES

    suffix = output.suffix.lower().lstrip(".") if output is not None else ""
    if suffix == "pdf":
        raise click.BadParameter(f"{output}: a PDF is not written; write .tex, .html or .md", param_hint="--output")
    name = NAMES.get(suffix, suffix)
    return "latex" if name == "tex" else name if name in FORMATS else "text"


def _written(text: str, output: Path | None) -> None:
    """The text in the file, without colours, or on the terminal."""
    if output is None:
        click.echo(text) if text else None
        return
    try:
        write_output(output, click.unstyle(text))
    except OutputError as error:
        click.echo(f"chainrule check: {error}", err=True)
        sys.exit(UNREADABLE)


def is_code(name: str) -> bool:
    """Whether a name is that of a function or class in a Python file, as in ``net.py:backward``."""
    path, colon, function = name.rpartition(":")
    return bool(colon) and path.endswith(".py") and all(part.isidentifier() for part in function.split("."))


def combined(codes: list[int]) -> int:
    """The exit code for several files: a file that cannot be read, then something wrong, then something open."""
    return next((code for code in (3, 1, 2) if code in codes), 0)


def check_file(name: str) -> Checked:
    """The verdict on one file."""
    from symbolic.verification.documents import check_document

    try:
        text = Path(name).read_bytes().decode("utf-8-sig")
    except OSError as error:
        return Checked(name, reason=error.strerror or str(error))
    except UnicodeDecodeError as error:
        return Checked(name, reason=f"is not text in UTF-8 (byte {error.start})")
    if "\0" in text:
        return Checked(name, reason="is not text")
    latex = name.lower().endswith((".tex", ".latex"))
    try:
        return Checked(name, text, latex, check_document(text, latex or None))
    except ChainruleError as error:
        return Checked(name, text, latex, reason=str(error))


# -- formats -----------------------------------------------------------------------------------------------------------------


def rendered(checked: list[Checked], style: str, strict: bool, words: Catalogue) -> str:
    """All files in one format."""
    if style == "json":
        found = [_as_dict(one, strict) for one in checked]
        return json.dumps(found[0] if len(found) == 1 else {"documents": found}, indent=2, ensure_ascii=False)
    if style != "text":
        return "\n".join(_annotated(one, style, words) for one in checked if one.verdict is not None)
    parts = [summary(one, words) for one in checked if one.verdict is not None]
    if len(checked) > 1:
        parts.append(_class_table(checked, words))
    return "\n\n".join(parts)


def _as_dict(one: Checked, strict: bool) -> dict[str, object]:
    if one.verdict is None:
        return {"file": one.name, "claims": [], "error": one.reason, "exit_code": UNREADABLE}
    return {"file": one.name, **one.verdict.as_dict(), "exit_code": one.exit_code(strict)}


def _annotated(one: Checked, style: str, words: Catalogue) -> str:
    from reports.document.handwork import annotated
    from reports.writers import written

    document = annotated(Path(one.name).name, one.text, one.verdict, words, one.latex)
    page = written(document, style)
    return page if isinstance(page, str) else page.decode()


def summary(one: Checked, words: Catalogue) -> str:
    """A file's verdict for the terminal."""
    from reports.document.handwork import counts_of, definitions, layout_of, unjudged, unread
    from reports.document.said import said

    verdict = one.verdict
    lines = [click.style(f"{one.name}: {counts_of(verdict, words)}", bold=True)]
    for claim in verdict.claims:
        lines += _claim(claim, verdict, words)
    lines += [f"  {said(sentence, words)}" for sentence in verdict.blame]
    if problems := unread(verdict):
        lines.append("  " + words("checked.terminal.problems"))
        lines += [f"    {one.name}:{p.line}:{p.column}: {said(p.message, words)}" for p in problems]
    lines += ["  " + words("checked.terminal.note", note=said(note, words)) for note in verdict.notes]
    if told := definitions(verdict):
        lines.append("  " + words("checked.definitions", lines=told))
    lines += ["  " + words("checked.not_judged", line=t.line, formula=in_one_line(t.latex)) for t in unjudged(verdict)]
    lines.append("  " + words("checked.terminal.layout_is", **layout_of(verdict, words)))
    return "\n".join(lines)


def sign(status: str, words: Catalogue) -> str:
    """The word before a line, coloured by its status."""
    return click.style(f"{words(f'checked.terminal.{SIGNS[status]}'):<7}", fg=COLOURS[status])


def _claim(claim: ClaimVerdict, verdict: DocumentVerdict, words: Catalogue) -> list[str]:
    from reports.document.handwork import evidence_of
    from reports.document.said import mistake, said

    latex = in_one_line(claim.latex)
    carried = claim.follows and claim.right is False
    follows = "  " + words("checked.terminal.also_follows") if carried else ""
    lines = [f"  {claim.line:>4}  {sign(claim.status, words)} {latex}{follows}"]
    if claim.right:
        return lines
    told = words(f"checked.status.{claim.status}")
    more = [f"{told}: {evidence_of(claim, verdict, words)}" if claim.evidence else told]
    if claim.diagnosis:
        more.append(words("checked.mistake", mistake=mistake(claim.diagnosis, words)))
    if claim.repair:
        more.append(words("checked.terminal.repair", repair=claim.repair))
    if claim.counterexample:
        more.append(said(claim.counterexample, words))
    return lines + [f"                {line}" for line in more]


def _class_table(checked: list[Checked], words: Catalogue) -> str:
    """One line a file: how many claims came out how, and where the first mistake is."""
    from reports.document.handwork import counted

    rows: list[tuple[str, list[object], str]] = []
    for one in checked:
        if one.verdict is None:
            rows.append((one.name, [], words("checked.terminal.unreadable", reason=one.reason)))
            continue
        wrong = (c.line for c in one.verdict.claims if c.right is False and not c.follows)
        first = next((words("checked.terminal.first", line=line) for line in wrong), "")
        rows.append((one.name, [len(one.verdict.claims), *counted(one.verdict).values()], first))
    return class_table(["file", "claims", "right", "wrong", "layout", "open", "first"], rows, words)


def class_table(titles: list[str], rows: list[tuple[str, list[object], str]], words: Catalogue) -> str:
    """A table for the terminal: a name, numbers under their titles (or none), and a remark; ``titles`` are of ``checked.class``."""
    name, *counts, remark = (words(f"checked.class.{title}") for title in titles)
    width = max(len(name), *(len(row[0]) for row in rows))
    lines = ["  ".join([f"{name:<{width}}", *counts, remark])]
    for called, numbers, said in rows:
        cells = [f"{number:>{len(title)}}" for number, title in zip(numbers, counts, strict=bool(numbers))]
        lines.append("  ".join([f"{called:<{width}}", *cells, said]).rstrip())
    return "\n".join(lines)
