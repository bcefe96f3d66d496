"""What a document declares: shapes, sets, ranges of indices, and properties said in prose."""

from __future__ import annotations

import re

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError, expanded, written
from symbolic.verification.grammar.tokens import tokenize
from symbolic.verification.reading import spelt
from symbolic.verification.reading.components import declare_components
from symbolic.verification.reading.declared import Declarations, Declared, read_front, state_conventions
from symbolic.verification.reading.domains import applied, declare_arguments
from symbolic.verification.reading.families import beside_its_list, declare_every_numbered
from symbolic.verification.reading.kinship import declare_by_letter, declare_told
from symbolic.verification.reading.layered import declare_instances, declare_layers
from symbolic.verification.reading.layers import (
    index_letters,
    layer_letters,
    mentions,
    shifted,
    shifted_size,
)
from symbolic.verification.reading.names import full_name, name_of, tex_of
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.plain_shapes import plain_shapes
from symbolic.verification.reading.positive import declare_positive
from symbolic.verification.reading.properties import give, give_properties
from symbolic.verification.reading.ranges import declare_range, sum_ranges, tell_size
from symbolic.verification.reading.sets import Set, set_of
from symbolic.verification.reading.spelt import listed
from symbolic.verification.reading.statements import Chain, chains
from symbolic.verification.reading.tables import rows
from symbolic.verification.reading.told_shapes import told_shapes

_ROLES = {
    "input": "input", "example": "input", "sample": "input", "feature": "input", "observation": "input", "data": "input",
    "datum": "input", "pattern": "input", "target": "target", "label": "target", "response": "target", "weight": "parameter",
    "bias": "parameter", "parameter": "parameter", "coefficient": "parameter", "constant": "constant", "rate": "constant",
    "hyperparameter": "constant",
}  # fmt: skip
_CLASSES = r"label|class|categor|target|token|word|answer|type"
_SCALARS = (
    r"(?:(?:real|given|fixed|positive)\s+)*(?:numbers?|scalars?|reals?|(?:reelle[nr]?\s+|positive[nr]?\s+)+zahl(?:en)?|skalare?|"
    r"nombres?\s+r[ée]els?(?:\s+(?:strictement\s+)?positifs?)?|r[ée]els\s+(?:strictement\s+)?positifs|scalaires?|numer[io]\s+real[ei]|"
    r"scalar[ei]|números?\s+rea(?:l|les|is)(?:\s+positivos?)?|escalar(?:es)?)"
)
_OF_SCALARS = (
    r"[\s-]+(?:valued|(?:\w+\s+)?(?:functions?|loss|cost|objective|fields?))\b"  # a scalar function is no number
)
_AROUND = re.compile(r"\{((?:[^{}]|\{[^{}]*\})*)\}")  # braces around a whole name
_IS = "(?:is|are|be|being|è|sono|ist|sind|est|sont|es|son)"  # in the languages of the hand-ins, as far as PROPERTIES go
_ARTICLE = "(?:an?|the|una?|une|eine?)"
_NUMBERS = "inputs?|outputs?|weights?|parameters?|variables?|constants?|coefficients?|unknowns?|targets?|labels?|biases|bias|states?"
_MARK = "\u27e6{}\u27e7"
_MARKED = r"\u27e6(\d+)\u27e7"
_MARKED_WHOLE = r"\u27e6\d+\u27e7"


