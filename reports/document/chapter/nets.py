"""Traditional nets, and what flows back through a pointwise function, a weighted sum and a stack."""

from __future__ import annotations

import numpy as np

from numeric.training.curvature import Objective
from numeric.training.history import History, records_from
from numeric.training.initial import initial_parameters
from numeric.training.synthetic import teacher_data
from reports.document.chapter.book import Book, number
from reports.document.derivation import Derived, jacobian_table, program_table
from reports.document.model import Block, Code, Fold, Section
from reports.document.training import history_blocks
from reports.figures.charts import histogram_chart
from symbolic import Derivative, define, indices, mlp, squared_error, tensor
from symbolic import Sum as Total
from symbolic.program.tensors import Tensor


def traditional(book: Book) -> Section:
    """s[i] = Σ over predecessors; without pointwise functions the stack is one linear map."""
    made = book.system("wired-net")
    d = made.derivation
    x, y = tensor("x", "n_0"), tensor("y", "n_2", role="target")
    two = mlp(["n_0", "n_1", "n_2"], bias=False)(x)
    W_1, W_2 = tensor("W_1", "n_1 n_0"), tensor("W_2", "n_2 n_1")
    collapsed = (W_2 @ W_1) @ x
    return book.section(
        "nets",
        book.say("nets.text"),
        book.diagram("nets.figure", squared_error(two, y).named("C")),
        book.say("nets.wiring"),
        *program_table(made, linked=False),
        book.diagram("nets.wired", d.output, d.program, gradients=True),
        book.results(made),
        book.say("nets.collapse"),
        *book.checked((W_2 @ (W_1 @ x)).named("y_bar"), collapsed, W_2 @ (W_1 @ x)),
    )


def pointwise(book: Book) -> Section:
    """dC/ds = dC/dz · h′(s), also as perturbations."""
    made = book.system("pointwise")
    d = made.derivation
    s, y = made.model.tensors["s"], made.model.tensors["y"]
    z = np.tanh(s)
    return book.section(
        "pointwise",
        book.say("pointwise.text"),
        book.diagram("pointwise.box", *_box(), gradients=True),
        book.say("pointwise.alone"),
        book.diagram("pointwise.figure", d.output, d.program, gradients=True),
        book.steps(made),
        book.say("pointwise.by_hand"),
        *book.checked(Derivative(d.output, (s,)), 2 * (z - y) * (1 - z * z), d.gradient(s)),
    )


def _box() -> tuple[Tensor, list[Tensor]]:
    """One pointwise function inside a larger system: the cost, and the variables around that function."""
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    w, v = tensor("w", "k n", role="parameter"), tensor("v", "m k", role="parameter")
    s = (w @ x).named("s")
    z = np.tanh(s).named("z")
    return squared_error(v @ z, y).named("C"), [s, z]


def weighted(book: Book) -> Section:
    """One z feeds three weighted sums: dC/dz = Σ_i dC/ds[i] · w[i]."""
    made = book.system("weighted-sum")
    d = made.derivation
    z, w, y = (made.model.tensors[name] for name in ("z", "w", "y"))
    i = indices("i")
    s = w * z
    claim = define(Total[i](2 * (s[i] - y[i]) * w[i]))
    return book.section(
        "weighted",
        book.say("weighted.text"),
        book.diagram("weighted.three", *_fan(), gradients=True),
        book.say("weighted.at_once"),
        book.diagram("weighted.figure", d.output, d.program, gradients=True),
        book.steps(made),
        book.say("weighted.by_hand"),
        *book.checked(Derivative(d.output, (z,)), claim, d.gradient(z)),
    )


def _fan() -> tuple[Tensor, list[Tensor]]:
    """One variable z that feeds three weighted sums, each drawn by itself."""
    x, v = tensor("x"), tensor("v", role="parameter")
    z = np.tanh(v * x).named("z")
    sums = [(tensor(f"w_{i}", role="parameter") * z).named(f"s_{i}") for i in range(3)]
    targets = [tensor(f"y_{i}", role="target") for i in range(3)]
    costs = [(s - y) ** 2 for s, y in zip(sums, targets, strict=True)]
    return (costs[0] + costs[1] + costs[2]).named("C"), [z, *sums]


def stack(book: Book) -> Section:
    """s_{k+1} = w_k z_k and z_k = h(s_k)."""
    made = book.system("stack")
    d = made.derivation
    return book.section(
        "stack",
        book.say("stack.text"),
        book.diagram("stack.figure", d.output, d.program, gradients=True),
        *program_table(made, linked=False),
        book.results(made),
    )


def example(book: Book) -> Section:
    """The example net, 600-60-40-10."""
    from reports.document.gradient_check import gradient_check

    made = book.system("example-net")
    d = made.derivation
    checked = gradient_check(made)
    return book.section(
        "example",
        book.say("example.text"),
        book.diagram("example.figure", d.output, d.program, gradients=True),
        *program_table(made, linked=False),
        *jacobian_table(made, linked=False),
        book.results(made),
        book.say("example.code"),
        Fold(book.words("report.code"), [Code(made.listing.source, "python")]),
        list(checked.blocks) if checked is not None else None,
        *_gradients(book, made),
        _trained(book, "example-net"),
        _trained(book, "digits-net"),
    )


def _gradients(book: Book, made: Derived) -> list[Block]:
    """How large the entries of the weights' gradients are in each layer, averaged over a batch at the first parameters."""
    loss = made.derivation.output
    objective, data = Objective(loss), teacher_data(loss, 64, book.choices.seed).bind(loss)
    at = initial_parameters(loss, seed=book.choices.seed)
    found = objective.split(objective.value_and_gradient(at, data)[1], at)
    shown = {f"${name}$": g / np.abs(g).max() for name, g in found.items() if name.startswith("W")}
    drawn = histogram_chart(shown, book.prose("example.entries"), book.words)
    return [book.say("example.gradients"), book.chart("example.histogram", drawn)]


def _trained(book: Book, name: str) -> list[Block]:
    """A recorded run in figures and as a curve."""
    run = book.run(name)
    records = records_from({**row, "seconds": 0.0} for row in run["records"])
    history = History(None, {}, records, "completed", run["settings"])
    settings = run["settings"]
    fields = {
        "rate": number(settings["learning_rate"]),
        "batch": str(settings["batch_size"]),
        "samples": str(run["samples"]),
    }
    held = {"held": str(run["held"])} if "held" in run else {}
    key = name.replace("-", "_")
    return [book.say(f"example.{key}", **fields, **held), *history_blocks(history, book.words), book.provenance(name)]


def sections(book: Book) -> list[Section]:
    """L14 to L18."""
    return [traditional(book), pointwise(book), weighted(book), stack(book), example(book)]
