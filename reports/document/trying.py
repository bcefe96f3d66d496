"""Lines that call the generated code: arrays to try it with, and a gradient held to a difference quotient."""

from __future__ import annotations

import numpy as np

from numeric.sampling import bounds_of_integers, sizes_for
from reports.document.catalogue import Catalogue
from reports.document.listing import Listing
from reports.document.model import Block, Code, Paragraph
from reports.document.phrases import phrase, symbol
from symbolic.calculus.derivation import Derivation
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

MOST_FIXED = 1000  # numbers of constant arrays that are still written out
# What draws an array of which something is assumed, by the first assumption that holds. {0} is its shape, {1} its last size.
DRAWN = {
    "one_hot": "np.eye({1})[rng.integers(0, {1}, {0}[:-1])]",
    "probability": "rng.dirichlet(np.ones({1}), {0}[:-1])",
    "orthogonal": "np.linalg.qr(rng.normal(size={0}))[0]",
    "positive_definite": "(lambda a: a @ np.swapaxes(a, -1, -2) + np.eye({1}))(rng.normal(size={0}))",
    "symmetric": "(lambda a: (a + np.swapaxes(a, -1, -2)) / 2)(rng.normal(size={0}))",
    "diagonal": "rng.uniform(1, 2, {0}) * np.eye({1})",
    "lower_triangular": "np.tril(rng.normal(size={0})) + {1} * np.eye({1})",
    "invertible": "rng.normal(size={0}) + {1} * np.eye({1})",
    "unit_interval": "rng.uniform(0.05, 0.95, {0})",
    "sign": "rng.choice([-1.0, 1.0], {0})",
    "binary": "rng.integers(0, 2, {0}).astype(float)",
    "integer": "rng.integers(1, 5, {0}).astype(float)",
    "positive": "rng.uniform(0.5, 1.5, {0})",
}


def trying(d: Derivation, code: Listing, words: Catalogue, seed: int = 0) -> list[Block]:
    """A sentence and lines that run behind the listing, in a notebook or anywhere else."""
    given = code.function.arguments
    sizes = sizes_for(given)
    below = bounds_of_integers(topological([d.output]), sizes)
    arrays = [f"    {t.label!r}: {drawn(t, sizes, below.get(t.serial, 2))}," for t in given]
    fixed = [(t.label, np.asarray(t.value)) for t in code.function.program.constants]
    if sum(value.size for _, value in fixed) > MOST_FIXED:
        return []
    arrays += [f"    {name!r}: np.array({value.tolist()})," for name, value in fixed]
    lines = [
        f"rng = np.random.default_rng({seed})",
        "given = {",
        *arrays,
        "}",
        "value, *gradients = computed(*given.values())",
    ]
    found = [(k, w) for k, w in enumerate(d.wrt) if w in d.results and w.dtype == "real" and not w.assume]
    if d.output.ndim or not found:
        return [Paragraph(words("report.try")), Code("\n".join([*lines, "print(value)"]), "python")]
    place, w = found[0]
    lines += [
        f"direction = rng.normal(size=np.shape(given[{w.label!r}]))",
        f"near = [computed(*{{**given, {w.label!r}: given[{w.label!r}] + h * direction}}.values())[0] for h in (1e-6, -1e-6)]",
        f"print(value, np.sum(gradients[{place}] * direction), (near[0] - near[1]) / 2e-6)",
    ]
    said = phrase(words, "report.try_gradient", of=symbol(d.output), by=symbol(w))
    return [Paragraph(said), Code("\n".join(lines), "python")]


def drawn(t: Tensor, sizes, below: int = 2) -> str:
    """An expression for an array that ``t`` may be.

    >>> from symbolic import tensor
    >>> drawn(tensor("p", 3, assume="positive"), {}), drawn(tensor("k", "", dtype="int"), {}, 4)
    ('rng.uniform(0.5, 1.5, (3,))', 'rng.integers(0, 4, ())')
    """
    shape = tuple(int(e.xreplace(sizes)) for e in t.extents)
    if t.dtype == "bool":
        return f"rng.integers(0, 2, {shape}).astype(bool)"
    if t.dtype == "int":
        return f"rng.integers(0, {max(below, 1)}, {shape})"
    form = next((form for key, form in DRAWN.items() if key in t.assume), "rng.normal(size={0})")
    return form.format(shape, shape[-1] if shape else 1)
