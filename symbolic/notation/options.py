"""What a caller may choose about a rendering: one frozen record, passed down unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symbolic.errors import UnsupportedError, suggestion
from symbolic.program.tensors import Tensor

STYLES = ("matrix", "index", "perturbation")


@dataclass(frozen=True)
class Palette:
    """Which tensor is printed in which colour class, so that a term keeps its colour from definition to result.

    >>> from symbolic import tensor
    >>> x, y = tensor("x"), tensor("y")
    >>> Palette.of([x, y]).colour(y)
    't2'
    """

    classes: tuple[tuple[Tensor, str], ...] = ()

    @classmethod
    def of(cls, tensors: Iterable[Tensor], count: int = 8) -> Palette:
        """Classes t1, t2, … in the given order, again from t1 after ``count``."""
        distinct = list(dict.fromkeys(tensors))
        return cls(tuple((t, f"t{position % count + 1}") for position, t in enumerate(distinct)))

    def colour(self, t: Tensor) -> str | None:
        """The class of a tensor, None if it has none."""
        return next((name for tensor, name in self.classes if tensor is t), None)


@dataclass(frozen=True)
class Options:
    """Choices of a rendering.

    ``palette``: colour classes. ``shapes``: write each factor's shape under it. ``row``: print a gradient as the row
    [1×d]. ``first``: the number at which an index starts (0 as in NumPy, 1 as in books). ``limits``: print the limits
    of sums. ``tidy``: print a tensor's presented form where it is shorter than its definition as built. ``vary``: the tensors that move in perturbation notation; None is all that are neither targets nor constants.
    ``entries``: perturbation notation by entries, ds_i = Σ_j …, instead of
    matrices. ``width``: break a longer formula into aligned lines at top-level + and =; None leaves it whole.
    ``terms``: write dots, with their number, for the middle terms of a sum of more than so many; None writes them all.
    """

    palette: Palette = field(default_factory=Palette)
    shapes: bool = False
    row: bool = False
    first: int = 0
    limits: bool = True
    tidy: bool = False
    entries: bool = False
    vary: tuple[Tensor, ...] | None = None
    width: int | None = None
    terms: int | None = None


def check_style(style: str, known: Iterable[str] = STYLES) -> None:
    """Raise ``UnsupportedError`` with a suggestion for an unknown style."""
    known = tuple(known)
    if style not in known:
        raise UnsupportedError(
            f"unknown style {style!r} of notation; expected one of {', '.join(known)}.{suggestion(style, known)}"
        )
