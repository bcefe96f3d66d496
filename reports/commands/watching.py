"""Do something again whenever a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from symbolic.errors import ChainruleError

INTERVAL = 0.5  # seconds between looks at the file


def watched(path: Path, action: Callable[[], None], rounds: int | None = None) -> None:
    """Run ``action`` now and after every change of ``path``, until Ctrl-C; a mistake in the file is said, not raised.

    ``rounds`` ends it after so many looks.
    """
    seen: tuple[int, int] | None = None
    looks = 0
    try:
        while rounds is None or looks < rounds:
            now = _state(path)
            if now != seen and (now is not None or seen is None):
                _said(action)
            seen = now
            looks += 1
            if rounds is None or looks < rounds:
                time.sleep(INTERVAL)
    except KeyboardInterrupt:
        click.echo("stopped watching")


def _state(path: Path) -> tuple[int, int] | None:
    """When and how large; None while an editor is replacing it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _said(action: Callable[[], None]) -> None:
    try:
        action()
    except ChainruleError as error:
        click.echo(f"chainrule: {error}", err=True)
