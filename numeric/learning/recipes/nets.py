"""Recipes of nets (L18): the example net on a teacher's images, and its architecture on scanned digits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from numeric.training.data import load
from numeric.training.history import History
from numeric.training.loop import train
from numeric.training.metrics import accuracy_of
from numeric.training.synthetic import teacher_data
from symbolic.language.gallery import GALLERY


def example_net() -> dict[str, Any]:
    """The example net, 600-60-40-10, on 400 random images about which a net of its own kind says the targets: plain descent."""
    loss, seed = GALLERY["example-net"].build(), 0
    data = teacher_data(loss, 400, seed)
    history = train(
        loss, data.bind(loss), method="sgd", learning_rate=2e-4, batch_size=10, epochs=40, seed=seed, dtype="float64"
    )
    return {"samples": len(data), **_told(history)}


def digits_net() -> dict[str, Any]:
    """The same layers after 64 inputs on 8 × 8 images of digits: plain descent in small batches, a quarter held out."""
    loss, seed = GALLERY["digits-net"].build(), 0
    fitted, held = load("digits").split(0.25, seed)
    history = train(
        loss, fitted.bind(loss), method="sgd", learning_rate=0.1, batch_size=16, epochs=30, seed=seed, dtype="float64",
        validation=held.bind(loss), metrics={"accuracy": accuracy_of(loss)},
    )  # fmt: skip
    return {"samples": len(fitted), "held": len(held), **_told(history)}


def _told(history: History) -> dict[str, Any]:
    """The records without their times, and what repeats the run."""
    rows = [{k: v for k, v in asdict(r).items() if k != "seconds"} for r in history.records]
    kept = {k: v for k, v in history.settings.items() if isinstance(v, (int, float, str, bool))}
    return {"records": rows, "settings": {**kept, **history.settings["options"]}}
