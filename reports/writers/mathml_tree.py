"""The marks of ``mathml_source`` made elements, the library's elements repaired, and the whole validated.

One function per kind of mark, gathered in ``MARKS``; each takes the mark's value and the converted children.
"""

from __future__ import annotations

import html
import itertools
import unicodedata
from collections.abc import Callable
from xml.etree.ElementTree import Element

from reports.writers.alphabets import styled
from reports.writers.mathml_source import TableForm
from reports.writers.tex import FormulaError

NO_BREAK = "\u00a0"
THIN = "0.1667em"
LARGE = set("∑∏∐⋃⋂⨁⨂⨀⋁⋀⨆")  # operators whose scripts are limits in display
ORDINARY = set("∞∅⊤⊥∀∃∄∠ℓℏ°%#&$_…⋯⋮⋱■□▪◻★@?")  # stand for themselves, upright and unspaced
TIGHT = {"/", "|", "‖", ".", "∖"}
NO_SIGN = {"!", "|", "‖", "′", "″"}  # operators after which a sign may well be binary
REPLACED = {"-": "−", "*": "∗", "·": "⋅", "\\": "∖"}
# How many children each element has; None: any number.
ARITY: dict[str, int | None] = {
    **dict.fromkeys(("mrow", "mstyle", "msqrt", "mphantom", "mpadded", "mtable", "mtr", "mtd"), None),
    **dict.fromkeys(("mi", "mn", "mo", "mtext", "mspace"), 0),
    **dict.fromkeys(("msub", "msup", "munder", "mover", "mfrac", "mroot"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
WITH_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
WIDTHS = {"negativethinmathspace": "-0.1667em", "thickmathspace": "0.2778em", "thinmathspace": THIN}


def repair(element: Element, values: list) -> Element | None:
    """The element as MathML Core wants it; None where nothing of it is left."""
    children = [repaired for child in element if (repaired := repair(child, values)) is not None]
    text = html.unescape(element.text or "")
    mark = element.get("class", "") if element.tag == "mrow" else ""
    if mark.startswith("@"):
        kind, place = mark[1:].split()
        return MARKS[kind](values[int(place)], children)
    if element.tag == "mrow" and len(children) == 1 and not element.attrib:
        return children[0]
    made = Element(element.tag, _attributes(element))
    made.text = text or None
    made.extend(children)
    if made.tag == "mo" and not text:
        return None  # the other side of \left.
    if made.tag == "mi" and not text:
        return Element("mrow")  # a script without a base
    if made.tag in ("msup", "msubsup") and len(made) > 1 and made[-1].get("class") == "prime":
        return _primed(made)
    if made.tag in WITH_LIMITS and len(made) and _takes_limits(made[0]):
        made.tag = WITH_LIMITS[made.tag]
    if made.tag in ("mrow", "mstyle", "mtd", "msqrt", "mphantom", "math"):
        _space_names(list(made))
        _space_words(made)
        _unary_signs(list(made))
    return made


def _primed(scripted: Element) -> Element:
    """Primes as characters of the line: the glyph is drawn raised, and as a superscript would float too high."""
    base, *below, drawn = scripted
    made = Element("mrow")
    if below:
        with_subscript = Element("msub")
        with_subscript.extend([base, *below])
        base = with_subscript
    made.extend([base, drawn])
    return made


def validate(element: Element) -> None:
    """Raise ``FormulaError`` where an element is unknown to MathML Core or has the wrong number of children."""
    for node in element.iter():
        if node.tag not in ARITY:
            raise FormulaError(f"the element {node.tag} is not one that browsers draw")
        wanted = ARITY[node.tag]
        if wanted is not None and len(node) != wanted:
            raise FormulaError(f"{node.tag} has {len(node)} children where {wanted} belong")
        inner = {"mtable": "mtr", "mtr": "mtd"}.get(node.tag)
        if inner and any(child.tag != inner for child in node):
            raise FormulaError(f"{node.tag} holds something else than {inner}")


def _attributes(element: Element) -> dict[str, str]:
    kept = {name: value for name, value in element.attrib.items() if name in KEPT}
    if element.tag == "mspace":
        kept["width"] = WIDTHS.get(kept.get("width", "0"), kept.get("width", "0"))
    return kept


KEPT = {"stretchy", "form", "displaystyle", "scriptlevel", "linethickness", "minsize", "maxsize", "width", "height"}
KEPT |= {"depth", "lspace", "rspace", "voffset", "accent", "accentunder"}


# --- marks ------------------------------------------------------------------------------------------------------------


def _leaf(tag: str, text: str, **attributes: str) -> Element:
    made = Element(tag, attributes)
    made.text = text
    return made


def _row(children: list[Element], **attributes: str) -> Element:
    made = Element("mrow", {name.rstrip("_"): value for name, value in attributes.items() if value})
    made.extend(children)
    _space_names(children)
    _unary_signs(children)
    return made


def identifier(value, children) -> Element:
    character, font = value
    upright = font == "normal" or "Α" <= character <= "Ω" or character == "∇"
    return _leaf("mi", character, **({"mathvariant": "normal"} if upright else {}))


def word(value, children) -> Element:
    text, font = value
    if font in ("monospace", "sans-serif"):
        return _leaf("mi", text, **{"class": font})
    return _leaf("mi", "".join(styled(character, font) for character in text))


def number(value, children) -> Element:
    return _leaf("mn", value)


CIRCLED = set("⊕⊖⊗⊘⊙")  # Firefox draws these, in displayed formulas, as large as a sum's sign


def operator(value, children) -> Element:
    character, manner = value
    if character in ORDINARY:
        return _leaf("mi", character, mathvariant="normal")
    made = _leaf("mo", REPLACED.get(character, character))
    if manner == "tight" or character in TIGHT:
        made.attrib.update(lspace="0", rspace="0")
    elif manner == "punctuation":
        made.attrib.update(lspace="0", rspace=THIN)
    if character in CIRCLED:
        made.set("largeop", "false")
    if manner == "limits" or (character in LARGE and manner != "nolimits"):
        made.set("movablelimits", "false" if manner == "limits" else "true")
    return made


def name(value, children) -> Element:
    text, limits = value
    made = _leaf("mo", text.replace(" ", "\u2009"), lspace="0", rspace="0", **{"class": "name"})
    if limits:
        made.set("movablelimits", "true")
    return made


def fence(value, children) -> Element | None:
    character, form, size = value
    if not character:
        return None
    made = _leaf("mo", character, stretchy="true" if size else "false")
    if form == "infix":
        made.attrib.update(lspace="0", rspace="0")
    else:
        made.set("form", form)
    if size:
        made.attrib.update(minsize=f"{size}em", maxsize=f"{size}em", symmetric="true")
    return made


def text(value, children) -> Element:
    words, form = value
    shown = words.strip(" ")
    if shown != words or "  " in words:  # white space at the ends would collapse
        lead, trail = len(words) - len(words.lstrip(" ")), len(words) - len(words.rstrip(" "))
        shown = NO_BREAK * lead + shown.replace("  ", NO_BREAK * 2) + NO_BREAK * (trail if shown else 0)
    if form in ("unknown", "tag", "monospace", "sans-serif"):
        return _leaf("mtext", shown, **{"class": form})
    return _leaf("mtext", "".join(styled(character, form) for character in shown) if form else shown)


def accent(value, children) -> Element:
    character, stretchy = value
    (scripted,) = children
    above = scripted.tag == "mover"
    drawn = _leaf("mo", character, stretchy="true" if stretchy else "false")
    if character == "→" and not stretchy:
        drawn.set("class", "vector")
    made = Element(scripted.tag, {"accent" if above else "accentunder": "true"})
    made.extend([scripted[0], drawn])
    return made


def arrow(value, children) -> Element:
    """An arrow with labels; one that grows would push them far away, so it does not."""
    (scripted,) = children
    base = scripted[0] if scripted.tag == "munder" else scripted
    base[0] = _leaf("mo", value, stretchy="false")
    return scripted


def prime(value, children) -> Element:
    return _leaf(
        "mo", {1: "′", 2: "″", 3: "‴", 4: "⁗"}.get(value, "′" * value), lspace="0", rspace="0", **{"class": "prime"}
    )


def space(value, children) -> Element:
    return Element("mspace", width=f"{value}em")


def classed(value, children) -> Element:
    return _row(children, class_=value)


def link(value, children) -> Element:
    return _row(children, href=value, class_="link")


def color(value, children) -> Element:
    return _row(children, mathcolor=value)


def background(value, children) -> Element:
    return _row(children, mathbackground=value, class_="filled")


def table(value: TableForm, children) -> Element:
    (made,) = children
    made.attrib.clear()
    made.set("class", value.kind)
    if value.kind in ("aligned", "gathered", "dcases"):
        made.set("displaystyle", "true")
    rows = list(made)
    widest = max((len(row) for row in rows), default=0)
    for place, row in enumerate(rows):
        while len(row) < widest:
            row.append(Element("mtd"))
        for column, cell in enumerate(row):
            cell.attrib.clear()
            cell.set("class", " ".join(_cell_classes(value, place, column, len(rows), widest)))
            if value.kind == "aligned" and column % 2:
                _infix(cell)
    return made


def _cell_classes(form: TableForm, row: int, column: int, rows: int, columns: int) -> list[str]:
    sides = {"l": "to-left", "r": "to-right", "c": "to-centre"}
    found = [sides[form.align[column % len(form.align)]]]
    last_row, last_column = row == rows - 1, column == columns - 1
    found += ["rule-above"] if row in form.rows_ruled else []
    found += ["rule-below"] if last_row and rows in form.rows_ruled else []
    found += ["rule-before"] if column in form.columns_ruled else []
    found += ["rule-after"] if last_column and columns in form.columns_ruled else []
    return found


def _infix(cell: Element) -> None:
    """A sign that opens the right side of an alignment is binary."""
    first = cell
    while len(first):
        first = first[0]
    if first.tag == "mo" and "form" not in first.attrib and (first.text or "") in "+−±∓":
        first.set("form", "infix")


MARKS: dict[str, Callable[..., Element | None]] = {
    "identifier": identifier,
    "word": word,
    "number": number,
    "operator": operator,
    "name": name,
    "fence": fence,
    "text": text,
    "accent": accent,
    "arrow": arrow,
    "prime": prime,
    "space": space,
    "class": classed,
    "link": link,
    "color": color,
    "background": background,
    "table": table,
}


# --- operators with names ---------------------------------------------------------------------------------------------


def _core(element: Element) -> Element:
    """The operator that an element is built around: itself, or what its scripts hang on."""
    while element.tag in ("msub", "msup", "msubsup", "munder", "mover", "munderover") and len(element):
        element = element[0]
    return element


def _takes_limits(base: Element) -> bool:
    return base.tag == "mo" and "movablelimits" in base.attrib


def _space_names(row: list[Element]) -> None:
    """Thin spaces around names as TeX sets them: none beside a fence, an operator or the edge."""
    for place, element in enumerate(row):
        core = _core(element)
        if core.get("class") != "name":
            continue
        before = row[place - 1] if place else None
        after = row[place + 1] if place + 1 < len(row) else None
        core.set("lspace", THIN if before is not None and _ordinary(before, closing=True) else "0")
        core.set("rspace", THIN if after is not None and _ordinary(after, closing=False) else "0")


def _unary_signs(row: list[Element]) -> None:
    """A sign after a relation, another operator or an opening fence is that of its term, and stands close to it."""
    for before, sign in itertools.pairwise([child for child in row if child.tag != "mspace"]):
        if sign.tag == "mo" and (sign.text or "") in "+−±∓" and "form" not in sign.attrib:
            core = _core(before)
            if (
                core.tag == "mo"
                and core.get("form") != "postfix"
                and core.get("class") != "prime"
                and core.text not in NO_SIGN
            ):
                sign.set("form", "prefix")


def _space_words(row: Element) -> None:
    """A relation between nothing but words gets its spaces: MathML takes such a row for one large operator, without any."""
    signs = [place for place, child in enumerate(row) if child.tag == "mo" and child.get("form") is None]
    words = [child for child in row if child.tag == "mtext"]
    if len(signs) != 1 or not words or any(child.tag not in ("mo", "mtext", "mspace") for child in row):
        return
    if "lspace" not in row[signs[0]].attrib:
        for place in (signs[0] + 1, signs[0]):
            row.insert(place, Element("mspace", width="0.2778em"))


def _ordinary(neighbour: Element, closing: bool) -> bool:
    """Whether a neighbour asks for a space: a symbol does, and a fence that closes; a fence that opens does not."""
    core = _core(neighbour)
    while core.tag == "mrow" and len(core):
        core = _core(core[-1 if closing else 0])
    if core.tag == "mspace":
        return False
    if core.tag != "mo" or core.get("class") == "name":
        return core.get("class") != "name" or not closing
    character = core.text or ""
    if closing:
        return core.get("form") == "postfix" or unicodedata.category(character[:1] or " ") == "Pe"
    return False
