"""L13: a generative adversarial network on points of the plane. Both players' gradients are derived; distances are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.errors import DataError, OptionError
from numeric.training.curvature import Evaluation
from numeric.training.initial import initial_parameters
from numeric.training.step import training_step
from symbolic import Tensor, batched, softplus, tensor
from symbolic.language.layers.linear import Linear
from symbolic.language.models import Sequential
from symbolic.verification.diagnosis.surgery import rebuilt


class Networks:
    """The generator G (noise z to a point) and the discriminator D (a point to a logit: positive for real ones).

    ``discriminator_loss`` = log(1 + e^{−D(x)}) + log(1 + e^{D(G(z))}), ``generator_loss`` = log(1 + e^{−D(G(z))}), the
    one that does not saturate (Goodfellow et al. 2014).
    """

    def __init__(self, dimension: int = 2, noise: int = 2, hidden: int = 24):
        self.real, self.noise = tensor("x", dimension), tensor("z", noise)
        self.generator = Sequential(
            Linear(noise, hidden, label="G1"), np.tanh, Linear(hidden, dimension, label="G2"), names=None
        )
        discriminator = Sequential(
            Linear(dimension, hidden, label="D1"), np.tanh, Linear(hidden, hidden, label="D2"), np.tanh,
            Linear(hidden, 1, label="D3"), names=None,
        )  # fmt: skip
        self.made: Tensor = self.generator(self.noise).named("G")
        score = discriminator(self.real)[0]
        of_made = rebuilt(score, {self.real: self.made})
        self.discriminator_loss: Tensor = softplus(-score) + softplus(of_made)
        self.generator_loss: Tensor = softplus(-of_made)
        self.owned = {
            "generator": tuple(str(p.name) for p in self.generator.parameters),
            "discriminator": tuple(str(p.name) for p in discriminator.parameters),
        }


@dataclass(frozen=True)
class Adversarial:
    """A run: after ``steps`` steps the energy ``distances`` of made from held-out points; ``floor``, that of real points.

    ``made`` (n, 2): points of the generator at the end; ``first`` (n, 2): before training; ``parameters`` of both players.
    """

    steps: tuple[int, ...]
    distances: tuple[float, ...]
    floor: float
    first: np.ndarray
    made: np.ndarray
    parameters: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]


def train_adversarial(
    points: Any,
    *,
    steps: int = 2000,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    beta_1: float = 0.5,
    hidden: int = 24,
    measure_every: int = 250,
    seed: int = 0,
) -> Adversarial:
    """Train a generator and a discriminator on ``points`` (P, d), alternating steps of Adam on the two derived gradients.

    A fifth of the points is held out; the distance is the energy distance 2E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖ ≥ 0 (Székely and
    Rizzo 2013), in the units of the points, zero only for equal distributions.

    >>> run = train_adversarial(two_moons(200, seed=1), steps=4, measure_every=2)
    >>> run.steps, run.made.shape
    ((0, 2, 4), (40, 2))
    """
    cloud = np.asarray(points, float)
    if cloud.ndim != 2 or len(cloud) < 10 or not np.isfinite(cloud).all():
        raise DataError(f"points is a finite array (P, d) of at least 10 points, got the shape {cloud.shape}")
    if steps < 1 or not 1 <= batch_size <= len(cloud):
        raise OptionError(f"steps is at least 1, batch_size between 1 and {len(cloud)}; got {steps} and {batch_size}")
    rng = np.random.default_rng(seed)
    cloud = cloud[rng.permutation(len(cloud))]
    held, real = np.split(cloud, [len(cloud) // 5])
    nets = Networks(cloud.shape[1], hidden=hidden)
    parameters = initial_parameters(nets.discriminator_loss, seed=seed)
    options = {"learning_rate": learning_rate, "beta_1": beta_1, "dtype": "float64"}
    judge = training_step(nets.discriminator_loss, "adam", frozen=nets.owned["generator"], **options)
    forge = training_step(nets.generator_loss, "adam", frozen=nets.owned["discriminator"], **options)
    (many,) = batched([nets.made], "points")
    making, probe = Evaluation([many], []), np.random.default_rng([seed, 1]).standard_normal((len(held), 2))
    first = making(parameters, {"z": probe})[0]
    told, distances = [0], [energy_distance(first, held)]
    for k in range(1, steps + 1):
        rows, z = rng.integers(0, len(real), batch_size), rng.standard_normal((batch_size, 2))
        judge(parameters, {"x": real[rows], "z": z})
        forge(parameters, {"z": rng.standard_normal((batch_size, 2))})
        if k % measure_every == 0 or k == steps:
            told.append(k)
            distances.append(energy_distance(making(parameters, {"z": probe})[0], held))
    floor = energy_distance(real[: len(held)], held)
    settings = {
        "steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "beta_1": beta_1, "hidden": hidden, "seed": seed,
    }  # fmt: skip
    made = making(parameters, {"z": probe})[0]
    return Adversarial(tuple(told), tuple(distances), floor, first, made, parameters, settings)


def energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """2E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖ of two samples (m, d) and (n, d), pairs of a point with itself left out.

    >>> energy_distance(np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]]))
    2.0
    """

    def mean(p: np.ndarray, q: np.ndarray) -> float:
        lengths = np.linalg.norm(p[:, None] - q[None], axis=-1)
        return float(lengths.sum() / (len(p) * (len(p) - 1)) if p is q else lengths.mean())

    return 2 * mean(a, b) - mean(a, a) - mean(b, b)


def two_moons(count: int, noise: float = 0.08, seed: int = 0) -> np.ndarray:
    """Points (count, 2) on two interleaved half circles of radius 1, with normal noise.

    >>> two_moons(10).shape
    (10, 2)
    """
    rng = np.random.default_rng(seed)
    angle, upper = rng.uniform(0, np.pi, count), rng.random(count) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
    return np.column_stack([x, y]) + noise * rng.standard_normal((count, 2))
