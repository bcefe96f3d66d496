"""The documentation tells the truth: every example of every page runs, and the reference leaves no public name out."""

import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path

import pytest

import reports.site.conf
from reports.site.examples import execute

PAGES = Path(reports.site.__file__).parent / "pages"
NAMES = sorted(p.relative_to(PAGES).with_suffix("").as_posix() for p in PAGES.rglob("*.md"))
PACKAGES = ("symbolic", "numeric", "reports")
DOCUMENTED = re.compile(r"^\.\. auto\w+:: ([\w.]+)", re.MULTILINE)


def page(name, folder):
    return execute((PAGES / f"{name}.md").read_text(encoding="utf-8"), name, folder, link="made")


def documented_names(folder):
    pages = [page(name, folder) for name in NAMES if name.startswith("reference/")]
    return [name for found in pages for name in DOCUMENTED.findall(found.text)]


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name, tmp_path):
    found = page(name, tmp_path)
    assert found.text
    if found.missing:
        pytest.skip(f"all examples ran but those that need {', '.join(sorted(found.missing))}")


@pytest.mark.parametrize("package", ["symbolic", "numeric", "symbolic.notation", "reports.writers"])
def test_every_public_name_is_in_the_reference_once(package, tmp_path):
    documented = documented_names(tmp_path)
    assert len(documented) == len(set(documented))
    module, there = importlib.import_module(package), {id(pkgutil.resolve_name(name)) for name in documented}
    public = {name: getattr(module, name) for name in module.__all__}
    data = (str, dict, tuple)  # constants have no docstring of their own
    left_out = [name for name, value in public.items() if not isinstance(value, data) and id(value) not in there]
    assert not left_out, f"on no page of {PAGES / 'reference'}: {', '.join(left_out)}"


def types_in(value):
    """The classes that a signature names: of a function, or of a class's methods and properties."""
    if inspect.isclass(value):
        members = [getattr(m, "fget", m) for k, m in vars(value).items() if not k.startswith("_") or k == "__init__"]
        return {t for member in members if inspect.isfunction(member) for t in types_in(member)}
    try:
        waiting = list(typing.get_type_hints(value).values())
    except (NameError, TypeError):  # imported for type checkers alone
        return set()
    found = set()
    for hint in waiting:
        waiting += typing.get_args(hint)
        found |= {hint} if inspect.isclass(hint) else set()
    return found


def test_what_public_names_take_and_return_is_documented(tmp_path):
    documented = [pkgutil.resolve_name(name) for name in documented_names(tmp_path)]
    inner = re.compile("|".join(pattern for _, pattern in reports.site.conf.nitpick_ignore_regex))
    named = {t for value in documented for t in types_in(value) if t.__module__.split(".")[0] in PACKAGES}
    missing = {f"{t.__module__}.{t.__qualname__}" for t in named if t not in documented}
    assert len(named) > 30
    left_out = sorted(name for name in missing if not inner.fullmatch(name))
    assert not left_out, f"types on no page of {PAGES / 'reference'}: {', '.join(left_out)}"


def test_every_page_is_in_a_table_of_contents():
    linked = set()
    for name in NAMES:
        for body in re.findall(r"```\{toctree\}\n(.*?)```", (PAGES / f"{name}.md").read_text(), re.DOTALL):
            folder = name.rpartition("/")[0]
            linked |= {
                f"{folder}/{line}".lstrip("/") for line in body.splitlines() if line and not line.startswith(":")
            }
    assert linked == set(NAMES) - {"index"}
