"""Tokens to the syntax tree: one LALR grammar, built once, whatever the document declares."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError
from lark.lexer import Lexer

from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.rules import GRAMMAR
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.tokens import NOTHING_DECLARED, Vocabulary, tokenize

_NAMES = {
    "NUMBER": "a number", "SYMBOL": "a symbol", "FUNC": "a function", "LPAR": "(", "RPAR": ")", "LBRACK": "[", "RBRACK": "]",
    "LBRACE": "{", "RBRACE": "}", "RCURLY": "}", "RNORM": "the closing ‖", "RABS": "the closing |", "$END": "the end", "PLUS": "+", "MINUS": "−",
    "RINDEX": "]", "COMMA": ",", "BELOW": ";", "ENDM": "the end of the matrix", "ENDCASES": "the end of the cases", "REL": "a relation",
}  # fmt: skip


class _Ready(Lexer):
    """The tokens come ready-made; how they are made depends on the document."""

    def __init__(self, lexer_conf: Any):
        pass

    def lex(self, tokens: Any) -> Any:  # type: ignore[override]
        yield from tokens


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer=_Ready, start="start", transformer=_Build(), maybe_placeholders=False)


def parse(source: str | Sequence[Token], vocabulary: Vocabulary = NOTHING_DECLARED) -> s.Node:
    """The syntax tree of one expression (or of several separated by commas).

    Raises ``ReadingError`` with the place, what was found and what was expected.

    >>> parse(r"\\frac{\\partial C}{\\partial W}").by[0].name
    'W'
    """
    tokens = tokenize(source, vocabulary) if isinstance(source, str) else list(source)
    if not tokens:
        raise ReadingError("nothing is written where an expression was expected")
    tokens = [t for t, after in zip(tokens, [*tokens[1:], None], strict=True) if not _closes_case(t, after)]
    if not tokens:
        raise ReadingError("nothing is written where an expression was expected")
    try:
        return _parsed(_Written(tokens))
    except UnexpectedInput as error:
        raise _explained(error, tokens) from error
    except VisitError as error:
        if isinstance(error.orig_exc, ReadingError):
            raise error.orig_exc from error
        raise


class _Written:
    """Tokens as a key: with the same kinds, texts and places they are the same tree, which is asked for many times."""

    def __init__(self, tokens: Sequence[Token]):
        self.tokens = tokens
        self.key = tuple((t.type, str(t), t.start_pos, t.end_pos) for t in tokens)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Written) and self.key == other.key


@lru_cache(maxsize=4096)
def _parsed(written: _Written) -> s.Node:
    return _parser().parse(written.tokens)  # type: ignore[arg-type]


def _closes_case(token: Token, after: Token | None) -> bool:
    """A comma, semicolon or full stop at the end of a cell."""
    return token.type in ("COMMA", "SEP") and after is not None and after.type in ("ROW", "ENDCASES", "ENDM", "AMP")


def _explained(error: UnexpectedInput, tokens: Sequence[Token]) -> ReadingError:
    token = getattr(error, "token", None)
    wanted = [_NAMES[name] for name in sorted(getattr(error, "expected", ()) or ()) if name in _NAMES]
    expected = f"; expected {', '.join(wanted[:6])}" if wanted else ""
    if token is None or token.type == "$END":
        last = tokens[-1]
        return ReadingError(f"the formula breaks off{expected}", (last.start_pos, last.end_pos))
    return ReadingError(f"{str(token)!r} does not fit here{expected}", (token.start_pos, token.end_pos))


def _span(children: Sequence[Any]) -> s.Span:
    places = [_place(c) for c in children if isinstance(c, (Token, s.Node)) or (isinstance(c, (list, tuple)) and c)]
    return (min(p[0] for p in places), max(p[1] for p in places)) if places else (0, 0)


def _place(thing: Any) -> s.Span:
    if isinstance(thing, Token):
        return thing.start_pos, thing.end_pos
    if isinstance(thing, s.Node):
        return thing.span
    return _span(thing)


def _content(children: Sequence[Any]) -> s.Node:
    """The one node between brackets."""
    return next(c for c in children if isinstance(c, s.Node))


@v_args(inline=False)
class _Build(Transformer):
    """Each rule's children to a node."""

    def start(self, c):
        return c[0]

    def items(self, c):
        nodes = tuple(x for x in c if isinstance(x, s.Node))
        return nodes[0] if len(nodes) == 1 else s.Items(_span(c), nodes)

    def relation(self, c):
        return s.Relation(_span(c), str(c[1]), c[0], c[2])

    def sign(self, c):
        if c[0].type == "PM":
            raise ReadingError("± leaves two meanings; write the one that is meant", _place(c[0]))
        return c[0]

    def sum(self, c):
        terms, sign = [], 1
        for x in c:
            if isinstance(x, Token):
                sign = -sign if x.type == "MINUS" else sign
            else:
                terms.append((sign, x))
                sign = 1
        return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else s.Sum(_span(c), tuple(terms))

    def operator(self, c):
        return c[0]

    def juxtaposed(self, c):
        return [("", c[0]), *(c[1] if len(c) > 1 else [])]

    def joined(self, c):
        return [(c[0].type, c[1]), *(c[2] if len(c) > 2 else [])]

    def joined_minus(self, c):
        return [(c[0].type, s.Sum(_span(c[1:3]), ((-1, c[2]),))), *(c[3] if len(c) > 3 else [])]

    def product(self, c):
        return c[0] if len(c) == 1 else _product([("", c[0]), *c[1]])

    def big(self, c):
        sub, sup = c[1]
        return s.Big(_span(c), str(c[0]), sub, sup, c[2])

    def big_minus(self, c):
        return self.big([*c[:2], s.Sum(_span(c[2:]), ((-1, c[3]),))])

    def sub(self, c):
        return [("sub", c[1])]

    def sup(self, c):
        return [("sup", c[1])]

    def prime(self, c):
        return [("prime", c[0])]

    def index(self, c):
        return [("index", c[1])]

    def evaluated(self, c):
        return [("at", c[2])]

    def factorial(self, c):
        return [("factorial", c[0])]

    def scripts(self, c):
        found = {kind: node for part in c for kind, node in part}
        return found.get("sub"), found.get("sup")

    def braced(self, c):
        return _content(c)

    def factor(self, c):
        return _scripted(c)

    simple = factor

    def operand_symbol(self, c):
        return _scripted([self.symbol(c[:1]), *c[1:]])

    def number(self, c):
        return s.Number(_span(c), str(c[0]))

    def symbol(self, c):
        return s.Symbol(_span(c), str(c[0]), str(c[0]))

    def mark(self, c):
        return s.Mark(_span(c), str(c[0]))

    top = mark

    def dots(self, c):
        return s.Dots(_span(c))

    def group(self, c):
        return s.Group(_span(c), str(c[0])[-1], _content(c))

    def blocks(self, c):
        rows = [x.items if isinstance(x, s.Items) else (x,) for x in c if isinstance(x, s.Node)]
        return s.Matrix(_span(c), tuple(rows))

    def braces(self, c):
        return _content(c)

    def operand_group(self, c):
        inner = _content(c)
        opening = c[0].type
        body = (
            inner
            if opening == "LBRACE"
            else s.Norm(_span(c[:3]), "norm" if opening == "LNORM" else "abs", inner)
            if opening in ("LNORM", "LABS")
            else s.Group(_span(c[:3]), str(c[0])[-1], inner)
        )
        return _scripted([body, *c[3:]])

    def operand_call(self, c):
        return _scripted(c)

    def norm(self, c):
        kind = {"LNORM": "norm", "LABS": "abs", "LFLOOR": "floor", "LANGLE": "angle"}[c[0].type]
        return s.Norm(_span(c), kind, _content(c))

    def fraction(self, c):
        numerator, denominator = (x for x in c if isinstance(x, s.Node))
        return derivative(_span(c), numerator, denominator) or s.Fraction(_span(c), numerator, denominator)

    def root(self, c):
        nodes = [x for x in c if isinstance(x, s.Node)]
        return s.Root(_span(c), nodes[-1], nodes[0] if len(nodes) > 1 else None)

    def power(self, c):
        return ("power", c[1])

    def differential(self, c):
        order, body = 1, None
        for x in c[1:]:
            if isinstance(x, tuple):
                if not isinstance(x[1], s.Number) or int(float(x[1].text)) not in (1, 2, 3, 4):
                    raise ReadingError("the order of a derivative is 1, 2, 3 or 4", _place(x[1]))
                order = int(x[1].text)
            else:
                body = x
        return s.Differential((_place(c[0])[0], (body.span if body else _place(c[0]))[1]), order, body)

    def nabla(self, c):
        sub, sup = c[1]
        order = int(sup.text) if isinstance(sup, s.Number) and sup.text in ("1", "2", "3") else 1
        return s.Nabla(_span([c[0], *[x for x in c[1] if x is not None]]), sub, order)

    def indicator(self, c):
        return s.Indicator(_span(c), _content(c))

    def head(self, c):
        return _scripted([s.Symbol(_span(c[:1]), str(c[0]), str(c[0])), *c[1:]])

    def call(self, c):
        if len(c) == 1:
            return c[0]
        arguments = _content(c[1:])
        return s.Call(_span(c), c[0], arguments.items if isinstance(arguments, s.Items) else (arguments,))

    def call_run(self, c):
        return s.Call(_span(c), c[0], (c[1],))

    def run(self, c):
        return c[0] if len(c) == 1 else _product([("", x) for x in c])

    def row(self, c):
        return [x for x in c if isinstance(x, s.Node)]

    caserow = row

    def rows(self, c):
        return [x for x in c if isinstance(x, list)]

    caserows = rows

    def matrix(self, c):
        return s.Matrix(_span([c[0], c[2]]), tuple(tuple(_cells(r)) for r in c[1]))

    def cases(self, c):
        return s.Cases(_span([c[0], c[2]]), tuple(_case(r) for r in c[1]))


