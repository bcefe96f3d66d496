"""Which bracket is open: a semicolon separates arguments in f(x; θ), and blocks below each other in [h; x]."""

from __future__ import annotations

from collections.abc import Iterable

from lark import Token


def innermost(tokens: Iterable[Token]) -> str:
    """The kind of the innermost open bracket, LPAR or LBRACK; empty where none is open."""
    left: list[str] = []
    for token in tokens:
        if token.type in ("LPAR", "LBRACK"):
            left.append(token.type)
        elif token.type in ("RPAR", "RBRACK") and left:
            left.pop()
    return left[-1] if left else ""
