"""Descent: the full batch, one sample at a time, mini-batches, a step matrix, the noisy path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numeric import lambdify, training_step
from numeric.learning.full_batch import matrix_step
from numeric.learning.trajectories import loss_of_two, two_parameter_problem
from numeric.training.synthetic import teacher_data
from reports.document.chapter.book import Book, number
from reports.document.model import Block, Code, Column, Section, Table
from reports.figures.charts import curve_chart
from reports.figures.plots import trajectory
from symbolic import average_loss, gradient, jvp, tensor, variables
from symbolic.program.tensors import Tensor

SAMPLES = 60
RATE = {1: 0.04, 8: 0.12, SAMPLES: 0.25}  # by batch size: the larger the batch, the longer a safe step
FINEST = 1e-6  # difference of two losses that a recording still shows
ENOUGH = 1.05  # times the least loss: where a run counts as arrived


def _line() -> tuple[Tensor, Tensor]:
    """The linear model with two parameters, and its parameter."""
    x, y = tensor("x", 2), tensor("y", role="target")
    w = tensor("w", 2, role="parameter")
    return ((y - w @ x) ** 2).named("L"), w


def _data(book: Book) -> dict[str, np.ndarray]:
    loss, _ = _line()
    arrays = teacher_data(loss, SAMPLES, book.choices.seed).arrays
    stretched = arrays["x"] * np.array([1.0, 1.6])  # unequal curvatures, so that the paths bend
    noise = 0.3 * np.random.default_rng([book.choices.seed, 1]).normal(size=SAMPLES)
    return {"x": stretched, "y": arrays["x"] @ np.array([1.0, -0.8]) + noise}


def steps(book: Book) -> Section:
    """The full batch, stochastic steps, mini-batches: the update and what they reach."""
    loss, w = _line()
    mean = average_loss(loss, "P").named("L_S", r"\mathcal{L}")
    few = average_loss(loss, "B").named("L_B", r"\mathcal{L}_B")
    eta = tensor("eta", role="constant")
    following = (w - eta * gradient(mean, w)).named("w_new", r"w^{\text{new}}")
    one = (w - eta * gradient(loss, w)).named("w_new", r"w^{\text{new}}")
    run = training_step(loss, learning_rate=RATE[1], dtype="float64")
    run({"w": np.zeros(2)}, {name: a[:8] for name, a in _data(book).items()})  # code is made for the batch that comes
    return book.section(
        "descent",
        book.say("descent.text"),
        book.equation(mean),
        book.say("descent.full"),
        book.statement(following),
        book.say("descent.single"),
        book.statement(one),
        book.say("descent.batches"),
        book.statement((w - eta * gradient(few, w)).named("w_new", r"w^{\text{new}}")),
        book.say("descent.work"),
        _work(book, loss),
        book.say("descent.code"),
        Code(run.source, "python"),
    )


def _work(book: Book, loss: Tensor) -> Table:
    """How many gradients of one sample each batch size spends before the mean loss is close to the least."""
    data = _data(book)
    least, value = _least(data), _mean(loss, data)
    rows = []
    for batch, rate in RATE.items():
        step = training_step(loss, learning_rate=rate, dtype="float64")
        w, rng, spent = {"w": np.array([-1.0, 1.5])}, np.random.default_rng(book.choices.seed), 0
        while value(w["w"]) > ENOUGH * least and spent < 200 * SAMPLES:
            chosen = rng.choice(SAMPLES, batch, replace=False)
            step(w, {name: a[chosen] for name, a in data.items()})
            spent += batch
        rows.append([str(batch), number(rate), str(spent // batch), str(spent), number(value(w["w"]))])
    titles = ("batch", "rate", "steps", "spent", "reached")
    return Table([Column(book.sentence(f"descent.{t}"), "right") for t in titles], rows)


def _mean(loss: Tensor, data: dict[str, np.ndarray]):
    mean = average_loss(loss, "P")
    known = variables(mean)
    f = lambdify([known["w"], known["x"], known["y"]], mean)
    return lambda w: float(f(np.asarray(w, dtype=float), data["x"], data["y"]))


def _least(data: dict[str, np.ndarray]) -> float:
    best = np.linalg.lstsq(data["x"], data["y"], rcond=None)[0]
    return float(np.mean((data["y"] - data["x"] @ best) ** 2))


def matrix(book: Book) -> Section:
    """A positive semi-definite step matrix goes downhill, though not the steepest way."""
    loss, _w = _line()
    return book.section(
        "matrix",
        book.say("matrix.text"),
        *_first_order(book),
        book.say("matrix.run"),
        _newton(book, loss),
        *_tumours(book),
    )


def _first_order(book: Book) -> list[Block]:
    """The first-order change −gᵀ η g of any loss, and why it is not positive."""
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    A = tensor("A", "n r")
    loss = ((y - w @ x) ** 2).named("L")
    eta, g = (A @ A.T).named("eta"), gradient(loss, w).named("g")
    change = jvp(loss, {w: -(eta @ g)})
    moved = tensor("Delta", tex=r"\Delta L")
    as_form, as_square = -(g @ eta @ g), -((A.T @ g) @ (A.T @ g))
    return [
        *book.checked(moved, as_form, change),
        book.say("matrix.square"),
        *book.checked(moved, as_square, change),
    ]


def _newton(book: Book, loss: Tensor) -> Table:
    """Losses after each full-batch step with a number, a diagonal and the inverse Hessian in the place of η."""
    data, start = _data(book), {"w": np.array([-1.0, 1.5])}
    kinds = {"number": np.array([0.25, 0.25]), "diagonal": "diagonal", "newton": "newton"}
    runs = {name: matrix_step(loss, data, start, matrix=m, steps=4) for name, m in kinds.items()}
    columns = [Column(book.sentence("matrix.step"), "right")]
    columns += [Column(book.sentence(f"matrix.{name}"), "right") for name in kinds]
    rows = [[str(k), *(number(run.losses[k]) for run in runs.values())] for k in range(4)]
    return Table(columns, rows)


def _tumours(book: Book) -> list[Block]:
    """The recorded losses of logistic regression under several step matrices and two of SciPy's optimisers."""
    run = book.run("matrix-steps")
    series = {
        book.prose(f"matrix.{name.replace(' ', '_')}"): (
            range(len(losses)),
            [max(v - run["least"], FINEST) for v in losses],
        )
        for name, losses in run["losses"].items()
    }
    labels = (book.prose("matrix.step"), book.prose("matrix.excess"))
    fields = {"samples": str(run["samples"]), "parameters": str(run["parameters"]), "least": number(run["least"])}
    plot = curve_chart(series, labels, "y", book.words)
    return [book.say("matrix.tumours", **fields), book.chart("matrix.picture", plot), book.provenance("matrix-steps")]