def _cells(row: list) -> list:
    """Cells between &; a row of items separated by commas only is read as cells too."""
    return list(row[0].items) if len(row) == 1 and isinstance(row[0], s.Items) else row


def _case(row: list) -> tuple[s.Node, s.Node | None]:
    if len(row) == 1 and isinstance(row[0], s.Items) and len(row[0].items) == 2:
        row = list(row[0].items)
    if len(row) == 2 and isinstance(row[1], s.Relation):
        return row[0], row[1]
    if len(row) == 2 and isinstance(row[1], s.Symbol) and row[1].name == "otherwise":
        return row[0], None
    if len(row) == 1 and not isinstance(row[0], s.Items):
        return row[0], None
    raise ReadingError("a case is a value & a condition such as x > 0, or otherwise", row[-1].span if row else (0, 0))


def _factors(node: s.Node) -> list:
    return list(node.factors) if isinstance(node, s.Product) else [("", node)]


def _product(factors: list) -> s.Node:
    """A product; ``∂C/∂W`` written inline becomes a derivative."""
    out: list = []
    k = 0
    while k < len(factors):
        sign, node = factors[k]
        k += 1
        if sign == "SLASH" and out and isinstance(node, s.Differential) and isinstance(out[-1][1], s.Differential):
            below = [node]
            while k < len(factors) and factors[k][0] == "" and isinstance(factors[k][1], s.Differential):
                if len(below) >= out[-1][1].order:
                    break
                below.append(factors[k][1])  # ∂²C/∂u∂v
                k += 1
            span = (out[-1][1].span[0], below[-1].span[1])
            found = derivative(span, out[-1][1], _product([("", n) for n in below]))
            if found is not None:
                out[-1] = (out[-1][0], found)
                continue
        out.append((sign, node))
    if len(out) == 1:
        return out[0][1]
    colons = [k for k, (sign, _) in enumerate(out) if sign == "DDOT"]
    if len(colons) == 1 and len(out) > 2:  # A : B ⊙ C is A : (B ⊙ C), the colon binds last
        sides = (out[: colons[0]], [("", out[colons[0]][1]), *out[colons[0] + 1 :]])
        left, right = (_bracketed(side) for side in sides)
        out = [("", left), ("DDOT", right)]
    return s.Product(_span([n for _, n in out]), tuple(out))