def declarations(source: Source) -> Declarations:
    """Everything that the document declares, wherever it stands."""
    found = Declarations(layers=layer_letters(source), letters=index_letters(source))
    every: list[tuple[Piece, list[Chain]]] = []
    vocabulary = source.vocabulary
    for piece in source.pieces:
        if piece.mathematics:
            every.append((piece, chains(source, piece, vocabulary)))
    for _, group in every:
        for chain in group:
            declare_range(found, chain)
    found.ranges.update({letter: size for _, letter, size in source.ranges})
    sum_ranges(found, source)
    for _, group in every:
        for chain in group:
            _member(found, chain, source)
    read_front(found, source)
    found.prose = " ".join(source.text[p.start : p.end] for p in source.pieces if not p.mathematics)
    text, marks = _marked(source)
    _tables(found, source, text, marks, vocabulary)
    every_sentence = sentences(text)
    for sentence, behind in zip(every_sentence, [*every_sentence[1:], ""], strict=True):
        _said(found, source, sentence, marks, vocabulary)
        for name, shape, tex, place in told_shapes(sentence, lambda k: _node(source, marks[k], vocabulary)):
            found.names.setdefault(name, Declared(name, shape, tex or _name(source, place), place[0]))
        _spelt(found, source, sentence, marks, vocabulary)
        _all_in(found, source, f"{sentence} {behind}" if sentence.endswith(":") else sentence, marks, vocabulary)
    for name, shape, place, said in plain_shapes(source):
        give(found, [(name, place, name)], said)
        if name not in found.names and name not in found.kin:
            core = tuple(size for size in shape if size != "1")
            row = len(shape) == 2 and shape[0] == "1" and len(core) == 1
            found.names[name] = Declared(name, core, tex_of(name), place, row)
    flat = [chain for _, group in every for chain in group]
    declare_positive(found, flat, source)
    declare_components(found, flat, source)
    declare_arguments(found, flat, source, vocabulary)
    state_conventions(found, " ".join(source.text[p.start : p.end] for p in source.pieces if p.mathematics))
    for _, group in every:
        for chain in group:
            tell_size(found, chain)
    declare_layers(found, source, flat)
    declare_every_numbered(found, source)
    declare_by_letter(found)
    vectors = [item for item in found.names.values() if len(item.shape) == 1]
    if found.layout.get("gradient") == "row" and vectors and all(item.row for item in vectors):
        found.layout["gradient"] = "column"  # where vectors are rows, a gradient that is a row has the variable's shape
    return found


def _name(source: Source, span: tuple[int, int]) -> str:
    """A name as the author wrote it, its last brace included, without braces around it."""
    tex = expanded(written(source.text, span), source.macros)
    while around := _AROUND.fullmatch(tex):
        tex = around[1].strip()
    return tex


