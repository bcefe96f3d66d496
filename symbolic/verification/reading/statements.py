"""A piece of mathematics as chains of relations: ``a = b = c``, over rows and columns of an align."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from lark import Token

from symbolic.verification.grammar import parse, words
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.tokens import Vocabulary, tokenize
from symbolic.verification.reading.pieces import Piece, Source

OPENING = frozenset(
    ["LBRACE", "LPAR", "LBRACK", "LCURLY", "LINDEX", "BEGINM", "CASES", "LNORM", "LABS", "LANGLE", "LFLOOR"]
)
CLOSING = frozenset(
    ["RBRACE", "RPAR", "RBRACK", "RCURLY", "RINDEX", "ENDM", "ENDCASES", "RNORM", "RABS", "RANGLE", "RFLOOR"]
)
_FACTOR_ENDS = frozenset(["SYMBOL", "NUMBER", "RPAR", "RBRACE", "RBRACK", "RNORM", "RABS", "PRIME"])
_FACTOR_STARTS = frozenset(["SYMBOL", "NUMBER", "LPAR", "LBRACE", "LBRACK", "FUNC", "FRAC", "SQRT", "LNORM"])
_CONTINUES = frozenset(["PLUS", "MINUS", "CDOT", "TIMES", "ODOT", "OTIMES", "AST", "SLASH", "OSLASH", "DDOT"])
_GOES_ON = re.compile(r"\s*(?:&|[=+-]|\\(?:implies|Rightarrow|Longrightarrow|quad|qquad|approx)\b)")


@dataclass
class Side:
    """One side of a chain: its tokens and where it begins (with the sign before it) and ends."""

    tokens: list[Token]
    start: int
    end: int
    sign: str = ""


@dataclass
class Chain:
    """Sides joined by relation signs; a piece that cannot be read holds the error instead of later sides."""

    sides: list[Side] = field(default_factory=list)
    display: bool = False
    start: int = 0
    end: int = 0
    error: ReadingError | None = None

    @property
    def signs(self) -> tuple[str, ...]:
        """The relation signs between the sides."""
        return tuple(side.sign for side in self.sides[1:])

    @property
    def is_equality(self) -> bool:
        """Whether the first sign is = or :=."""
        return self.signs[:1] in (("=",), (":=",))


def rows(source: Source, piece: Piece) -> list[tuple[int, int]]:
    """The rows of a display: stretches between ``\\\\`` that stand outside braces, matrices and cases."""
    text = source.text
    found, start, level, inner = [], piece.start, 0, 0
    pattern = re.compile(r"\\\\(?:\*?\s*\[[^\]\n]{0,14}\])?|\\(?:begin|end)\s*\{([A-Za-z]+\*?)\}|\\.|[{}]", re.DOTALL)
    for match in pattern.finditer(text, piece.start, piece.end):
        sign = match.group()
        if sign == "{":
            level += 1
        elif sign == "}":
            level -= 1
        elif match.group(1):
            if match.group(1) in words.MATRIX_ENVIRONMENTS | words.CASES_ENVIRONMENTS:
                inner += 1 if sign.startswith("\\begin") else -1
        elif sign.startswith("\\\\") and level <= 0 and inner <= 0:
            found.append((start, match.start()))
            start = match.end()
    found.append((start, piece.end))
    return found


def chains(source: Source, piece: Piece, vocabulary: Vocabulary) -> list[Chain]:
    """The chains of a piece; a row that cannot be read becomes a chain with its error, the others are read."""
    found: list[Chain] = []
    differentials = False
    for start, end in rows(source, piece):
        if not source.text[start:end].strip():
            continue
        goes_on = differentials and _GOES_ON.match(source.text, start, end)
        try:
            tokens = tokenize(source.text, replace(vocabulary, differentials=bool(goes_on)), start, end)
            tokens = _with_points(tokens)
            differentials = any(t.type == "DIFF" for t in tokens)
        except ReadingError as error:
            found.append(_unreadable(source, start, end, error, piece))
            continue
        _row(found, tokens, piece, source)
    return [c for c in found if c.sides or c.error]


def _with_points(tokens: list[Token]) -> list[Token]:
    """``w . x``: a full stop between two factors is a product, where no new equality begins behind it.

    One without a space on either side ends no sentence, ``∂L/∂s.∂s/∂w = …``.
    """
    found = list(tokens)
    for k in range(1, len(tokens) - 1):
        if tokens[k].type != "SEP" or str(tokens[k]) != "." or tokens[k - 1].type not in _FACTOR_ENDS:
            continue
        behind = [t.type for t in itertools.takewhile(lambda t: t.type not in ("SEP", "ROW", "TEXT"), tokens[k + 1 :])]
        close = tokens[k - 1].end_pos == tokens[k].start_pos and tokens[k].end_pos == tokens[k + 1].start_pos
        anew = _only_name(behind) or ("REL" in behind and not close)
        if behind and behind[0] in _FACTOR_STARTS and not anew:
            found[k] = Token("CDOT", ".", start_pos=tokens[k].start_pos, end_pos=tokens[k].end_pos)
    return found


def _only_name(behind: list[str]) -> bool:
    """Whether a list of names follows, as behind a sentence that ended: ``… = 0. x, y``."""
    return "COMMA" in behind


def equates_inside(chain: Chain) -> bool:
    """Whether a formula is a table in which something is equated: a problem with its constraints."""
    tokens = [t for side in chain.sides for t in side.tokens]
    return bool(tokens) and tokens[0].type == "BEGINM" and any(t.type == "REL" and str(t) == "=" for t in tokens)


def goes_on(source: Source, before: Chain, chain: Chain) -> bool:
    """Whether a formula that begins with a relation sign goes on where the one before it ended; it is then joined to that.

    So does a display after a display, and a formula in the text if nothing is written between the two.
    """
    if before.error or chain.error or len(before.sides) < 2:
        return False
    between = source.text[before.end : chain.start]
    if not (before.display and chain.display) and not re.fullmatch(r"[\s$,>]*|\s*\\\)\s*\\\(\s*", between):
        return False
    if len(chain.sides) < 2 or chain.sides[0].tokens:
        return False
    before.sides.extend(chain.sides[1:])
    before.end = chain.end
    return True


def _unreadable(source: Source, start: int, end: int, error: ReadingError, piece: Piece) -> Chain:
    text = source.text[start:end]
    lead = len(text) - len(text.lstrip())
    return Chain([], piece.display, start + lead, start + len(text.rstrip()), error)


def _row(found: list[Chain], tokens: list[Token], piece: Piece, source: Source) -> None:
    """Read one row into ``found``: it may go on where the row before ended."""
    tokens = [t for t in tokens if t.type != "ROW" or t.value == "\\\\"]
    head = next((t for t in tokens if t.type not in ("AMP", "SEP", "LBRACE", "ROW")), None)
    if head is None:
        return
    goes_on = bool(found) and bool(found[-1].sides)
    broken = goes_on and bool(found[-1].sides[-1].sign) and not found[-1].sides[-1].tokens  # the row before ended in =
    starts = head.type == "REL" or (head.type in _CONTINUES and not _begins_anew(tokens))
    current = found[-1] if goes_on and (starts or broken) else None
    extends = current is not None and head.type in _CONTINUES
    if current is not None:
        while tokens and tokens[0].type in ("SEP",):
            tokens.pop(0)
    depth, pending = 0, None
    for k, token in enumerate(tokens):
        depth += (token.type in OPENING) - (token.type in CLOSING)
        kind = token.type
        if depth > 0 or (depth == 0 and kind in CLOSING):
            current = _add(found, current, token, piece, pending)
            pending = None
            continue
        if kind == "AMP":
            if _aligns(tokens, k):
                pending = token
                continue
            if extends and not any(t.type not in ("AMP", "SEP") for t in tokens[:k]):
                continue
            current = None
        elif kind in ("SEP", "TEXT", "COLON", "BAR", "ROW"):
            if kind == "SEP" and current is not None and _pads(tokens, k, current):
                continue
            current = None
        elif kind == "COMMA" and current is None:
            continue  # behind words
        elif kind == "COMMA" and current is not None and len(current.sides) > 1 and not _in_range(tokens, k):
            current = None
        elif kind == "REL":
            start = pending.start_pos if pending is not None else token.start_pos
            if current is None:
                current = Chain([], piece.display, start, token.end_pos)
                current.sides.append(Side([], start, start))
                found.append(current)
            current.sides.append(Side([], start, token.end_pos, str(token)))
            pending = None
        else:
            current = _add(found, current, token, piece, pending)
            pending = None


def _begins_anew(tokens: list[Token]) -> bool:
    """Whether a row that begins with a sign is an equality of its own: ``−a &= b`` beside ``&− b``."""
    depth = 0
    for k, token in enumerate(tokens):
        depth += (token.type in OPENING) - (token.type in CLOSING)
        if depth == 0 and token.type == "AMP":
            return k > 1 and any(t.type == "REL" for t in tokens[k + 1 : k + 2])
        if depth == 0 and token.type == "REL":
            return False
    return False


def _pads(tokens: list[Token], k: int, chain: Chain) -> bool:
    """Whether a space before a sign of operation or a relation only spaces: ``a \\quad = b``, ``&\\quad + c``."""
    following = next((t for t in tokens[k + 1 :] if t.type not in ("SEP", "AMP")), None)
    if following is None or str(tokens[k]) not in ("quad", "qquad"):
        return False
    return following.type in ("REL", "PLUS") or (following.type == "MINUS" and not chain.sides[-1].tokens)


def _aligns(tokens: list[Token], k: int) -> bool:
    """Whether an & stands next to a relation sign, or at the start of the row."""
    near = [tokens[k - 1].type if k else "", tokens[k + 1].type if k + 1 < len(tokens) else ""]
    return "REL" in near or k == 0


def _in_range(tokens: list[Token], k: int) -> bool:
    """Whether a comma belongs to ``1, …, n`` or a list of numbers before it."""
    near = [t.type for t in tokens[max(k - 2, 0) : k + 2]]
    return "DOTS" in near


def _add(found: list[Chain], current: Chain | None, token: Token, piece: Piece, pending: Token | None) -> Chain:
    if current is None:
        current = Chain([], piece.display, token.start_pos, token.end_pos)
        current.sides.append(Side([], token.start_pos, token.end_pos))
        found.append(current)
    side = current.sides[-1]
    if not side.tokens and not side.sign:
        side.start = token.start_pos
    side.tokens.append(token)
    side.end = max(side.end, token.end_pos)
    current.end = side.end
    return current


def written(source: Source, chain: Chain, k: int) -> tuple[int, str]:
    """The place and text of the k-th link (from 1): the first with its left side, later ones from their sign on."""
    start = chain.sides[0].start if k == 1 else chain.sides[k].start
    end = chain.sides[k].end
    macro = re.compile(r"\\[A-Za-z]*").match(source.text, max(end - 1, 0))
    text = source.text[start : macro.end() if macro else end]
    return start, text.strip()


def left_sides(every: Iterable[Chain]) -> Iterator[tuple[Chain, s.Node]]:
    """The equalities whose left side can be read, each with it."""
    for chain in every:
        if chain.error or not chain.is_equality:
            continue
        try:
            yield chain, parse(chain.sides[0].tokens)
        except ReadingError:
            continue
