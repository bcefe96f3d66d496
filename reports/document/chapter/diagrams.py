"""The notation of block diagrams, each symbol drawn from a program that needs it."""

from __future__ import annotations

import numpy as np

from reports.document.chapter.book import Book
from reports.document.model import Link, List, Section
from symbolic import average_loss, squared_error, tensor
from symbolic.program.tensors import Tensor

_FIGURES = ("parametrised", "losses", "nets", "pointwise", "weighted", "vector", "modules")


def notation(book: Book) -> Section:
    """Filled circles, open circles, boxes with a rounded nose, square costs, parameters."""
    x, y, w = tensor("x", "n"), tensor("y", "m", role="target"), tensor("w", "m n", role="parameter")
    z = np.tanh(w @ x).named("z")
    entries = ("filled", "open", "box", "square", "parameter", "back")
    return book.section(
        "diagrams",
        book.say("diagrams.text"),
        List([book.sentence(f"diagrams.{name}") for name in entries]),
        book.diagram("diagrams.figure", squared_error(z, y).named("C"), [z], gradients=True),
        book.say("diagrams.elsewhere"),
        List([Link(f"#{name}", book.sentence(f"{name}.title")) for name in _FIGURES]),
    )


def average(book: Book) -> Section:
    """The per-sample loss and the average loss over a set."""
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    y_bar = (w @ x).named("y_bar")
    loss = squared_error(y_bar, y).named("L")
    mean = average_loss(loss, "P").named("L_S", r"\mathcal{L}")
    many = {t.name: t for t in _inputs(mean)}
    X, Y = many["x"], many["y"]
    from symbolic import Derivative, gradient

    claim = 2 / X.shape[0] * (X.T @ (X @ w - Y))
    return book.section(
        "losses",
        book.say("losses.text"),
        book.equation(loss),
        book.say("losses.average"),
        book.equation(mean),
        book.diagram("losses.figure", mean),
        book.say("losses.shared"),
        *book.checked(Derivative(mean, (w,)), claim, gradient(mean, w)),
        book.say("losses.rule"),
    )


def _inputs(mean: Tensor) -> list[Tensor]:
    from symbolic import variables

    return list(variables(mean).values())


def sections(book: Book) -> list[Section]:
    """L4 and L5."""
    return [notation(book), average(book)]
