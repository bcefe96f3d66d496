"""The version of this program, as it is installed."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version number, or "source" for a program that runs without being installed."""
    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:
        return "source"
