"""The house keeps its shape: imports go one way, nothing evaluates text, files fit in the head, names say something.

Every rule is a function of (path, source), so that the rules themselves are tried on planted violations below.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("symbolic", "numeric", "reports")
LONGEST = 450

NUMPY_AND_WHAT_IMPORTS_IT = ("numpy", "scipy", "sklearn", "matplotlib", "numba", "llvmlite", "torch", "jax")

# Folder (or package) -> what its modules must not import, and why. The most specific folder adds to its parents'.
FORBIDDEN_IMPORTS = {
    "symbolic": (("numeric", "reports", *NUMPY_AND_WHAT_IMPORTS_IT), "symbolic stands on SymPy alone"),
    "numeric": (("reports",), "numeric is below reports"),
}
# The waist may import only these of ours.
WAIST, WAIST_MAY_IMPORT = "symbolic/program", ("symbolic.program", "symbolic.errors")

SAYS_NOTHING = {"util", "utils", "helper", "helpers", "misc", "common", "manager", "managers"}

BUILTINS_THAT_RUN_TEXT = {"eval", "exec", "compile", "__import__"}
SYMPY_THAT_RUNS_TEXT = {"sympify", "parse_expr", "S", "lambdify"}
MODULES_THAT_RUN_DATA = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "code"}

# (path, name) -> why this is out of reach of any text that a user hands in.
ALLOWED_TO_RUN_TEXT: dict[tuple[str, str], str] = {
    ("numeric/backends/execution.py", "exec"): "runs code printed from an array program; names in it are generated",
    ("numeric/backends/execution.py", "compile"): "the same code, with a file name for tracebacks",
    ("reports/site/examples.py", "exec"): "runs the examples of our own pages, which ship with the program",
    ("reports/site/examples.py", "compile"): "the same examples, with page and line for tracebacks",
    (
        "numeric/checking/program.py",
        "compile",
    ): "a function that the user asked to run, with probes or one expression changed; a tree, never text",
}


def test_house():
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert files, "the packages are not where this test looks for them"
    found = [line for path in files for line in violations(path.relative_to(ROOT).as_posix(), path.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_no_exception_is_left_over():
    for path, name in ALLOWED_TO_RUN_TEXT:
        uses = {name for _, name in text_runners(ast.parse((ROOT / path).read_text()))}
        assert name in uses, f"{path} no longer uses {name}: remove it from ALLOWED_TO_RUN_TEXT"


def test_symbolic_does_not_load_numpy():
    """Also not through another library, which no parsing of imports would show."""
    program = "import sys, symbolic; print(sorted({'numpy', 'numeric', 'reports'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_derivations_and_verdicts_read_no_clock():
    """They would depend on the machine and on what else it does; searches end by counted work (verification/effort.py)."""
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "symbolic").rglob("*.py"))
        if any(
            inside(name, "time") for _, name in imports(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text()))
        )
    }
    assert readers == {"symbolic/verification/documents.py"}, "one guard of a whole document is all that may"


# --- the rules --------------------------------------------------------------------------------------------------------


def violations(path, source):
    """What in the module at `path` (relative, with /) breaks a rule: one line each, `path:line: what`."""
    tree = ast.parse(source)
    found = [
        *(f"{path}:{line}: imports {name}; {why}" for line, name, why in wrong_imports(path, tree)),
        *(f"{path}:{line}: {name} runs text or data as code" for line, name in text_runners(tree, path)),
        *(f"{path}:1: the name {part!r} says nothing" for part in empty_names(path)),
    ]
    length = len(source.splitlines())
    if length > LONGEST:
        found.append(f"{path}:{length}: longer than {LONGEST} lines; split it by operation")
    return found


def wrong_imports(path, tree):
    for line, name in imports(path, tree):
        for folder, (forbidden, why) in FORBIDDEN_IMPORTS.items():
            if path.startswith(folder + "/") and any(inside(name, package) for package in forbidden):
                yield line, name, why
        ours = path.startswith(WAIST + "/") and any(inside(name, package) for package in PACKAGES)
        if ours and not any(inside(name, allowed) for allowed in WAIST_MAY_IMPORT):
            yield line, name, "the waist imports nothing else of ours"


def imports(path, tree):
    """(line, dotted name) of every import, wherever it stands; relative ones resolved, names of a module appended."""
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__", "find_spec"):
            literals = (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))
            yield from ((node.lineno, str(value)) for value in literals)


def inside(name, package):
    return name == package or name.startswith(package + ".")


def text_runners(tree, path=None):
    """(line, name) of everything that could run text or data as code and is not allowed to in this file."""
    for line, name in sorted(_text_runners(tree)):
        if (path, name) not in ALLOWED_TO_RUN_TEXT:
            yield line, name


def _text_runners(tree):
    strict = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and refuses_text(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in BUILTINS_THAT_RUN_TEXT:
            yield node.lineno, node.id  # also where it is only passed on, as in map(eval, lines)
        elif isinstance(node, ast.Call) and called(node) == "S":
            yield node.lineno, "S"  # S.One and the like are constants
        elif isinstance(node, ast.Call) and is_true(node, "allow_pickle"):
            yield node.lineno, "allow_pickle"
        elif isinstance(node, ast.Attribute):
            if (node.attr in SYMPY_THAT_RUNS_TEXT - {"S"} and id(node) not in strict and of_sympy(node)) or (
                node.attr in BUILTINS_THAT_RUN_TEXT and isinstance(node.value, ast.Name) and node.value.id == "builtins"
            ):
                yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")[0]
            if module in MODULES_THAT_RUN_DATA:
                yield node.lineno, module
            for alias in node.names:
                if (module == "sympy" and alias.name in SYMPY_THAT_RUNS_TEXT - {"S"}) or (
                    module == "builtins" and alias.name in BUILTINS_THAT_RUN_TEXT
                ):
                    yield node.lineno, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in MODULES_THAT_RUN_DATA:
                    yield node.lineno, alias.name.split(".")[0]


def called(node):
    """The last part of what a call calls: `load` for np.load(f)."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def refuses_text(node):
    """sympify(x, strict=True) raises on a string."""
    return called(node) == "sympify" and is_true(node, "strict")


