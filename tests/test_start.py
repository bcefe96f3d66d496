"""start.py without a network: what it reads, what it refuses, what it says. Each test has its own folders."""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import start

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.upper().startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index on disk, whose pip is four bytes long and has the pinned hash."""
    page = tmp_path / "simple" / "pip"
    files = tmp_path / "files"
    page.mkdir(parents=True)
    files.mkdir()
    (page / "index.html").write_text(
        f'<a href="../../files/pip-1.0-py3-none-any.whl">old</a><a href="../../files/{start.PIP_WHEEL}#sha256=0">pip</a>'
    )
    (files / start.PIP_WHEEL).write_bytes(b"pip!")
    monkeypatch.setattr(start, "PIP_SHA256", hashlib.sha256(b"pip!").hexdigest())
    return tmp_path


def test_an_old_python_can_read_it():
    ast.parse((ROOT / "start.py").read_text(), feature_version=(3, 6))


def test_an_old_python_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert start.main(["report"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("start.py: Python 3.11 or later is needed, this is 3.9;")
    assert message.count("\n") == 1


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["demo"], 2), (["--help"], 0)])
def test_unknown_verb_shows_the_verbs(arguments, code, capsys):
    assert start.main(arguments) == code
    shown = capsys.readouterr()
    assert all(f"start.py {verb}" in shown.out + shown.err for verb in start.VERBS)


def test_pip_comes_from_the_configured_index(index):
    assert start.fetch_pip({"index-url": (index / "simple").as_uri()}) == b"pip!"


def test_pip_comes_from_a_folder_of_wheels(index):
    assert start.fetch_pip({"no-index": "true", "find-links": str(index / "files")}) == b"pip!"


def test_the_next_place_is_tried(index):
    settings = {"index-url": (index / "none").as_uri(), "extra-index-url": (index / "simple").as_uri()}
    assert start.fetch_pip(settings) == b"pip!"


def test_another_wheel_is_refused(index):
    (index / "files" / start.PIP_WHEEL).write_bytes(b"not pip")
    with pytest.raises(start.SetupError, match=r"SHA-256 .* expected .*: not installed"):
        start.fetch_pip({"index-url": (index / "simple").as_uri()})


def test_no_network_is_one_line_without_the_password():
    with pytest.raises(start.SetupError, match="no network") as error:
        start.fetch_pip({"index-url": "http://user:secret@127.0.0.1:9/simple"})
    message = str(error.value)
    assert "127.0.0.1:9/simple/pip/" in message
    assert "secret" not in message
    assert "\n" not in message


def test_environment_outranks_files(tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex_url = one\ncert = a.pem\n[install]\ncert = b.pem\n[list]\nformat = json\n")
    monkeypatch.setattr(start, "config_files", lambda: [config])
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.setenv("PIP_INDEX_URL", "two")
    assert start.pip_settings() == {"index-url": "two", "cert": "b.pem"}


def test_chosen_config_file_replaces_the_users(tmp_path, monkeypatch):
    chosen = tmp_path / "chosen.conf"
    chosen.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(chosen))
    assert start.config_files()[-1] == chosen
    assert not any(path.is_relative_to(tmp_path / "home") for path in start.config_files())


def test_broken_config_file_is_named(tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text("index-url = no section\n")
    monkeypatch.setattr(start, "config_files", lambda: [config])
    with pytest.raises(start.SetupError, match=r"pip\.conf cannot be read"):
        start.pip_settings()


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            "WARNING: Retrying ... NewConnectionError(...)\nERROR: No matching distribution found for sympy",
            "no network",
        ),
        ("ERROR: No matching distribution found for sympy>=99", "No matching distribution found for sympy>=99"),
        ("", "no reason given"),
    ],
)
def test_pips_failure_becomes_one_line(log, reason):
    assert reason in start.install_failure(log)


def test_a_finished_set_up_is_not_repeated(tmp_path, monkeypatch):
    stamp = tmp_path / "stamp.json"
    monkeypatch.setattr(start, "STAMP", stamp)
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(start, "install", lambda *_: pytest.fail("installed again"))
    version = list(sys.version_info[:2])

    def left(**changes):
        stamp.write_text(start.json.dumps({"key": start.stamp_key(), "extras": ["all"], "python": version} | changes))
        return start.read_stamp()

    assert left() == {"extras": ["all"], "stale": False}
    start.set_up(["all"])
    assert left(key="of another pyproject.toml") == {"extras": [], "stale": False}
    assert left(python=[3, 99]) == {"extras": [], "stale": True}
    stamp.write_text("{")
    assert start.read_stamp() == {"extras": [], "stale": False}


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(start, "VENV", tmp_path / "file" / ".venv")
    monkeypatch.setattr(start, "STAMP", tmp_path / "file" / ".venv" / "stamp.json")
    monkeypatch.setattr(start, "PYTHON", tmp_path / "file" / ".venv" / "python")
    with pytest.raises(start.SetupError, match="a directory that you can write to"):
        start.set_up(["all"])


def test_it_runs_as_a_program():
    answer = subprocess.run([sys.executable, str(ROOT / "start.py"), "--help"], capture_output=True, text=True)
    assert answer.returncode == 0
    assert "start.py report" in answer.stdout
