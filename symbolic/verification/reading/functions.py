"""Which symbols of a document are functions: those that it applies to an argument."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from symbolic.verification.grammar import words
from symbolic.verification.grammar.tokens import Vocabulary
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.pieces import Source
from symbolic.verification.reading.statements import Chain, chains

_FACTORS = frozenset(["lambda", "alpha", "beta", "gamma", "eta", "epsilon", "tau", "rho"])  # λ(1 − x) is a product


def function_names(source: Source, declared: Declarations) -> list[str]:
    """Symbols that the document applies to an argument and declares neither as arrays nor by a formula without arguments."""
    vocabulary = replace(source.vocabulary, names=frozenset([*declared.names, *left_names(source, declared)]))
    applied: dict[str, None] = {}
    plain: set[str] = set()
    called: set[str] = set()  # on the left of F(U, V) = …
    for piece in source.pieces:
        if not piece.mathematics:
            continue
        for chain in chains(source, piece, vocabulary):
            if chain.error or not chain.sides:
                continue
            first = list(chain.sides[0].tokens)
            told = [t.type for t in chain.sides[1].tokens] if len(chain.sides) == 2 else []
            same = told == ["FUNC"] or told[:3] == ["FRAC", "LBRACE", "DIFF"]  # h = tanh, h = dg/dx
            alone = len(chain.sides) > 1 and len(first) == 1 and first[0].type == "SYMBOL" and not same
            if alone and str(first[0]) not in called:
                plain.add(str(first[0]))
            for side in chain.sides:
                for name in _applied(side.tokens):
                    if name not in _FACTORS:
                        applied.setdefault(name)
            if len(chain.sides) > 1 and [t.type for t in first[:2]] == ["SYMBOL", "LPAR"] and first[-1].type == "RPAR":
                inner = [t.type for t in first[2:-1]]
                if inner and all(t in ("SYMBOL", "COMMA", "SUB", "LBRACE", "RBRACE", "NUMBER") for t in inner):
                    applied.setdefault(str(first[0]))
                    plain.discard(str(first[0]))
                    called.add(str(first[0]))
    factors = _only_factors(source, vocabulary, applied)
    sizes = {size for item in declared.names.values() for size in item.shape} | set(declared.ranges.values())
    return [
        name for name in applied if name not in declared.names and name not in plain and name not in sizes | factors
    ]


def _only_factors(source: Source, vocabulary: Vocabulary, names: Iterable[str]) -> set[str]:
    """Names that stand before sums in brackets only, and as plain factors elsewhere: the x of ``2x(y − wx − b)``."""
    called: set[str] = set()
    multiplied: set[str] = set()
    for piece in source.pieces:
        for chain in chains(source, piece, vocabulary) if piece.mathematics else ():
            for tokens in (side.tokens for side in chain.sides):
                for k, token in enumerate(tokens):
                    if token.type != "SYMBOL" or str(token) not in names:
                        continue
                    behind = tokens[k + 1].type if k + 1 < len(tokens) else ""
                    before = tokens[k - 1].type if k else ""
                    if behind == "PRIME" or (behind == "LPAR" and not _holds_sum(tokens, k + 1)):
                        called.add(str(token))
                    elif behind == "LPAR" and any(str(t) == str(token) for t in _bracket(tokens, k + 1)):
                        multiplied.add(str(token))  # p(1 − p)
                    elif behind != "LPAR" and "SYMBOL" in (behind, before):
                        multiplied.add(str(token))
    return multiplied - called


def _holds_sum(tokens: list, k: int) -> bool:
    """Whether the bracket that opens at a place holds a sum."""
    depth = 0
    for token in _bracket(tokens, k):
        depth += (token.type in ("LPAR", "LBRACE")) - (token.type in ("RPAR", "RBRACE"))
        if depth == 0 and token.type in ("PLUS", "MINUS"):
            return True
    return False


def _bracket(tokens: list, k: int) -> list:
    """What stands in the bracket that opens at a place."""
    depth = 0
    for j, token in enumerate(tokens[k:], k):
        depth += (token.type in ("LPAR", "LBRACE")) - (token.type in ("RPAR", "RBRACE"))
        if depth == 0:
            return tokens[k + 1 : j]
    return tokens[k + 1 :]


def primed_names(source: Source, declared: Declarations) -> list[str]:
    """Symbols that stand as ``f'(x)`` although they are defined by an expression."""
    found = set()
    for piece in source.pieces:
        if piece.mathematics:
            primed = re.findall(r"(?:(?<![A-Za-z\\])([A-Za-z])|\\(pi))'+\(", source.text[piece.start : piece.end])
            found.update(one or greek for one, greek in primed)
    return [name for name in sorted(found) if name not in declared.names]


