"""Where a gradient gives nothing, where there is only a probed reward, and a learnt critic."""

from __future__ import annotations

from numeric.learning.rewards.actor import Actor
from numeric.learning.rewards.bicycle import Bicycle
from numeric.learning.rewards.score import score_statement
from reports.document.chapter.book import Book, number
from reports.document.model import Block, Code, Column, Paragraph, Section, Table
from reports.figures.charts import curve_chart
from symbolic import (
    Derivative,
    gradient,
    jacobian,
    log_softmax,
    softmax,
    step,
    tensor,
)


def plateaus(book: Book) -> Section:
    """A loss of steps: its gradient is zero wherever it exists, and searches that only compare values."""
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    loss = ((y - step(w @ x)) ** 2).named("L")
    return book.section(
        "plateaus",
        book.say("plateaus.text"),
        book.equation(loss),
        *book.checked(Derivative(loss, (w,)), 0 * w, gradient(loss, w)),
        book.say("plateaus.search"),
        *_searched(book),
    )


def _searched(book: Book) -> list[Block]:
    """Wrongly classified shares by evaluations, of searches that need no gradient."""
    run = book.run("zeroth-order")
    columns = [Column(book.sentence("plateaus.method"))]
    columns += [Column(book.sentence("plateaus.after", count=str(n)), "right") for n in run["evaluations"]]
    rows = [
        [book.prose(f"plateaus.{method}"), *(f"{100 * share:.1f} %" for share in shares)]
        for method, shares in run["losses"].items()
    ]
    chosen = book.prose(f"plateaus.{run['chosen']}")
    return [
        Table(columns, rows, row_headers=True),
        book.say("plateaus.end", message=Code(run["reason"]), chosen=chosen),
        book.provenance("zeroth-order"),
    ]


def probing(book: Book) -> Section:
    """The gradient of an expected reward that can only be probed, by the score function."""
    a, mu = tensor("a", "n"), tensor("mu", "n", role="parameter")
    sigma = tensor("sigma", role="constant", assume="positive")
    density = (-((a - mu) @ (a - mu)) / (2 * sigma**2)).named("log_pi", r"\log \pi")
    return book.section(
        "probing",
        book.say("probing.text"),
        book.equation(density),
        *book.checked(Derivative(density, (mu,)), (a - mu) / sigma**2, gradient(density, mu)),
        *_why(book),
        *_variance(book),
        *_bicycle(book),
    )


def _why(book: Book) -> list[Block]:
    """The estimator is right, and a baseline changes nothing in the mean: proved for a choice among m actions."""
    theta, r = tensor("theta", "m", role="parameter"), tensor("r", "m")
    pi = softmax(theta).named("pi", r"\pi")
    score = jacobian(log_softmax(theta), theta)
    expected = (pi * r).sum().named("E_r", r"E[r]")
    found = score_statement()
    return [
        book.say("probing.why"),
        book.equation(Derivative(expected, (theta,)), (pi * r) @ score),
        Paragraph([book.mark(found.estimator)]),
        book.say("probing.baseline"),
        Paragraph([book.mark(found.baseline)]),
    ]


def _variance(book: Book) -> list[Block]:
    """The relative variance of one estimate by dimension, measured and in closed form."""
    run = book.run("score-variance")
    keys = ("dimension", "plain", "plain_exact", "with_baseline", "with_baseline_exact")
    columns = [Column(book.sentence(f"probing.{key}"), "right") for key in keys]
    rows = [[number(row[key], 4) for key in keys] for row in run["rows"]]
    return [
        book.say("probing.estimate", samples=str(run["samples"])),
        Table(columns, rows),
        book.say("probing.end"),
        book.provenance("score-variance"),
    ]


def _bicycle(book: Book) -> list[Block]:
    """The task, the rider's program, and how long it stays up by the rides that it took to learn."""
    run, task = book.run("balancing"), Bicycle()
    actor = Actor(task)
    curve = {
        book.prose("probing.run", seed=str(seed)): (c["episodes"], c["seconds"])
        for seed, c in zip(run["seeds"], run["curves"]["reward alone"], strict=False)
    }
    labels = (book.prose("probing.rides"), book.prose("probing.seconds"))
    needed = ", ".join(str(n) if n is not None else "–" for n in run["episodes"]["reward alone"])
    return [
        book.say(
            "probing.bicycle",
            speed=number(task.speed),
            longest=number(task.longest),
            noise=number(actor.noise),
            hidden=str(actor.hidden),
        ),
        book.statement(actor.mean),
        book.chart("probing.picture", curve_chart(curve, labels, words=book.words)),
        book.say(
            "probing.learnt", goal=number(run["goal"]), needed=needed, median=number(run["medians"]["reward alone"])
        ),
        book.provenance("balancing"),
    ]


def critic(book: Book) -> Section:
    """A differentiable critic learns the reward, and the actor learns through the critic."""
    x, w, b = tensor("x"), tensor("w", role="parameter"), tensor("b", role="parameter")
    v = tensor("v", 6)
    action = (w * x + b).named("a")
    valued = _critic(x, action, v).named("R_hat", r"\hat R")
    made = book.own("critic", valued, (w, b))
    d = made.derivation
    return book.section(
        "critic",
        book.say("critic.text"),
        book.diagram("critic.figure", d.output, d.program, gradients=True),
        book.steps(made),
        *_ridden(book),
    )


def _critic(x, a, v):
    """A quadratic function of situation and action."""
    return v[0] + v[1] * x + v[2] * a + v[3] * x**2 + v[4] * x * a + v[5] * a**2


def _ridden(book: Book) -> list[Block]:
    """The bicycle again, with and without a critic."""
    run = book.run("balancing")
    series = {}
    for learner, key in (("reward alone", "alone"), ("through a critic", "through")):
        for seed, c in list(zip(run["seeds"], run["curves"][learner], strict=False))[:2]:
            series[book.prose(f"critic.{key}", seed=str(seed))] = (c["episodes"], c["seconds"])
    labels = (book.prose("probing.rides"), book.prose("probing.seconds"))
    columns = [Column(book.sentence("critic.seed"), "right")]
    columns += [Column(book.sentence(f"critic.{key}_rides"), "right") for key in ("alone", "through")]
    rows = [
        [str(seed), *("–" if n is None else str(n) for n in pair)]
        for seed, *pair in zip(
            run["seeds"], *(run["episodes"][k] for k in ("reward alone", "through a critic")), strict=True
        )
    ]
    fields = {
        key: number(run["medians"][name]) for key, name in (("alone", "reward alone"), ("through", "through a critic"))
    }
    return [
        book.say("critic.run", goal=number(run["goal"])),
        Table(columns, rows),
        book.chart("critic.picture", curve_chart(series, labels, words=book.words)),
        book.say("critic.end", **fields),
        book.provenance("balancing"),
    ]


def sections(book: Book) -> list[Section]:
    """L10 to L12."""
    return [plateaus(book), probing(book), critic(book)]