def _bracketed(factors: list) -> s.Node:
    """Factors as one factor."""
    if len(factors) == 1:
        return factors[0][1]
    span = _span([n for _, n in factors])
    return s.Group(span, "(", s.Product(span, tuple(factors)))


def _scripted(c: list) -> s.Node:
    base, sub, sup, primes, indexed = c[0], None, None, 0, None
    for part in c[1:]:
        for kind, node in part:
            if kind in ("at", "factorial"):
                base = (
                    base
                    if (sub, sup, primes, indexed) == (None, None, 0, None)
                    else s.Scripted(_span([base, sub, sup]), base, sub, sup, primes, indexed)
                )
                sub, sup, primes, indexed = None, None, 0, None
                span = _span([base, node])
                base = (
                    s.At(span, base, node) if kind == "at" else s.Call(span, s.Symbol(span, "factorial", "!"), (base,))
                )
            elif kind == "prime":
                primes += 1
            elif (kind == "sub" and sub is not None) or (kind == "sup" and sup is not None):
                base = s.Scripted(_span([base, node]), base, sub, sup, primes, indexed)
                sub, sup, primes, indexed = None, None, 0, None
                sub, sup = (node, sup) if kind == "sub" else (sub, node)
            elif kind == "sub":
                sub = node
            elif kind == "sup":
                sup = node
            else:
                indexed = node
    if sub is None and sup is None and not primes and indexed is None:
        return base
    if isinstance(base, s.Differential) and base.body is None and base.order == 1 and sub is not None and sup is None:
        by = tuple(n for _, n in sub.factors) if isinstance(sub, s.Product) else (sub,)
        return s.Derivative(_span(c), None, by)
    return s.Scripted(_span(c), base, sub, sup, primes, indexed)


