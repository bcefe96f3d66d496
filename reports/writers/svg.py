"""Drawings made fit to stand in a page: no scripts, no styles that leak, ids that do not collide, the page's colours.

A style sheet within a drawing would rule the whole page, so its rules move to the elements that they mean. Black
becomes the colour of the text and white that of the paper, for pages that may be dark.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from reports.document.model import DocumentError

DROPPED = {"script", "style", "foreignObject", "metadata", "iframe", "object", "embed", "title", "desc"}
LOCAL = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)['\"]?\s*\)")
VARIABLE = re.compile(r"var\(\s*--[\w-]+\s*,\s*([^()]*(?:\([^()]*\))?)\s*\)")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
NESTED = re.compile(r"@[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[^;{}]*;|/\*.*?\*/", re.DOTALL)
PAINT = ("fill", "stroke", "stop-color")
INK = {"#000", "#000000", "black"}
LIGHT_GREY = re.compile(r"#([bcdef][0-9a-f])(?!ff)\1\1$")  # grids
PAPER = {"#fff", "#ffffff", "white"}


def drawing(svg: str, prefix: str, name: str, alone: bool = False) -> str:
    """The SVG as one element with the accessible ``name`` and every id begun by ``prefix``.

    ``alone`` is for files outside a page, which have no variables and colours to take over. Raises ``DocumentError``
    where the text is no SVG.
    """
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  (no external entities: expat resolves none)
    except ElementTree.ParseError as error:
        raise DocumentError(f"Figure: svg must be well-formed SVG, got {svg[:40]!r}: {error}") from None
    if _local(root.tag) != "svg":
        raise DocumentError(f"Figure: svg must hold an svg element, got {_local(root.tag)}")
    rules = _rules(root)
    waiting: list[tuple[ElementTree.Element, frozenset[str]]] = [(root, frozenset())]
    while waiting:
        node, around = waiting.pop()
        node.tag = _local(node.tag)
        classes = frozenset(node.get("class", "").split())
        _clean(node, prefix, _declarations(rules, node is root, classes, around), alone)
        for child in list(node):
            if not isinstance(child.tag, str) or _local(child.tag) in DROPPED:
                node.remove(child)
        waiting.extend((child, around | classes) for child in node)
    if not alone and "fill" not in root.attrib and "fill" not in root.get("style", ""):
        root.set("fill", "currentColor")
    root.attrib.update({"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": name})
    root.tail = None
    return ElementTree.tostring(root, encoding="unicode")


def _clean(node: ElementTree.Element, prefix: str, declared: dict[str, str], alone: bool) -> None:
    attributes = {}
    for name, value in node.attrib.items():
        name = _local(name)
        if name.lower().startswith("on") or name in ("class", "aria-labelledby", "aria-describedby"):
            continue
        if name == "href" and not value.startswith(("#", "data:image/png", "data:image/jpeg")):
            continue
        if name == "id":
            value = f"{prefix}-{value}"
        elif name == "href" and value.startswith("#"):
            value = f"#{prefix}-{value[1:]}"
        elif name == "style":
            declared = {**declared, **_parsed(value)}
            continue
        elif name in PAINT:
            value = _paint(value, alone)
        attributes[name] = LOCAL.sub(lambda match: f"url(#{prefix}-{match[1]})", value)
    if declared:
        shown = {key: _paint(value, alone) if key in PAINT else value for key, value in declared.items()}
        style = ";".join(f"{key}:{value}" for key, value in shown.items())
        attributes["style"] = LOCAL.sub(lambda match: f"url(#{prefix}-{match[1]})", style)
    node.attrib.clear()
    node.attrib.update(attributes)


def _paint(value: str, alone: bool) -> str:
    if alone:
        return VARIABLE.sub(r"\1", value)
    plain = value.strip().lower()
    if LIGHT_GREY.match(plain):
        return f"var(--line,{plain})"
    return "currentColor" if plain in INK else "var(--paper,#fff)" if plain in PAPER else value


# --- style sheets -----------------------------------------------------------------------------------------------------


def _rules(root: ElementTree.Element) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """The rules of the drawing's style sheets: classes from the outside in (or ("*",)), and declarations."""
    found = []
    for node in root.iter():
        if isinstance(node.tag, str) and _local(node.tag) == "style":
            for selectors, body in RULE.findall(NESTED.sub("", node.text or "")):
                for selector in selectors.split(","):
                    path = tuple(part.lstrip(".") for part in selector.split())
                    if selector.strip() == "*" or all(part.startswith(".") for part in selector.split()):
                        found.append((path, _parsed(body)))
    return found


def _declarations(rules, is_root: bool, classes: frozenset[str], around: frozenset[str]) -> dict[str, str]:
    declared: dict[str, str] = {}
    for path, body in rules:
        *outer, last = path
        if (last in classes and set(outer) <= around) or (is_root and path == ("*",)):
            declared.update(body)
    if is_root:
        declared.pop("color", None)  # that of the page
    return declared


def _parsed(style: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in style.split(";") if ":" in part)
    return {key.strip(): value.strip() for key, value in pairs}


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]
