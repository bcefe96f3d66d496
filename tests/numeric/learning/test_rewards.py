"""Rewards: the bicycle's physics against closed forms, the estimator against exact gradients, riders that learn."""

from statistics import median

import numpy as np
import pytest

from numeric.errors import DataError, OptionError
from numeric.learning.rewards.actor import Actor
from numeric.learning.rewards.bicycle import Bicycle
from numeric.learning.rewards.critic import Critic, learn_with_critic
from numeric.learning.rewards.policy import learn_from_reward
from numeric.learning.rewards.score import (
    score_function_estimates,
    score_function_loss,
    score_statement,
    variance_by_dimension,
)
from numeric.training.curvature import Evaluation, Objective
from symbolic import gradient, tensor


def coasting(states, rng):
    return np.zeros(len(states))


def test_a_bicycle_that_nobody_steers_falls_like_a_pendulum():
    task = Bicycle(gust=0.0, step=1e-4, longest=1.0, lean_limit=1.0)
    rides = task.ride(coasting, 3, np.random.default_rng(0))
    t, first = 1e-4 * np.arange(len(rides.states)), rides.states[0, :, 0]
    early = t < 0.3  # while sin φ = φ: φ₀ cosh(t √(g/h))
    want = first * np.cosh(np.sqrt(9.81) * t[early])[:, None]
    np.testing.assert_allclose(rides.states[early, :, 0], want, rtol=2e-3)
    lean, rate = rides.states[..., 0], rides.states[..., 1]
    energy = rate**2 / 2 + 9.81 * np.cos(lean)  # per mass and height
    np.testing.assert_allclose(energy, np.broadcast_to(energy[0], energy.shape), rtol=1e-3)


def test_steering_towards_the_lean_rights_the_bicycle_within_its_limits():
    task = Bicycle()
    assert task.acceleration(0.1, 0.3) < 0 < task.acceleration(0.1, 0.0)
    assert task.acceleration(0.0, 9.0) == task.acceleration(0.0, task.steering_limit)
    balance = np.arctan(9.81 * np.tan(0.1) / 9)  # g sin φ = v²/b tan δ cos φ
    assert task.acceleration(0.1, balance) == pytest.approx(0, abs=1e-12)


def test_the_reward_is_the_time_up():
    rides = Bicycle(longest=3.0).ride(coasting, 40, np.random.default_rng(1))
    ups = rides.riding.sum(axis=0)
    np.testing.assert_allclose(rides.seconds, 0.02 * ups)
    for n in range(40):
        last = rides.following[ups[n] - 1, n, 0]
        assert abs(last) > 0.5 or ups[n] == 150
        assert (np.abs(rides.states[: ups[n], n, 0]) <= 0.5).all()
    with pytest.raises(OptionError, match="the bicycle's height is a number above 0, got 0"):
        Bicycle(height=0)
    with pytest.raises(OptionError, match=r"one steering angle per bicycle, \(4,\), got \(\)"):
        Bicycle().ride(lambda states, rng: 0.0, 4, np.random.default_rng(0))


def test_the_score_function_identity_is_proved():
    assert score_statement().holds


@pytest.mark.parametrize("baseline", ["none", "mean", "others", 2.0])
def test_estimates_have_the_exact_gradient_as_their_mean(baseline):
    """r = (a − 1)², a ~ N(θ, σ²): E[r] = (θ − 1)² + σ², so the gradient by θ is 2 (θ − 1)."""
    rng = np.random.default_rng(3)
    a, theta = tensor("a"), tensor("theta", role="parameter")
    actions = 0.4 + 0.5 * rng.standard_normal(200_000)
    found = score_function_estimates(
        -((a - theta) ** 2) / (2 * 0.5**2), {"theta": 0.4}, {"a": actions}, (actions - 1) ** 2, baseline
    )["theta"]
    error = found.std() / np.sqrt(len(found))
    assert found.mean() == pytest.approx(-1.2, abs=4 * error)


