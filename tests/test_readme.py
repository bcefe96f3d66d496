"""README tells the truth: its Python runs, its commands exist, its links lead somewhere. No block is passed over."""

import doctest
import re
from pathlib import Path

import start
from reports.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

LANGUAGES = {"python", "console", "latex"}
FENCE = re.compile(r"^```(?P<language>[^\n]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """(language, first line's number, body) of each fenced block."""
    return [
        (m["language"].strip(), text[: m.start("body")].count("\n") + 1, m["body"])
        for m in FENCE.finditer(text)
    ]  # fmt: skip


def run_python(text):
    """Run all Python blocks in order, in one namespace, as a reader would type them; the failures as text."""
    namespace, failures = {"__name__": "README"}, []
    for language, line, body in blocks(text):
        if language != "python":
            continue
        if ">>>" in body:
            example = doctest.DocTestParser().get_doctest(body, namespace, "README.md", "README.md", line - 1)
            example.globs = namespace  # get_doctest copies
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
            runner.run(example, out=failures.append, clear_globs=False)
        else:
            exec(compile("\n" * (line - 1) + body, "README.md", "exec"), namespace)
    return "".join(failures)


def unknown_commands(text):
    """Lines of console blocks that start with none of the commands that this project has."""
    known = re.compile(
        r"\$ (python3 start\.py ({})|chainrule ({})|pip install|python -m reports\.site|git clone|cd)\b".format(
            "|".join(start.VERBS), "|".join(COMMANDS)
        )
    )
    lines = [line for language, _, body in blocks(text) if language == "console" for line in body.splitlines()]
    return [line for line in lines if line.startswith("$") and not known.match(line)]


def dead_links(text):
    targets = re.findall(r"\]\(([^)#\s]+)", FENCE.sub("", text))
    return [target for target in targets if "://" not in target and not (ROOT / target).exists()]


def test_python_examples_run():
    assert any(language == "python" for language, _, _ in blocks(README))
    failures = run_python(README)
    assert not failures, failures


def test_every_block_is_of_a_kind_that_is_tested():
    assert {language for language, _, _ in blocks(README)} <= LANGUAGES
    assert README.count("\n```") == 2 * len(blocks(README))


def test_commands_exist():
    assert unknown_commands(README) == []


def test_links_lead_somewhere():
    assert dead_links(README) == []


def test_wrong_examples_are_found():
    wrong = "```python\n>>> 1 + 1\n3\n```\n"
    assert "Expected:\n    3" in run_python(wrong)
    assert run_python("```python\na = 2\n```\n\n```python\n>>> a\n2\n```\n") == ""
    assert unknown_commands("```console\n$ python3 start.py demo\n```\n") == ["$ python3 start.py demo"]
    assert dead_links("[there](LICENSE) [not there](docs/none.md)") == ["docs/none.md"]
