"""Drawings made fit to stand in a page: no scripts, no styles that leak, ids that do not collide."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from reports.document.model import DocumentError

DROPPED = {"script", "style", "foreignObject", "metadata", "iframe", "object", "embed", "title", "desc"}
LOCAL = re.compile(r"url\(\s*#([^)\s]+)\s*\)")
DEFAULTS = "stroke-linejoin: round; stroke-linecap: butt"  # what matplotlib's own style sheet says


def drawing(svg: str, prefix: str, name: str) -> str:
    """The SVG as one element with the accessible ``name`` and every id begun by ``prefix``.

    Raises ``DocumentError`` where the text is no SVG.
    """
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  (no external entities: expat resolves none)
    except ElementTree.ParseError as error:
        raise DocumentError(f"Figure: svg must be well-formed SVG, got {svg[:40]!r}: {error}") from None
    if _local(root.tag) != "svg":
        raise DocumentError(f"Figure: svg must hold an svg element, got {_local(root.tag)}")
    had_styles = any(_local(node.tag) == "style" for node in root.iter() if isinstance(node.tag, str))
    _clean(root, prefix)
    root.attrib.update({"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": name})
    if had_styles and "style" not in root.attrib:
        root.set("style", DEFAULTS)
    root.tail = None
    return ElementTree.tostring(root, encoding="unicode")


def _clean(root: ElementTree.Element, prefix: str) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        node.tag = _local(node.tag)
        attributes = {}
        for name, value in node.attrib.items():
            name = _local(name)
            if name.lower().startswith("on"):
                continue
            if name == "href" and not value.startswith(("#", "data:image/png", "data:image/jpeg")):
                continue
            if name == "id" or (name == "href" and value.startswith("#")):
                hash_sign = "#" if value.startswith("#") else ""
                value = f"{hash_sign}{prefix}-{value.removeprefix('#')}"
            elif name in ("aria-labelledby", "aria-describedby"):
                continue
            attributes[name] = LOCAL.sub(lambda match: f"url(#{prefix}-{match[1]})", value)
        node.attrib.clear()
        node.attrib.update(attributes)
        for child in list(node):
            if not isinstance(child.tag, str) or _local(child.tag) in DROPPED:
                node.remove(child)
        waiting.extend(node)


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]
