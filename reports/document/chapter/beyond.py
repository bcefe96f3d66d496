"""Where a gradient gives nothing, where there is only a probed reward, a learnt critic, and two players."""

from __future__ import annotations

import numpy as np

from numeric import lambdify
from numeric.learning.zeroth.minimising import minimise_without_gradient
from reports.document.chapter.book import Book, number
from reports.document.model import Block, Column, Section, Table
from reports.figures.plots import trajectory
from symbolic import Derivative, average_loss, gradient, sigmoid, softplus, step, tensor, variables
from symbolic.program.tensors import Tensor


def plateaus(book: Book) -> Section:
    """A loss of steps: its gradient is zero wherever it exists, and a search that only compares values."""
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    loss = ((y - step(w @ x)) ** 2).named("L")
    return book.section(
        "plateaus",
        book.say("plateaus.text"),
        book.equation(loss),
        *book.checked(Derivative(loss, (w,)), 0 * w, gradient(loss, w)),
        book.say("plateaus.search"),
        _searched(book, loss),
    )


def _searched(book: Book, loss: Tensor) -> Table:
    """Wrongly classified fractions before and after searches that need no gradient."""
    rng = np.random.default_rng(book.choices.seed)
    data = {"x": rng.normal(size=(200, 3))}
    data["y"] = (data["x"] @ np.array([1.0, -2.0, 0.5]) > 0).astype(float)
    start = {"w": np.array([-1.0, 1.0, 1.0])}
    rows = []
    for method in ("random", "nelder-mead", "es"):
        run = minimise_without_gradient(
            loss, data, start, method=method, evaluations=400, scale=1.0, seed=book.choices.seed
        )
        rows.append([method, str(run.settings["evaluations"]), number(run.records[0].loss), number(run.losses[-1])])
    titles = ("method", "evaluations", "first", "last")
    return Table([Column(book.sentence(f"plateaus.{t}"), "left" if t == "method" else "right") for t in titles], rows)


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
        book.say("probing.estimate"),
        _estimates(book),
        book.say("probing.end"),
    )


def _estimates(book: Book, probes: int = 100, width: float = 0.5) -> Table:
    """How well the mean over probes points along the gradient, by dimension; the reward is −‖a − 1‖²."""
    a, mu = tensor("a", "n"), tensor("mu", "n", role="parameter")
    reward = -((a - 1) @ (a - 1))
    score = lambdify([a, mu], gradient(-((a - mu) @ (a - mu)) / 2, mu))
    probe, true = lambdify(a, reward), lambdify(a, gradient(reward, a))
    rows = []
    for n in (1, 10, 100, 1000):
        rng = np.random.default_rng([book.choices.seed, n])
        at = np.zeros(n)
        actions = at + width * rng.normal(size=(probes, n))
        rewards = np.array([probe(action) for action in actions])
        weights = rewards - rewards.mean()
        estimate = np.mean([r * score(u, at) / width**2 for r, u in zip(weights, actions, strict=True)], axis=0)
        g = true(at)
        cosine = float(estimate @ g / np.linalg.norm(estimate) / np.linalg.norm(g))
        rows.append([str(n), str(probes), number(cosine, 3)])
    titles = ("dimension", "probes", "cosine")
    return Table([Column(book.sentence(f"probing.{t}"), "right") for t in titles], rows)


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
        book.say("critic.run"),
        _acted(book),
    )


def _critic(x, a, v):
    """A quadratic function of situation and action."""
    return v[0] + v[1] * x + v[2] * a + v[3] * x**2 + v[4] * x * a + v[5] * a**2