def _behind_transpose(tokens: list, k: int) -> bool:
    """Whether a sign of the transpose ends right before a place: ``a^\\top W``, ``(…)^{T}W``."""
    before = [str(t) for t in tokens[max(0, k - 4) : k] if t.type not in ("LBRACE", "RBRACE")]
    return before[-2:] in (["^", "⊤"], ["^", "T"])


def _applied(tokens: list) -> list[str]:
    found = []
    for k, token in enumerate(tokens):
        if token.type != "SYMBOL" or k + 1 >= len(tokens):
            continue
        if str(token)[0].isupper() and _behind_transpose(tokens, k):
            continue  # r⊤W(x − a)
        j = k + 1
        while j < len(tokens) and tokens[j].type == "PRIME":
            j += 1
        opens = j < len(tokens) and tokens[j].type == "LPAR" and (j > k + 1 or tokens[j].start_pos - token.end_pos <= 7)
        if opens and str(token) not in ("e", "d", "ones", "I") and not str(token).startswith("set"):
            found.append(str(token))
    return found


_LEFT_WORD = re.compile(
    r"(?:\A|(?<=\$)|(?<=\\\()|\\\[|\\\\|\\q?quad|[,;&\n]|\\begin\{\w+\*?\})\s*([A-Za-z]{2,12})\s*(?:_\{?\w+\}?\s*)?"
    r"(?:\((?:[^()]|\([^()]*\))*\)\s*)?&?\s*(?::?=|≔|\\coloneqq)|\\partial\s+([A-Za-z]{3,12})(?=\s*[_}])"
)
"""A word where an equality may begin, with what stands between it and the sign; one that a derivative is of or by."""


def left_names(source: Source, declared: Declarations) -> set[str]:
    """Words of several letters that stand alone on the left of an equality or are differentiated: ``NLL(w) =``, ``∂out``."""
    found = set()
    for piece in source.pieces:
        for match in _LEFT_WORD.finditer(source.text, piece.start, piece.end) if piece.mathematics else ():
            run = match.group(1) or match.group(2)
            if _is_word(run, declared):
                found.add(run)
    for piece in source.pieces:
        if piece.mathematics:
            for match in re.finditer(
                r"\\(?:mathrm|text|operatorname)\{([A-Za-z]{2,20})\}\s*(?:\([^()]*\)\s*)?&?\s*:?=",
                source.text[piece.start : piece.end],
            ):
                if match.group(1) not in words.FUNCTIONS or match.group(1) in ("lse", "LSE"):
                    found.add(match.group(1))
    return found


def _is_word(run: str, declared: Declarations) -> bool:
    """Whether a run of letters is a name of its own: capitals or a longer word, and no product or differential."""
    known = [letter in declared.names for letter in run]
    if run in words.FUNCTIONS or (all(known) if len(run) > 2 else any(known)):
        return False
    return run.isupper() or (len(run) > 2 and run[0] != "d" and run.isalpha() and not run[0].isupper())


def unread_names(source: Source, every: list[Chain]) -> set[str]:
    """Names on the left of formulas that cannot be read."""
    found = set()
    for chain in every:
        if chain.error is not None:
            match = re.match(
                r"\s*(?:\\(?:math\w+|boldsymbol|bm)\s*\{?)?\s*\\?([A-Za-z]+)", source.text[chain.start : chain.end]
            )
            if match:
                found.add(match.group(1))
    return found


def parametrised_names(source: Source, declared: Declarations) -> list[str]:
    """Functions that are defined with their parameters as a subscript: ``h_θ(x) = …``; not the partial derivative f_x(x, y)."""
    pattern = re.compile(
        r"(?<![A-Za-z\\])\\?([A-Za-z]+)_(?:\{([^{}]*)\}|(\\[A-Za-z]+|[A-Za-z]))\s*\([^()]*\)\s*&?\s*:?="
    )
    plain = re.compile(r"(?<![A-Za-z\\_])\\?([A-Za-z]+)\s*\([^()]*\)\s*&?\s*:?=")
    found: dict[str, list[str]] = {}
    functions: set[str] = set()
    for piece in source.pieces:
        if piece.mathematics:
            functions |= {match.group(1) for match in plain.finditer(source.text, piece.start, piece.end)}
            for match in pattern.finditer(source.text, piece.start, piece.end):
                before = source.text[piece.start : match.start()].rstrip()
                starts = not before or before.endswith(("\\\\", ",", "quad", "}"))
                below = (match.group(2) or match.group(3)).strip()
                if starts and below not in tuple("ijklmnp"):
                    found.setdefault(match.group(1), []).append(below.lstrip("\\"))
    return sorted(
        name
        for name, uses in found.items()
        if name not in declared.names
        and name not in functions
        and not all(part.strip() in functions for below in uses for part in re.split(r"\\circ|∘", below))
    )
