"""Printed expressions that know how tightly they bind and what they hold."""

from __future__ import annotations

from dataclasses import dataclass

SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Text:
    """A printed expression; ``weak`` means a written number, which takes on the dtype of what it meets."""

    code: str
    binds: int = ATOM
    kind: str = "real"
    weak: bool = False

    def within(self, level: int) -> str:
        """The code, in parentheses if it binds less tightly than ``level``."""
        return self.code if self.binds >= level else f"({self.code})"
