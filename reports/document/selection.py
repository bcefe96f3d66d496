"""A part of a document, for formats whose reader cannot choose: some tellings of each formula, steps up to a level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TypeVar

from reports.document.model import (
    LEVELS,
    STYLES,
    Document,
    DocumentError,
    Formula,
    Link,
    Step,
    Steps,
    Text,
    plain,
    walk,
)
from symbolic.errors import suggestion

Node = TypeVar("Node")


def select(document: Document, styles: Iterable[str] = STYLES, level: int = max(LEVELS)) -> Document:
    """The document with ``styles`` alone, and without steps above ``level``.

    A formula that has none of the styles keeps its first one; a step's links to steps that are gone lead to what those
    rested on. Raises ``DocumentError`` for a style or a level that there is not.

    >>> from reports.document.model import Formula
    >>> page = Document("t", [Formula(styles={"index": "a_i", "matrix": "a"}), Formula(styles={"index": "b_i"})])
    >>> [block.latex for block in select(page, ["matrix"]).blocks]
    ['a', 'b_i']
    """
    chosen = tuple(styles)
    for style in chosen:
        if style not in STYLES:
            raise DocumentError(
                f"select: no style {style!r}; there are {', '.join(STYLES)}.{suggestion(style, STYLES)}"
            )
    if level not in LEVELS:
        raise DocumentError(f"select: the level must be one of {', '.join(map(str, LEVELS))}, got {level!r}")
    gone = {f"#{node.id}-{step.number}" for node in walk(document) if isinstance(node, Steps) for step in node.steps
            if step.level > level}  # fmt: skip
    return _selected(document, chosen, level, frozenset(gone))


def _selected(node: Node, styles: tuple[str, ...], level: int, gone: frozenset[str]) -> Node:
    """A node with everything below it selected; links to steps that are ``gone`` become their words."""
    if isinstance(node, tuple):
        return tuple(_selected(part, styles, level, gone) for part in node)
    if isinstance(node, Link) and node.target in gone:
        return Text(plain(node.content))  # type: ignore[return-value]
    if isinstance(node, Formula):
        return _formula(node, styles)
    if isinstance(node, Steps):
        node = replace(node, steps=_steps(node.steps, level))
    if not hasattr(node, "__dataclass_fields__"):
        return node
    values = {item.name: getattr(node, item.name) for item in fields(node)}
    changed = {name: new for name, old in values.items() if (new := _selected(old, styles, level, gone)) is not old}
    return replace(node, **changed) if changed else node


def _formula(formula: Formula, styles: tuple[str, ...]) -> Formula:
    if not formula.styles:
        return formula
    kept = {style: latex for style, latex in formula.styles.items() if style in styles}
    kept = kept or dict([next(iter(formula.styles.items()))])
    return replace(formula, styles=kept, latex=next(iter(kept.values())))


def _steps(steps: tuple[Step, ...], level: int) -> tuple[Step, ...]:
    rests_on: dict[int, tuple[int, ...]] = {}
    for step in steps:
        inputs = tuple(dict.fromkeys(n for number in step.inputs for n in rests_on.get(number, (number,))))
        rests_on[step.number] = (step.number,) if step.level <= level else inputs
    kept = [step for step in steps if step.level <= level]
    numbers = {step.number for step in kept}
    return tuple(
        replace(step, inputs=tuple(dict.fromkeys(n for i in step.inputs for n in rests_on.get(i, ()) if n in numbers)))
        for step in kept
    )
