"""The code of an exported notebook runs by itself, and the gradient that it prints agrees with its difference quotient."""

import json
import subprocess
import sys

import numpy as np
import pytest

from reports.commands.models import find
from reports.document.derivation import Choices, report
from reports.document.trying import DRAWN, drawn
from reports.writers import written
from symbolic import tensor
from symbolic.language.gallery import GALLERY

QUICK = ("linear-model", "wired-net", "logistic-regression", "softmax-regression", "gaussian-process")


def ran(source, folder):
    """What a program of NumPy alone prints: run where this project cannot be imported."""
    answer = subprocess.run([sys.executable, "-I", "-c", source], cwd=folder, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in GALLERY])
def test_the_cells_of_a_report(name, tmp_path):
    cells = json.loads(written(report(find(name), Choices(training=False)), "ipynb"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(sources) == 2
    _, along, quotient = map(float, ran("\n\n".join(sources), tmp_path).split())
    assert along == pytest.approx(quotient, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("assumed", DRAWN)
def test_what_is_drawn_has_what_is_assumed(assumed, tmp_path):
    matrix = assumed in ("orthogonal", "positive_definite", "symmetric", "diagonal", "lower_triangular", "invertible")
    t = tensor("A", (4, 4) if matrix else (3, 4), assume=assumed)
    source = (
        f"import json\nimport numpy as np\nrng = np.random.default_rng(0)\nprint(json.dumps(({drawn(t, {})}).tolist()))"
    )
    a = np.array(json.loads(ran(source, tmp_path)))
    holds = {
        "one_hot": lambda: np.array_equal(a.sum(axis=-1), np.ones(3)) and set(np.unique(a)) == {0, 1},
        "probability": lambda: np.allclose(a.sum(axis=-1), 1) and (a > 0).all(),
        "orthogonal": lambda: np.allclose(a @ a.T, np.eye(4)),
        "positive_definite": lambda: np.allclose(a, a.T) and np.linalg.eigvalsh(a).min() > 0,
        "symmetric": lambda: np.allclose(a, a.T),
        "diagonal": lambda: np.array_equal(a, np.diag(np.diag(a))),
        "lower_triangular": lambda: np.array_equal(a, np.tril(a)),
        "invertible": lambda: abs(np.linalg.det(a)) > 1e-3,
        "unit_interval": lambda: (a > 0).all() and (a < 1).all(),
        "sign": lambda: set(np.unique(a)) == {-1, 1},
        "binary": lambda: set(np.unique(a)) <= {0, 1},
        "integer": lambda: np.array_equal(a, np.round(a)),
        "positive": lambda: (a > 0).all(),
    }
    assert a.shape == tuple(map(int, t.extents))
    assert holds[assumed]()
