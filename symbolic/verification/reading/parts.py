"""Parts of a sheet that use the same letters for other things: Exercise 2 has an A, an x and an f of its own.

A part begins where a name is introduced anew. It is read in a copy of the document that ends with the part and in which
every earlier meaning of such a name is blanked out, so that places stay what they are.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declarations import declarations
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.domains import applied
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.pieces import Source, split
from symbolic.verification.reading.sets import set_of
from symbolic.verification.reading.statements import Chain, chains

_HEADING = re.compile(
    r"(?m)^[ \t]*#{1,6}\s|\\(?:sub)*section\b|\\paragraph\b|\\question\b|\\part\b|\\chapter\b"
    r"|^[ \t*]*(?:\\(?:textbf|noindent|emph|underline)\{?\s*)*(?:Exercise|Problem|Question|Task|Example|Aufgabe|Beispiel|Exercice|Exemple|"
    r"Esercizio|Esempio|Ejercicio|Ejemplo|Model|Part|Teil)\b"
)
_ITEM = re.compile(
    r"(?m)\\item\b|^[ \t]*(?:[-*+][ \t]+)?(?:\*\*)?\(?(?:\d{1,2}|[a-h]|[ivx]{1,4})[.)](?:\*\*)?\s|^[ \t]*\*\*[^*\n]{1,80}\*\*|\\textbf\{|\\medskip|\\bigskip"
)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_INTRODUCES = re.compile(
    r"(?i)\b(let|define|put|set|consider|take|suppose|given|call|denote|introduce|now|assume|sei|seien|setze|betrachte|gegeben|nun|soit|soient|posons|"
    r"pose|sia|siano|poniamo|sea|sean|definimos|with|mit|and|und|et|e|y)\s+(?:also\s+|now\s+|nun\s+|us\s+|die\s+funktion\s+|the\s+function\s+|la\s+fonction\s+)?$"
)
_CONCLUDES = re.compile(
    r"(?i)\b(then|thus|hence|so|therefore|that|is|get|obtain|find|have|gives|yields|equals|also|indeed|dann|also|daher|somit|ist|gilt|folgt|donc|alors|on a|quindi|allora|si ha|"
    r"luego|entonces|because|since|as|write|wrong|not|rather|wrote|writes|claims?)\W*$"
)

_WORKS = re.compile(r"(?i)\b(multipl|premultipl|substitut|insert|simplif|rearrang|impl|einsetz|remplaç|sostitu)")
_JOINS = re.compile(r"(?i)\b(and|und|et|e|y|with|mit)\s*$")
_EXAMPLE = re.compile(r"(?i)\b(example|exemple|beispiel|ejemplo|esempio|exercise|problem|case)\b[^.\n]{0,20}[:.]$")
_STARTS = re.compile(
    r"(?i)[\s\d.()*\\a-z]{0,8}\b(let|consider|define|given|take|for|sei|seien|für|gegeben|betrachte|soit|soient|pour|sia|siano|per|sea|sean|para)\b"
)


@dataclass(frozen=True)
class Part:
    """A stretch of the document, and the copy of the whole in which its lines are read."""

    start: int
    end: int
    source: Source


@dataclass(frozen=True)
class Introduced:
    """A membership ("in") or an equality ("is") with a name on its left; ``others``: all the names that it declares."""

    name: str
    chain: Chain
    kind: str
    key: object
    others: frozenset[str]
    called: bool = False

    @property
    def span(self) -> tuple[int, int]:
        return self.chain.start, self.chain.end


def headings(source: Source) -> list[int]:
    """Where the sections, exercises and problems of a document begin."""
    return [m.start() for m in _HEADING.finditer(source.text)]


def parts(source: Source, latex: bool, forced: frozenset[int] = frozenset()) -> list[Part]:
    """The parts of a document; one where no name is introduced anew. ``forced`` equalities, by their place, do so in any case."""
    text = source.text
    headed = headings(source)
    told = introductions(source)
    sections = _sections(source, latex, headed)
    told = sorted([*told, *_otherwise(source, sections, told)], key=lambda one: one.chain.start)
    items = sorted([*headed, *(m.start() for m in _ITEM.finditer(text))])
    paragraphs = [m.end() for m in _PARAGRAPH.finditer(text)]
    latest: dict[str, Introduced] = {}
    entries: dict[str, Introduced] = {}  # y of "y_i = …"
    anew: list[tuple[int, str]] = []
    for one in told:
        before = latest.get(one.name)
        entry = entries.get(one.name) if before is None and one.kind == "is" else None
        if entry is not None and _restarts(text, entry, one, items):
            cut = _last(items, entry.chain.end, one.chain.start) or one.chain.start
            anew += [(cut, one.name), (cut, entry.name)]
        if match := re.fullmatch(r"([A-Za-z]+)_[a-z]", one.name):
            entries[match[1]] = one
        if before is None or one.chain.start in forced or _is_new(text, before, one, headed, items):
            if before is not None:
                start, earlier = one.chain.start, before.chain.end
                cut = _last(headed, earlier, start) or _last(items, earlier, start) or _last(paragraphs, earlier, start)
                anew.append((cut or start, one.name))
            latest[one.name] = one
    ranges = _ranges(sections)
    cuts = sorted({cut for cut, _ in anew} | {start for start, *_ in ranges if text[:start].strip()})
    if not cuts:
        return [Part(0, len(text), source)]
    names = {name for _, name in anew}
    edges = [0, *cuts, len(text)]
    found = []
    for start, end in itertools.pairwise(edges):
        spans = []
        for name in names:
            first = max((cut for cut, n in anew if n == name and cut <= start), default=0)
            spans += [one.span for one in told if one.name == name and one.span[0] < first and one.others <= names]
        copy = split(blanked(text, spans, end), latex)
        found.append(Part(start, end, replace(copy, ranges=tuple(told for told in ranges if told[0] <= start))))
    return found


def alone(source: Source, latex: bool) -> list[Part]:
    """The sections of a document behind the first, each read without what stands before it."""
    text = source.text
    starts = sorted({m.start() for pattern in (_HEADING, _ITEM) for m in pattern.finditer(text)})
    found = []
    for start, end in itertools.pairwise([*starts, len(text)]):
        if text[:start].strip() and "=" in text[start:end]:
            copy = replace(
                split(blanked(text, [(0, start)], end, " "), latex), macros=source.macros, apart=source.apart
            )
            found.append(Part(start, end, copy))
    return found


def introduced(source: Source) -> list[tuple[str, int]]:
    """Every name that a membership or an equality may introduce, with where."""
    return [(one.name, one.chain.start) for one in introductions(source)]


def apart(text: str, early: int, late: int) -> bool:
    """Whether a heading or an item begins between two places."""
    return any(pattern.search(text, early, late) for pattern in (_HEADING, _ITEM))


def concludes(text: str, early: int, late: int) -> bool:
    """Whether nothing but words such as "so" and "hence" stands between two formulas."""
    between = text[early:late]
    prose = re.sub(
        r"\\(?:implies|Longrightarrow|Rightarrow|iff|Leftrightarrow|quad|begin\{[^}]*\}|end\{[^}]*\})|[\W\d_]",
        " ",
        between,
    ).strip()
    return not re.search(r"=|\n\s*\n.*\n\s*\n.*\n\s*\n", between) and (
        not prose or bool(_CONCLUDES.search(f"{prose} ") or _WORKS.search(prose))
    )


def told_anew(source: Source) -> bool:
    """Whether words such as "now let" define some name a second time."""
    text = source.text
    seen: dict[str, object] = {}
    for one in introductions(source):
        if one.kind != "is":
            continue
        prose = _said_before(text, one.chain.start, max(0, text.rfind("\n\n", 0, one.chain.start)))
        if seen.setdefault(one.name, one.key) != one.key and _INTRODUCES.search(f"{prose} "):
            return True
    return False


def perhaps_anew(source: Source) -> dict[int, tuple[str, bool]]:
    """Equalities that may define a name anew without saying so: where, (the name, whether they bring in new symbols).

    So they may if they bring in new symbols, or if the name was differentiated since its last formula, and no word makes
    them a conclusion.
    """
    text = source.text
    latest: dict[str, Introduced] = {}
    found: dict[int, tuple[str, bool]] = {}
    for one in introductions(source):
        before = latest.get(one.name)
        if one.kind != "is":
            continue
        if before is None or one.key == before.key:
            latest.setdefault(one.name, one)
            continue
        start = one.chain.start
        derived = _derived(text, before, one)
        new = _symbols(one.key) - set().union(*(_symbols(b.key) for b in latest.values()))
        concluded = _CONCLUDES.search(_said_before(text, start, max(0, text.rfind("\n\n", 0, start))))
        stands_for_derivative = any(_has_derivative(b.key) for b in (before, one))
        if (new or derived) and not concluded and not stands_for_derivative:
            found[start] = (one.name, bool(new))
    return found


def _derived(text: str, before: Introduced, one: Introduced) -> bool:
    """Whether a name is differentiated between two of its equalities."""
    tex = re.escape(text[one.chain.sides[0].start : one.chain.sides[0].end].split("(")[0].strip())
    sign = r"(?:\\partial|\\nabla[^$=]{0,20}?|∂|∇[^$=]{0,9}?|\bd|\\dd)\s*"
    return bool(re.search(rf"{sign}{tex}|{tex}\s*(?:'|′|\^\\prime)", text[before.chain.end : one.chain.start]))


def _has_derivative(key: object) -> bool:
    """Whether a plain tree differentiates."""
    return isinstance(key, tuple) and (key[:1] in (("Derivative",), ("Nabla",)) or any(map(_has_derivative, key)))


def _symbols(key: object) -> set[str]:
    """The symbols in a plain tree."""
    if not isinstance(key, tuple):
        return set()
    own = {key[1]} if key[:1] == ("Symbol",) else set()
    return own.union(*(_symbols(part) for part in key))


def _sections(source: Source, latex: bool, headings: list[int]) -> list[tuple[int, Declarations]]:
    """Where each section of a document starts, and what it declares by itself; none where it has but one."""
    text = source.text
    found = []
    for start, end in itertools.pairwise([0, *headings, len(text)]) if len(headings) > 1 else ():
        if text[start:end].strip():
            copy = split(blanked(text, [(0, start)], end, " "), latex)
            found.append((start, declarations(replace(copy, macros=source.macros, apart=source.apart))))
    return found


def _ranges(sections: list[tuple[int, Declarations]]) -> list[tuple[int, str, str]]:
    """(where, letter, size) for each section with samples of its own whose index runs to another end than before."""
    told: dict[str, list[tuple[int, str]]] = {}
    for start, part in sections:
        for letter in sorted({item.sample for item in (*part.names.values(), *part.kin.values())} & part.ranges.keys()):
            told.setdefault(letter, []).append((start, part.ranges[letter]))
    return sorted(
        (start, letter, size)
        for letter, sizes in told.items()
        if len({size for _, size in sizes}) > 1
        for start, size in sizes
    )


def _otherwise(source: Source, sections: list[tuple[int, Declarations]], told: list[Introduced]) -> list[Introduced]:
    """Names to which a later section gives another shape, in whatever words: ``X has rows x_i``, a table of shapes."""
    shapes: dict[str, list[tuple[int, int, object]]] = {}
    for start, part in sections:
        found = {name: (item.place, item.shape) for name, item in part.names.items()}
        found |= {name: (start, ("lines", kin)) for name, kin in part.kin.items()}
        for name, (place, shape) in found.items():
            shapes.setdefault(name, []).append((start, place, shape))
    made = []
    for name, given in shapes.items():
        if len({shape for _, _, shape in given}) == 1:
            continue
        for start, place, shape in given:
            piece = next((p for p in source.pieces if p.mathematics and p.start <= place < p.end), None)
            a, b = (piece.start, piece.end) if piece is not None else (start, start)
            if any(one.name == name and one.kind == "in" and a <= one.chain.start < max(b, a + 1) for one in told):
                continue
            others = {n for n, found in shapes.items() if any(a <= at < b for _, at, _ in found)}
            made.append(Introduced(name, Chain(start=a, end=b), "in", shape, frozenset(others | {name})))
    return made


def introductions(source: Source) -> list[Introduced]:
    """Every membership and every equality with a name on its left, in order."""
    vocabulary = source.vocabulary
    found: list[Introduced] = []
    for piece in source.pieces:
        for chain in chains(source, piece, vocabulary) if piece.mathematics else ():
            if chain.error or chain.signs[:1] not in (("=",), (":=",), ("in",)):
                continue
            try:
                left = parse(chain.sides[0].tokens)
                if chain.signs[0] == "in":
                    what = set_of(chain.sides[1].tokens)
                    items = left.items if isinstance(left, s.Items) else (left,)
                    every = frozenset(n for i in items if (n := name_of(i)))
                    found += [Introduced(n, chain, "in", what, every) for n in every if what is not None]
                    continue
                right = s.plain(parse(chain.sides[1].tokens))
            except ReadingError:
                continue
            called = applied(left)
            name = called[0] if called is not None else name_of(left)
            whole = called is None or all(isinstance(a, (s.Symbol, s.Scripted)) for a in called[1])
            if name and whole and name not in ("d", "D"):
                found.append(Introduced(name, chain, "is", right, frozenset([name]), called is not None))
    return found


def _is_new(text: str, before: Introduced, one: Introduced, headings: list[int], items: list[int]) -> bool:
    """Whether a name gets another meaning than it had."""
    heading = _last(headings, before.chain.end, one.chain.start)
    item = _last(items, before.chain.end, one.chain.start)
    if one.kind == "in":
        other = before.kind == "in" and _shape(one.key) != _shape(before.key)
        said = _said_before(text, one.chain.start, max(0, text.rfind("\n\n", 0, one.chain.start)))
        now = other and bool(re.search(r"(?i)\b(?:now|nun|jetzt|ora|maintenant)\b", said))
        return heading is not None or (item is not None and other) or now
    if before.kind == "in" or one.key == before.key:
        return False
    start = max(item or 0, text.rfind("\n\n", 0, one.chain.start), 0)
    prose = _said_before(text, one.chain.start, start)
    if _CONCLUDES.search(prose):
        return False
    if heading is not None or _EXAMPLE.search(text[max(0, one.chain.start - 30) : one.chain.start].rstrip("$ ")):
        return True
    declares = item is not None and re.search(r"\\in\b|∈", text[item : one.chain.start])
    if declares and _derived(text, before, one):
        return True  # "2) x ∈ ℝ^n, L = …" after derivatives of another L
    if _INTRODUCES.search(prose + " ") and not _JOINS.search(prose):
        return True
    if _restarts(text, before, one, items):
        return True
    starts = _STARTS.match(prose) or not re.search(r"[a-z]{3,}", prose)
    return one.called and item is not None and bool(starts)


def _restarts(text: str, before: Introduced, one: Introduced, items: list[int]) -> bool:
    """Whether "h = log ‖x‖: ∇h = …" stands on a line of its own, after ∇h of another h."""
    start = max(_last(items, before.chain.end, one.chain.start) or 0, text.rfind("\n\n", 0, one.chain.start), 0)
    label = re.sub(r"^[\s>*+-]*(?:\d{1,2}[.)]|\(?[a-h][.)])?\s*", "", text[start : one.chain.start]).strip("$ \n")
    colon = re.match(r"\$?\s*:\s", text[one.chain.end : one.chain.end + 8])
    return not label and bool(colon) and _derived(text, before, one)


def _said_before(text: str, start: int, earliest: int) -> str:
    """The sentence before a formula, without mathematics."""
    prose = re.sub(r"\$[^$]*(?:\$[ ,;]*|$)|\\[A-Za-z]+\{?", " ", text[max(earliest, start - 600) : start])
    return re.split(r"(?<=[.:;!?])\s", re.sub(r"^\s*\W?(?:\d{1,2}|[a-h])[.)]", "", prose).rstrip("\\([ \n"))[-1]


def _shape(what: object) -> object:
    return getattr(what, "shape", what)


def _last(places: list[int], after: int, before: int) -> int | None:
    """The last of sorted places between two, if there is one."""
    k = bisect_right(places, before)
    return places[k - 1] if k and places[k - 1] > after else None


def blanked(text: str, spans: list[tuple[int, int]], end: int, sign: str = "~~ ") -> str:
    """The text up to ``end`` with nothing written in the spans; a tie is a space in mathematics and none in prose.

    Three ties in a row would begin a block of code.
    """
    out = list(text)
    for a, b in spans:
        out[a:b] = ["\n" if c == "\n" else sign[k % len(sign)] for k, c in enumerate(out[a:b])]
    return "".join(out[:end])
