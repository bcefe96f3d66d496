"""Functions that cannot be traced with named dimensions: traced at several sizes, or else run on numbers.

Real code loops over ``range(n)``, asks ``np.eye(n)`` and writes into ``np.zeros(n)``. At fixed sizes the first two can be
traced; the last can only be run. Running it shows agreement or a visible difference in floats, never a proof.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import FunctionType
from typing import Any

import sympy as sp

from symbolic.errors import ChainruleError, DeclarationError, ShapeError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis import diagnose, explained
from symbolic.verification.diagnosis.edits import MOST_EDITS, edits
from symbolic.verification.diagnosis.mistakes import RANK
from symbolic.verification.effort import SECOND, spend, spent
from symbolic.verification.equality_claims import arguments, read_function
from symbolic.verification.equality_points import SEARCHED, Comparer
from symbolic.verification.equality_shapes import layouts, same_shape
from symbolic.verification.equality_sizes import at_sizes, generalised, squared
from symbolic.verification.evaluation_numbers import Floats, Trace
from symbolic.verification.evaluation_points import Draw, dimensions, draw_sizes, label_ranges
from symbolic.verification.evaluation_program import Program, count_points
from symbolic.verification.formulas import Formula
from symbolic.verification.verdict import Counterexample, Diagnosis, Evidence, Verdict, nested, number_text, unravelled
from symbolic.verification.writing import traced

SHAPELY = (
    "missing transpose",
    "wrong order of factors",
    "Hadamard and matrix product",
    "symmetric assumption",
    "sum over the wrong axis",
    "wrong layer index",
    "wrong tensor",
    "layout",
)
SIZED = (  # what may be meant otherwise where a size is a number: a mean of two, a root of four
    "factor 2", "factor", "missing 1/P", "extra 1/P", "missing factor", "extra factor", "off by one", "wrong exponent",
)  # fmt: skip
CHOICES = ((2, 4), (3, 5), (1, 4))
LARGER = ((6, 9), (7, 10))  # where the code reads an entry by a number of its own, as E[[1, 4]]
TRACED = (7, 11, 13, 17, 19, 23)  # sizes that tell dimensions apart, large enough to be made dimensions again
Judge = Callable[..., Verdict]
MOST_SQUARE = 7  # the largest size to which all are made equal
MOST_WRITTEN = 2_000  # points of a truth for which a function that writes entry by entry is followed
_KINDS = {"int": int, "bool": bool}


def judge_function(
    function: Callable[..., Any],
    truth: Tensor,
    names: Mapping[str, Tensor],
    comparer: Comparer,
    judge: Judge,
    why: str,
    diagnosis: bool = True,
) -> Verdict:
    """The verdict on a function that gave no program with named dimensions; ``why`` says what stood in the way.

    ``judge`` gives the verdict at fixed sizes; ``diagnosis``: whether a wrong claim's mistake is looked for.
    """
    tensors = topological([truth, *names.values()])
    sizes = [draw_sizes(tensors, comparer.rng, low, high, comparer.fixed) for low, high in CHOICES]
    choices = [s for k, s in enumerate(sizes) if s is not None and s not in sizes[:k]]
    verdicts = []
    for choice in choices:
        fixed = at_sizes([truth, *names.values()], choice)
        try:
            claim = read_function(function, {name: fixed[t] for name, t in names.items()})
        except ShapeError as error:
            sentence = f"at {_text(choice)} the claim's own shapes do not fit: {error}"
            read = partial(read_function, function)
            found = misfit_diagnosis(read, truth, names, comparer) if diagnosis else None
            return Verdict("shape", Evidence(sentence), (), None, found, truth=truth)
        except Exception:  # whatever real code raises when it meets a symbol; numbers are tried next
            found = _run(function, truth, names, choices, comparer, why)
            if found.status == "refuted" and diagnosis:
                wide = max(
                    choices, key=lambda sizes: min(sizes.values(), default=0)
                )  # no size may stand for a factor 2
                return replace(found, diagnosis=_written_diagnosis(function, truth, names, wide, comparer))
            if found.status != "undecided" or "IndexError" not in found.evidence.sentence:
                return found
            larger = [draw_sizes(tensors, comparer.rng, low, high, comparer.fixed) for low, high in LARGER]
            return _run(function, truth, names, [s for s in larger if s is not None], comparer, why)
        verdict = judge(claim, fixed[truth], diagnosis=diagnosis, proving=False)
        if verdict.status not in ("proved", "agrees"):
            told = verdict.diagnosis
            if not diagnosis or (told is not None and told.label not in SIZED):
                return verdict
            found = _open_diagnosis(function, truth, names, comparer)
            return replace(verdict, diagnosis=found) if found is not None else verdict
        verdicts.append(verdict)
    if not verdicts:
        return Verdict("undecided", Evidence(why), truth=truth)
    sentence = f"the function was traced at {'; '.join(map(_text, choices))}; at the last: {verdicts[-1].evidence}"
    known = tuple(tuple(sorted((d.name, n) for d, n in choice.items())) for choice in choices)
    points = sum(v.evidence.points for v in verdicts)
    return Verdict(
        "agrees", Evidence(sentence, points, known, verdicts[-1].evidence.digits), verdicts[-1].conditions, truth=truth
    )


def _open_diagnosis(
    function: Callable[..., Any], truth: Tensor, names: Mapping[str, Tensor], comparer: Comparer
) -> Diagnosis | None:
    """The mistake in a function that needs numbers for its sizes: traced at large sizes, which are then opened again."""
    tensors = topological([truth, *names.values()])
    free = [d for d in dimensions(tensors) if d not in comparer.fixed]
    if len(free) > len(TRACED):
        return None
    sizes = dict(zip(TRACED, free, strict=False))
    fixed = at_sizes(tensors, {**comparer.fixed, **{d: n for n, d in sizes.items()}})
    try:
        claim = read_function(function, {name: fixed[t] for name, t in names.items()})
        general = generalised([claim, fixed[truth]], sizes)
    except Exception:  # whatever real code raises when it meets a symbol
        return None
    if general is None:
        return None
    found = diagnose(general[claim], general[fixed[truth]], comparer)
    return replace(found, repair=truth) if found is not None else None


def _written_diagnosis(
    function: Callable[..., Any],
    truth: Tensor,
    names: Mapping[str, Tensor],
    sizes: Mapping[sp.Symbol, int],
    comparer: Comparer,
) -> Diagnosis | None:
    """The mistake in a function that writes into arrays: looked for in what it was seen to write, at fixed sizes."""
    fixed = at_sizes([truth, *names.values()], sizes)
    if not isinstance(function, FunctionType) or count_points([fixed[truth]], {}) > MOST_WRITTEN:
        return None
    known = {name: fixed[t] for name, t in names.items()}
    try:
        claim = traced(function, arguments(function, known), sys.modules["numpy"])
        if not same_shape(claim.extents, fixed[truth].extents) or not _has_values(function, claim, known, comparer):
            return None
    except Exception:  # whatever real code raises when it meets a symbol
        return None
    found = diagnose(claim, fixed[truth], comparer)
    return replace(found, repair=truth) if found is not None else None


def _has_values(function: Callable[..., Any], claim: Tensor, known: Mapping[str, Tensor], comparer: Comparer) -> bool:
    """Whether a tensor has the values that a function gives, at two random points."""
    np, tensors = sys.modules["numpy"], topological([claim, *known.values()])
    program = Program([claim, *known.values()], {})
    for _ in range(2):
        run = program.evaluate(Draw(comparer.rng, {}, label_ranges(tensors, {})).values(program.leaves), Floats())
        arrays = {
            name: np.array(run.tables[t.serial], dtype=_KINDS.get(t.dtype, float)).reshape(program.shape(t))[()]
            for name, t in known.items()
        }
        with np.errstate(all="ignore"):
            result = np.asarray(function(**arguments(function, arrays)), dtype=float)
        if not np.allclose(result.ravel(), run.tables[claim.serial], rtol=1e-7, atol=1e-9, equal_nan=True):
            return False
    return True


def misfit_diagnosis(
    read: Callable[[dict[str, Tensor]], Tensor], truth: Tensor, names: Mapping[str, Tensor], comparer: Comparer
) -> Diagnosis | None:
    """The mistake in a claim whose own shapes do not fit, found with all dimensions equal, where they do.

    ``read`` makes the claim from tensors by name. Only factors and axes that are transposed or exchanged, and another tensor's place, are believed: these explain shapes.
    """
    tensors = topological([truth, *names.values()])
    for square in _squares(tensors, comparer):
        claim = _read_or_none(read, {name: square[t] for name, t in names.items()})
        found = _square_diagnosis(claim, square[truth], comparer) if claim is not None else None
        if (meant := _of_original(found, truth, tensors)) is not None:
            return meant
    return None


def _read_or_none(read: Callable[[dict[str, Tensor]], Tensor], names: dict[str, Tensor]) -> Tensor | None:
    try:
        return read(names)
    except Exception:  # a reader or real code may raise anything; without a claim there is no diagnosis
        return None


def _squares(tensors: Sequence[Tensor], comparer: Comparer) -> Iterator[dict[Tensor, Tensor]]:
    """The program with all sizes equal; where they are numbers, to each of them: a mean may divide by any."""
    named = [d for d in dimensions(tensors) if d not in comparer.fixed]
    if named:
        yield at_sizes(tensors, dict.fromkeys(named, 3))
        return
    for size in sorted({int(e) for t in tensors for e in t.extents if e.is_Integer and 1 < e <= MOST_SQUARE}):
        square = squared(tensors, size)
        if square is not None:
            yield square


def shape_diagnosis(claim: Tensor, truth: Tensor, comparer: Comparer) -> Diagnosis | None:
    """The mistake in a claim of another shape than the truth's, found with all dimensions equal."""
    tensors = topological([claim, truth])
    tried = (_square_diagnosis(square[claim], square[truth], comparer) for square in _squares(tensors, comparer))
    return next((d for found in tried if (d := _of_original(found, truth, tensors)) is not None), None)


