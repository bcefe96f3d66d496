"""Two players: their gradients, what methods make of the simplest game, and a generator that learns against a critic."""

from __future__ import annotations

from numeric.learning.games import GAME_METHODS, bilinear_game, following
from reports.document.chapter.book import Book, number
from reports.document.model import Block, Column, Section, Table
from reports.figures.charts import curve_chart, plane_chart
from reports.figures.plots import trajectory
from symbolic import Derivative, gradient, sigmoid, softplus, tensor


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
        *_game(book),
        *_moons(book),
    )


def _game(book: Book) -> list[Block]:
    """f = x y: the update of each method, how far one step goes from the equilibrium, and the recorded paths."""
    game = bilinear_game()
    (x,), (y,) = game.first, game.second
    eta = tensor("eta", role="constant")
    blocks: list[Block] = [book.say("players.game"), book.equation(game.f.named("f"))]
    blocks += [book.checked(Derivative(game.f, (w,)), other, gradient(game.f, w))[0] for w, other in ((x, y), (y, x))]
    for method in ("simultaneous", "extragradient"):
        after = following(game, method)
        blocks.append(book.say(f"players.{method}"))
        blocks += [book.statement(after[w].named(f"{w.name}_new", rf"{w.name}^{{\text{{new}}}}")) for w in (x, y)]
    moved = (x - eta * y) ** 2 + (y + eta * x) ** 2
    blocks.append(book.say("players.outwards"))
    blocks += book.checked(moved.named("r_new", r"(r^{\text{new}})^2"), (1 + eta**2) * (x**2 + y**2), moved)
    ahead = (x - eta * (y + eta * x)) ** 2 + (y + eta * (x - eta * y)) ** 2
    blocks.append(book.say("players.inwards"))
    blocks += book.checked(ahead.named("r_ahead", r"(r^{\text{new}})^2"), (1 - eta**2 + eta**4) * (x**2 + y**2), ahead)
    run = book.run("bilinear-game")
    names = {method: book.prose(f"players.path_{method}") for method in GAME_METHODS}
    plot = trajectory(
        lambda p, q: p * q,
        {names[m]: [(float(a), float(b)) for a, b in run["paths"][m][:61]] for m in GAME_METHODS},
        ("x", "y"),
        words=book.words,
    )
    columns = [Column(book.sentence("players.method")), Column(book.sentence("players.distance"), "right")]
    rows = [[names[m], number(run["last_distance"][m], 3)] for m in GAME_METHODS]
    said = {"eta": number(run["learning_rate"]), "gamma": number(run["gamma"])}
    blocks += [book.say("players.paths", **said), book.plot("players.picture", plot), Table(columns, rows)]
    return [*blocks, book.provenance("bilinear-game")]


def _moons(book: Book) -> list[Block]:
    """The recorded generator of points on two half circles."""
    run = book.run("moons")
    names = {key: book.prose(f"players.{key}") for key in ("real", "made")}
    shown = plane_chart({names["real"]: run["real"], names["made"]: run["made"]}, ("x_1", "x_2"), book.words)
    series = {
        book.prose("players.run", seed=seed): (run["steps"], distances)
        for seed, distances in zip(run["seeds"], run["distances"], strict=True)
    }
    labels = (book.prose("players.steps"), book.prose("players.energy"))
    settings = run["settings"]
    fields = {"steps": str(settings["steps"]), "batch": str(settings["batch_size"]), "hidden": str(settings["hidden"])}
    ends = ", ".join(number(d[-1], 2) for d in run["distances"])
    starts = ", ".join(number(d[0], 2) for d in run["distances"])
    return [
        book.say("players.moons", **fields),
        book.chart("players.cloud", shown),
        book.chart("players.curve", curve_chart(series, labels, words=book.words)),
        book.say("players.moons_end", first=starts, last=ends),
        book.provenance("moons"),
    ]


def sections(book: Book) -> list[Section]:
    """L13."""
    return [players(book)]
