"""Exercises: derivatives of a model, some of them wrong on purpose, with the answer key.

A wrong line is the true derivative with one mistake of the diagnosis' own table made in its program. It is used only if
the judge refutes it, so no line is called wrong that happens to be right.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from symbolic.calculus.derivatives import gradient
from symbolic.errors import ChainruleError, DeclarationError
from symbolic.notation import Derivative, latex
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor
from symbolic.verification.diagnosis.candidates import Candidate, readable
from symbolic.verification.diagnosis.local import local_candidates
from symbolic.verification.diagnosis.mistakes import explained
from symbolic.verification.diagnosis.products import product_candidates
from symbolic.verification.equality import judge
from symbolic.verification.equality_points import Comparer
from symbolic.verification.verdict import Counterexample

RIGHT_SHARE = 0.3  # of the lines
LONGEST = 400  # characters of a line


@dataclass(frozen=True)
class Line:
    """One line of a worksheet: ``derivative = claim``; the key says whether it holds, else the mistake and the truth.

    ``left``, ``claim`` and ``truth`` are LaTeX; ``label`` and ``sentence`` are empty on right lines.
    """

    left: str
    claim: str
    right: bool
    truth: str
    label: str = ""
    sentence: str = ""
    counterexample: Counterexample | None = None


@dataclass(frozen=True)
class Exercise:
    """A model (its declared tensors and the named steps to its loss), lines to judge, and the seed that made them."""

    loss: Tensor
    declared: tuple[Tensor, ...]
    steps: tuple[Tensor, ...]
    lines: tuple[Line, ...]
    seed: int


def exercise(loss: Tensor, wrt: Iterable[Tensor] = (), count: int = 6, seed: int = 0) -> Exercise:
    """A worksheet of ``count`` lines on the gradients of a scalar loss, by its parameters if ``wrt`` is empty.

    The same seed gives the same worksheet. Raises ``DeclarationError`` if there is nothing to differentiate by.

    >>> import symbolic as s
    >>> x, w, y = s.tensor("x", "n"), s.tensor("w", "n", role="parameter"), s.tensor("y", "", role="target")
    >>> sheet = exercise(((w @ x - y) ** 2).named("C"), count=4, seed=1)
    >>> len(sheet.lines), sheet.lines[0].left
    (4, '\\\\frac{\\\\partial C}{\\\\partial w}')
    """
    declared = tuple(t for t in leaves([loss]) if t.name)
    variables = tuple(wrt) or tuple(t for t in declared if t.role == "parameter")
    if not variables:
        raise DeclarationError("exercise: no tensor has role='parameter'; say by which to differentiate")
    if count < 1:
        raise DeclarationError(f"exercise: the number of lines must be at least 1, got {count}")
    rng = random.Random(seed)  # noqa: S311 (a worksheet, no secret)
    if loss.name is None:
        loss.named("C")
    makers = {v: _Lines(loss, v, rng) for v in variables}
    lines = []
    for k in range(count):
        maker = makers[variables[k % len(variables)]]
        lines.append(maker.right() if rng.random() < RIGHT_SHARE and not maker.told else maker.wrong())
    steps = tuple(t for t in topological([loss]) if t.name and t.definition is not None)
    return Exercise(loss, declared, steps, tuple(lines), seed)


class _Lines:
    """Lines on one gradient; no mistake is used twice."""

    def __init__(self, loss: Tensor, variable: Tensor, rng: random.Random):
        self.left, self.rng = latex(Derivative(loss, variable)), rng
        self.gradient = gradient(loss, variable)
        self.truth = latex(self.gradient)
        self.seen, self.told = {self.truth}, False
        self._wrong = self._mistakes()

    def right(self) -> Line:
        """The true derivative, told once as long as there are mistakes left."""
        self.told = True
        return Line(self.left, self.truth, True, self.truth)

    def wrong(self) -> Line:
        """The next mistake; the true line once they are used up."""
        line = next(self._wrong, None)
        return line if line is not None else self.right()

    def _mistakes(self) -> Iterator[Line]:
        by_label: dict[str, list[Candidate]] = {}
        for candidate in (*local_candidates(self.gradient, "truth"), *product_candidates(self.gradient)):
            by_label.setdefault(candidate.label, []).append(candidate)
        comparer = Comparer(self.rng)
        while by_label:
            labels = sorted(by_label)
            self.rng.shuffle(labels)
            for label in labels:
                line = self._made(by_label[label], comparer)
                if line is not None:
                    yield line
                if not by_label[label]:
                    del by_label[label]

    def _made(self, candidates: list[Candidate], comparer: Comparer) -> Line | None:
        """A line from the first of some candidates, in random order, that reads well and is refuted."""
        self.rng.shuffle(candidates)
        while candidates:
            candidate = candidates.pop()
            try:
                claim = latex(candidate.tensor)
                if claim in self.seen or len(claim) > LONGEST:
                    continue
                verdict = judge(candidate.tensor, self.gradient, comparer, diagnosis=False)
            except ChainruleError:
                continue
            if verdict.status == "refuted":
                self.seen.add(claim)
                sentence = explained(candidate.label, readable(candidate.detail, topological([self.gradient])))
                return Line(self.left, claim, False, self.truth, candidate.label, sentence, verdict.counterexample)
        return None


def as_data(sheet: Exercise, declarations: Sequence[str], steps: Sequence[str]) -> dict[str, object]:
    """The worksheet and its key as plain data, for JSON."""
    return {
        "seed": sheet.seed,
        "declarations": list(declarations),
        "steps": list(steps),
        "lines": [
            {
                "latex": f"{line.left} = {line.claim}",
                "right": line.right,
                "mistake": line.label or None,
                "explanation": line.sentence or None,
                "truth": f"{line.left} = {line.truth}",
                "counterexample": str(line.counterexample) if line.counterexample else None,
            }
            for line in sheet.lines
        ],
    }
