"""Model files: what they may leave, which names are kept, and what is said of mistakes."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from reports.commands import main
from reports.commands.models import ModelError, declared, find


def written(tmp_path, text):
    path = tmp_path / "model.py"
    path.write_text(text)
    return str(path)


def test_a_file_with_a_tensor(tmp_path):
    model = find(
        written(
            tmp_path,
            '"""One layer.\n\nA single tanh unit per output."""\nimport numpy as np\nfrom symbolic import tensor\n'
            'x, y = tensor("x", "n"), tensor("y", "m", role="target")\nW = tensor("W", "m n", role="parameter")\n'
            "s = W @ x\nloss = np.sum((np.tanh(s) - y) ** 2)\n",
        )
    )
    assert (model.title, model.description) == ("One layer", "A single tanh unit per output.")
    assert (model.tensors["s"].name, model.loss.name) == ("s", "loss")


def test_a_file_with_a_function(tmp_path):
    text = 'import numpy as np\ndef loss(W: "m n", x: "n", y: "m"):\n    s = W @ x\n    C = np.sum((s - y) ** 2)\n    return C\n'
    model = find(written(tmp_path, text))
    assert model.loss.name == "C"
    assert model.tensors["s"].name == "s"
    assert [model.tensors[k].role for k in "Wxy"] == ["parameter", "input", "target"]


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_annotations_say_role_kind_and_assumptions(tmp_path, future):
    text = (
        future + 'def loss(a: "n input positive", k: "int target", v: "n parameter"):\n    return (a * v).sum() * k\n'
    )
    tensors = find(written(tmp_path, text)).tensors
    assert tensors["a"].assume == {"positive"}
    assert (tensors["k"].dtype, tensors["k"].role, tensors["k"].shape) == ("int", "target", ())
    assert declared("x_1", "n").role == "input"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("losss = 1\n", r"leaves no scalar tensor .* named 'loss'. Did you mean 'losss'\?"),
        ("loss = 3\n", "'loss' is a int; expected a scalar tensor"),
        ('from symbolic import tensor\nloss = tensor("x", "n")\n', r"'loss' is no scalar but x \(n,\)"),
        ("def loss(x):\n    return x\n", r'needs its dimensions as an annotation, such as x: "m n"'),
        ("a = 1\nb = a / 0\nloss = b\n", r"(?s)raised an error\n.*line 2.*ZeroDivisionError"),
        ("loss = (\n", r"(?s)raised an error\n.*SyntaxError"),
        ("import sys\nsys.exit(3)\n", r"(?s)raised an error\n.*SystemExit"),
    ],
)
def test_mistakes_are_said_with_the_users_lines(tmp_path, text, message):
    with pytest.raises(ModelError, match=message) as error:
        find(written(tmp_path, text))
    assert "runpy" not in str(error.value)


def test_what_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        find(str(tmp_path / "none.py"))
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        find(str(tmp_path / "folder.py"))


def test_a_shell_completes_commands_models_and_options():
    shell = ShellComplete(main, {}, "chainrule", "_CHAINRULE_COMPLETE")
    assert [item.value for item in shell.get_completions([], "rep")] == ["report"]
    found = shell.get_completions(["report"], "ridge")
    assert [(item.value, item.help) for item in found if item.type == "plain"] == [
        ("ridge-regression", "Ridge regression")
    ]
    assert [item.type for item in found] == ["plain", "file"]
    assert "--gradients" in [item.value for item in shell.get_completions(["diagram"], "--g")]


def test_a_shell_is_given_its_script():
    program = "import sys; sys.argv[0] = 'chainrule'; from reports.commands import main; main()"
    environment = {**os.environ, "_CHAINRULE_COMPLETE": "zsh_source"}
    answer = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert answer.stdout.startswith("#compdef chainrule")