def is_true(node, keyword):
    """Whether a call's keyword may be true: anything but the literal False."""
    return any(
        k.arg == keyword and not (isinstance(k.value, ast.Constant) and not k.value.value) for k in node.keywords
    )


def of_sympy(node):
    """False for numeric.lambdify, which is ours; `sp.parsing...parse_expr` and any other owner count as SymPy's."""
    return not (node.attr == "lambdify" and isinstance(node.value, ast.Name) and node.value.id == "numeric")


def empty_names(path):
    return [part for part in path.removesuffix(".py").split("/") if SAYS_NOTHING & set(part.lower().split("_"))]


# --- the rules, tried -------------------------------------------------------------------------------------------------

PLANTED = [
    ("symbolic/calculus/pullback.py", "import numpy as np", "imports numpy"),
    ("symbolic/calculus/pullback.py", "def f():\n    from numpy import linalg", "imports numpy.linalg"),
    ("symbolic/calculus/pullback.py", "from numeric import lambdify", "imports numeric.lambdify"),
    (
        "symbolic/calculus/pullback.py",
        "import importlib\nimportlib.import_module('reports.writers')",
        "imports reports",
    ),
    ("symbolic/__init__.py", "from scipy import special", "imports scipy.special"),
    ("symbolic/__init__.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy", "imports numpy"),
    ("symbolic/program/tensors.py", "from symbolic.language import ufuncs", "the waist"),
    ("symbolic/program/tensors.py", "from symbolic import calculus", "the waist"),
    ("symbolic/program/tensors.py", "from ..calculus import pullback", "the waist"),
    ("symbolic/program/tensors.py", "from .. import language", "the waist"),
    ("numeric/training/loop.py", "import reports", "imports reports"),
    ("numeric/training/loop.py", "from reports.document import model", "imports reports"),
    ("reports/commands/check.py", "value = eval(text)", "eval runs"),
    ("reports/commands/check.py", "values = list(map(eval, lines))", "eval runs"),
    ("reports/commands/check.py", "import builtins\nbuiltins.exec(text)", "exec runs"),
    ("reports/commands/check.py", "from builtins import eval as read", "eval runs"),
    ("numeric/backends/numpy.py", "exec(compile(source, name, 'exec'), scope)", "compile runs"),
    ("symbolic/verification/grammar.py", "import sympy as sp\nsp.sympify(text)", "sympify runs"),
    ("symbolic/verification/grammar.py", "import sympy as sp\nsp.sympify(text, strict=False)", "sympify runs"),
    ("symbolic/verification/grammar.py", "import sympy as sp\nsp.S(text)", "S runs"),
    ("symbolic/verification/grammar.py", "from sympy import sympify as read", "sympify runs"),
    ("symbolic/verification/grammar.py", "from sympy.parsing.sympy_parser import parse_expr", "parse_expr runs"),
    ("symbolic/verification/grammar.py", "import sympy as sp\nsp.lambdify(x, e)", "lambdify runs"),
    ("numeric/training/checkpoints.py", "import pickle", "pickle runs"),
    ("numeric/training/checkpoints.py", "from pickle import loads", "pickle runs"),
    ("numeric/training/checkpoints.py", "import numpy as np\nnp.load(path, allow_pickle=True)", "allow_pickle runs"),
    ("reports/writers/html.py", "pass\n" * (LONGEST + 1), "longer than"),
    ("reports/writers/utils.py", "", "'utils' says nothing"),
    ("reports/helpers/html.py", "", "'helpers' says nothing"),
    ("numeric/training/data_manager.py", "", "'data_manager' says nothing"),
]


@pytest.mark.parametrize(("path", "source", "complaint"), PLANTED)
def test_planted_violation_is_found(path, source, complaint):
    assert any(complaint in line for line in violations(path, source))


INNOCENT = [
    ("symbolic/program/dims.py", "from symbolic.errors import ShapeError\nfrom symbolic.program import indices"),
    ("symbolic/program/dims.py", "from . import indices\nfrom .. import errors\nfrom ..errors import ShapeError"),
    ("symbolic/program/dims.py", "import re\nWORD = re.compile('x')"),
    ("symbolic/calculus/derive.py", '"""\n>>> import numpy as np\n"""\nfrom symbolic.program import tensors'),
    ("symbolic/calculus/derive.py", "import sympy as sp\none = sp.S.One\ntwo = sp.sympify(2, strict=True)"),
    ("symbolic/calculus/derive.py", "class F:\n    @classmethod\n    def eval(cls, x): ...\n\nF.eval(1)"),
    ("numeric/training/checkpoints.py", "import numpy as np\nnp.load(path, allow_pickle=False)"),
    ("numeric/training/loop.py", "import numpy\nfrom symbolic import tensor"),
    ("reports/commands/check.py", "import numeric\nf = numeric.lambdify([x], y)\nfrom numeric import lambdify"),
    ("reports/writers/html.py", "pass\n" * LONGEST),
]


@pytest.mark.parametrize(("path", "source"), INNOCENT)
def test_innocent_source_passes(path, source):
    assert violations(path, source) == []