def _of_original(found: Diagnosis | None, truth: Tensor, tensors: Sequence[Tensor]) -> Diagnosis | None:
    """What was found with all dimensions equal, where it can be meant: nobody takes a matrix for symmetric that is not square."""
    square = any(t.ndim == 2 and same_shape(t.extents[:1], t.extents[1:]) for t in tensors if t.definition is None)
    if found is None or (found.label == "symmetric assumption" and not square):
        return None
    return replace(found, repair=truth)


def _square_diagnosis(claim: Tensor, target: Tensor, comparer: Comparer) -> Diagnosis | None:
    if not same_shape(claim.extents, target.extents):
        return None
    found = diagnose(claim, target, comparer)
    if found is None and comparer.compare(claim, target).outcome == "equal":
        found = Diagnosis("missing transpose", "a factor's axes are exchanged", target, "agrees")
    if found is None and any(comparer.compare(claim, t).outcome == "equal" for _, t in layouts(target, claim.extents)):
        found = Diagnosis(
            "wrong order of factors", explained("wrong order of factors", "the product is transposed"), target, "agrees"
        )
    return found if found is not None and found.label in SHAPELY else None


def formula_diagnosis(
    claim: str, truth: Tensor, names: Mapping[str, Tensor], comparer: Comparer, effort: float = SECOND
) -> Diagnosis | None:
    """The mistake in a formula whose shapes do not fit: the one change of what is written that makes it the truth."""
    end = spent() + effort
    read = Formula(claim, names)
    found: list[tuple[str, str]] = []
    raised = any("_u" in name for name in read.scope.values)
    for tried, (label, detail, node) in enumerate(edits(read.node, claim, raised)):
        if tried >= MOST_EDITS or spent() > end:
            break
        spend(1000)
        try:
            edited = read.tensor(truth, node)
        except ChainruleError:
            continue
        if same_shape(edited.extents, truth.extents) and comparer.compare(edited, truth).outcome == "equal":
            found.append((label, detail))
    if not found:
        return None
    label, detail = min(found, key=lambda item: RANK[item[0]])
    return Diagnosis(label, explained(label, detail), truth, "agrees")


