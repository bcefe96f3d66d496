"""The built wheel holds what the installed program needs, and nothing else."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("symbolic", "numeric", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as archive:
        yield archive


def test_wheel_holds_every_tracked_file_of_the_packages(wheel):
    answer = subprocess.run(["git", "ls-files", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True)
    if answer.returncode:
        tracked = [str(p.relative_to(ROOT)) for package in PACKAGES for p in (ROOT / package).rglob("*.py")]
    else:
        tracked = [name for name in answer.stdout.splitlines() if (ROOT / name).exists()]
    assert tracked
    assert set(tracked) <= set(wheel.namelist())


def test_wheel_holds_nothing_but_the_packages(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} <= set(PACKAGES)
    assert not [name for name in wheel.namelist() if "/tests/" in name or name.endswith(".pyc")]


def test_wheel_installs_the_command(wheel):
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "chainrule = reports.commands:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
