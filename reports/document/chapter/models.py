"""Parametrised models: a function of input and parameters, the linear model, the nearest prototype."""

from __future__ import annotations

import re

import numpy as np

from numeric import lambdify
from reports.document.chapter.book import Book, number
from reports.document.derivation import program_table
from reports.document.model import Block, Code, Column, Figure, Note, Section, Table
from reports.figures.tiles import tiles
from symbolic import Derivative, gradient, nearest_distance, nearest_neighbour, squared_distances, squared_error, tensor
from symbolic.errors import NotDifferentiableError


def parametrised(book: Book) -> Section:
    """ȳ = G(x, w) and C(y, ȳ)."""
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    w = tensor("w", "m n", role="parameter")
    y_bar = np.tanh(w @ x).named("y_bar")
    cost = squared_error(y_bar, y).named("C")
    delta = 2 * (y_bar - y) * (1 - y_bar * y_bar)
    return book.section(
        "parametrised",
        book.say("parametrised.text"),
        book.diagram("parametrised.figure", cost, [y_bar]),
        book.say("parametrised.arguments"),
        *book.checked(Derivative(cost, (w,)), np.outer(delta, x), gradient(cost, w)),
        *book.checked(Derivative(cost, (x,)), w.T @ delta, gradient(cost, x)),
    )


def linear(book: Book) -> Section:
    """ȳ = Σ w_i x_i and C = (y − ȳ)²."""
    made = book.system("linear-model")
    d = made.derivation
    x, y, w = (made.model.tensors[name] for name in ("x", "y", "w"))
    return book.section(
        "linear",
        book.say("linear.text"),
        book.diagram("linear.figure", d.output, d.program, gradients=True),
        *program_table(made),
        book.steps(made),
        book.say("linear.by_hand"),
        *book.checked(Derivative(d.output, (w,)), -2 * (y - w @ x) * x, d.gradient(w)),
    )


def nearest(book: Book) -> Section:
    """ȳ = argmin_k ‖x − w_k‖²: no gradient through the index, one through the distance."""
    made = book.system("nearest-prototype")
    d = made.derivation
    x, W = made.model.tensors["x"], made.model.tensors["W"]
    return book.section(
        "nearest",
        book.say("nearest.text"),
        book.statement(nearest_neighbour(x, W).named("y_bar")),
        Note(
            [book.say("nearest.refused", message=Code(_refusal()))],
            kind="warning",
            title=book.sentence("nearest.no_gradient"),
        ),
        book.say("nearest.distance"),
        book.diagram("nearest.figure", d.output, d.program, gradients=True),
        book.steps(made),
        book.say("nearest.example"),
        _winners(book),
        *_learnt(book),
    )


def _learnt(book: Book) -> list[Block]:
    """The recorded accuracy of learned prototypes, and the ten that stand for the digits."""
    run = book.run("prototypes")
    columns = [Column(book.sentence("nearest.data"))]
    columns += [Column(book.sentence(f"nearest.{t}"), "right") for t in ("per_class", "first_accuracy", "accuracy")]
    rows = [
        [
            book.prose(f"nearest.{row['data']}"), str(row["per_class"]),
            *(f"{100 * row[key]:.1f} %" for key in ("first_accuracy", "accuracy")),
        ]
        for row in run["rows"]
    ]  # fmt: skip
    drawn = [np.array(image) for image in run["digits"]]
    alt = book.prose("nearest.pictures_alt", count=len(drawn))
    return [
        book.say("nearest.learning"),
        Table(columns, rows),
        Figure(tiles(drawn, alt), alt, book.sentence("nearest.pictures")),
        book.provenance("prototypes"),
    ]


def _refusal() -> str:
    """What the toolkit says when the index is to be differentiated."""
    x, W = tensor("x", "n"), tensor("W", "K n", role="parameter")
    k = nearest_neighbour(x, W).named("y_bar")
    try:
        gradient((k * 1.0).named("C"), W)
    except NotDifferentiableError as error:
        return re.sub(r" made at \S+(?=,)", "", str(error))  # where in this file, which says nothing to a reader
    return ""


def _winners(book: Book) -> Table:
    """Distances of four prototypes to one point, and the norms of the rows of the gradient."""
    x, W = tensor("x", 2), tensor("W", (4, 2), role="parameter")
    cost = nearest_distance(x, W)
    rng = np.random.default_rng(book.choices.seed)
    distances, rows = lambdify([x, W], [squared_distances(x, W), gradient(cost, W)])(
        rng.normal(size=2), rng.normal(size=(4, 2))
    )
    lines = [[str(k), number(distances[k]), number(float(np.linalg.norm(rows[k])))] for k in range(4)]
    columns = [Column(book.sentence(f"nearest.{name}"), "right") for name in ("prototype", "squared", "row")]
    return Table(columns, lines)


def sections(book: Book) -> list[Section]:
    """L1 to L3."""
    return [parametrised(book), linear(book), nearest(book)]