def _spelt(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """What a sentence declares by listing it, as the rows of a matrix, or as the class of an example."""

    def node(k: int) -> s.Node | None:
        return _node(source, marks[k], vocabulary)

    for number in re.findall(_MARKED, sentence):
        piece = marks[int(number)]
        told = listed(read, source.text) if (read := _last_side(source, piece, vocabulary)) is not None else None
        if told is not None and spelt.of_numbers(sentence) and not spelt.turned(told[0], source.text):
            name, size, place = told
            found.names.setdefault(name, Declared(name, (size,), source.text[place[0] : place[1]], place[0]))
    declare_told(found, sentence, node)
    for name, place in spelt.classes(sentence, node):
        if name not in found.names:
            found.names[name] = Declared(name, (), source.text[place[0] : place[1]], place[0], dtype="int")


def _all_in(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """``anchor $a$, positive $p$ and negative $n$, all in $\\mathbb{R}^d$``; ``all vectors live in $\\mathbb{R}^n$: the state $c$, …``."""
    group = rf"((?:{_MARKED}(?:\s*(?:,|and|,\s*and)\s*)?)+)"
    every = rf"([^.;:]*{_MARKED}[^.;:\u27e6]*)\b(?:all|both|each)\s+(?:\w+\s+)?(?:in|from|of)\s+{_MARKED}"
    vectors = rf"{group}\s*{_IS}\s+(?:{_ARTICLE}\s+)?(?:real\s+|column\s+)*(?:vectors?|points?|elements?)\s+(?:in|from|of)\s+{_MARKED}"
    found_in = [(m.group(1), m.group(3)) for p in (every, vectors) for m in re.finditer(p, sentence)]
    ahead = rf"(?i)\b(?:all|every|both)\s+(?:of\s+)?(?:\w+\s+){{0,3}}(?:live|lie|are|belong|lives|is)\s+(?:in|to|from|elements\s+of)\s+{_MARKED}\s*:([^.;]*)"
    found_in += [(m.group(2), m.group(1)) for m in re.finditer(ahead, sentence)]
    for listed_, number in found_in:
        piece = marks[int(number)]
        try:
            what = set_of(tokenize(source.text, vocabulary, piece.start, piece.end))
        except ReadingError:
            continue
        for name, place, tex in _symbols(source, listed_, marks, vocabulary) if what is not None else ():
            found.names.setdefault(name, Declared(name, what.shape, tex, place, dtype=what.dtype))


def _last_side(source: Source, piece: Piece, vocabulary) -> s.Node | None:
    """What stands behind the last relation sign of a formula."""
    try:
        tokens = tokenize(source.text, vocabulary, piece.start, piece.end)
        cut = max((k for k, t in enumerate(tokens) if t.type == "REL"), default=-1)
        return parse(tokens[cut + 1 :])
    except ReadingError:
        return None


# -- sets ----------------------------------------------------------------------------------------------------------------


def _member(found: Declarations, chain: Chain, source: Source) -> None:
    """``x, y ∈ ℝ^n``."""
    at = next((k for k, sign in enumerate(chain.signs) if sign != "="), None)
    if at is None or chain.signs[at] != "in":
        return
    try:
        left, right = parse(chain.sides[at].tokens), chain.sides[at + 1].tokens
        turned = isinstance(left, s.Scripted) and s.is_transpose(left.sup) and left.sub is None
        whole = parse(chain.sides[0].tokens) if at == 1 and turned else None
        if isinstance(whole, s.Symbol) and isinstance(left, s.Scripted) and s.plain(left.base) == s.plain(whole):
            found.assume.setdefault(whole.name, set()).add("symmetric")  # A = A⊤ ∈ ℝ^{n×n}
            left = whole
        elif at and not isinstance(left, s.Symbol):
            return  # h = W x ∈ ℝ^m defines h; a^{[0]} = x ∈ ℝ^n declares x
        what = set_of(right)
    except ReadingError as error:
        found.problems.append((chain.start, f"this declaration is not read: {error}"))
        return
    if what is None:
        return
    items = left.items if isinstance(left, s.Items) else (left,)
    bases = [_listed_base(item) for item in items]
    lists = {base for base, after in zip(bases, items[1:], strict=False) if isinstance(after, s.Dots)} - {""}
    for k, (base, item) in enumerate(zip(bases, items, strict=True)):
        if not isinstance(item, s.Dots) and not (base in lists and base in bases[k + 1 :]):
            _declare(found, item, what, source, base in lists)  # of u, v_1, …, v_N the last v tells all
    behind = re.compile(r"\s*\\(?:text|mbox|textrm)\s*\{([^{}]*)\}").match(source.text, chain.sides[at + 1].end)
    if behind:  # P ∈ ℝ^{n×n} \text{ symmetric}
        named = [(name, item.span[0], source.text[slice(*item.span)]) for item in items if (name := name_of(item))]
        give(found, named, behind.group(1))


def _listed_base(item: s.Node) -> str:
    """v of ``v_1``; empty for what is no numbered symbol."""
    return item.base.name if isinstance(item, s.Scripted) and isinstance(item.base, s.Symbol) else ""


def _declare(found: Declarations, item: s.Node, what: Set, source: Source, dotted: bool) -> None:
    if isinstance(item, s.Group):
        item = item.body
    place = item.span[0]
    tex = _name(source, item.span)
    lead: list[str] = []
    sample = ""
    if isinstance(item, s.Scripted) and isinstance(item.base, s.Symbol):
        for script in (item.indexed, item.sup, item.sub):
            letter = script_name(script) if script is not None else None
            if (
                letter
                and letter not in found.layers
                and (letter in found.ranges or (dotted and script is item.sub))
                and len(letter) == 1
            ):
                lead.append(source.range_at(letter, place) or found.ranges.get(letter, letter))
                sample = letter
        name = item.base.name if lead else full_name(item)
        tex = _name(source, item.base.span) if lead else tex
    elif isinstance(item, s.Symbol):
        name = item.name
    elif (signal := _of_time(item)) is not None:
        name, tex = signal[0], _name(source, signal[2])
        found.of_time[name] = signal[1]
        dot = f"{name}_dot"
        found.names.setdefault(dot, Declared(dot, what.shape, rf"\dot{{{tex}}}", place, dtype=what.dtype))
    else:
        found.problems.append((place, "a declaration names symbols, as in $x, y \\in \\mathbb{R}^n$"))
        return
    if name == "I" and len(what.shape) == 2 and what.shape[0] == what.shape[1]:
        return  # the identity, whose size its place tells
    if name == "ones":
        found.roles[name] = "ones"
    shape = (*lead, *what.shape)
    core = what.shape
    row = False
    if len(core) == 2 and "1" in core and core != ("1", "1"):
        row = core[0] == "1"
        shape = (*lead, core[1] if row else core[0])
    elif core in (("1",), ("1", "1")):
        shape = tuple(lead)
    if "whole" in what.assume and not shape:
        found.ranges.setdefault(f"#{name}", name)
        return
    classes = any(a.startswith("classes ") for a in what.assume)
    if classes and not what.shape and not re.search(_CLASSES, source.text[max(0, place - 80) : place + 60].lower()):
        return  # an index, not a label
    assume = {a for a in what.assume if a != "whole"}
    name = beside_its_list(found, name, shape, sample)
    found.names[name] = Declared(name, shape, tex, place, row, what.dtype, frozenset(assume), sample)
    for letter in found.layers:
        if isinstance(item, s.Scripted) and not sample and mentions(item, letter):
            for by in (-1, 1):
                other = full_name(shifted(item, letter, by))
                sizes = tuple(shifted_size(size, letter, by) for size in shape)
                found.names.setdefault(other, Declared(other, sizes, other, place, row, what.dtype, frozenset(assume)))
            declare_instances(found, item, letter, found.names[name], source)


def _of_time(item: s.Node) -> tuple[str, str, s.Span] | None:
    """(A, t, place of A) of ``A(t)``."""
    name, arguments = applied(item) or ("", ())
    if len(arguments) != 1 or not isinstance(arguments[0], s.Symbol) or arguments[0].name not in ("t", "tau"):
        return None
    head = item.head if isinstance(item, s.Call) else item.factors[0][1] if isinstance(item, s.Product) else item
    return name, arguments[0].name, head.span


# -- prose -----------------------------------------------------------------------------------------------------------------


def _marked(source: Source) -> tuple[str, list[Piece]]:
    """The prose with each inline formula replaced by a numbered mark."""
    text: list[str] = []
    marks: list[Piece] = []
    for piece in source.pieces:
        if piece.mathematics and not piece.display:
            text.append(_MARK.format(len(marks)))
            marks.append(piece)
        elif piece.mathematics:
            text.append(" \u27e8display\u27e9 ")
        else:
            text.append(source.text[piece.start : piece.end])
    return re.sub(r"[*_]{1,2}(?=\w)|(?<=[\w-])[*_]{1,2}|\\(?:emph|textbf|textit)\{|~", " ", "".join(text)), marks


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return re.split(r"(?<=[.;:!?])\s+|(?<=[。；！？])|\n\s*\n|\n\s*[-*#]", text)


def _tables(found: Declarations, source: Source, text: str, marks: list[Piece], vocabulary) -> None:
    """What the tables of symbols tell."""

    def member(k: int) -> Set | None:
        try:
            return set_of(tokenize(source.text, vocabulary, marks[k].start, marks[k].end))
        except ReadingError:
            return None

    for row in rows(text, lambda k: _node(source, marks[k], vocabulary), member):
        for symbol in row.symbols:
            name = name_of(symbol) or ""
            if row.what is not None and name not in found.names:
                _declare(found, symbol, row.what, source, False)
            give(found, [(name, symbol.span[0], _name(source, symbol.span))], row.said)


def _said(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """Properties and roles that a sentence gives to the symbols in it."""
    group = rf"(?:{_MARKED}(?:\s*(?:,|and|or|,\s*and)\s*)?)+"
    states = any("=" in source.text[marks[int(k)].start : marks[int(k)].end] for k in re.findall(_MARKED, sentence))

    give_properties(found, sentence, lambda text: _symbols(source, text, marks, vocabulary), states)
    for match in re.finditer(
        rf"(?i)({group})[^.\u27e6]{{0,40}}\b(?:vector\s+of\s+(?:all\s+)?ones|(?:all[- ])?ones[- ]vector)", sentence
    ):
        several = re.search(r"\bare\b", match.group(0)[len(match.group(1)) :])
        whole = match.group(1) if several else re.findall(_MARKED_WHOLE, match.group(1))[-1]
        for name, _, _ in _symbols(source, whole, marks, vocabulary):
            found.roles[name] = "ones"
    for match in re.finditer(rf"(?i){_SCALARS}(?:\s+(?:{_NUMBERS}))?\s+({group})", sentence):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            _number(found, name, place, tex)
    for match in re.finditer(
        rf"(?i)({group})[^\u27e6.]{{0,25}}\b(?:is|are|be)\s+(?:an?\s+)?(?:all\s+)?{_SCALARS}\b(?!{_OF_SCALARS})",
        sentence,
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            _number(found, name, place, tex)
    for match in re.finditer(
        rf"({group})\s*(?:an?\s+|the\s+)(?:Lagrange\s+|real\s+)*(?:multiplier|number|scalar)\b", sentence
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            _number(found, name, place, tex)
    roles = "|".join(_ROLES)
    for match in re.finditer(
        rf"(?i)\b({roles})(?:s|es)?\b(?:\s+(?:vector|matrix|matrices|vectors|are|is|of))*\s+({group})", sentence
    ):
        for name, place, tex in _symbols(source, match.group(2), marks, vocabulary):
            found.roles.setdefault(name, _ROLES[match.group(1).lower()])
            if _ROLES[match.group(1).lower()] == "constant" and not re.search(
                r"(?i)\b(?:vector|matri)", match.group(0)
            ):
                _number(found, name, place, tex)
    for match in re.finditer(
        rf"(?i)({group})\s*(?:is|are|be|being)\s+(?:an?\s+|given\s+|fixed\s+|some\s+)*constants?\b", sentence
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            _number(found, name, place, tex)
            found.roles.setdefault(name, "constant")


def _number(found: Declarations, name: str, place: int, tex: str) -> None:
    """Declare a number, and c as a list of numbers where it is said of c_i and i runs from 1 to N."""
    base, _, letter = name.partition("_")
    if len(letter) == 1 and letter.islower() and (size := found.ranges.get(letter)):
        found.names.setdefault(base, Declared(base, (size,), tex.split("_")[0], place))
    else:
        found.names.setdefault(name, Declared(name, (), tex, place))


def _node(source: Source, piece: Piece, vocabulary) -> s.Node | None:
    try:
        return parse(tokenize(source.text, vocabulary, piece.start, piece.end))
    except ReadingError:
        return None


def _symbols(source: Source, text: str, marks: list[Piece], vocabulary) -> list[tuple[str, int, str]]:
    """The names in the marked formulas: bare symbols, lists of them, or the left of a ∈."""
    found = []
    for number in re.findall(_MARKED, text):
        piece = marks[int(number)]
        try:
            tokens = tokenize(source.text, vocabulary, piece.start, piece.end)
            cut = next((k for k, t in enumerate(tokens) if t.type == "REL"), len(tokens))
            if cut < len(tokens) and str(tokens[cut]) not in ("in", ">"):
                continue
            node = parse(tokens[:cut])
        except ReadingError:
            continue
        for item in node.items if isinstance(node, s.Items) else (node,):
            name = name_of(item)
            if name is not None:
                found.append((name, item.span[0], _name(source, item.span)))
    return found
