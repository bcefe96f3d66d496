"""The steps of a derivation as steps of a document: three tellings, rule, shapes, conditions, code and evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from numeric.derivation_check import COMPLEX_STEP, SAME, StepCheck
from reports.document.catalogue import Catalogue
from reports.document.listing import Listing
from reports.document.model import (
    Block,
    Code,
    Content,
    Fold,
    Formula,
    Inline,
    Link,
    Mark,
    Math,
    Paragraph,
    Step,
    Steps,
    Table,
    Text,
)
from reports.document.outline import Outline, outline
from reports.document.phrases import joined, phrase, scientific, symbol
from symbolic.calculus.closed_form import Closed, Condition
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.records import Chain, Derivative
from symbolic.calculus.records import Step as Recorded
from symbolic.calculus.structure import Finding
from symbolic.notation import (
    STYLES,
    Palette,
    condition,
    latex,
    matrix_form,
    shape_latex,
    statement,
)
from symbolic.notation.dialect import joined_terms, shortened
from symbolic.notation.names import is_derivative
from symbolic.program.tensors import Tensor

MOST_ROWS = 100  # of a table before the others are folded
MOST_TERMS = 24  # of a sum before dots stand for those in the middle


@dataclass(frozen=True)
class Telling:
    """How steps are told: the words of a language, which tensor has which colour, and how the ids of steps begin."""

    words: Catalogue
    palette: Palette = field(default_factory=Palette)
    group: str = "step"

    def formula(self, left: object, right: object = None, among: Iterable[str] = STYLES) -> Formula:
        """``left = right`` in every style ``among`` these that says it; without a matrix form the index style stands alone."""
        row = getattr(left, "kind", "") == "local_jacobian"  # a Jacobian of a scalar is a row, unlike a gradient
        styles = {s: statement(left, s, right, palette=self.palette, row=row, terms=MOST_TERMS) for s in among}
        shown = right if right is not None else getattr(left, "right", left)
        if not isinstance(shown, Chain) and styles["matrix"] == styles["index"] and matrix_form(shown) is None:
            del styles["matrix"]
        return Formula(styles=styles)

    def line(self, s: Recorded) -> Math:
        """What a step states, in matrix notation, for a line of a table."""
        row = s.kind == "local_jacobian"
        return Math(statement(s, "matrix", palette=self.palette, row=row, terms=MOST_TERMS))

    def condition(self, c: Condition) -> tuple[Inline, ...]:
        """A side condition: mathematics, or words of the catalogue."""
        if c.expr is not None:
            return (Math(condition(c)),)
        said = self.words.sentences
        for key in (key for key in said if key.startswith("condition.")):
            match = re.fullmatch(CONDITIONS[key.removeprefix("condition.")], c.relation)
            if match:
                return phrase(self.words, key, subject=match.groupdict().get("subject", ""))
        value = re.fullmatch(r"(\w+)′\((\S+)\) = (\S+)", c.relation)  # the convention at a kink
        if value:
            return (Math(rf"\operatorname{{{value[1]}}}'({value[2]}) = {value[3]}"),)
        about = (symbol(c.subject), Text(" ")) if c.subject is not None else ()
        return (*about, Text(c.relation))

    def finding(self, f: Finding) -> tuple[Inline, ...]:
        """A structural finding in words."""
        subject = symbol(f.subject) if f.subject is not None else ()
        axes = ", ".join(map(str, f.axes))
        numbers = {name: Math(latex(((), e))) for name, e in f.numbers}
        return phrase(self.words, f"finding.{f.key.replace(' ', '_')}", subject=subject, axes=axes, **numbers)


# What a condition in words looks like, by the key of its sentence; others are the same in every language.
CONDITIONS = {
    "first_max": r"on a tie the first largest entry gets the whole derivative of max",
    "first_min": r"on a tie the first smallest entry gets the whole derivative of min",
    "half_max": r"on a tie each argument of max gets half",
    "half_min": r"on a tie each argument of min gets half",
    "sign": r"sign′ = 0 everywhere",
    "step": r"step′ = 0 everywhere",
    "absolute": r"\|x\|′ = 0 at x = 0",
    "invertible": r"(?P<subject>.+) invertible",
    "full_rank": r"(?P<subject>.+) of full rank",
    "definite": r"(?P<subject>.+) symmetric positive definite",
    "distinct": r"(?P<subject>.+) symmetric with distinct eigenvalues",
    "singular": r"singular values of (?P<subject>.+) distinct and positive",
    "spectrum": r"(?P<subject>.+) without eigenvalues on \(-∞, 0\]",
}


def steps_of(
    d: Derivation,
    checks: Mapping[int, StepCheck],
    listing: Listing,
    telling: Telling,
    plan: Outline | None = None,
) -> list[Block]:
    """The steps of a derivation as ``plan`` says; by default as ``outline`` does."""
    plan = plan or outline(d)
    resting = {} if plan.full == d.steps else _resting_on(d.steps, {s.number for s in plan.full})
    found = [*_repeated(plan, checks, telling), _steps(plan.full, checks, listing, telling, resting)]
    return [*found, _in_short(plan.short, checks, telling)] if plan.short else found


def _in_short(steps: Sequence[Recorded], checks: Mapping[int, StepCheck], telling: Telling) -> Fold:
    """Steps between those that are told in full, a line each."""
    words = telling.words
    rows = [
        [
            str(s.number),
            telling.line(s),
            Mark(checks[s.number].status) if s.number in checks else (),
        ]
        for s in steps
    ]
    columns = [words(f"report.column.{c}") for c in ("step", "equation", "check")]
    return Fold(words("report.steps_in_short", count=len(rows)), [Table(columns, rows, row_headers=True)])


def _resting_on(steps: Iterable[Recorded], shown: set[int]) -> dict[int, tuple[int, ...]]:
    """For each step that is not shown the shown ones that it rests on."""
    found: dict[int, tuple[int, ...]] = {}
    for s in steps:
        if s.number not in shown:
            found[s.number] = tuple(dict.fromkeys(n for k in s.inputs for n in found.get(k, (k,))))
    return found


def _repeated(plan: Outline, checks: Mapping[int, StepCheck], telling: Telling) -> list[Block]:
    """A table of the stretches that are told by their names, with their evidence."""
    words, rows = telling.words, []
    for r in plan.repeated:
        counts = Counter(checks[s.number].status for s in r.steps if s.number in checks)
        marks = [Mark(status, f"{count}/{len(r.steps)}") for status, count in counts.items()]
        first = r.original[0].number
        alike = f"{first}–{r.original[-1].number}"
        names = [
            Math(rf"{symbol(old).latex} \to {symbol(new).latex}")
            for old, new in r.names
            if not (new.name and is_derivative(new.name))  # they go with the names of their variables
        ]
        rows.append(
            [
                f"{r.steps[0].number}–{r.steps[-1].number}",
                Link(f"#{telling.group}-{first}", alike) if first in plan.told_at else alike,
                joined(names),
                joined(marks),
            ]
        )
    if not rows:
        return []
    columns = [words(f"report.column.{c}") for c in ("step", "like", "names", "check")]
    return [Paragraph(words("report.repeated")), *long_table(columns, rows, words, row_headers=True)]


def long_table(
    columns: list[str], rows: list[list[Content]], words: Catalogue, row_headers: bool = False
) -> list[Block]:
    """A table, its rows beyond a page or two folded."""
    blocks: list[Block] = [Table(columns, rows[:MOST_ROWS], row_headers=row_headers)]
    if len(rows) > MOST_ROWS:
        more = Table(columns, rows[MOST_ROWS:], row_headers=row_headers)
        blocks.append(Fold(words("report.more_rows", count=len(rows) - MOST_ROWS), [more]))
    return blocks


def _steps(
    steps: Iterable[Recorded],
    checks: Mapping[int, StepCheck],
    listing: Listing,
    telling: Telling,
    resting: Mapping[int, tuple[int, ...]],
) -> Steps:
    """Steps on the page; those before a result are folded where some are missing (``resting`` says what they rest on)."""
    most = 0 if resting else 1
    made = [_step(s, checks, listing, telling, most) for s in steps]
    linked = [replace(s, inputs=dict.fromkeys(n for k in s.inputs for n in resting.get(k, (k,)))) for s in made]
    return Steps(linked, id=telling.group)


def _step(s: Recorded, checks: Mapping[int, StepCheck], listing: Listing, telling: Telling, most: int) -> Step:
    words = telling.words
    return Step(
        s.number,
        title(s, words),
        telling.formula(s),
        rule=rule(s, words),
        shapes=shapes(s, words),
        conditions=[telling.condition(c) for c in s.conditions],
        inputs=s.inputs,
        code=_code(s, listing),
        check=evidence(checks[s.number], words) if s.number in checks else None,
        level=s.level,
        open=s.level <= most,
    )


def title(s: Recorded, words: Catalogue) -> tuple[Inline, ...]:
    """What the step does, in a few words."""
    fields = {"of": _of(s), "by": _by(s)}
    return phrase(words, f"step.title.{s.kind if s.rule != 'independent' else 'independent'}", **fields)


def _of(s: Recorded) -> Content:
    return symbol(s.left.of if isinstance(s.left, Derivative) else s.left)


def _by(s: Recorded) -> Content:
    return joined([symbol(t) for t in s.left.by]) if isinstance(s.left, Derivative) else ()


def rule(s: Recorded, words: Catalogue) -> tuple[Inline, ...]:
    """The rule by name, and what it says here; further rules that took part by name."""
    said = phrase(words, f"rule.says.{s.rule}", of=_of(s), by=_by(s))
    more = [words(f"rule.name.{r}") for r in dict.fromkeys(s.rules) if r != s.rule]
    used = (Text(" "), *phrase(words, "step.used", rules=", ".join(more))) if more else ()
    return (Text(words(f"rule.name.{s.rule}") + ". "), *said, *used)


def shapes(s: Recorded, words: Catalogue) -> tuple[Inline, ...]:
    """The line of shapes: of a product that of its factors, of a result that of its variable and as a row."""
    if not s.shapes:
        return ()
    sizes = [extents for _, extents in s.shapes]
    if isinstance(s.right, Chain):
        factors, products = sizes[1:], []
        for term in s.right.terms:
            products.append(r" \cdot ".join(shape_latex(f) for f in factors[: len(term)]))
            factors = factors[len(term) :]
        terms = shortened([(False, p) for p in products], MOST_TERMS)
        return (Math(f"{shape_latex(sizes[0])} = {joined_terms(terms)}"),)
    if s.kind == "result":
        by = s.left.by[0]
        own = shape_latex((*s.left.of.extents, *by.extents))
        marked = statement(s, "matrix", shapes=True, terms=MOST_TERMS)
        parts: list[Content] = [Math(marked if r"\underbrace" in marked else own)]
        if by.ndim == 1 and not s.left.of.ndim:
            parts.append(phrase(words, "step.as_row", row=Math(shape_latex(sizes[0]))))
        return joined(parts)
    return (
        Math(rf"{latex(s.left) if isinstance(s.left, Derivative) else symbol(s.left).latex} : {shape_latex(sizes[0])}"),
    )


def _code(s: Recorded, listing: Listing) -> Code | None:
    target = s.left if isinstance(s.left, Tensor) else s.tensor
    source = listing.lines_for(s.left, target, s.right if isinstance(s.right, Closed) else None)
    return Code(source, "python") if source else None


def evidence(check: StepCheck, words: Catalogue) -> Mark:
    """The mark of a step that was held to numbers."""
    key = {COMPLEX_STEP: "complex_step", SAME: "same"}.get(check.method, "differences")
    if check.status == "undecided":
        return Mark("undecided", phrase(words, "evidence.undecided", reason=Code(check.reason)))
    if check.status == "refuted":
        key = "refuted"
    return Mark(check.status, phrase(words, f"evidence.{key}", error=scientific(check.error)))
