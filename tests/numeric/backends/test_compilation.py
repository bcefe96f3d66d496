"""The cache of compiled code: trusted only in a folder of one's own, shared by processes, listed and cleared."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from numeric.backends import kept_code
from numeric.backends.loops import compilation
from numeric.errors import OptionError
from reports.commands import main

pytest.importorskip("numba")

SOURCE = "from numba import njit\n\n\n@njit(cache=True)\ndef computed(a):\n    return (a + {0},)\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compilation, "_modules", {})
    return tmp_path / "cache"


def test_code_is_kept_listed_and_cleared(cache):
    assert compilation.compiled(SOURCE.format(1)).computed(2) == (3,)
    assert compilation.compiled(SOURCE.format(5)).computed(2) == (7,)
    assert cache.stat().st_mode & 0o777 == 0o700
    assert len(kept_code.entries()) == 2
    assert all(e.size > len(SOURCE) for e in kept_code.entries())
    assert "2 programs" in CliRunner().invoke(main, ["cache", "list"]).output
    assert CliRunner().invoke(main, ["cache", "clear"]).output == "removed 2 programs\n"
    assert kept_code.entries() == []
    assert not list(cache.glob("**/loops_*"))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_refused(cache, mode):
    cache.mkdir()
    cache.chmod(mode)
    with pytest.raises(OptionError, match=r"only trusted in a folder of your own .* chmod 700"):
        compilation.compiled(SOURCE.format(2))
    assert not list(cache.iterdir())


def test_a_place_that_is_no_folder_is_named(cache):
    cache.write_text("")
    with pytest.raises(OptionError, match=r"cannot be kept there .* set CHAINRULE_CACHE_DIR"):
        compilation.compiled(SOURCE.format(2))


def test_altered_code_is_not_used(cache):
    compilation.compiled(SOURCE.format(3))
    (path,) = cache.glob("loops_*.py")
    path.write_text(SOURCE.format(1000))
    compilation._modules.clear()
    assert compilation.compiled(SOURCE.format(3)).computed(1) == (4,)


def test_processes_race_and_later_ones_find_it_compiled(cache):
    program = (
        "from numeric.backends.loops.compilation import compiled\n"
        f"m = compiled({SOURCE.format(9)!r})\n"
        "assert m.computed(1) == (10,)\n"
        "print(sum(m.computed.stats.cache_hits.values()))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert all(p.communicate(timeout=120)[0] and p.returncode == 0 for p in running)
    last = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert last.stdout.strip() == "1"
    assert len(list(cache.glob("loops_*.py"))) == 1
    assert not list(cache.glob("*.part"))
