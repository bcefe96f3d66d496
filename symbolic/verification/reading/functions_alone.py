"""Equalities between functions, ``tanh′ = 1 − tanh²`` and ``σ′ = σ(1 − σ)``, as what they say of every number t."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from lark import Token

from symbolic.verification.grammar import words
from symbolic.verification.reading.statements import Chain


def with_argument(chain: Chain, functions: Container[str], values: Container[str]) -> Chain:
    """The chain with (t) behind each function that stands alone, if its left side is the derivative of one; else as it is."""
    first = chain.sides[0].tokens
    if len(first) < 2 or any(t.type != "PRIME" for t in first[1:]) or not _is_function(first[0], functions, values):
        return chain
    argument = next(letter for letter in ("t", "u", "s", "v", "t_") if letter not in values)
    sides = [replace(side, tokens=_applied(side.tokens, functions, values, argument)) for side in chain.sides]
    return replace(chain, sides=sides)


def _is_function(token: Token, functions: Container[str], values: Container[str]) -> bool:
    name = str(token)
    known = name in functions or name in words.FUNCTIONS
    return token.type in ("FUNC", "SYMBOL") and known and name not in values


def _applied(tokens: list[Token], functions: Container[str], values: Container[str], argument: str) -> list[Token]:
    out: list[Token] = []
    k = 0
    while k < len(tokens):
        token = tokens[k]
        if not _is_function(token, functions, values):
            out.append(token)
            k += 1
            continue
        end = _behind_scripts(tokens, k + 1)
        inside = _bracket(tokens, end)
        own = any(str(t) == str(token) for t in inside)
        out.append(Token("FUNC", str(token), start_pos=token.start_pos, end_pos=token.end_pos))
        out += tokens[k + 1 : end]
        if not inside or own:
            at = tokens[end - 1].end_pos
            made = (("LPAR", "("), ("SYMBOL", argument), ("RPAR", ")"))
            out += [Token(kind, text, start_pos=at, end_pos=at) for kind, text in made]
        k = end
    return out


def _behind_scripts(tokens: list[Token], k: int) -> int:
    """The place behind the primes and powers of a function."""
    while k < len(tokens) and tokens[k].type in ("PRIME", "SUP"):
        if tokens[k].type == "SUP":
            depth = 0
            for j in range(k + 1, len(tokens)):
                depth += (tokens[j].type == "LBRACE") - (tokens[j].type == "RBRACE")
                if depth == 0:
                    k = j
                    break
        k += 1
    return k


def _bracket(tokens: list[Token], k: int) -> list[Token]:
    """What stands in the bracket that opens at a place; nothing where none does."""
    if k >= len(tokens) or tokens[k].type != "LPAR":
        return []
    depth = 0
    for j in range(k, len(tokens)):
        depth += (tokens[j].type == "LPAR") - (tokens[j].type == "RPAR")
        if depth == 0:
            return tokens[k + 1 : j]
    return tokens[k + 1 :]
