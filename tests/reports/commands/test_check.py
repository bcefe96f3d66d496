"""``chainrule check``: summaries, formats and exit codes, as a user meets them."""

import json

import pytest
from click.testing import CliRunner

from reports.commands import main

RIGHT = "Let $x \\in \\mathbb{R}^n$ and $f = x^\\top x$. Then $\\nabla_x f = 2x$.\n"
WRONG = "Let $x \\in \\mathbb{R}^n$ and $f = x^\\top x$.\n\n$$\\nabla_x f = x$$\n\n$$\\nabla_x^2 f = I$$\n"
OPEN = "Let $x \\in \\mathbb{R}^n$ and $f = x^\\top x$. Then $\\nabla_x f = 2 q$.\n"
HOSTILE = (
    "# <script>alert(1)</script>\n\nLet $x \\in \\mathbb{R}^n$, $f = x^\\top x$. <img src=x onerror=alert(2)>\n\n"
    "$$\\input{/etc/passwd}$$\n\n$$\\write18{rm -rf /} = x$$\n\n$$\\nabla_x f = 2x + \\text{<b>hi</b>}$$\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in a folder that holds the given files (``a="…"`` is a.md)."""
    monkeypatch.chdir(tmp_path)

    def check(*args, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.md").write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(main, ["check", *args])

    return check


@pytest.mark.parametrize(
    ("text", "code"), [(RIGHT, 0), (WRONG, 1), (OPEN, 2), ("no claims at all", 2), (b"\xff\xfe\x00x", 3)]
)
def test_exit_codes(run, text, code):
    assert run("a.md", a=text).exit_code == code


def test_a_missing_file_is_code_3_and_is_named(run):
    result = run("nowhere.md")
    assert result.exit_code == 3
    assert "nowhere.md" in result.output


def test_the_summary_says_which_line_is_wrong_what_follows_and_what_it_should_be(run):
    result = run("a.md", a=WRONG)
    assert "line 3 is wrong; line 5 follows correctly from it; it should be 2 x" in result.output
    assert "\x1b[" not in result.output
    assert "a.md: 2 wrong" in result.output


def test_an_undeclared_symbol_is_placed_and_the_other_lines_are_still_checked(run):
    result = run("a.md", a=OPEN + "\nAnd $\\nabla_x f = 2x$.\n")
    assert "not read: 1:67: the symbol q is not declared" in result.output
    assert result.output.count("q is not declared") == 1
    assert "ok" in result.output


SUPPOSED = (
    "Let $x \\in \\mathbb{R}^n$, $f = x^\\top x$ and $g = f^2$, where $\\eta = 0$ at the start of $\\eta \\in \\mathbb{R}$.\n\n"
    "$$\\nabla_x f = 2x$$\n\n$$h = 3 f$$\n"
)


def test_an_equality_that_is_no_claim_is_told_too(run):
    """What was read as a definition might have been meant as a claim: the reader must be able to see it."""
    lines = run("a.md", a=SUPPOSED).output.splitlines()
    assert "  read as definitions, by line: 1, 5" in lines
    found = json.loads(run("--format", "json", "a.md", a=SUPPOSED).output)
    assert [(t["line"], t["latex"], t["as"]) for t in found["taken"] if t["as"] == "definition"][:2] == [
        (1, "f = x^\\top x", "definition"),
        (1, "g = f^2", "definition"),
    ]
    page = run("--format", "html", "a.md", a=SUPPOSED).output
    assert "How the sheet was read" in page
    assert "read as definitions, by line: 1, 5" in page


def test_json_is_as_documented(run):
    result = run("--format", "json", "a.md", a=WRONG)
    data = json.loads(result.output)
    first, second = data["claims"]
    assert set(first) >= {"line", "latex", "status", "follows", "diagnosis", "repair", "counterexample", "evidence"}
    assert (first["line"], first["latex"], first["status"], first["follows"]) == (3, "\\nabla_x f = x", "refuted", None)
    assert (second["line"], second["status"], second["follows"]) == (5, "refuted", True)
    assert first["counterexample"]
    assert data["exit_code"] == 1


def test_several_files_give_a_table(run):
    result = run("a.md", "b.md", a=RIGHT, b=WRONG)
    assert result.exit_code == 1
    table = result.output.splitlines()[-2:]
    assert table[0].split() == ["a.md", "1", "1", "0", "0", "0"]
    assert table[1].split() == ["b.md", "2", "0", "2", "0", "0", "line", "3"]


def test_strict_wants_a_proof(run):
    text = RIGHT
    assert run("--strict", "a.md", a=text).exit_code == 0
    numbers = "$x = 0.5$, $z = \\tanh(x)$. So $z = 0.462$.\n"
    assert run("a.md", a=numbers).exit_code == 0
    assert run("--strict", "a.md", a=numbers).exit_code == 2


@pytest.mark.parametrize("style", ["html", "md", "latex"])
def test_annotated_copies_carry_verdicts_and_nothing_hostile(run, style):
    result = run("--format", style, "a.md", a=HOSTILE)
    assert result.exit_code == 2
    assert "2x" in result.output.replace(" ", "")
    if style == "html":
        assert "<script" not in result.output
        assert "<img" not in result.output
        assert "onerror=alert" not in result.output.replace("&lt;img src=x onerror=alert(2)&gt;", "")


def test_a_bomb_is_cut_off_with_a_message(run):
    bombs = [
        "x^{9^{9^{9^{9}}}}", "x^{1000000000}", "\\frac{1}{" * 3000 + "x" + "}" * 3000, "(" * 3000 + "x" + ")" * 3000,
        "((((x+1)^{60}+2)^{60}+3)^{60}+4)^{60}", "\\sum_{i=1}^{1000000000} x^{i}",
    ]  # fmt: skip
    text = (
        "Let $x \\in \\mathbb{R}$, $f = x^2$.\n\n"
        + "".join(f"$$\\frac{{df}}{{dx}} = {b}$$\n\n" for b in bombs)
        + "$$\\frac{df}{dx} = 2x$$\n"
    )
    result = run("--format", "json", "a.md", a=text)
    claims = json.loads(result.output)["claims"]
    assert claims[-1]["status"] == "proved"
    assert all(c["status"] in ("unreadable", "undecided", "refuted") and c["evidence"] for c in claims[:-1])


def test_help_shows_an_example(run):
    result = run("--help")
    assert result.exit_code == 0
    assert "chainrule check homework.md" in result.output


CODE = """
import numpy as np


def forward(x: "N D", W: "D M", b: "M"):
    return np.tanh(x @ W + b), None


def loops(dout, x, W, b):
    z = np.tanh(x @ W + b)
    ds = dout * (1 - z**2)
    db = np.zeros(b.shape[0])
    for i in range(x.shape[0]):
        db += ds[i]
    dx, dW = ds @ W.T, x.T @ ds
    return dx, dW, db


def whole(dout, x, W, b):
    ds = dout * (1 - np.tanh(x @ W + b) ** 2)
    return ds @ W.T, x.T @ ds, ds.sum(axis=0)


def forgets(dout, x, W, b):
    dx, dW, db = dout @ W.T, x.T @ dout, dout.sum(axis=0)
    return dx, dW, db


def bare(x, W):
    return x @ W


def bare_backward(x, W, g):
    return g @ W.T, x.T @ g


def broken(x, W):
    return x.no_such_method(W)
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    return lambda *args: CliRunner().invoke(main, ["check", *args])


def test_backward_code_with_loops_agrees_and_code_that_traces_is_proved(code):
    result = code("net.py:loops", "--of", "forward")
    assert result.exit_code == 0, result.output
    assert result.output.count("agrees") == 3
    result = code("net.py:whole", "--of", "forward", "--strict")
    assert result.exit_code == 0, result.output
    assert result.output.count("proved") == 3


def test_shapes_found_by_trial_are_said(code):
    result = code("net.py:bare_backward", "--of", "bare")
    assert result.exit_code == 0, result.output
    assert "shapes are not told; found by trial: x (" in result.output


def test_each_wrong_output_of_backward_code_is_named(code):
    result = code("net.py:forgets", "--of", "forward", "--format", "json")
    assert result.exit_code == 1
    claims = json.loads(result.output)["claims"]
    assert [(c["name"], c["status"]) for c in claims] == [("x", "refuted"), ("W", "refuted"), ("b", "refuted")]
    assert "differences of the forward function give" in claims[0]["evidence"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["net.py:loops"], 2, "give --of NAME"),
        (["net.py:loop", "--of", "forward"], 3, "Did you mean 'loops'"),
        (["gone.py:loops", "--of", "forward"], 3, "gone.py"),
        (["net.py:loops", "--of", "broken"], 2, "the shape of broken's parameter 'x' is not told"),
    ],
)
def test_what_is_missing_for_code_is_said(code, arguments, exit_code, message):
    result = code(*arguments)
    assert result.exit_code == exit_code
    assert message in result.output


def test_blame_in_an_annotated_copy_is_typeset(run):
    result = run("--format", "html", "a.md", a=WRONG)
    note = result.output.split("is wrong")[1].split("</li>")[0]
    assert "<math" in note
    assert "it should be" in note


def test_a_python_file_without_a_function_is_no_document(tmp_path):
    (tmp_path / "backward.py").write_text("x = 1\n")
    answer = CliRunner().invoke(main, ["check", str(tmp_path / "backward.py")])
    assert answer.exit_code == 2
    assert "name the function or class to check" in answer.output


def test_a_file_that_is_not_there_leaves_no_empty_line(tmp_path):
    answer = CliRunner().invoke(main, ["check", str(tmp_path / "none.md")])
    assert answer.exit_code == 3
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "begins"),
    [("b.html", "<!doctype html>"), ("b.tex", r"\documentclass"), ("b.json", "{"), ("b.txt", "a.md: 2 wrong")],
)
def test_the_suffix_of_the_file_chooses_the_format(run, tmp_path, name, begins):
    assert run("-o", name, "a.md", a=WRONG).exit_code == 1
    written = (tmp_path / name).read_text()
    assert written.lower().startswith(begins.lower())
    assert "\x1b" not in written


def test_a_pdf_is_refused_before_anything_is_checked(run, tmp_path):
    result = run("-o", "b.pdf", "a.md", a=WRONG)
    assert result.exit_code == 2
    assert ".tex, .html or .md" in result.output
    assert not (tmp_path / "b.pdf").exists()


def test_a_page_says_of_each_claim_its_line_its_mistake_and_its_repair_once(run):
    layers = (
        "Let $x \\in \\mathbb{R}^n$, $W^{(1)} \\in \\mathbb{R}^{m \\times n}$, $a = W^{(1)} x$, $f = \\tfrac12 \\|a\\|^2$.\n\n"
        "$$\n\\begin{aligned}\n\\nabla_a f &= a \\\\\n\\nabla_x f &= W^{(1)} a\n\\end{aligned}\n$$\n"
    )
    page = run("--format", "md", "a.md", a=layers).output
    assert "| 5 | **✓ proved**" in page
    assert "$(W^{(1)})^{\\top} a$" in page  # the author's own name, and one superscript at a time
    assert page.count("does not fit") == 1
    assert r"| $W^{(1)}$ | $\mathbb{R}^{m \times n}$ |" in page
