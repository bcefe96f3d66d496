"""Letters that count, where the tensors' sizes are numbers: the n of (1/n) X⊤(Xw − y) for an X of 5 × 3.

Nothing tells which of the sizes such a letter means. It means one of them; so a claim is right if it is right for one, which
is then said, and wrong if it is wrong for each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.values import ShapeMisfit, UnknownSymbol
from symbolic.verification.formulas import Formula, formula
from symbolic.verification.grammar import syntax as s

MOST = 12  # readings that are tried
COUNTS = frozenset("nNmMPdDK")  # what people count samples, entries, classes with; any other letter has to be declared


def readings(
    claim: str, truth: Tensor, names: Mapping[str, Tensor]
) -> Iterator[tuple[dict[str, int], Tensor | ShapeMisfit]]:
    """The formula with each choice of sizes for its one or two unknown letters, if all sizes of its tensors are numbers."""
    extents = [e for t in leaves([truth, *names.values()]) for e in t.extents]
    if not extents or not all(e.is_Integer for e in extents):
        return
    sizes = sorted({int(e) for e in extents if e > 1})
    yield from itertools.islice(_read({}, sizes, claim, truth, names), MOST)


def _read(
    told: dict[str, int], sizes: Sequence[int], claim: str, truth: Tensor, names: Mapping[str, Tensor]
) -> Iterator[tuple[dict[str, int], Tensor | ShapeMisfit]]:
    unknown = ""
    try:
        made = Formula(claim, names, sizes=told)
        unknown = next((n for n in _limits(made.node) if n not in {*made.scope.values, *made.scope.dims}), "")
        read = made.tensor(truth) if not unknown else None
    except UnknownSymbol as error:
        unknown = error.name
    except ShapeMisfit as error:
        if told:
            yield told, error
    except ChainruleError:
        pass
    else:
        if told and read is not None:
            yield told, read
    if unknown and len(told) < 2 and unknown.partition("_")[0] in COUNTS:
        for size in (n for n in sizes if n not in told.values()):
            yield from _read({**told, unknown: size}, sizes, claim, truth, names)


def with_all_equal(claim: str, letters: Sequence[str], names: Mapping[str, Tensor]) -> Tensor:
    """The formula over tensors whose sizes are one number, which each letter means then."""
    size = max((int(e) for t in names.values() for e in t.extents if e.is_Integer), default=1)
    return formula(claim, names, sizes=dict.fromkeys(letters, size))


def _limits(node: s.Node) -> Iterator[str]:
    """The letters up to which sums run."""
    for n in s.walk(node):
        if isinstance(n, s.Big) and isinstance(n.sup, s.Symbol):
            yield n.sup.name
