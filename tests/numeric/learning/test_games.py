"""Games: radii against the closed forms of the bilinear game, equilibria of matrix games, a network that learns a shape."""

import numpy as np
import pytest

from numeric.errors import DataError, OptionError, TrainingError
from numeric.learning.adversarial import energy_distance, train_adversarial, two_moons
from numeric.learning.games import GAME_METHODS, Game, bilinear_game, play
from symbolic import DeclarationError, gradient, tensor

START = {"x": 0.6, "y": -0.8}


@pytest.mark.parametrize(
    ("method", "factor"),
    [
        ("simultaneous", lambda eta, gamma: np.sqrt(1 + eta**2)),
        ("extragradient", lambda eta, gamma: np.sqrt(1 - eta**2 + eta**4)),
        ("consensus", lambda eta, gamma: np.sqrt((1 - eta * gamma) ** 2 + eta**2)),
    ],
)
@pytest.mark.parametrize("eta", [0.05, 0.3])
def test_radii_of_the_bilinear_game(method, factor, eta):
    r = play(bilinear_game(), START, method=method, learning_rate=eta, gamma=0.7, steps=40).distances()
    np.testing.assert_allclose(r, factor(eta, 0.7) ** np.arange(41), rtol=1e-12)
    assert (r[-1] > 1) == (method == "simultaneous")


def test_simultaneous_descent_circles_outwards_and_the_angle_grows():
    path = play(bilinear_game(), START, method="simultaneous", learning_rate=0.1, steps=300).path
    turned = np.unwrap(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(np.abs(np.diff(turned)), np.arctan(0.1), rtol=1e-10)
    assert abs(turned[-1] - turned[0]) > 4 * 2 * np.pi


def test_alternating_descent_stays_on_an_ellipse():
    eta = 0.3
    x, y = play(bilinear_game(), START, method="alternating", learning_rate=eta, steps=500).path.T
    kept = x**2 - eta * x * y + y**2
    np.testing.assert_allclose(kept, kept[0], rtol=1e-10)


def test_extragradient_finds_the_equilibrium_of_a_matrix_game():
    A = np.array([[1.0, 0.5], [-0.3, 0.8]])
    start = {"x": [1.0, -2.0], "y": [0.5, 3.0]}
    run = play(bilinear_game(A), start, method="extragradient", learning_rate=0.4, steps=600)
    assert run.distances()[-1] < 1e-6
    np.testing.assert_allclose(run.losses[:, 0], -run.losses[:, 1])
    path = [np.concatenate([start["x"], start["y"]])]
    M = np.block([[np.zeros((2, 2)), A], [-A.T, np.zeros((2, 2))]])  # v = M w
    for _ in range(600):
        w = path[-1]
        path.append(w - 0.4 * M @ (w - 0.4 * M @ w))
    np.testing.assert_allclose(run.path, path, atol=1e-12)


def test_a_game_of_sums_with_an_equilibrium_elsewhere():
    """Two firms (Cournot): each maximises q (10 − q − other) − q, so both produce 3."""
    a, b = tensor("a", role="parameter"), tensor("b", role="parameter")
    game = Game(-a * (10 - a - b) + a, -b * (10 - a - b) + b, (a,), (b,))
    for method in GAME_METHODS:
        run = play(game, {"a": 0.0, "b": 5.0}, method=method, learning_rate=0.1, gamma=0.2, steps=400)
        assert run.distances([3, 3])[-1] < 1e-8, method
    assert [gradient(game.f, a).shape, gradient(game.g, b).shape] == [(), ()]


def test_games_and_plays_that_do_not_fit():
    x, y = tensor("x", role="parameter"), tensor("y", role="parameter")
    with pytest.raises(DeclarationError, match=r"y \(\) has none"):
        Game(x * y, -x * y, (x,), (x,))
    with pytest.raises(DeclarationError, match="a parameter has two"):
        Game(x * y, -x * y, (x, y), (y,))
    with pytest.raises(OptionError, match="no method 'extra' for games; known are simultaneous"):
        play(bilinear_game(), START, method="extra")
    with pytest.raises(OptionError, match="start has no value for the parameter y; it has x"):
        play(bilinear_game(), {"x": 1.0})
    with pytest.raises(OptionError, match="steps is a whole number"):
        play(bilinear_game(), START, steps=0)
    with pytest.raises(TrainingError, match="step 2: a parameter is no longer a finite number"):
        play(bilinear_game(), {"x": 1.0, "y": 0.0}, method="simultaneous", learning_rate=1e155, steps=3)


def test_the_energy_distance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(400, 2)), rng.normal(size=(400, 2))
    assert abs(energy_distance(a, b)) < 0.02
    assert energy_distance(a, b + np.array([1, 0])) > 0.2
    assert energy_distance(a, b) == pytest.approx(energy_distance(b, a))


def test_the_generator_comes_closer_to_the_moons():
    run = train_adversarial(two_moons(600, seed=5), steps=1000, seed=1)
    assert run.distances[0] > 0.3
    assert run.distances[-1] < 0.1 * run.distances[0]
    again = train_adversarial(two_moons(600, seed=5), steps=1000, seed=1)
    np.testing.assert_array_equal(run.made, again.made)


def test_clouds_that_do_not_fit():
    with pytest.raises(DataError, match=r"at least 10 points, got the shape \(3, 2\)"):
        train_adversarial(np.zeros((3, 2)))
    with pytest.raises(OptionError, match="batch_size between 1 and 20"):
        train_adversarial(two_moons(20), batch_size=64)