def _run(
    function: Callable[..., Any],
    truth: Tensor,
    names: Mapping[str, Tensor],
    choices: list[dict[sp.Symbol, int]],
    comparer: Comparer,
    why: str,
) -> Verdict:
    """The function called on arrays; NumPy is the one that its author loaded."""
    np = sys.modules.get("numpy")
    if np is None:
        return Verdict("undecided", Evidence(why), truth=truth)
    equal, differing, entries, claimed_shape = 0, None, 0, None
    for k in range(SEARCHED):
        choice = choices[k % len(choices)]
        tensors = topological([truth, *names.values()])
        program = Program([truth, *names.values()], choice)
        values = Draw(comparer.rng, choice, label_ranges(tensors, choice)).values(program.leaves)
        trace = Trace()
        run = program.evaluate(values, Floats(trace))
        true = run.tables[truth.serial]
        if trace.ties or any(v != v for v in true):
            continue
        arrays = {
            name: np.array(run.tables[t.serial], dtype=_KINDS.get(t.dtype, float)).reshape(program.shape(t))[()]
            for name, t in names.items()
        }
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(function(**arguments(function, arrays)), dtype=float)
        except DeclarationError:
            raise
        except Exception as error:  # real code may raise anything
            reason = f"{why}; run on numbers, it raises {type(error).__name__}: {error}"
            return Verdict("undecided", Evidence(reason), truth=truth)
        if result.shape != program.shape(truth):
            claimed_shape = result.shape
            break
        entries += len(true)
        gaps = [
            (abs(c - t) / (abs(c) + abs(t) + 1e-9), e)
            for e, (c, t) in enumerate(zip(result.ravel().tolist(), true, strict=True))
        ]
        if any(gap != gap for gap, _ in gaps):
            continue
        worst, entry = max(gaps, default=(0.0, 0))
        if worst <= 1e-7:
            equal += 1
        elif worst > 1e-5:
            differing = (program, values, entry, float(result.ravel()[entry]), true[entry])
            break
    if claimed_shape is not None:
        sentence = f"the claim has shape {claimed_shape}, the truth {program.shape(truth)} at {_text(choice)}"
        return Verdict("shape", Evidence(sentence), truth=truth)
    if differing is not None:
        return Verdict(
            "refuted",
            Evidence("the function was run on numbers and visibly differs"),
            (),
            _shown(*differing, truth),
            truth=truth,
        )
    if equal < 3:
        return Verdict(
            "undecided", Evidence(f"{why}; run on numbers, it gave nothing that could be compared"), truth=truth
        )
    sentence = (
        f"the function was run on numbers: equal in all {entries} entries at {equal} random points in double precision"
    )
    known = tuple(tuple(sorted((d.name, n) for d, n in choice.items())) for choice in choices)
    return Verdict("agrees", Evidence(sentence, equal, known, 15), truth=truth)


def _shown(program: Program, values, entry: int, claimed: float, true: float, truth: Tensor) -> Counterexample:
    given = sorted(values.items(), key=lambda item: item[0].serial)
    shown = tuple((t.label, nested(flat, program.shape(t))) for t, flat in given)
    sizes = tuple(sorted((s.name, n) for s, n in program.sizes.items()))
    return Counterexample(
        sizes, shown, unravelled(entry, program.shape(truth)), number_text(claimed), number_text(true)
    )


def _text(sizes: Mapping[sp.Symbol, int]) -> str:
    return ", ".join(f"{d} = {n}" for d, n in sorted(sizes.items(), key=lambda i: i[0].name)) or "the given sizes"
