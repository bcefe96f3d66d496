"""The documentation tells the truth: every example of every page runs, and the reference leaves no public name out."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import reports.site
from reports.site.examples import execute

PAGES = Path(reports.site.__file__).parent / "pages"
NAMES = sorted(p.relative_to(PAGES).with_suffix("").as_posix() for p in PAGES.rglob("*.md"))
DOCUMENTED = re.compile(r"^\.\. auto\w+:: (\S+)", re.MULTILINE)


def page(name, folder):
    return execute((PAGES / f"{name}.md").read_text(encoding="utf-8"), name, folder, link="made")


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name, tmp_path):
    found = page(name, tmp_path)
    assert found.text
    if found.missing:
        pytest.skip(f"all examples ran but those that need {', '.join(sorted(found.missing))}")


@pytest.mark.parametrize("package", ["symbolic", "numeric", "symbolic.notation", "reports.writers"])
def test_every_public_name_is_in_the_reference_once(package, tmp_path):
    pages = [page(name, tmp_path) for name in NAMES if name.startswith("reference/")]
    documented = [name for found in pages for name in DOCUMENTED.findall(found.text)]
    assert len(documented) == len(set(documented))
    module, there = importlib.import_module(package), {id(pkgutil.resolve_name(name)) for name in documented}
    public = {name: getattr(module, name) for name in module.__all__}
    data = (str, dict, tuple)  # constants have no docstring of their own
    assert not [name for name, value in public.items() if not isinstance(value, data) and id(value) not in there]


def test_every_page_is_in_a_table_of_contents():
    linked = set()
    for name in NAMES:
        for body in re.findall(r"```\{toctree\}\n(.*?)```", (PAGES / f"{name}.md").read_text(), re.DOTALL):
            folder = name.rpartition("/")[0]
            linked |= {
                f"{folder}/{line}".lstrip("/") for line in body.splitlines() if line and not line.startswith(":")
            }
    assert linked == set(NAMES) - {"index"}
