"""What a report runs on arrays: once, in however many languages it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reports.document.listing import Listing
from reports.document.outline import Outline, outline
from reports.document.phrases import symbol
from symbolic.calculus.derivation import Derivation
from symbolic.errors import ChainruleError, EvaluationError
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from numeric.gradient_check import GradientCheck
    from numeric.training.data import DataSet
    from numeric.training.history import History
    from reports.commands.models import Model
    from reports.document.derivation import Choices

DIRECTIONS = ((20, 3), (100, 2))  # up to so many parameters, each along so many; each of more along one
SAMPLES, EPOCHS, BATCH, RATE = 320, 20, 16, 0.01
_HEAVY = 120  # equations of a program of which fewer samples and epochs are run


@dataclass(frozen=True)
class Trained:
    """A run with what is said of it: samples to train on and held out, and the first gradients, ``averaged`` over so many."""

    history: History
    data: str
    samples: int
    held: int
    gradients: Mapping[str, Any]
    averaged: int


@dataclass(frozen=True)
class Runs:
    """The gradient check and the training run of a model, made when they are first asked for."""

    model: Model
    derivation: Derivation
    listing: Listing
    choices: Choices

    @cached_property
    def outline(self) -> Outline:
        """Which steps are told in full."""
        return outline(self.derivation)

    @cached_property
    def checked(self) -> list[Tensor]:
        """The variables by which there is a gradient."""
        return [w for w in self.derivation.wrt if w in self.derivation.results]

    @property
    def directions(self) -> int:
        """Along how many directions each gradient is checked."""
        return next((count for most, count in DIRECTIONS if len(self.checked) <= most), 1)

    @cached_property
    def gradients(self) -> GradientCheck | EvaluationError:
        """The check of every gradient that the listing computes at a seeded random point; why there is none."""
        from numeric.gradient_check import check_gradient

        d, wanted = self.derivation, self.checked
        places = [1 + k for k, w in enumerate(d.wrt) if w in d.results]  # behind the output

        def computed(*arrays: Any) -> list[Any]:
            found = self.listing.function(*arrays)
            return [found[k] for k in places]

        try:
            return check_gradient(d.output, computed, wrt=wanted, directions=self.directions, seed=self.choices.seed)
        except EvaluationError as error:
            return error

    @cached_property
    def training(self) -> Trained | ChainruleError:
        """A seeded run on the given data, or on a teacher's; the error of one that cannot be made on a teacher's."""
        try:
            return _trained(self)
        except ChainruleError as error:
            if self.choices.data is not None:
                raise
            return error


def _trained(runs: Runs) -> Trained:
    from numeric.training.loop import train

    loss, choices = runs.model.loss, runs.choices
    heavy = len(topological([loss])) > _HEAVY
    data, sizes, metrics = _data(runs, 60 if heavy else SAMPLES)
    fitted, held = data.split(0.2, choices.seed)
    arrays = fitted.bind(loss)
    history = train(
        loss, arrays, method="adam", learning_rate=RATE, batch_size=BATCH, epochs=choices.epochs or (6 if heavy else EPOCHS),
        seed=choices.seed, sizes=sizes, validation=held.bind(loss), metrics=metrics,
    )  # fmt: skip
    averaged = min(BATCH, len(fitted))
    return Trained(
        history, data.name, len(fitted), len(held), _first_gradients(runs, arrays, sizes, averaged), averaged
    )


def _data(runs: Runs, samples: int) -> tuple[DataSet, Mapping[str, int], Mapping[str, Any]]:
    """The samples, sizes that no array tells, and what is measured on the way."""
    from numeric.training.metrics import accuracy_of
    from numeric.training.synthetic import teacher_data, teacher_sizes

    loss, given = runs.model.loss, runs.choices.data
    if given is None:
        return teacher_data(loss, samples, runs.choices.seed), teacher_sizes(loss), {}
    accuracy = accuracy_of(loss) if given.classes else None
    return given, {}, {"accuracy": accuracy} if accuracy is not None else {}


def _first_gradients(
    runs: Runs, arrays: Mapping[str, Any], sizes: Mapping[str, int], samples: int
) -> Mapping[str, Any]:
    """The gradient of each layer (of at most as many as a chart has styles for) at the first parameters, averaged."""
    from numeric.training.initial import starting_parameters
    from reports.figures.charts import STYLES

    d, code = runs.derivation, runs.listing.function
    layers = [w for w in d.wrt if w in d.results and w.role == "parameter" and w.ndim > 1]
    layers = layers or [w for w in d.wrt if w in d.results and w.role == "parameter" and w.ndim]
    if len(layers) > len(STYLES):  # from the first to the last
        layers = [layers[round(k * (len(layers) - 1) / (len(STYLES) - 1))] for k in range(len(STYLES))]
    known = {**starting_parameters(d.output, arrays, None, sizes, runs.choices.seed), **arrays}
    if not layers or any(t.label not in known for t in code.arguments):
        return {}
    place = {w.serial: 1 + k for k, w in enumerate(d.wrt)}  # behind the loss
    sums: list[Any] = [0.0] * len(layers)
    for k in range(samples):
        found = code(*(known[t.label] if t.role == "parameter" else known[t.label][k] for t in code.arguments))
        sums = [total + found[place[w.serial]] for total, w in zip(sums, layers, strict=True)]
    return {f"${symbol(w).latex}$": total / samples for w, total in zip(layers, sums, strict=True)}
