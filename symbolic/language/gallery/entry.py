"""What a model of the gallery is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor

KINDS = ("chapter", "regression", "classification", "unsupervised", "probabilistic", "sequence")


@dataclass(frozen=True)
class Entry:
    """A model: ``build()`` returns its scalar loss, for one sample unless ``whole`` says that it takes all of them.

    ``wrt`` names the tensors by which the loss is derived; empty means all parameters. The builder's docstring is the
    description. Named tensors of a built program are found by ``named``.
    """

    name: str
    title: str
    kind: str
    build: Callable[..., Tensor]
    wrt: tuple[str, ...] = ()
    whole: bool = False

    @property
    def description(self) -> str:
        """The formula and its source."""
        return inspect.getdoc(self.build) or ""


def named(loss: Tensor) -> dict[str, Tensor]:
    """The named tensors of a program, operands first.

    >>> from symbolic.language.gallery import GALLERY
    >>> list(named(GALLERY["linear-model"].build()))
    ['y', 'x', 'w', 'y_bar', 'C']
    """
    return {t.name: t for t in topological([loss]) if t.name is not None}
