"""The folder of compiled code: numba's modules and LLVM's object files, under names made of their content and versions.

What is read there is run, and numba's own files are pickles: the folder must belong to the user and be writable by nobody
else, or it is refused.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from numeric.errors import OptionError

_VARIABLE = "CHAINRULE_CACHE_DIR"


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
