"""An output is replaced whole or stays as it was."""

import os
import stat

import pytest

from numeric.output import OutputError, write_output


def test_new_file(tmp_path):
    assert write_output(tmp_path / "a.txt", "è").read_bytes() == "è".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_replaces_and_keeps_permissions(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_output(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_keeps_pointing_to_its_file(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    write_output(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OutputError, match=r"cannot write .*a.txt: No space left on device; what was there is unchanged"
    ):
        write_output(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_interruption_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_output(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="it is a folder"):
        write_output(tmp_path, "x")
    with pytest.raises(OutputError, match="there is no folder .*missing; make it first"):
        write_output(tmp_path / "missing" / "a.txt", "x")
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write what is read-only
    with pytest.raises(OutputError, match="the file is read-only"):
        write_output(path, "x")
    assert path.read_text() == "old"


def test_a_full_device_is_one_error():
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match="No space left on device"):
        write_output("/dev/full", "x")