def test_variance_grows_with_the_dimension_as_the_closed_form_says():
    rows = variance_by_dimension((1, 4, 16), samples=8000)
    for row in rows:
        assert row.plain == pytest.approx(row.plain_exact, rel=0.1)
        assert row.with_baseline == pytest.approx(row.with_baseline_exact, rel=0.1)


def test_descent_on_the_loss_is_minus_the_mean_estimate():
    rng = np.random.default_rng(4)
    actor = Actor(Bicycle(), hidden=3)
    parameters, r = actor.start(0), rng.normal(size=6)
    batch = {"s": rng.normal(size=(6, 2)), "a": rng.normal(size=6)}
    estimates = score_function_estimates(actor.log_density, parameters, batch, r, "none")
    o = Objective(score_function_loss(actor.log_density))
    _, g = o.value_and_gradient(parameters, {**batch, "advantage": r})
    want = {name: -e.mean(axis=0) for name, e in estimates.items()}
    for name, part in o.split(g, parameters).items():
        np.testing.assert_allclose(part, want[name], atol=1e-10)


def test_the_actor_learns_through_the_critic_by_the_chain_rule():
    actor = Actor(Bicycle(), hidden=3)
    critic, rng = Critic(actor, hidden=4), np.random.default_rng(5)
    parameters = {**actor.start(0), **critic.start(0)}
    s = rng.normal(size=2)
    delta, dC, through = (
        Evaluation([t], [])(parameters, {"s": s, "a": a})[0]
        for t, a in (
            (actor.mean, 0.0),
            (gradient(critic.value, critic.action), actor.steering(parameters, s[None])[0]),
            (gradient(critic.of_actor, next(t for t in Objective(actor.mean).trained if t.name == "u")), 0.0),
        )
    )
    slope = Evaluation([gradient(actor.mean, next(t for t in Objective(actor.mean).trained if t.name == "u"))], [])
    np.testing.assert_allclose(through, dC * slope(parameters, {"s": s})[0], atol=1e-12)
    assert abs(delta) < 0.4


def test_the_critic_needs_fewer_episodes_than_the_reward_alone():
    alone = [learn_from_reward(episodes=400, goal=9, seed=seed).episodes_to(9) or 400 for seed in (0, 1, 2)]
    helped = [learn_with_critic(episodes=60, goal=9, seed=seed).episodes_to(9) for seed in (0, 1, 2)]
    assert None not in helped
    assert 2 * median(helped) < median(alone)


def test_runs_repeat():
    a, b = (learn_from_reward(episodes=40, seed=7) for _ in range(2))
    assert a.seconds == b.seconds
    a, b = (learn_with_critic(episodes=3, updates=10, seed=7) for _ in range(2))
    assert a.seconds == b.seconds


def test_refusals():
    a, theta = tensor("a"), tensor("theta", role="parameter")
    density = -((a - theta) ** 2)
    with pytest.raises(OptionError, match="reads a tensor 'a' already"):
        score_function_loss(density, "a")
    with pytest.raises(DataError, match=r"one reward per sample, so the shape \(2,\); got \(3,\)"):
        score_function_estimates(density, {"theta": 0.0}, {"a": np.ones(2)}, [1, 2, 3])
    with pytest.raises(OptionError, match="there is no baseline 'meen'; known are none, mean, others"):
        score_function_estimates(density, {"theta": 0.0}, {"a": np.ones(2)}, [1, 2], "meen")
    with pytest.raises(OptionError, match="needs at least two samples"):
        score_function_estimates(density, {"theta": 0.0}, {"a": np.ones(1)}, [1])
    with pytest.raises(OptionError, match="per_update is at least 2 and at most episodes, got 10 of 5"):
        learn_from_reward(episodes=5)
    with pytest.raises(OptionError, match="0 ≤ discount < 1"):
        learn_with_critic(discount=1.0)
