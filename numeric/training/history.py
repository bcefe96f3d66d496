"""What a training run leaves: frozen records of every epoch, the trained parameters, and how it ended."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from symbolic import Tensor


@dataclass(frozen=True)
class Record:
    """One epoch: mean loss before each update, values on held-out samples, seconds since the start, learning rate.

    Where there are no epochs (``minimise``), one iterate: its loss; ``epoch`` 0 is the start, and there is no rate.
    """

    epoch: int
    loss: float
    seconds: float
    learning_rate: float | None = None
    validation: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """A finished run.

    ``ended``: ``"completed"``, ``"interrupted"`` (Ctrl-C), ``"early"`` (no improvement on held-out samples) or
    ``"stopped"`` (a loss that is no number). ``settings`` holds everything that repeats the run: method and options,
    seed, batch size, back end, dtype.
    """

    loss: Tensor | None
    parameters: Mapping[str, np.ndarray]
    records: tuple[Record, ...]
    ended: str
    settings: Mapping[str, Any]

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean loss of each epoch."""
        return tuple(r.loss for r in self.records)

    def predict(self, output: Tensor, arrays: Mapping[str, Any]) -> np.ndarray:
        """``output``, a tensor of the per-sample program, for every sample of ``arrays`` under the trained parameters."""
        from numeric.training.evaluation import for_samples

        return for_samples([output], self.parameters, arrays)[0]

    def rows(self) -> list[dict[str, Any]]:
        """One flat dict per epoch, metrics under their names."""
        return [_flat(asdict(r)) for r in self.records]

    def csv(self) -> str:
        """The records as CSV text."""
        rows = self.rows()
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["epoch"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def json_lines(self) -> str:
        """The records as JSON, one object a line."""
        return "".join(json.dumps(row) + "\n" for row in self.rows())

    def __str__(self) -> str:
        if not self.records:
            return f"no epoch was finished ({self.ended})"
        last = self.records[-1]
        counted = "epochs" if last.learning_rate is not None else "records"
        parts = [f"{len(self.records)} {counted} ({self.ended}), loss {self.records[0].loss:.4g} → {last.loss:.4g}"]
        if last.validation is not None:
            parts.append(f"held-out loss {last.validation:.4g}")
        parts += [f"{name} {value:.4g}" for name, value in last.metrics.items()]
        return ", ".join([*parts, f"{last.seconds:.1f} s"])


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    metrics = row.pop("metrics")
    return {k: v for k, v in row.items() if v is not None} | metrics


def records_from(rows: Iterable[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Records read back from the plain dicts of a checkpoint."""
    return tuple(Record(**row) for row in rows)