def noisy(book: Book) -> Section:
    """Paths of per-sample, mini-batch and full-batch descent over the level lines, and what duplicates cost."""
    run = book.run("noisy-path")
    loss, data, _ = two_parameter_problem(seed=0)
    names = {key: book.prose(f"noisy.{key.split()[0]}") for key in run["paths"]}
    paths = {names[key]: [(float(a), float(b)) for a, b in path] for key, path in run["paths"].items()}
    plot = trajectory(loss_of_two(loss, data), paths, ("w_0", "w_1"), words=book.words)
    columns = [Column(book.sentence("noisy.method"))]
    columns += [Column(book.sentence(f"noisy.{t}"), "right") for t in ("steps", "spent", "end", "mean")]
    rows = [
        [names[key], str(len(path) - 1), str(run["work"][key]), _place(path[-1]), _place(run["averages"][key])]
        for key, path in run["paths"].items()
    ]
    return book.section(
        "noisy",
        book.say("noisy.text"),
        book.equation(loss.named("L")),
        book.plot("noisy.figure", plot),
        Table(columns, rows),
        book.say("noisy.end_text", minimum=_place(run["minimum"]), least=number(run["least"])),
        book.provenance("noisy-path"),
        *_redundancy(book),
    )


def _place(point: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.3f}".replace("-", "−") for value in point) + ")"


def _redundancy(book: Book) -> list[Block]:
    """Gradients of single samples until the loss is nearly least, when every sample is there many times."""
    run = book.run("redundancy")
    keys = ("copies", "full_batch", "stochastic")
    columns = [Column(book.sentence(f"noisy.{key}"), "right") for key in keys]
    rows = [[number(row[key]) for key in keys] for row in run["rows"]]
    said = book.say("noisy.redundant", samples=str(run["samples"]), seeds=str(len(run["seeds"])))
    return [said, Table(columns, rows), book.say("noisy.redundant_end"), book.provenance("redundancy")]


def sections(book: Book) -> list[Section]:
    """L6 to L9."""
    return [steps(book), matrix(book), noisy(book)]
