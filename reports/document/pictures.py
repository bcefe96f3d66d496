"""Pictures of Jacobians and Hessians at a random point: where they are zero, positive and negative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numeric.functions import lambdify
from numeric.sampling import bounds_of_integers, draw, sizes_for
from reports.document.model import Block, Fold, Math, Paragraph
from reports.document.phrases import phrase
from reports.document.steps import Telling
from reports.figures.squares import MOST, matrix_of, squares
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.records import Derivative
from symbolic.errors import ChainruleError
from symbolic.notation import latex
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor

MOST_MODULES, MOST_PICTURES = 12, 8
_SIZE = 7  # of the first named dimension; the next ones are larger by one each, so that no two agree


def pictures(d: Derivation, seconds: Sequence[tuple[Derivative, Tensor]], telling: Telling, seed: int) -> list[Block]:
    """The Jacobians of vectors by vectors in a program of a few modules, and the second derivatives ``seconds``, folded."""
    shown = [*_firsts(d), *seconds][:MOST_PICTURES]
    values = _values(d, [t for _, t in shown], seed) if shown else []
    drawn = [(left, v) for (left, _), v in zip(shown, values, strict=False) if matrix_of(v).shape > (1, 1)]
    if not drawn:
        return []
    figures = [squares(v, _caption(left, matrix_of(v).shape, telling), telling.words) for left, v in drawn]
    intro = Paragraph(telling.words("report.pictures_intro", seed=seed))
    return [Fold(telling.words("report.pictures"), [intro, *figures])]


def _firsts(d: Derivation) -> list[tuple[Derivative, Tensor]]:
    if len(d.program) > MOST_MODULES:
        return []
    local = [s for s in d.steps if s.kind == "local_jacobian" and s.tensor is not None]
    return [(s.left, s.tensor) for s in local if s.left.of.ndim == 1 == s.left.by[0].ndim]


def _values(d: Derivation, wanted: list[Tensor], seed: int) -> list[np.ndarray]:
    """The wanted tensors at a random point; nothing where they cannot be computed there."""
    given = [t for t in leaves([d.output]) if t.value is None]
    names = dict.fromkeys(str(s) for t in given for e in t.extents for s in sorted(e.free_symbols, key=str))
    try:
        numbers = sizes_for(given, {name: _SIZE + k for k, name in enumerate(names)})
        below = bounds_of_integers(topological([d.output]), numbers)
        rng = np.random.default_rng(seed)
        return lambdify(given, wanted, dtype="float64")(*(draw(t, numbers, rng, below.get(t.serial, 2)) for t in given))
    except ChainruleError:
        return []


def _caption(left: Derivative, shape: tuple[int, int], telling: Telling) -> tuple:
    fields = {"of": Math(latex(left)), "rows": str(shape[0]), "columns": str(shape[1])}
    cut = max(shape) > MOST
    return phrase(
        telling.words,
        "report.picture_cut" if cut else "report.picture",
        **fields,
        **({"most": str(MOST)} if cut else {}),
    )
