"""A progress bar over epochs, in a terminal or a notebook; silent where it is not wanted."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from numeric.training.history import Record


class Progress:
    """Shows loss, metrics, samples per second and the time left, through tqdm."""

    def __init__(self, epochs: int, samples: int, shown: bool):
        self.bar: Any = None
        self.total, self.samples, self.shown = epochs * samples, samples, shown

    def __enter__(self) -> Progress:
        if self.shown:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=self.total, unit=" samples", unit_scale=True, smoothing=0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def start(self, epochs_done: int) -> None:
        """Begin with what an earlier run did."""
        if self.bar is not None and epochs_done:
            self.bar.update(epochs_done * self.samples)

    def advance(self, samples: int) -> None:
        """So many samples more."""
        if self.bar is not None:
            self.bar.update(samples)

    def finish(self, record: Record) -> None:
        """Show the epoch's figures."""
        if self.bar is None:
            return
        shown = {"epoch": record.epoch, "loss": f"{record.loss:.4g}"}
        if record.validation is not None:
            shown["held-out"] = f"{record.validation:.4g}"
        self.bar.set_postfix({**shown, **{name: f"{value:.4g}" for name, value in record.metrics.items()}})