def _acted(book: Book, rounds: int = 40, probes: int = 64) -> Table:
    """Rounds of probing a hidden reward −(a − 2x − 1)², fitting the critic, and stepping the actor through it."""
    x, a, v, r = tensor("x"), tensor("a"), tensor("v", 6, role="parameter"), tensor("r", role="target")
    w, b, given = tensor("w", role="parameter"), tensor("b", role="parameter"), tensor("v", 6, role="constant")
    wrong = average_loss((_critic(x, a, v) - r) ** 2, "P")
    through = average_loss(_critic(x, w * x + b, given), "P")
    probed = variables(wrong)
    fit = lambdify([probed["x"], probed["a"], v, probed["r"]], gradient(wrong, v))
    climb = lambdify([variables(through)["x"], given, w, b], [gradient(through, w), gradient(through, b)])
    rng = np.random.default_rng(book.choices.seed)
    weights, actor, rows = np.zeros(6), np.zeros(2), []
    for turn in range(rounds + 1):
        xs = rng.uniform(-1, 1, probes)
        actions = actor[0] * xs + actor[1] + 0.5 * rng.normal(size=probes)
        rewards = -((actions - 2 * xs - 1) ** 2)
        if turn % 10 == 0:
            rows.append([str(turn), number(float(np.mean(rewards))), number(actor[0], 3), number(actor[1], 3)])
        for _ in range(60):
            weights = weights - 0.1 * fit(xs, actions, weights, rewards)
        actor = actor + 0.1 * np.array(climb(xs, weights, *actor))
    titles = ("round", "reward", "w", "b")
    return Table([Column(book.sentence(f"critic.{t}"), "right") for t in titles], rows)


def players(book: Book) -> Section:
    """Two functions, two players: a generator against a discriminator, and the simplest game."""
    e, x = tensor("epsilon"), tensor("x")
    theta, u, c = (tensor(n, role="parameter") for n in ("theta", "u", "c"))
    made = (e + theta).named("x_fake", r"\tilde x")
    score = (u * made + c).named("s")
    generator = softplus(-score).named("L_G")
    discriminator = (softplus(-(u * x + c)) + softplus(score)).named("L_D")
    return book.section(
        "players",
        book.say("players.text"),
        book.equation(discriminator),
        book.equation(generator),
        book.diagram("players.figure", generator, [made, score], gradients=True),
        book.say("players.gradients"),
        *book.checked(Derivative(generator, (theta,)), -sigmoid(-score) * u, gradient(generator, theta)),
        *book.checked(
            Derivative(discriminator, (u,)),
            -sigmoid(-(u * x + c)) * x + sigmoid(score) * made,
            gradient(discriminator, u),
        ),
        book.say("players.game"),
        *_game(book),
    )


def _game(book: Book) -> list[Block]:
    """min over a, max over b of f = a b: both at once, and with a look ahead."""
    a, b = tensor("a", role="parameter"), tensor("b", role="parameter")
    f = (a * b).named("f")
    field = lambdify([a, b], [gradient(f, a), gradient(f, b)])
    at_once, ahead = [(1.0, 0.6)], [(1.0, 0.6)]
    for _ in range(60):
        at_once.append(_moved(at_once[-1], field(*at_once[-1])))
        ahead.append(_moved(ahead[-1], field(*_moved(ahead[-1], field(*ahead[-1])))))
    value = lambdify([a, b], f)
    plot = trajectory(
        lambda p, q: float(value(p, q)),
        {book.prose("players.at_once"): at_once, book.prose("players.ahead"): ahead},
        ("a", "b"),
        words=book.words,
    )
    fields = {name: number(float(np.hypot(*path[-1])), 3) for name, path in (("once", at_once), ("look", ahead))}
    start = number(float(np.hypot(*at_once[0])), 3)
    return [book.plot("players.picture", plot), book.say("players.end", start=start, **fields)]


def _moved(at: tuple[float, float], g, rate: float = 0.12) -> tuple[float, float]:
    """One player goes down, the other up."""
    return float(at[0] - rate * g[0]), float(at[1] + rate * g[1])


def sections(book: Book) -> list[Section]:
    """L10 to L13."""
    return [plateaus(book), probing(book), critic(book), players(book)]
