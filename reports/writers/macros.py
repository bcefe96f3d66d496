r"""Macros that a formula defines for itself, expanded: ``\newcommand``, ``\def`` and ``\DeclareMathOperator``."""

from __future__ import annotations

from reports.writers.tex import LONGEST, FormulaError, Reader

MOST = 500  # expansions in one formula: a few lines of macros can ask for more than a machine can hold
DEFINERS = {r"\newcommand", r"\renewcommand", r"\providecommand", r"\def", r"\DeclareMathOperator"}


def expanded(found: list[str]) -> list[str]:
    r"""The tokens with all macros expanded and their definitions gone; raises ``FormulaError`` where that explodes.

    >>> from reports.writers.tex import tokens
    >>> "".join(expanded(tokens(r"\newcommand{\d}[2]{\frac{#1}{#2}}\d{a}{b}")))
    '\\frac{a}{b}'
    """
    if not DEFINERS & set(found):
        return found
    macros: dict[str, tuple[int, list[str]]] = {}
    done: list[str] = []
    reader, expansions = Reader(found), 0
    while reader:
        token = reader.next()
        if token in DEFINERS:
            name, macro = _definition(token, reader)
            macros[name] = macro
        elif token in macros:
            expansions += 1
            replacement = _replacement(macros[token], reader)
            reader = Reader(replacement + reader.tokens[reader.position :])
            if expansions > MOST or len(reader.tokens) > LONGEST:
                raise FormulaError(f"the macros of one formula expand more than {MOST} times")
        else:
            done.append(token)
    return done


def _definition(token: str, reader: Reader) -> tuple[str, tuple[int, list[str]]]:
    if token == r"\def":
        reader.skip_spaces()
        name, count = reader.next(), 0
        while reader.peek() != "{":
            count += reader.next() == "#"
        return name, (count, reader.argument())
    starred = reader.peek() == "*" and reader.next() == "*"
    (name,) = reader.argument()
    if token == r"\DeclareMathOperator":
        return name, (0, [r"\operatorname", *(["*"] if starred else []), "{", *reader.argument(), "}"])
    count = reader.optional()
    return name, (int("".join(count)) if count else 0, reader.argument())


def _replacement(macro: tuple[int, list[str]], reader: Reader) -> list[str]:
    count, body = macro
    arguments = [reader.argument() for _ in range(count)]
    found, inside = [], Reader(body)
    while inside:
        token = inside.next()
        if token == "#" and inside.peek().isdigit() and 1 <= int(inside.peek()) <= count:
            found.extend(arguments[int(inside.next()) - 1])
        else:
            found.append(token)
    return found
