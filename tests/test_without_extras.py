"""The three uses need none of the optional libraries; what needs one says which extra brings it."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OPTIONAL = {  # as imported: distribution
    "sklearn": "scikit-learn", "matplotlib": "matplotlib", "ziamath": "ziamath", "pyarrow": "pyarrow", "typst": "typst",
    "numba": "numba", "llvmlite": "llvmlite", "threadpoolctl": "threadpoolctl", "cma": "cma", "jax": "jax", "torch": "torch", "distributed": "distributed", "sphinx": "sphinx",
    "myst_parser": "myst-parser", "furo": "furo",
}  # fmt: skip

BLOCK = f"""
import sys
for name in {list(OPTIONAL)!r}:
    sys.modules[name] = None
"""
DOCUMENT = r"""
Let $x \in \mathbb{R}^n$ and $C = \frac12 x^\top x$. Then
$$\frac{\partial C}{\partial x} = x$$
"""
BACKWARD = """
def line(w: "n", x: "n"):
    return w * x

def line_backward(y_bar, w, x):
    return y_bar * x, y_bar * w
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Runs commands in one process where no optional library can be imported; (exit code, output) of each."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(BLOCK)
    (folder / "hand.md").write_text(DOCUMENT)
    (folder / "backward.py").write_text(BACKWARD)
    (folder / "table.parquet").touch()
    (folder / "table.csv").write_text("a,b,c\n" + "".join(f"{k},{k * k % 7},{2 * k}\n" for k in range(12)))

    def run(*command):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
        program = [sys.executable, "-c", "from reports.commands import main; main()", *command]
        answer = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return answer.returncode, answer.stdout + answer.stderr

    return run


def test_every_extra_is_tried():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for_users = [r for name, found in extras.items() if name not in ("all", "test", "bench", "dev") for r in found]
    assert {r.split(">")[0].strip() for r in for_users} == set(OPTIONAL.values())


@pytest.mark.parametrize(
    "command",
    [
        "report linear-model -o r.html",
        "report linear-model --no-training -o r.ipynb",
        "check hand.md",
        "check backward.py:line_backward --of line",
        "train ridge-regression --data table.csv -r 0.001 --epochs 2",
        "diagram linear-model -o d.svg",
        "exercise ridge-regression --count 2",
    ],
)
def test_the_three_uses(bare, command):
    code, output = bare(*command.split())
    assert code == 0, output


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("train digits-net --data digits", "data"),
        ("train ridge-regression --data table.csv --plot c.svg", "plots"),
        ("train ridge-regression --data table.csv --backend numba", "fast"),
        ("train ridge-regression --data table.parquet", "parquet"),
        ("report chapter -o c.html", "plots"),
        ("diagram linear-model -o d.png", "pdf"),
    ],
)
def test_what_is_missing_is_named(bare, command, extra):
    code, output = bare(*command.split())
    assert code == 1
    assert f"pip install 'chainrule[{extra}]'" in output
    assert "Traceback" not in output
