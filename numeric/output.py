"""Files written whole or not at all: what stood there before stays until the new one is complete."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from symbolic.errors import ChainruleError


class OutputError(ChainruleError, OSError):
    """A file that cannot be written: the folder is missing or read-only, the disk is full."""


def write_output(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write ``content`` (text as UTF-8) to ``path`` and return it, as ``replacing`` does. Raises ``OutputError``."""
    with replacing(path) as file:
        file.write(content.encode("utf-8", errors="replace") if isinstance(content, str) else content)
    return Path(path)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of ``path`` at the end of the block, if that ends well.

    Raises ``OutputError`` with the reason, and then leaves whatever was there as it was.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {target}: there is no folder {target.parent}; make it first")
    straight = target.exists() and not target.is_file()  # /dev/stdout, a pipe: nothing to replace
    try:
        with target.open("wb") if straight else _beside(target.resolve()) as file:
            yield file
    except OSError as error:
        kept = "" if straight else "; what was there is unchanged"
        raise OutputError(f"cannot write {target}: {error.strerror or error}{kept}") from error


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """A new file in the same folder, renamed to the target's name when it is on the disk."""
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is read-only")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else what a new file would have."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
