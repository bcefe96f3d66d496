"""L3: nearest neighbour as a classifier. The index gives no gradient; the prototypes are learned through the distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numeric.errors import DataError, OptionError
from numeric.training.data import DataSet
from numeric.training.evaluation import for_samples
from numeric.training.history import History
from numeric.training.loop import train
from symbolic import Tensor, nearest_distance, squared_distances, tensor


@dataclass(frozen=True)
class PrototypeClassifier:
    """Prototypes W (C, K, n), K for each of C classes, and shares of held-out samples that they classify rightly.

    ``accuracy``: of the learned prototypes; ``first_accuracy``: of those it began with, samples drawn at random.
    """

    prototypes: np.ndarray
    accuracy: float
    first_accuracy: float
    history: History

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The class of the nearest prototype for each row of ``features`` (P, n)."""
        return _classes(self.prototypes, features)


def prototype_loss(classes: int, per_class: int, features: int) -> Tensor:
    """C = min_k ‖x − w_{y,k}‖² over the K prototypes of the sample's own class y; its gradient reaches the nearest alone.

    >>> loss = prototype_loss(3, 2, 4)
    >>> loss.shape
    ()
    """
    x, y = tensor("x", features), tensor("y", role="target", dtype="int")
    W = tensor("W", (classes, per_class, features), role="parameter")
    return nearest_distance(x, W[y]).named("C")


def nearest_class(W: Tensor, x: Tensor) -> Tensor:
    """ȳ = argmin_c min_k ‖x − w_{c,k}‖², an integer: through it nothing flows back.

    >>> nearest_class(tensor("W", (3, 2, 4)), tensor("x", 4)).dtype
    'int'
    """
    return np.argmin(np.min(squared_distances(x, W), axis=1))


def train_prototypes(
    data: DataSet,
    *,
    per_class: int = 3,
    epochs: int = 15,
    learning_rate: float = 0.02,
    batch_size: int = 1,
    held_out: float = 0.25,
    seed: int = 0,
) -> PrototypeClassifier:
    """Learn ``per_class`` prototypes for every class of ``data`` by descent on the distance, and count right classes.

    ``data`` has features and integer targets (``numeric.training.data.load``); prototypes begin at random training samples
    of their class. With one sample at a time, the nearest prototype of the class moves towards it by the share
    2 · learning_rate (Kohonen 1990, learning vector quantisation; MacQueen 1967).

    >>> from numeric.training.data import load
    >>> train_prototypes(load("iris"), epochs=5).accuracy > 0.9
    True
    """
    features, labels = data.arrays.get("features"), data.arrays.get("targets")
    if features is None or labels is None or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{data.name}: prototypes need features and integer targets; there are {', '.join(data.arrays)}"
        )
    training, held = data.split(held_out, seed)
    classes, rng = int(labels.max()) + 1, np.random.default_rng(seed)
    x, y = training.arrays["features"], training.arrays["targets"]
    rare = [c for c in range(classes) if np.sum(y == c) < per_class]
    if per_class < 1 or rare:
        raise OptionError(f"per_class is at least 1 and at most the samples of the rarest class; got {per_class}")
    first = np.stack([x[rng.choice(np.flatnonzero(y == c), per_class, replace=False)] for c in range(classes)])
    history = train(
        prototype_loss(classes, per_class, x.shape[1]), {"x": x, "y": y}, {"W": first},
        learning_rate=learning_rate, batch_size=batch_size, epochs=epochs, seed=seed,
    )  # fmt: skip
    learned, told = history.parameters["W"], held.arrays["targets"]

    def share(W: np.ndarray) -> float:
        return float(np.mean(_classes(W, held.arrays["features"]) == told))

    return PrototypeClassifier(learned, share(learned), share(first), history)


def _classes(prototypes: np.ndarray, features: np.ndarray) -> np.ndarray:
    W, x = tensor("W", prototypes.shape, role="parameter"), tensor("x", features.shape[1])
    return for_samples([nearest_class(W, x)], {"W": prototypes}, {"x": features})[0]
