"""Runs whose loss grows: said once while they still run, with what may be the reason."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from numeric.errors import DivergenceWarning
from symbolic import Tensor
from symbolic.program.graph import leaves

GROWTH = 10.0  # times the loss at the start
WIDE = 10.0  # a number of this size or more in the data is worth a word
SAMPLED = 10_000  # samples looked at for it


class Watch:
    """Compares the end of every epoch with the start of the run.

    The start is the mean of the first quarter of the first epoch's steps, the end that of the last quarter of an epoch's.
    """

    def __init__(self, loss: Tensor, arrays: Mapping[str, np.ndarray], precision: str):
        self.loss, self.arrays, self.warned = loss, arrays, False
        self.start: float | None = None
        self.least = float(np.finfo(precision).eps)

    def see(self, epoch: int, losses: np.ndarray, rate: float) -> None:
        """Look at the losses of an epoch; a ``DivergenceWarning`` if they have grown, once in a run."""
        quarter = -(-len(losses) // 4)
        if self.start is None:
            self.start = float(np.mean(losses[:quarter]))
        found, base = float(np.mean(losses[-quarter:])), max(abs(self.start), self.least)
        if self.warned or found <= GROWTH * base:
            return
        self.warned = True
        warnings.warn(
            f"epoch {epoch}: the loss is {found:.3g}, {found / base:.3g} times that at the start, and grows: the run "
            f"diverges. {advice(self.loss, self.arrays, rate)}",
            DivergenceWarning,
            stacklevel=2,
        )


def advice(loss: Tensor, arrays: Mapping[str, np.ndarray], rate: float) -> str:
    """What to try: smaller steps, and data of the size of 1 where some, an input before a target, is much larger."""
    smaller = f"ry a learning rate below {rate:.3g}"
    for role in ("input", "target"):
        names = [str(t.name) for t in leaves([loss]) if t.role == role and t.dtype == "real"]
        sizes = {name: float(np.abs(arrays[name][:SAMPLED]).max()) for name in names if arrays[name].size}
        wide = max(sizes, key=lambda name: sizes[name], default=None)
        if wide is not None and WIDE <= sizes[wide] < np.inf:
            how = "its columns to mean 0 and deviation 1 (chainrule train --standardise)" if role == "input" else "it"
            return f"{wide} has entries of up to {sizes[wide]:.3g}: scale {how}, or t{smaller}"
    return f"T{smaller}"
