"""What a document supposes rather than claims: ``at B = 0``, ``∇L = Px + q = 0``; and what follows from it in that sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration import points
from symbolic.verification.elaboration.batches import substituted
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.operators import named_values
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.judging.ahead import free_symbol
from symbolic.verification.judging.comparison import Judged, compare, said
from symbolic.verification.judging.mood import sentence
from symbolic.verification.judging.occasions import ends_sentence
from symbolic.verification.reading.declared import PROPERTIES
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_SUPPOSES = re.compile(
    r"(?i)\b(where|with|such that|assum\w*|suppos\w*|if|since|as|because|provided|given|at|when|whenever|for|case|initiali[sz]\w*|"
    r"setting|set|taking|take|choos\w*|putting|put|let|falls|wenn|für|bei|si|pour|en|se|per|mit|con|avec|pour|und|dans)\b(?:\s+[\w-]+){0,2}\s*$"
)
_SETS = re.compile(
    r"(?i)\b(?:sett?ing|set|equat\w+|putting|put|ponendo|annull\w*|setz\w*|nullsetz\w*|en annulant|igualando)\b"
    r"(?:[^$]*?\b(?:zero|null|zéro|cero)\b|[^=]*(?:\\nabla|\\partial|∇|∂|\\frac\s*\{d)[^=]*=\s*(?:\\mathbf\s*\{?)?0)"
)
_THIS = re.compile(
    r"(?i)\b(?:with|for|at|under|using|by|inserting|substituting|plugging|mit|für|con|per|avec|pour)\b[^.]{0,20}"
    r"\b(?:this|that|these|those|such|dies\w*|questa?|quest[oi]|ce|cette)\b"
)
_ZERO = re.compile(
    r"(?i)\b(set\w*|zero|stationar\w*|first[- ]order|opt[ií]m\w*|ottim\w*|m[ií]nim\w*|m[aá]xim\w*|massim\w*|extr[eê]m\w*|critical|kkt|solv\w*|vanish\w*|requir\w*|"
    r"must|should|condition\w*|null\w*|annul\w*|pon\w*|where|wo|où|dove)\b[^$]*$"
)
_DISTRIBUTION = re.compile(r"(?i)\bone[- ]?hot|\bprobabilit|\bdistribution|\blabels?\b|\bclass(?:es)?\b|categorical")
_CASE = re.compile(
    r"(?i)\b(?:for|when\w*|if|under|with|where|given|assum\w*|suppos\w*|case|für|bei|wenn|falls|mit|si|per|se|con|pour|avec)\b"
    r"[^.;:()]*\([\s$\\(]*$"
)
"""What stands before a condition in brackets: "for whitened data ($XX^\\top = NI$)"."""


def in_brackets(reader: Reader, chain: Chain) -> bool:
    """Whether an equality of declared symbols stands in brackets behind the words for a case: what they mean, no claim."""
    text = reader.source.text
    if chain.signs != ("=",) or not _CASE.search(text[max(0, chain.start - 90) : chain.start]):
        return False
    if not re.match(r"[\s$\\]*\)", text[chain.end :]):
        return False
    sides = [reader.side(chain, k) for k in (0, 1)]
    named = [named_values(n, reader.scope) for n in sides if isinstance(n, s.Node)]
    return len(named) == 2 and all(value.tensor.definition is None for values in named for value in values)


def is_supposition(reader: Reader, chain: Chain, left: s.Node) -> bool:
    """Whether ``B = 0`` of a declared B is said as a case; it is then remembered for the sentence that it stands in."""
    if len(chain.sides) != 2 or not free_symbol(reader, left):
        return False
    right = reader.side(chain, 1)
    if not isinstance(right, s.Node):
        return False
    of = reader.scope.values[free_symbol(reader, left)].tensor
    if any(reader.scope.depends(value.tensor, of) for value in named_values(right, reader.scope)):
        return False
    before = reader.source.text[max(0, chain.start - 90) : chain.start].rstrip("$\\( ")
    before = re.sub(r"(?:\$[^$=]{1,40}=[^$=]{1,20}\$[\s,]*(?:and\s*)?)+$", "", before)  # at W = 0, b = 0
    reader.supposed.append((chain, s.Relation((left.span[0], right.span[1]), "=", left, right)))
    local = bool(_SUPPOSES.search(before))
    if not local and not of.ndim and not _ZERO.search(before):
        reader.stated.add(id(chain))
    return local


def with_supposed(reader: Reader, line: Line, env, judged: Judged) -> Judged:
    """A claim that is right in the case which its sentence supposes."""
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    text = reader.source.text
    for chain, relation in (*reader.supposed, *_behind(reader, line)):
        early, late = sorted(((chain.start, chain.end), (line.chain.start, line.chain.end)))
        between = text[early[1] : late[0]]
        apart = ends_sentence(between) and not _refers_to(reader, line, chain, between)
        if chain is line.chain or (apart and id(chain) not in reader.stated):
            continue
        el = Elaborator(reader.scope, env)
        told = text[relation.span[0] : relation.span[1]]
        try:
            claim, truth = (points.at(el, Value(t), relation) for t in (judged.claim, judged.truth))
        except ReadingError:
            named = name_of(relation.left)
            held = reader.scope.values.get(named or "")
            if not apart and held is not None and any(t is held.tensor for t in leaves([judged.claim, judged.truth])):
                return said("undecided", f"it does not hold in general, and {told} could not be put in here")
            continue
        again = compare(claim, truth, True, diagnosed=False)
        if again.holds and apart:
            return said("undecided", f"it does not hold in general, but it does where {told}; is that supposed here?")
        if again.holds:
            conditions = (*again.verdict.conditions, f"where {told}")
            return replace(judged, verdict=replace(again.verdict, conditions=conditions))
    for _, chain in reader.everything:
        here = chain.end <= line.chain.start and not ends_sentence(text[chain.end : line.chain.start])
        if here and in_brackets(reader, chain):
            told = text[chain.start : chain.end]
            return said("undecided", f"it does not hold in general, and {told} could not be put in here")
    return judged


def _refers_to(reader: Reader, line: Line, chain: Chain, between: str) -> bool:
    """Whether a line is said "with this choice" of what the sentence before it supposes last."""
    if chain.start > line.chain.start or "\n\n" in between.strip() or len(between) > 200:
        return False
    last = [c for c, _ in reader.supposed if c.start < line.chain.start][-1:]
    before, _ = sentence(reader.source, line.chain.start, line.chain.end)
    return [chain] == last and bool(_THIS.search(before))


def _behind(reader: Reader, line: Line) -> list[tuple[Chain, s.Relation]]:
    """``if w = 0`` behind the line."""
    here = next((k for k, (_, chain) in enumerate(reader.everything) if chain is line.chain), None)
    if here is None or here + 1 >= len(reader.everything):
        return []
    chain = reader.everything[here + 1][1]
    if (
        chain.error
        or chain.signs != ("=",)
        or not re.search(
            r"\b(if|for|when|where|at|wenn|für|si|se)\W*$", reader.source.text[line.chain.end : chain.start]
        )
    ):
        return []
    left, right = (reader.side(chain, k) for k in (0, 1))
    if not isinstance(left, s.Node) or not isinstance(right, s.Node) or not free_symbol(reader, left):
        return []
    return [(chain, s.Relation((left.span[0], right.span[1]), "=", left, right))]


def with_bound(reader: Reader, judged: Judged) -> Judged:
    """A claim that is right for the sign which the document speaks of, ``for A > 0``, where it never speaks of the other."""
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    signs: dict[str, set[str]] = {}
    for _, chain in reader.everything:
        if chain.error is None and chain.signs in ((">",), ("<",), (">=",), ("<=",)):
            left, right = reader.side(chain, 0), reader.side(chain, 1)
            if isinstance(left, s.Symbol) and isinstance(right, s.Number) and right.text == "0":
                signs.setdefault(left.name, set()).add(chain.signs[0][0])
    read = {t.serial for t in leaves([judged.claim, judged.truth])}
    for name, told in signs.items():
        held = reader.scope.values.get(name)
        if told != {">"} or held is None or held.rank or held.tensor.serial not in read:
            continue
        t = held.tensor
        if "positive" in t.assume or t.definition is not None:
            continue
        again = _again(judged.claim, judged.truth, {t: "positive"})
        if again.holds:
            conditions = (*again.verdict.conditions, f"for {reader.scope.tex.get(name, name)} > 0")
            return replace(judged, verdict=replace(again.verdict, conditions=conditions))
    return judged


def with_property(reader: Reader, line: Line, judged: Judged) -> Judged:
    """A claim that is right where a matrix has a property that the document speaks of as a case, ``if A is symmetric``.

    In a sentence that names the property it is right under it, elsewhere it is left open.
    """
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    read = {t.serial for t in leaves([judged.claim, judged.truth])}
    for name, told in reader.declared.perhaps.items():
        held = reader.scope.values.get(name)
        if held is None or held.tensor.serial not in read or held.tensor.definition is not None:
            continue
        for assumed in sorted(told - held.tensor.assume):
            try:
                again = _again(judged.claim, judged.truth, {held.tensor: assumed})
            except ChainruleError:
                continue
            if not again.holds:
                continue
            where = f"where {reader.scope.tex.get(name, name)} is {assumed.replace('_', ' ')}"
            before, after = sentence(reader.source, line.chain.start, line.chain.end)
            if any(word in (before + after).lower() for word, a in PROPERTIES.items() if a == assumed):
                return replace(judged, verdict=replace(again.verdict, conditions=(*again.verdict.conditions, where)))
            return said("undecided", f"it does not hold in general, but it does {where}; is that supposed here?")
    return judged


def with_distribution(reader: Reader, judged: Judged) -> Judged:
    """A claim that is right where what a loss compares with is a distribution, as a softmax and its targets are.

    Where the document speaks of such targets the claim is right, elsewhere it is left open.
    """
    if judged.verdict.status != "refuted" or judged.claim is None or judged.truth is None:
        return judged
    free = [
        t for t in leaves([judged.claim, judged.truth]) if t.ndim in (1, 2) and t.role == "target" and t.dtype == "real"
    ]
    for t in free:
        if t.assume & {"probability", "one_hot"}:
            continue
        again = _again(judged.claim, judged.truth, {t: "probability"})
        if not again.holds:
            continue
        name = t.tex or t.name
        where = f"where the entries of {name} sum to 1"
        if t.ndim == 2:
            where = f"where the entries of {name} in each row sum to 1"
        if not _DISTRIBUTION.search(reader.source.text):
            return said("undecided", f"it does not hold in general, but it does {where}; is that supposed here?")
        return replace(judged, verdict=replace(again.verdict, conditions=(*again.verdict.conditions, where)))
    return judged


def _again(claim: Tensor, truth: Tensor, assumed: dict[Tensor, str]) -> Judged:
    """The comparison with a property more of some declared symbols."""
    twins = {
        t.serial: Tensor(t.name, t.extents, role=t.role, assume=t.assume | {more}, tex=t.tex)
        for t, more in assumed.items()
    }
    sides = [substituted(u, lambda x: twins.get(x.serial)) for u in (claim, truth)]
    return compare(Value(sides[0]), Value(sides[1]), True, diagnosed=False)


def is_zero(node: s.Node | ReadingError) -> bool:
    """Whether a side is the number 0."""
    return isinstance(node, s.Number) and node.text in ("0", "0.0")


def sets_to_zero(reader: Reader, line: Line, derivative: bool) -> bool:
    """Whether ``= 0`` sets a derivative to zero: behind its formula, or alone where the prose says so."""
    if not is_zero(line.right) or not isinstance(line.left, s.Node):
        return False
    if line.k > 1:
        return derivative and line.k == len(line.chain.sides) - 1
    start = next((piece.start for piece, chain in reader.everything if chain is line.chain), line.chain.start)
    earliest = max(0, start - 120, reader.source.text.rfind("\n\n", 0, start))
    return bool(_ZERO.search(reader.source.prose(earliest, start)))


def follows_from_zero(reader: Reader, line: Line) -> bool:
    """Whether a line is what a sentence finds by setting something to zero: "setting ∇f = 0 gives A⊤Ax = A⊤b"."""
    text = reader.source.text
    earliest = max(0, line.chain.start - 300)
    ends = [m.end() for m in re.finditer(r"[.?!;]\s|\n\s*\n", text[earliest : line.chain.start])]
    before = text[earliest + (ends[-1] if ends else 0) : line.chain.start]
    return bool(_SETS.search(before))
