"""The examples of a page of documentation: run from top to bottom, as a reader would, with what they show put below them.

A page is Markdown. What a fenced block is follows from its first line:

    ```python                  a cell as in a notebook; the value of its last line is shown. With >>> it is a doctest
    ```python hidden           run, and only what it shows is put on the page
    ```python file=net.py      written to a file in the page's own folder (any other language likewise)
    ```console exit=1          commands behind "$ ", run in that folder; they must end with this exit code (0 if not given)
    ```python needs=jax        run where jax is installed, shown in any case

A block that raises, prints something else than its doctest says or ends with another exit code is an ``ExampleError``.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import glob
import html
import importlib.util
import io
import linecache
import os
import re
import shlex
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.writers.mathml import mathml
from symbolic.errors import ChainruleError

FENCE = re.compile(r"^(?P<ticks>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"", "text", "latex", "markdown", "json", "toml"}  # languages of blocks that are not run
# Commands that a page may name without their being run: they install, or take over the terminal.
NOT_RUN = re.compile(r"(pip install|git clone|cd|python3 start\.py|python -m (reports\.site|tests\.benchmarks))\b")
PICTURES = (".svg", ".png")
SECONDS = 300.0  # that a command of a page may take


class ExampleError(ChainruleError):
    """An example that does not do what its page says: page, line and what happened."""


@dataclass(frozen=True)
class Block:
    """A fenced block: language, line of its first line of text, text, and what its first line says behind the language."""

    language: str
    line: int
    text: str
    flags: frozenset[str] = frozenset()
    options: dict[str, str] = field(default_factory=dict)


def blocks(text: str) -> list[tuple[re.Match[str], Block]]:
    """The fenced blocks of a page that are not directives.

    >>> [(b.language, b.line, b.options) for _, b in blocks("# A page\\n\\n```python file=net.py\\nloss = 1\\n```\\n")]
    [('python', 4, {'file': 'net.py'})]
    """
    found = []
    for match in FENCE.finditer(text):
        if match["info"].lstrip().startswith("{"):
            continue
        language, *words = match["info"].split() or [""]
        options = dict(word.split("=", 1) for word in words if "=" in word)
        flags = frozenset(word for word in words if "=" not in word)
        line = text.count("\n", 0, match.start("body")) + 1
        found.append((match, Block(language, line, match["body"], flags, options)))
    return found


@dataclass(frozen=True)
class Executed:
    """A page after its run: Markdown with the outputs in place, and the libraries that blocks lacked and so were not run."""

    text: str
    missing: frozenset[str]


def execute(text: str, name: str, folder: Path, link: str = "") -> Executed:
    """Run the examples of the page ``name`` in ``folder``, which is made; files that appear there are linked as ``link``/FILE.

    Raises ``ExampleError`` at the first example that fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = _Page(name, link)
    parts, end = [], 0
    with contextlib.chdir(folder):
        for match, block in blocks(text):
            parts += [text[end : match.start()], page.block(block, match[0])]
            end = match.end()
    return Executed("".join([*parts, text[end:]]), frozenset(page.missing))


