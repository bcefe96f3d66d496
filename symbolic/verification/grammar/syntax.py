"""The syntax tree of mathematics as written: frozen nodes with their place in the source; no meaning yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import is_
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True)
class Node:
    """Something written at ``span`` (offsets into the source, end exclusive)."""

    span: Span


@dataclass(frozen=True)
class Number(Node):
    """A decimal numeral, as written."""

    text: str


@dataclass(frozen=True)
class Symbol(Node):
    """A name without its scripts; ``tex`` is how it was written."""

    name: str
    tex: str


@dataclass(frozen=True)
class Mark(Node):
    """A sign that stands alone in a script: ⊤, +, −, *, ′."""

    sign: str


@dataclass(frozen=True)
class Dots(Node):
    """An ellipsis."""


@dataclass(frozen=True)
class Scripted(Node):
    """``base_sub^sup`` with primes; ``indexed`` holds ``base[…]``. The scope decides whether it is an entry, a layer or a power."""

    base: Node
    sub: Node | None
    sup: Node | None
    primes: int = 0
    indexed: Node | None = None


@dataclass(frozen=True)
class Items(Node):
    """Several things separated by commas."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Sum(Node):
    """Signed terms."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Product(Node):
    """Factors, each with the sign written before it (``""`` for juxtaposition; the first sign means nothing)."""

    factors: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Fraction(Node):
    """``\\frac{numerator}{denominator}``."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True)
class Differential(Node):
    """``∂^order body`` or ``d^order body``; ``body`` is None for the bare sign."""

    order: int
    body: Node | None


@dataclass(frozen=True)
class Derivative(Node):
    """``∂of/∂by…``: ``by`` holds one node per differentiation; ``of`` is None for an operator that waits for its operand."""

    of: Node | None
    by: tuple[Node, ...]


@dataclass(frozen=True)
class Nabla(Node):
    """``∇_by^order``, waiting for its operand."""

    by: Node | None
    order: int


@dataclass(frozen=True)
class Group(Node):
    """Something in brackets: ``(``, ``[``, ``{``."""

    bracket: str
    body: Node


@dataclass(frozen=True)
class Norm(Node):
    """``‖body‖`` (``kind`` "norm"), ``|body|`` ("abs"), ``⌊body⌋`` ("floor"), ``⟨a, b⟩`` ("angle")."""

    kind: str
    body: Node


@dataclass(frozen=True)
class Root(Node):
    """A square root, or one of the given degree."""

    body: Node
    degree: Node | None


@dataclass(frozen=True)
class Call(Node):
    """``function(arguments)``; ``head`` is a Symbol or Scripted (for h′, f⁻¹, log², softmax_i)."""

    head: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Big(Node):
    """``∑_sub^sup body``, or Π, max, min, argmax, argmin."""

    kind: str
    sub: Node | None
    sup: Node | None
    body: Node


@dataclass(frozen=True)
class Relation(Node):
    """``left ~ right`` inside a script, an indicator or a case."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Indicator(Node):
    """1 where the condition holds, else 0."""

    condition: Node


@dataclass(frozen=True)
class At(Node):
    """``body|_{point}``: the value where the relations of ``point`` hold."""

    body: Node
    point: Node


@dataclass(frozen=True)
class Matrix(Node):
    """Entries written out in rows."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Cases(Node):
    """Values with conditions; the condition None means otherwise."""

    rows: tuple[tuple[Node, Node | None], ...]


@cache
def parts(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node but its place."""
    return tuple(f.name for f in fields(kind) if f.name != "span")


def children(node: Node) -> list[Node]:
    """The nodes right below a node."""
    found: list[Node] = []
    stack: list = [getattr(node, name) for name in parts(type(node))]
    while stack:
        thing = stack.pop()
        if isinstance(thing, Node):
            found.append(thing)
        elif isinstance(thing, tuple):
            stack.extend(thing)
    return found


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    stack: list = [node]
    while stack:
        thing = stack.pop()
        if isinstance(thing, Node):
            yield thing
            stack.extend(getattr(thing, name) for name in parts(type(thing)))
        elif isinstance(thing, tuple):
            stack.extend(thing)


def plain(thing: object) -> object:
    """A tree without its places, for comparison."""
    if isinstance(thing, Node):
        return (type(thing).__name__, *(plain(getattr(thing, name)) for name in parts(type(thing))))
    return tuple(plain(x) for x in thing) if isinstance(thing, tuple) else thing


def pair(node: object) -> tuple[Node, Node] | None:
    """The two factors of ``a b``, without a sign between them."""
    if not isinstance(node, Product) or len(node.factors) != 2 or node.factors[1][0]:
        return None
    return node.factors[0][1], node.factors[1][1]


def bracketed(node: object) -> tuple[Node, Group] | None:
    """f and the brackets of ``f(x, y)``, which is read as a product where f is not known to be a function."""
    head, group = pair(node) or (None, None)
    return (head, group) if head is not None and isinstance(group, Group) and group.bracket == "(" else None


def mapped(thing: Any, change: Callable[[Any], Any]) -> Any:
    """The parts of a tree changed: of a tuple each entry, of a node each field but its place; anything else as it is.

    What does not change is not copied, so that a tree in which nothing is to be done costs no more than a walk.
    """
    if isinstance(thing, tuple):
        made = tuple(map(change, thing))
        return thing if all(map(is_, made, thing)) else made
    if not isinstance(thing, Node):
        return thing
    changed = {}
    for name in parts(type(thing)):
        part = getattr(thing, name)
        if (new := change(part)) is not part:
            changed[name] = new
    return replace(thing, **changed) if changed else thing


def at_number(thing: Any, letter: str, number: int) -> Any:
    """A tree with a number in place of an index letter; shifts such as t-1 are worked out."""
    if isinstance(thing, Symbol) and thing.name == letter:
        return Number(thing.span, str(number))
    made = mapped(thing, lambda part: at_number(part, letter, number))
    if isinstance(made, Sum) and made != thing and all(isinstance(t, Number) for _, t in made.terms):
        texts = [(sign, t.text) for sign, t in made.terms if isinstance(t, Number)]
        if all(text.isdigit() for _, text in texts):
            total = sum(sign * int(text) for sign, text in texts)
            return Number(made.span, str(total)) if total >= 0 else made
    return made


def is_transpose(sign: Node | None) -> bool:
    """Whether a superscript is a sign of the transpose wherever it stands: ⊤ or T."""
    return (isinstance(sign, Mark) and sign.sign == "⊤") or (isinstance(sign, Symbol) and sign.name == "T")
