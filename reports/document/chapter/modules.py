"""Vector modules: rows, Jacobians, and a stack in which every module has two of them."""

from __future__ import annotations

import numpy as np

from numeric import lambdify
from reports.document.chapter.book import Book
from reports.document.derivation import jacobian_table, program_table
from reports.document.model import Block, Section
from reports.figures.squares import squares
from symbolic import Derivative, Sum, define, indices, jacobian, squared_error, tensor
from symbolic.program.tensors import Tensor

DEPTH = 8  # of the stack in the figure


def vector(book: Book) -> Section:
    """∂c/∂z_f = ∂c/∂z_g · ∂z_g/∂z_f with [1×d_f] = [1×d_g]·[d_g×d_f]."""
    made = book.system("vector-module")
    d = made.derivation
    z_f, z_g, W, y = (made.model.tensors[name] for name in ("z_f", "z_g", "W", "y"))
    z = np.tanh(W @ z_f)
    local = (1 - z * z)[:, None] * W
    return book.section(
        "vector",
        book.say("vector.text"),
        book.diagram("vector.figure", d.output, [z_g], gradients=True),
        book.say("vector.jacobian"),
        *book.checked(Derivative(z_g, (z_f,)), local, jacobian(z_g, z_f)),
        *_structures(book),
        book.steps(made),
        book.say("vector.whole"),
        *book.checked(Derivative(d.output, (z_f,)), (2 * (z - y)) @ local, d.gradient(z_f)),
    )


def _structures(book: Book) -> list[Block]:
    """The Jacobians of a pointwise function and of a sliding weighted sum at a random point, as pictures."""
    rng = np.random.default_rng(book.choices.seed)
    x, w = tensor("x", 12), tensor("w", 3)
    p, q = indices("p", 10), indices("q")
    sliding = define[p](Sum[q](w[q] * x[p + q])).named("s")
    pointwise = np.tanh(x).named("z")
    values = rng.normal(size=12), rng.normal(size=3)
    blocks: list[Block] = [book.say("vector.structure")]
    for key, module in (("diagonal", pointwise), ("banded", sliding)):
        J = jacobian(module, x)
        picture = squares(lambdify([x, w], J)(*values), book.sentence(f"vector.{key}"), book.words)
        blocks += [book.equation(Derivative(module, (x,)), J), picture]
    return blocks


def stacked(book: Book) -> Section:
    """z_{k+1} = f_k(z_k, w_k): two Jacobians for every module."""
    made = book.system("module-stack")
    return book.section(
        "modules",
        book.say("modules.text"),
        book.diagram("modules.figure", *_deep(DEPTH)),
        book.say("modules.two"),
        *program_table(made),
        *jacobian_table(made),
        book.steps(made),
        book.say("modules.end"),
        book.results(made)[:-1],
    )


def _deep(depth: int) -> tuple[Tensor, list[Tensor]]:
    """A stack of alike modules, of which a diagram folds the middle."""
    z, y = tensor("z_0", "d_0"), tensor("y", f"d_{depth}", role="target")
    circles = []
    for k in range(depth):
        w = tensor(f"w_{k}", (f"d_{k + 1}", f"d_{k}"), role="parameter")
        z = np.tanh(w @ z).named(f"z_{k + 1}")
        circles.append(z)
    return squared_error(z, y).named("c"), circles


def sections(book: Book) -> list[Section]:
    """L19 and L20."""
    return [vector(book), stacked(book)]