class _Page:
    def __init__(self, name: str, link: str):
        self.name, self.link = name, link
        self.namespace: dict[str, Any] = {"__name__": name}
        self.missing: set[str] = set()

    def block(self, block: Block, source: str) -> str:
        """The block as Markdown, run, with what it showed."""
        if unknown := (block.flags - {"hidden"}) | (set(block.options) - {"file", "exit", "needs"}):
            raise self.error(block, f"unknown words behind the language: {', '.join(sorted(unknown))}")
        lacking = {n for n in block.options.get("needs", "").split(",") if n and importlib.util.find_spec(n) is None}
        plain = f"```{block.language}\n{block.text}```"
        if lacking:
            self.missing |= lacking
            return f"{plain}\n\n*Not run when this page was built: {', '.join(sorted(lacking))} was not installed.*"
        if "file" in block.options:
            return self.file(block)
        if block.language == "python":
            run = self.doctest if ">>>" in block.text else self.cell
            shown = run(block)
            return shown if "hidden" in block.flags else f"{plain}\n{shown}"
        if block.language == "console":
            return self.console(block)
        if block.language in SHOWN_ONLY:
            return source
        raise self.error(block, f"no way to run or show {block.language!r}")

    def error(self, block: Block, message: str, offset: int = 0) -> ExampleError:
        return ExampleError(f"{self.name}, line {block.line + offset}: {message}")

    def file(self, block: Block) -> str:
        path = Path(block.options["file"])
        if path.is_absolute() or ".." in path.parts:
            raise self.error(block, f"{path} is outside the page's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return f"```{{code-block}} {block.language}\n:caption: {path}\n\n{block.text}```"

    def doctest(self, block: Block) -> str:
        example = doctest.DocTestParser().get_doctest(block.text, {}, self.name, self.name, block.line - 1)
        example.globs = self.namespace  # get_doctest copies
        failures: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False).run(
            example, out=failures.append, clear_globs=False
        )
        if failures:
            raise self.error(block, "the example shows something else\n" + "".join(failures))
        return ""

    def cell(self, block: Block) -> str:
        place = f"<{self.name}, line {block.line}>"
        linecache.cache[place] = (len(block.text), None, block.text.splitlines(keepends=True), place)
        values: list[Any] = []
        printed = io.StringIO()
        before = sys.displayhook
        sys.displayhook = values.append
        try:
            body = ast.parse(block.text, place).body
            last = body[-1:] if body and isinstance(body[-1], ast.Expr) else []
            with contextlib.redirect_stdout(printed):
                exec(compile(ast.Module(body[: len(body) - len(last)], []), place, "exec"), self.namespace)  # noqa: S102
                exec(compile(ast.Interactive(last), place, "single"), self.namespace)  # noqa: S102
        except Exception as error:
            lines = traceback.format_exception(error)
            raise self.error(block, "the example raised an error\n" + "".join(lines)) from None
        finally:
            sys.displayhook = before
        return "".join([_text(printed.getvalue()), *(shown(v) for v in values if v is not None)])

    def console(self, block: Block) -> str:
        lines, new = [], []
        for offset, line in enumerate(block.text.splitlines()):
            if not line.startswith("$ "):
                raise self.error(block, f"expected a command behind '$ ', got {line!r}", offset)
            before = {p: p.stat().st_mtime_ns for p in _files()}
            code, output = self.command(block, line[2:], offset)
            wanted = int(block.options.get("exit", "0"))
            if code != wanted:
                raise self.error(block, f"`{line[2:]}` ended with {code}, expected {wanted}\n{output}", offset)
            lines += [line, *output.rstrip().splitlines()]
            new += [p for p in _files() if p not in new and before.get(p) != p.stat().st_mtime_ns]
        if "hidden" in block.flags:
            return ""
        ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", "\n".join(lines))), 3)
        return "\n".join([f"{ticks}console", *lines, ticks, *self.links(new)])

    def command(self, block: Block, line: str, offset: int) -> tuple[int, str]:
        """(exit code, what the terminal shows) of one command."""
        if NOT_RUN.match(line):
            return 0, ""
        program, *given = shlex.split(line, comments=True)
        arguments = [found for a in given for found in (sorted(glob.glob(a)) if "*" in a else [a])]
        if program == "chainrule":
            return _chainrule(arguments)
        if program == "python":
            answer = subprocess.run(  # noqa: S603  (a program that the page itself wrote down)
                [sys.executable, *arguments],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                env=environment(),
                check=False,
            )
            return answer.returncode, answer.stdout + answer.stderr
        raise self.error(block, f"there is no command {program!r} to run", offset)

    def links(self, files: list[Path]) -> Iterator[str]:
        """Links to files that a command wrote; pictures themselves."""
        if not self.link or not files:
            return
        yield ""
        for path in files:
            address = html.escape(f"{self.link}/{path.as_posix()}", quote=True)
            if path.suffix in PICTURES:
                yield _raw(f'<img class="made" src="{address}" alt="{html.escape(path.name)}">')
            else:
                yield _raw(f'<p class="made"><a href="{address}">{html.escape(path.as_posix())}</a></p>')


def environment() -> dict[str, str]:
    """The environment of a process that is to import the packages from where this one has them."""
    here = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


def shown(value: Any) -> str:
    """What a notebook shows of a value, as Markdown: its page, drawing or mathematics, else its text.

    >>> from symbolic import tensor
    >>> "<math" in shown(tensor("x", "n")), shown(1 + 1)
    (True, '\\n```{code-block} text\\n:class: printed\\n\\n2\\n```\\n')
    """
    from reports.notebook import rich

    kind, text = rich(value)
    return _SHOWN[kind](text)


def _text(text: str) -> str:
    return f"\n```{{code-block}} text\n:class: printed\n\n{text.rstrip()}\n```\n" if text.strip() else ""


def _raw(markup: str) -> str:
    # A line that is empty would end the block of HTML in Markdown; a raw directive holds whatever comes.
    return f"\n```````{{raw}} html\n{markup}\n```````\n"


def _mathematics(latex: str) -> str:
    source = latex.strip().strip("$").removeprefix(r"\displaystyle").strip()
    return _raw(f'<div class="shown">{mathml(source, display=True)}</div>')


_SHOWN: dict[str, Callable[[str], str]] = {
    "text/html": lambda text: _raw(f'<div class="shown">{text}</div>'),
    "image/svg+xml": lambda text: _raw(f'<div class="shown">{text}</div>'),
    "text/markdown": lambda text: f"\n{text}\n",
    "text/latex": _mathematics,
    "text/plain": _text,
}


def _files() -> list[Path]:
    return sorted(p for p in Path().rglob("*") if p.is_file())


def _chainrule(arguments: list[str]) -> tuple[int, str]:
    """The command line in this process: a page runs many commands, and each process would load everything anew."""
    from click.testing import CliRunner

    from reports.commands import main

    result = CliRunner().invoke(main, arguments, prog_name="chainrule")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 1, result.output + "".join(traceback.format_exception(result.exception))
    return result.exit_code, result.output
