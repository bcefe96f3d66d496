"""Generated modules on disk, and numba's compiled code beside them.

A module is stored under a name made of its content and of the versions that compile it, so that nothing stale is ever
found and racing processes write the same bytes. numba's own cache files are pickles: the folder must belong to the user
and be writable by nobody else, or it is refused.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from numeric.errors import OptionError, extra
from numeric.output import write_output

_VARIABLE = "CHAINRULE_CACHE_DIR"
_modules: dict[str, ModuleType] = {}


def require_numba() -> str:
    """numba's version; raises ``MissingExtraError`` where it is not installed."""
    try:
        import numba
    except ImportError:
        raise extra("numba", "fast", "backend='numba'") from None
    return numba.__version__


def require_machine() -> None:
    """Raises ``MissingExtraError`` where LLVM is not installed, which comes with numba."""
    try:
        importlib.import_module("llvmlite.binding")
    except ImportError:
        raise extra("numba", "fast", "backend='numba'") from None


def folder() -> Path:
    """Where compiled code is kept: ``$CHAINRULE_CACHE_DIR``, else ``chainrule`` in the user's cache folder."""
    chosen = os.environ.get(_VARIABLE)
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "chainrule"


def owned_folder() -> Path:
    """The folder, made if need be, and sure to be the user's own. Raises ``OptionError`` where it is not."""
    path = folder()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.stat()
    except OSError as error:
        raise OptionError(f"{path}: compiled code cannot be kept there ({error.strerror}); set {_VARIABLE}") from None
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise OptionError(
            f"{path}: compiled code is only trusted in a folder of your own that nobody else can write; "
            f"run chmod 700 on it, or set {_VARIABLE} to another"
        )
    return path


@functools.cache
def _runtime() -> str:
    """What stands for the modules that compiled code imports: their functions become part of it."""
    folder = Path(__file__).parent
    texts = [(folder / f"{name}.py").read_bytes() for name in ("pointers",)]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def compiled(source: str) -> ModuleType:
    """The module with this source, its functions compiled when first called, now or in an earlier process.

    The source is printed from a program of equations; names in it are generated and numbers are printed by ``repr``.
    """
    version = require_numba()
    key = hashlib.sha256(f"{version} {sys.version} {_runtime()} {source}".encode()).hexdigest()[:24]
    if key in _modules:
        return _modules[key]
    path = owned_folder() / f"loops_{key}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        write_output(path, source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise OptionError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # numba looks a function's module up when it reads its cache
    spec.loader.exec_module(module)
    _modules[key] = module
    return module


@dataclass(frozen=True)
class Entry:
    """One compiled program of the cache: its file's name, and the bytes of all its files."""

    name: str
    size: int
    used: float


def entries() -> list[Entry]:
    """What the cache holds, most recently used first."""
    if not folder().is_dir():
        return []
    found = []
    for path in [*folder().glob("loops_*.py"), *folder().glob("kernels_*.o")]:
        stats = [f.stat() for f in _files(path) if f.exists()]
        found.append(Entry(path.name, sum(s.st_size for s in stats), max(s.st_mtime for s in stats)))
    return sorted(found, key=lambda e: -e.used)


def _files(path: Path) -> list[Path]:
    """All that is kept for one program."""
    return [path, *path.parent.glob(f"__pycache__/{path.stem}.*")]


def clear() -> int:
    """Remove all compiled code; the number of programs removed."""
    gone = entries()
    for entry in gone:
        for path in _files(folder() / entry.name):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
    return len(gone)
