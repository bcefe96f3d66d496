"""What a document declares: shapes, sets, ranges of indices, and properties said in prose."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from symbolic.notation.dialect import balanced
from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.grammar.tokens import tokenize
from symbolic.verification.reading import spelt
from symbolic.verification.reading.components import declare_components
from symbolic.verification.reading.declared import PROPERTIES, Declarations, Declared, read_front, state_conventions
from symbolic.verification.reading.domains import applied, declare_arguments
from symbolic.verification.reading.families import beside_its_list, declare_every_numbered
from symbolic.verification.reading.layered import declare_instances, declare_layers
from symbolic.verification.reading.layers import (
    index_letters,
    layer_letters,
    mentions,
    shifted,
    shifted_size,
)
from symbolic.verification.reading.names import full_name, name_of
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.plain_shapes import plain_shapes
from symbolic.verification.reading.positive import declare_positive
from symbolic.verification.reading.ranges import declare_range, tell_size
from symbolic.verification.reading.sets import Set, set_of
from symbolic.verification.reading.spelt import listed
from symbolic.verification.reading.statements import Chain, chains
from symbolic.verification.reading.told_shapes import told_shapes

_ROLES = {
    "input": "input", "example": "input", "sample": "input", "feature": "input", "observation": "input", "data": "input",
    "datum": "input", "pattern": "input", "target": "target", "label": "target", "response": "target", "weight": "parameter",
    "bias": "parameter", "parameter": "parameter", "coefficient": "parameter", "constant": "constant", "rate": "constant",
    "hyperparameter": "constant",
}  # fmt: skip
_CLASSES = r"label|class|categor|target|token|word|answer|type"
_SCALARS = r"(?:real\s+|given\s+|fixed\s+|positive\s+)*(?:numbers?|scalars?|reals?)"
_OF_SCALARS = (
    r"[\s-]+(?:valued|(?:\w+\s+)?(?:functions?|loss|cost|objective|fields?))\b"  # a scalar function is no number
)
_AROUND = re.compile(r"\{((?:[^{}]|\{[^{}]*\})*)\}")  # braces around a whole name
_SUM = re.compile(
    r"(?:\\sum|Σ|∑)\s*(?:\\limits)?\s*_\{?\s*([a-z])\s*=\s*1\s*\}?\s*\^\s*(?:\{\s*([A-Za-z])\s*\}|([A-Za-z]))"
)
_SUM_OVER = re.compile(
    r"(?:\\sum|\\prod|Σ|∑)\s*(?:\\limits)?\s*_\{?\s*([a-z])(?:'|^\{?\\prime\}?)?\s*\\in\s*"
    r"(?:\\(?:mathcal|mathrm|text|mathit)\s*\{\s*([A-Za-z]{1,12})\s*\}|([A-Z][A-Za-z]{0,11})(?![A-Za-z_^(]))"
)
_IF = re.compile(
    r"(?i)\b(?:only|if|when|whenever|unless|case|provided|were|falls|wenn|nur|sofern|si|quando|lorsque|cuando)\b[^.:;]{0,30}$"
)
_FOR = re.compile(r"(?i)\b(?:for|für|pour|per|para)\s+(?:an?\s+|the\s+|any\s+|all\s+|une?\s+|ein\w*\s+)?$")
_GIVES = re.compile(
    r"(?i)\b(?:let|consider|suppose|given|define|assum\w+|where|with|throughout|minimi[sz]e|sei|seien|soit|soient|sia|siano|sea|sean|betrachte)\b"
)
_IS = "(?:is|are|be|being|è|sono|ist|sind|est|sont|es|son)"  # in the languages of the hand-ins, as far as PROPERTIES go
_ARTICLE = "(?:an?|the|una?|une|eine?)"
_ARRAY = "(?:matrice|matriz|vettore|vecteur)"
_NUMBERS = "inputs?|outputs?|weights?|parameters?|variables?|constants?|coefficients?|unknowns?|targets?|labels?|biases|bias|states?"
_NOUNS = (
    "matrix|matrices|matrice|matrici|matriz|vectors?|vector of|labels?|targets?|real|scalars?|constants?|numbers?|distributions?|"
    "weights?|weighting|weight|cost|penalty|mass|stiffness|inertia|metric|kernel|noise|input|output|state|control|parameters?|rates?"
)
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
    for piece, _ in every:
        for match in _SUM.finditer(source.text, piece.start, piece.end):
            found.ranges.setdefault(match.group(1), match.group(2) or match.group(3))
    for piece, _ in every:
        for match in _SUM_OVER.finditer(source.text, piece.start, piece.end):
            found.ranges.setdefault(match.group(1), match.group(2) or match.group(3))
    for _, group in every:
        for chain in group:
            _member(found, chain, source)
    read_front(found, source)
    found.prose = " ".join(source.text[p.start : p.end] for p in source.pieces if not p.mathematics)
    for sentence, marks in sentences(source):
        _said(found, source, sentence, marks, vocabulary)
        for name, shape, tex, place in told_shapes(
            sentence, lambda k, marks=marks: _node(source, marks[k], vocabulary)
        ):
            found.names.setdefault(name, Declared(name, shape, tex or source.text[place[0] : place[1]], place[0]))
        _spelt(found, source, sentence, marks, vocabulary)
        _all_in(found, source, sentence, marks, vocabulary)
    for name, shape, place, said in plain_shapes(source):
        _give(found, [(name, place, name)], said)
        if name not in found.names and name not in found.rows_of:
            core = tuple(size for size in shape if size != "1")
            row = len(shape) == 2 and shape[0] == "1" and len(core) == 1
            found.names[name] = Declared(name, core, _tex(name), place, row)
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
    vectors = [item for item in found.names.values() if len(item.shape) == 1]
    if found.layout.get("gradient") == "row" and vectors and all(item.row for item in vectors):
        found.layout["gradient"] = "column"  # where vectors are rows, a gradient that is a row has the variable's shape
    return found


def _name(source: Source, span: tuple[int, int]) -> str:
    """A name as the author wrote it, its last brace included, without braces around it."""
    text, (start, end) = source.text, span
    while end < len(text) and text[end] == "}" and not balanced(text[start:end]):
        end += 1
    tex = text[start:end].strip()
    while around := _AROUND.fullmatch(tex):
        tex = around[1].strip()
    return tex


def _tex(name: str) -> str:
    """A name in LaTeX."""
    base, _, below = name.partition("_")
    return (base if len(base) == 1 else rf"\{base}") + (f"_{{{below}}}" if below else "")


def _spelt(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """What a sentence declares by listing it, as the rows of a matrix, or as the class of an example."""

    def node(k: int) -> s.Node | None:
        return _node(source, marks[k], vocabulary)

    for number in re.findall(_MARKED, sentence):
        piece = marks[int(number)]
        told = listed(read, source.text) if (read := _last_side(source, piece, vocabulary)) is not None else None
        if told is not None and spelt.of_numbers(sentence):
            name, size, place = told
            found.names.setdefault(name, Declared(name, (size,), source.text[place[0] : place[1]], place[0]))
    for row, matrix, turned in spelt.kin(sentence, node):
        held, whole = found.names.get(row), found.names.get(matrix)
        if held is not None and whole is not None and held.shape == whole.shape:
            del found.names[row]  # u_1, …, u_V ∈ ℝ^d are the rows of U ∈ ℝ^{V×d}
        elif held is not None and whole is None and held.sample and len(held.shape) == 2:
            del found.names[row]  # x_i ∈ ℝ^d are the rows of an X that nothing else declares
            found.names[matrix] = replace(held, name=matrix, tex=_tex(matrix), sample="")
            turned = True
        if row not in found.names:
            found.rows_of[row] = matrix
            found.columns |= {row} if turned else set()
    for name, place in spelt.classes(sentence, node):
        if name not in found.names:
            found.names[name] = Declared(name, (), source.text[place[0] : place[1]], place[0], dtype="int")


def _all_in(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """``anchor $a$, positive $p$ and negative $n$, all in $\\mathbb{R}^d$``."""
    group = rf"((?:{_MARKED}(?:\s*(?:,|and|,\s*and)\s*)?)+)"
    every = rf"([^.;:]*{_MARKED}[^.;:\u27e6]*)\b(?:all|both|each)\s+(?:\w+\s+)?(?:in|from|of)\s+{_MARKED}"
    vectors = rf"{group}\s*{_IS}\s+(?:{_ARTICLE}\s+)?(?:real\s+|column\s+)*(?:vectors?|points?|elements?)\s+(?:in|from|of)\s+{_MARKED}"
    for match in (*re.finditer(every, sentence), *re.finditer(vectors, sentence)):
        piece = marks[int(match.group(3))]
        try:
            what = set_of(tokenize(source.text, vocabulary, piece.start, piece.end))
        except ReadingError:
            continue
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary) if what is not None else ():
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
        if at and not isinstance(left, s.Symbol):
            return  # h = W x ∈ ℝ^m defines h; a^{[0]} = x ∈ ℝ^n declares x
        what = set_of(right)
    except ReadingError as error:
        found.problems.append((chain.start, f"this declaration is not read: {error}"))
        return
    if what is None:
        return
    items = left.items if isinstance(left, s.Items) else (left,)
    dotted = any(isinstance(i, s.Dots) for i in items)
    for item in items:
        if isinstance(item, s.Dots):
            continue
        if dotted and item is not items[-1]:
            continue
        _declare(found, item, what, source, dotted)
    behind = re.compile(r"\s*\\(?:text|mbox|textrm)\s*\{([^{}]*)\}").match(source.text, chain.sides[at + 1].end)
    if behind:  # P ∈ ℝ^{n×n} \text{ symmetric}
        named = [(name, item.span[0], source.text[slice(*item.span)]) for item in items if (name := name_of(item))]
        _give(found, named, behind.group(1))


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
                lead.append(found.ranges.get(letter, letter))
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


def sentences(source: Source) -> Iterable[tuple[str, list[Piece]]]:
    """Sentences with each inline formula replaced by a numbered mark."""
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
    whole = re.sub(r"[*_]{1,2}(?=\w)|(?<=[\w-])[*_]{1,2}|\\(?:emph|textbf|textit)\{|~", " ", "".join(text))
    for sentence in re.split(r"(?<=[.;:!?])\s+|\n\s*\n|\n\s*[-*#]", whole):
        yield sentence, marks


def _said(found: Declarations, source: Source, sentence: str, marks: list[Piece], vocabulary) -> None:
    """Properties and roles that a sentence gives to the symbols in it."""
    group = rf"(?:{_MARKED}(?:\s*(?:,|and|or|,\s*and)\s*)?)+"
    states = any("=" in source.text[marks[int(k)].start : marks[int(k)].end] for k in re.findall(_MARKED, sentence))

    def case(match: re.Match) -> bool | None:
        if excludes(sentence[: match.start()]):
            return None
        return is_case(sentence[: match.start()], states or "\u27e8" in sentence)

    for match in re.finditer(rf"({group})\s*(?:{_IS}|denotes?|stands? for)\s+([^.;\u27e6]*)", sentence):
        said = match.group(3)
        if re.search(r"\b(not|never|no|any|arbitrary|necessarily|need|non|nicht|pas)\b", said) and "sym" in said:
            continue
        _give(found, _symbols(source, match.group(1), marks, vocabulary), said, case(match))
    for match in re.finditer(
        rf"({group})\s*{_IS}\s+(?:{_ARTICLE}\s+)?(?:real\s+)?\u27e6\d+\u27e7[- ]*([^.;\u27e6]*)", sentence
    ):
        if not re.search(r"\b(not|never|any|arbitrary|necessarily|nicht|non|pas)\b", match.group(3)):
            _give(found, _symbols(source, match.group(1), marks, vocabulary), match.group(3), case(match))
    adjective = "|".join(sorted(map(re.escape, PROPERTIES), key=len, reverse=True))
    for match in re.finditer(
        rf"(?i)(?<![\w-])(?:(not|non|no|nicht|pas)\s+)?({adjective})(?:\s+(?:{_NOUNS}))*\s+"
        rf"(?:{_MARKED_WHOLE}[- ]*(?:[a-z-]+\s+){{0,2}}(?:{_NOUNS})\s+)?({group})",
        sentence,
    ):
        if not match.group(1):
            _give(found, _symbols(source, match.group(3), marks, vocabulary), match.group(2), case(match))
    behind = re.compile(
        rf"(?i){_MARKED}(?:\s+and\s+{_MARKED})*\s*(?:[,(]\s*)?(?:{_ARTICLE}\s+|both\s+|real\s+|with\s+|{_ARRAY}\s+)*"
        rf"((?:(?:{adjective})(?:\s*,\s*|\s+(?:and\s+)?)?)+)(?!\s*(?:(?!and\b|or\b|with\b|where\b|so\b|then\b)\w+\s+){{0,2}}\u27e6)(?!\s*columns)"
    )
    noun_first = re.compile(
        rf"(?i){_MARKED}\s*,?\s*(?:{_ARTICLE})\s+(?:{_ARRAY})\s+((?:(?:{adjective})(?:\s+(?:e|et|y)\s+|\s*))+)"
    )
    for match in [*behind.finditer(sentence), *noun_first.finditer(sentence)]:
        _give(found, _symbols(source, match.group(0), marks, vocabulary), match.groups()[-1], case(match))
    for match in re.finditer(
        rf"(?i)\b(?:both|all)\s+(?:of\s+(?:them|which)\s+|are\s+)*((?:(?:{adjective})\s*)+)", sentence
    ):
        _give(found, _symbols(source, sentence[: match.start()], marks, vocabulary), match.group(1), case(match))
    for match in re.finditer(rf"(?i)\b(?:covariance|precision|gram)(?:\s+matri(?:x|ces))?\s+({group})", sentence):
        _give(found, _symbols(source, match.group(1), marks, vocabulary), "positive definite")
    for match in re.finditer(
        rf"(?i)({group})[^.\u27e6]{{0,40}}\b(?:vector\s+of\s+(?:all\s+)?ones|(?:all[- ])?ones[- ]vector)", sentence
    ):
        several = re.search(r"\bare\b", match.group(0)[len(match.group(1)) :])
        whole = match.group(1) if several else re.findall(_MARKED_WHOLE, match.group(1))[-1]
        for name, _, _ in _symbols(source, whole, marks, vocabulary):
            found.roles[name] = "ones"
    for match in re.finditer(rf"(?i){_SCALARS}(?:\s+(?:{_NUMBERS}))?\s+({group})", sentence):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            found.names.setdefault(name, Declared(name, (), tex, place))
    for match in re.finditer(
        rf"(?i)({group})[^\u27e6.]{{0,25}}\b(?:is|are|be)\s+(?:an?\s+)?(?:all\s+)?{_SCALARS}\b(?!{_OF_SCALARS})",
        sentence,
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            found.names.setdefault(name, Declared(name, (), tex, place))
    for match in re.finditer(
        rf"({group})\s*(?:an?\s+|the\s+)(?:Lagrange\s+|real\s+)*(?:multiplier|number|scalar)\b", sentence
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            found.names.setdefault(name, Declared(name, (), tex, place))
    roles = "|".join(_ROLES)
    for match in re.finditer(
        rf"(?i)\b({roles})(?:s|es)?\b(?:\s+(?:vector|matrix|matrices|vectors|are|is|of))*\s+({group})", sentence
    ):
        for name, place, tex in _symbols(source, match.group(2), marks, vocabulary):
            found.roles.setdefault(name, _ROLES[match.group(1).lower()])
            if _ROLES[match.group(1).lower()] == "constant":
                found.names.setdefault(name, Declared(name, (), tex, place))
    for match in re.finditer(
        rf"(?i)({group})\s*(?:is|are|be|being)\s+(?:an?\s+|given\s+|fixed\s+|some\s+)*constants?\b", sentence
    ):
        for name, place, tex in _symbols(source, match.group(1), marks, vocabulary):
            found.names.setdefault(name, Declared(name, (), tex, place))
            found.roles.setdefault(name, "constant")


def excludes(before: str) -> bool:
    """Whether the words before a property say that it is not supposed: "only for", "unless"."""
    return bool(re.search(r"(?i)\b(?:only|unless|except|nur|seulement|solo)\b[^.:;]{0,30}$", before))


def is_case(before: str, states: bool) -> bool:
    """Whether the words before a property make it that of a case: "if", "only for"; "for" where the sentence states something."""
    return bool(_IF.search(before) or (states and _FOR.search(before) and not _GIVES.search(before)))


def _node(source: Source, piece: Piece, vocabulary) -> s.Node | None:
    try:
        return parse(tokenize(source.text, vocabulary, piece.start, piece.end))
    except ReadingError:
        return None


def _give(found: Declarations, symbols: list[tuple[str, int, str]], said: str, case: bool | None = False) -> None:
    """Enter what is said of symbols; ``case``: in some lines only, or ("only") not in those that are written."""
    lowered, into = said.lower(), found.perhaps if case else found.assume if case is False else {}
    for words_, assumption in PROPERTIES.items():
        match = re.search(rf"(?<![\w-]){re.escape(words_)}(?![\w-])", lowered)
        if match and not re.search(r"\b(not|never|non|no)\s+(?:\w+\s+)?$", lowered[: match.start()]):
            if assumption == "positive" and "definite" in lowered:
                continue
            for name, _, _ in symbols:
                into.setdefault(name, set()).add(assumption)


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
                found.append((name, item.span[0], source.text[item.span[0] : item.span[1]]))
    return found
