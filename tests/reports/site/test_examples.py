"""What a page may hold, and that an example which does not do what its page says is found."""

import sys

import pytest

from reports.site.contents import command_line, reference, repository
from reports.site.examples import ExampleError, execute


def run(text, folder):
    return execute(text, "page", folder, link="made/page").text


def fence(first, *lines):
    return "\n".join([f"```{first}", *lines, "```", ""])


def test_a_cell_shows_its_last_line_and_what_it_prints(tmp_path):
    text = run(fence("python", "a = 20", "print('on the way')", "a + 1"), tmp_path)
    assert text.index("a + 1") < text.rindex("on the way") < text.index("\n21\n")
    assert "None" not in run(fence("python", "None"), tmp_path).split("```")[2]


def test_cells_of_a_page_share_their_names_and_pages_do_not(tmp_path):
    assert "\n4\n" in run(fence("python", "a = 3") + fence("python", "a + 1"), tmp_path)
    with pytest.raises(ExampleError, match="NameError"):
        run(fence("python", "a + 1"), tmp_path)


def test_what_is_shown_is_mathematics_where_there_is_any(tmp_path):
    text = run(fence("python", "from symbolic import tensor, check", "x = tensor('x', 'n')", "x + x"), tmp_path)
    assert "<math" in text
    assert "{raw} html" in text
    hidden = run(fence("python hidden", "from symbolic import tensor", "tensor('x', 'n')"), tmp_path)
    assert "import" not in hidden
    assert "<math" in hidden


def test_text_is_escaped_where_html_is_made_of_it(tmp_path):
    text = run(fence("console", "$ chainrule gallery"), tmp_path)
    assert "softmax-regression" in text
    made = run(
        fence("text file=<b>.md", "Let $x = 1$.") + fence("console exit=3", "$ chainrule check none.md"), tmp_path
    )
    assert "none.md" in made


def test_files_are_written_and_commands_see_them(tmp_path):
    model = fence("python file=line.py", "def loss(w: 'n', x: 'n', y: ''):", "    return (w @ x - y) ** 2")
    text = run(model + fence("console", "$ chainrule diagram line.py -o line.svg"), tmp_path)
    assert (tmp_path / "line.svg").is_file()
    assert '<img class="made" src="made/page/line.svg" alt="line.svg">' in text
    assert "wrote line.svg" in text


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (fence("python", "x = 1", "1 / 0"), r"(?s)page, line 2: the example raised.*1 / 0.*ZeroDivisionError"),
        (fence("python", ">>> 1 + 1", "3"), r"(?s)shows something else.*Expected:\s+3\s+Got:\s+2"),
        (fence("console", "$ chainrule report none.py"), r"(?s)ended with 1, expected 0.*no such file"),
        (fence("console exit=1", "$ chainrule gallery"), r"ended with 0, expected 1"),
        (fence("console", "$ rm -r /"), r"there is no command 'rm' to run"),
        (fence("console", "$ chainrule gallery", "linear-model"), r"line 3: expected a command"),
        (fence("python hiden", "1"), r"unknown words behind the language: hiden"),
        (fence("ruby", "1"), r"no way to run or show 'ruby'"),
        (fence("text file=../x", "1"), r"outside the page's folder"),
    ],
)
def test_what_is_wrong_is_found(page, message, tmp_path):
    with pytest.raises(ExampleError, match=message):
        run(page, tmp_path)


def test_what_needs_a_missing_library_is_shown_and_said_not_to_have_run(tmp_path):
    found = execute(fence("python needs=not_there", "1 / 0"), "page", tmp_path)
    assert found.missing == {"not_there"}
    assert "1 / 0" in found.text
    assert "not_there was not installed" in found.text


def test_the_folder_of_the_caller_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sys.displayhook
    with pytest.raises(ExampleError):
        run(fence("python", "1 / 0"), tmp_path / "deep" / "er")
    assert sys.displayhook is before
    assert (tmp_path / "deep").is_dir()


def test_the_command_line_is_all_there():
    text = command_line().text
    for heading in ("## chainrule report", "## chainrule check", "## chainrule cache clear"):
        assert heading in text
    assert "`-r, --learning-rate FLOAT`\n: The step size" in text


def test_a_module_without_public_names_is_refused():
    with pytest.raises(LookupError, match=r"symbolic\.nothing defines no public name"):
        reference("symbolic", "symbolic.nothing")


def test_a_file_that_is_not_there_is_said_not_to_be():
    assert "source distribution" in repository("NONE.md").text