def derivative(span: s.Span, numerator: s.Node, denominator: s.Node) -> s.Derivative | None:
    """``∂…/∂…`` as a derivative, or None where the fraction is an ordinary one."""
    above = _factors(numerator)
    below = _factors(denominator)
    first = above[0][1]
    if not isinstance(first, s.Differential) or not all(isinstance(n, s.Differential) for _, n in below):
        return None
    by: list[s.Node] = []
    powers = sum(node.order for _, node in below) != first.order  # else σ² is a name, as in ∂²/∂μ∂σ²
    for _, node in below:
        variable, times = node.body, node.order
        if variable is None:
            return None
        if (
            isinstance(variable, s.Scripted)
            and isinstance(variable.sup, s.Number)
            and variable.sup.text == str(first.order)
            and first.order > 1
            and powers
        ):
            times = first.order
            variable = (
                variable.base if variable.sub is None else s.Scripted(variable.span, variable.base, variable.sub, None)
            )
        by.extend([variable] * times)
    if len(by) != first.order:
        raise ReadingError(f"the derivative is of order {first.order} above and {len(by)} below the bar", span)
    rest = above[1:]
    of = first.body
    if of is None:
        of = _product(rest) if rest else None
    elif rest:
        of = _product([("", of), *rest])
    return s.Derivative(span, of, tuple(by))
