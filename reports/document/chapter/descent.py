"""Descent: the full batch, one sample at a time, mini-batches, a step matrix, the noisy path."""

from __future__ import annotations

import numpy as np

from numeric import lambdify, training_step
from numeric.learning.full_batch import matrix_step
from numeric.training.synthetic import teacher_data
from reports.document.chapter.book import Book, number
from reports.document.model import Block, Code, Column, Section, Table
from reports.figures.plots import trajectory
from symbolic import average_loss, gradient, jvp, tensor, variables
from symbolic.program.tensors import Tensor

SAMPLES = 60
RATE = {1: 0.04, 8: 0.12, SAMPLES: 0.25}  # by batch size: the larger the batch, the longer a safe step
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


def noisy(book: Book) -> Section:
    """The path of per-sample descent over the level lines, beside that of the full batch."""
    loss, _ = _line()
    data = _data(book)
    step = training_step(loss, learning_rate=RATE[1], dtype="float64")
    single = _path(step, data, 1, SAMPLES, book.choices.seed)
    full = _path(
        training_step(loss, learning_rate=RATE[SAMPLES], dtype="float64"), data, SAMPLES, 12, book.choices.seed
    )
    value = _mean(loss, data)
    plot = trajectory(
        lambda a, b: value([a, b]),
        {book.prose("noisy.single"): single, book.prose("noisy.full"): full},
        ("w_0", "w_1"),
        words=book.words,
    )
    fields = {
        "single": number(value(single[-1])),
        "full": number(value(full[1])),
        "all": number(value(full[-1])),
        "steps": str(len(full) - 1),
        "spent": str((len(full) - 1) * SAMPLES),
        "least": number(_least(data)),
        "samples": str(SAMPLES),
    }
    return book.section(
        "noisy", book.say("noisy.text"), book.plot("noisy.figure", plot), book.say("noisy.end", **fields)
    )


def _path(step, data: dict[str, np.ndarray], batch: int, count: int, seed: int) -> list[tuple[float, float]]:
    """The points that ``count`` steps visit."""
    w, rng = {"w": np.array([-1.0, 1.5])}, np.random.default_rng(seed)
    points = [tuple(map(float, w["w"]))]
    for _ in range(count):
        chosen = rng.choice(SAMPLES, batch, replace=False)
        step(w, {name: a[chosen] for name, a in data.items()})
        points.append(tuple(map(float, w["w"])))
    return points


def sections(book: Book) -> list[Section]:
    """L6 to L9."""
    return [steps(book), matrix(book), noisy(book)]
