"""How a sentence means its equality: as a statement, loosely, under a condition, or not as a statement at all.

A line is held against its author only where the sentence around it states it outright. ``up to a constant`` and
``at the optimum`` do not, unless what they say was put into the reading.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import TYPE_CHECKING

from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.declared import PROPERTIES
from symbolic.verification.reading.pieces import Piece, Source

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

FORMULA = "\u27e8\u27e9"
"""What stands for a formula in a sentence."""
BOUND = "\u27e8<\u27e9"
"""What stands for an inequality, or for x → 0."""
_BOUNDS = re.compile(r"[<>≤≥≠→]|\\(?:[lg]eq?|neq?|[lg]eqslant|to|rightarrow|ll|gg|in|notin)\b")
_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,2}[.)])[ \t]|^\s*\\item\b")
_LOOSE = re.compile(
    r"(?i)\b(?:approximat\w*|roughly|nearly|to (?:first|second|leading|lowest)[- ]order|(?:first|second|leading)[- ]order (?:in|approx\w*|expansion|taylor)|"
    r"to within|(?<!adds )(?<!add )(?<!sum )(?<!sums )up to (?!zero|now|here|date|this point|the (?:last|first|layer|input|output))\w+|plus (?:an? )?const\w*|const\.|(?:additive|irrelevant) constants?|"
    r"(?:ignor|neglect|dropp|omitt|discard|disregard)ing|(?:we|one|you|i) (?:may |can |could |now |just )?(?:ignore|neglect|drop|omit|discard|disregard)|"
    r"(?:is|are|be|being) (?:ignored|neglected|dropped|omitted|discarded)|asymptotic\w*|in the limit|tends? to|goes to|linearis\w*|lineariz\w*|"
    r"for (?:very |sufficiently |all )?(?:small|large|tiny)|proportional\w*|on average|in expectation|stop[- ]?grad\w*|detach\w*|straight[- ]through|"
    r"treat\w* (?:\S+ ){1,5}as (?:an? |if it were )?(?:constants?|fixed|independent)|h(?:e|o)ld(?:ing)? (?:\S+ ){1,4}(?:constant|fixed)|(?:with|keeping) (?:\S+ ){1,3}(?:fixed|constant|frozen)|"
    r"n\u00e4herungsweise|ungef\u00e4hr|bis auf|environ|approximativement|\u00e0 une constante pr\u00e8s|a meno di|circa)\b"
)
_BLAMED = re.compile(
    r"(?i)\b(?:wrong\w*|incorrect\w*|bugs?|mistakes?|mistaken\w*|errors?|false|fails?|breaks?|na[iï]ve\w*|tempting|for[g]ot\w*|forget\w*|los(?:t|es|ing)|misses|not (?:right|correct|true)|falsch|faux|sbagliat\w*|errad\w*|erro)\b"
)
_CONDITION = re.compile(
    r"(?i)\b(if|when|whenever|assuming|suppos\w+|provided|unless|as long as|in (?:the|this|that) (?:\w+ )?case|in case|special case|under (?:the|this|these|our)|"
    r"at (?:the |an? |its |any |this )?(?:\w+ )?(?:optim\w+|minim\w+|maxim\w+|stationary|critical|equilibrium|fixed|steady|saddle|solution|convergence|initiali[sz]ation|start)|"
    r"on the (?:simplex|sphere|constraint|manifold|boundary)|subject to|without (?:the |any )?(?:\w+ )?(?:bias|regulari\w+|penalty|constraint|noise|momentum|activation|nonlinearity)|"
    r"(?:im|am|beim|nel|al|en el|en la|au|à l['’])\s*(?:\w+ )?(?:di )?(?:opt[ií]m\w+|ottim\w+|m[ií]nim\w+|m[aá]xim\w+|massim\w+|critic\w+|stazionari\w+)|"
    r"falls|wenn|sofern|si(?!\s+(?:ha|hanno|ottien\w*|trova\w*|vede|ricav\w*|calcola\w*|deriva\w*|scriv\w*|può|noti|sa)\b)|"  # but for "si ha"
    r"quando|se|lorsque)\b([^.;]*)"
)
_PROPERTY = re.compile(
    r"(?i)(?<![\w-])(?<!not )(?<!non-)(?<!non)(?<!necessarily )(?<!any )()"
    rf"(symm?|{'|'.join(sorted((re.escape(w) for w, a in PROPERTIES.items() if a not in ('positive', 'probability', 'nonzero', 'binary')), key=len, reverse=True))})(?![\w-])(?! part)(?!ly)"
)
_WRITER = re.compile(
    r"(?i)^\s*(?:we|you|one|i|it|they|people|students|some(?:one|body)?|differentiating|wir|man|on|nous|si)\b"
)
_UNSTATED = re.compile(
    r"(?i)\b(?:if|whether|unless|until|such that|so that|suppos\w+|assum\w+|imagine|provided|satisf\w+|solv\w+|obey\w*|fulfil\w*|subject to|constraint|constrained by|"
    r"vincol\w*|soddisf\w*|tal[ei] che|soggett\w+ a|nebenbedingung\w*|bedingung\w*|erfüll\w*|so ?dass|contraintes?|vérifi\w*|tel(?:le)?s? que|"
    r"restricci[oó]n|sujeto a|tal que|cumpl\w*|"
    r"condition|condition that|ansatz|by contradiction|for contradiction)(?:\s+(?:that|also|now|instead|the\s+(?:\w+\s+){0,2}(?:equations?|system|conditions?|constraints?)|e\.?g\.?))*\W*$"
)
_PLACE = re.compile(
    r"(?i)\b(?:at|for|when|where|whenever|near|around|away from|except (?:at|for)|outside|bei|für|wenn|per|pour|en)\W*$"
)
"""What stands before the place, ``s = 0``, of which a sentence speaks."""
_VANISHES = re.compile(
    r"(?i)(?:\b(?:set(?:s|ting)?|equat\w+|put(?:ting)?)\b[^.;]{0,60}(?:\b(?:zero|null)\b|\b0\b)|\bf\.?o\.?c\b|\bfirst[- ]order (?:optimality )?conditions?\b|"
    r"\bnormal equations?\b|\boptimality conditions?\b|\bstationar\w+\b|\bat (?:an?|the|its) (?:optimum|minimum|maximum|critical point)\b|\bgleich null\b)[^.;]{0,40}$"
)
_EQUIVALENT = re.compile(
    r"\s*(?:&\s*)?(?:\$?\s*(?:if and only if|iff|exactly (?:if|when))\b|\\iff\b|\\Leftrightarrow|\\Longleftrightarrow|⇔|⟺)"
)
_EQUIVALENT_BEFORE = re.compile(
    r"(?:\b(?:if and only if|iff|exactly (?:if|when))|\\iff|\\Leftrightarrow|\\Longleftrightarrow|⇔|⟺)\s*\$?\s*&?\s*$"
)
_ABBREVIATED = re.compile(
    r"(?i)\b(sym|symm|i\.e|e\.g|w\.r\.t|wrt|resp|cf|eqn?|fig|approx|const|z\.b|d\.h|vs|no|ex)\.(?=\s)"
)
_ENDS = re.compile(
    r"(?:(?<=[.?!;])|(?<=[.?!;]\*)|(?<=[.?!;]\*\*)|(?<=[.?!;][)\"]))\s|\n[ \t>]*\n|\n[ \t>]*(?:[-*+]|\d{1,2}[.)])\s|\\item\b|\\(?:begin|end)\{[a-z]+\*?\}"
)


def sentence(source: Source, start: int, end: int) -> tuple[str, str]:
    """What the sentence of the formula at ``start`` … ``end`` says right before and after it, each formula as a sign.

    Another equality in the sentence ends what belongs to this one.
    """
    here = next((k for k, p in enumerate(source.pieces) if p.start <= start <= p.end and p.mathematics), None)
    if here is None:
        return "", ""
    pieces, before, after = source.pieces, _words(source.text[source.pieces[here].start : start]), ""
    beside = pieces[here].display
    for piece in reversed(pieces[:here]):
        if piece.mathematics:
            if _equates(source, piece):
                break
            before, beside = f"{_sign(source, piece)}{before}", piece.display
            continue
        prose = source.text[piece.start : piece.end]
        prose = prose.rstrip() + " " if beside else prose
        prose = _ABBREVIATED.sub(r"\1 ", prose)
        cut = [m.end() for m in _ENDS.finditer(prose)]
        before = prose[cut[-1] if cut else 0 :] + before
        if cut:
            break
        beside = False
    rest = source.text[end : pieces[here].end]
    if re.match(r"\s*[.?!;]", rest):
        return before, ""
    after, beside = _words(rest), pieces[here].display
    for piece in pieces[here + 1 :]:
        if piece.mathematics:
            if _equates(source, piece):
                break
            after, beside = after + _sign(source, piece), piece.display
            continue
        prose = source.text[piece.start : piece.end]
        if beside and not re.match(r"\s*[a-z(,]", prose):
            break
        prose = prose.lstrip() if beside else prose
        cut = _ENDS.search(prose)
        after += prose[: cut.start()] if cut else prose
        if cut:
            break
        beside = False
    return re.split(r"\b(?:so|hence|thus|therefore)\b", before)[-1], after


def _sign(source: Source, piece: Piece) -> str:
    return BOUND if _BOUNDS.search(source.text, piece.start, piece.end) else FORMULA


def lead(source: Source, start: int) -> str:
    """The sentence ending in a colon that introduces the list in which a place stands; empty if there is none."""
    lines = source.text[:start].split("\n")
    if not _ITEM.match(lines[-1]):
        return ""
    for line in reversed(lines[:-1]):
        if _ITEM.match(line) or not line.strip() or line.startswith((" ", "\t", "\\begin{")):
            continue
        said = re.split(r"(?<=[.?!])\s", re.sub(r"\$[^$]*\$", BOUND, line).strip())[-1]
        return said if said.endswith(":") else ""
    return ""


def _equates(source: Source, piece: Piece) -> bool:
    """Whether a formula is an equality of its own, or ends a sentence."""
    text = source.text[piece.start : piece.end]
    return "=" in text or bool(re.search(r"[.?!]\s*$", text))


def _words(mathematics: str) -> str:
    """The words inside a formula."""
    return " ".join(re.findall(r"\\(?:text|mbox|textrm|mathrm|intertext)\s*\{([^{}]*)\}", mathematics))


def loosely(source: Source, start: int, end: int) -> str:
    """The words that take an equality for less than one: "up to a constant", "for small"."""
    said = sentence(source, start, end)
    found = next((m for part in said if (m := _LOOSE.search(part))), None)
    if found and any(_BLAMED.search(part) for part in said):
        return ""  # the author says so too
    return " ".join(found.group().split()) if found else ""


def conditionally(reader: Reader, line: Line, assumed: Container[str], judged_for: bool = False) -> str:
    """The condition in words under which a sentence puts a line, where nothing in it was understood.

    ``assumed``: the properties that the symbols of the line are known to have; ``judged_for``: whether an inequality
    in the sentence was put in.
    """
    before, after = sentence(reader.source, line.chain.start, line.chain.end)
    for part in (before, after, lead(reader.source, line.chain.start)):
        for match in _PROPERTY.finditer(part):
            if PROPERTIES.get(match.group(2).lower(), "symmetric") not in assumed:
                return match.group(2)
        for match in _CONDITION.finditer(part):
            said = re.split(r",|\bthen\b|\bwe\b|\bthis\b|\bthat\b", match.group(2))[0]
            lowered = f"{match.group(1)} {said}".lower()
            if _WRITER.match(match.group(2)) or FORMULA in said or any(word in lowered for word in PROPERTIES):
                continue
            if judged_for and (BOUND in said or not said.strip()):
                continue
            return " ".join(f"{match.group(1)}{said}".replace(BOUND, "…").split())
    return ""


def unstated(reader: Reader, line: Line) -> bool:
    """Whether a line is what a sentence supposes or looks for: "suppose that …", "β̂ solves …", "if …"."""
    text, chain = reader.source.text, line.chain
    if _EQUIVALENT.match(text, chain.end) or _EQUIVALENT_BEFORE.search(text[max(0, chain.start - 40) : chain.start]):
        return True
    if line.k > 1:
        return False
    before, _ = sentence(reader.source, chain.start, chain.end)
    if isinstance(line.left, (s.Symbol, s.Scripted)) and isinstance(line.right, s.Number) and _PLACE.search(before):
        return True
    source, start = reader.source, chain.start
    while re.fullmatch(r"[\s,]*(?:and|or|und|et|e|y)?[\s,]*", before):  # "satisfies A = 0 and B = 0"
        earlier = [p for p in source.pieces if p.mathematics and p.end <= start]
        if not earlier or not re.fullmatch(r"[\s,$]*(?:and|or|und|et|e|y|,)[\s,$]*", text[earlier[-1].end : start]):
            break
        start = earlier[-1].start
        before, _ = sentence(source, start, earlier[-1].end)
    return bool(_UNSTATED.search(before[-120:]))


def where_zero(source: Source, start: int, end: int) -> bool:
    """Whether a sentence says of an equality that it holds where a derivative vanishes: "setting this to zero: …"."""
    before, _ = sentence(source, start, end)
    return bool(_VANISHES.search(before[-160:]))
