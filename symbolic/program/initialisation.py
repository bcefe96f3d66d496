"""How a parameter starts: a description that layers state and that training follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError, suggestion
from symbolic.program.dims import extent

KINDS = ("uniform", "normal", "constant")


@dataclass(frozen=True)
class Initialisation:
    """Independent entries: uniform on ±scale, normal with mean 0 and standard deviation scale, or all equal to scale.

    ``scale`` is an exact number or an expression in named dimensions.

    >>> str(fan_in("n")), str(Initialisation("constant", sp.Integer(0)))
    ('uniform on ±1/sqrt(n)', 'constant 0')
    """

    kind: str
    scale: sp.Expr

    def __post_init__(self):
        if self.kind not in KINDS:
            raise DeclarationError(
                f"initialisation: expected one of {', '.join(KINDS)}, got {self.kind!r}.{suggestion(self.kind, KINDS)}"
            )

    def __str__(self) -> str:
        return {
            "uniform": f"uniform on ±{self.scale}",
            "normal": f"normal with standard deviation {self.scale}",
            "constant": f"constant {self.scale}",
        }[self.kind]


def fan_in(*sizes: Any) -> Initialisation:
    """Uniform on ±1/√f, where f, the product of the sizes, is how many inputs an output has. (LeCun et al. 1998.)"""
    return Initialisation("uniform", 1 / sp.sqrt(sp.Mul(*map(extent, sizes))))


def glorot(inputs: Any, outputs: Any) -> Initialisation:
    """Uniform on ±√(6/(inputs + outputs)). (Glorot and Bengio 2010.)"""
    return Initialisation("uniform", sp.sqrt(6 / (extent(inputs) + extent(outputs))))


def he(*sizes: Any) -> Initialisation:
    """Normal with standard deviation √(2/f), f inputs to an output, for rectified units. (He et al. 2015.)"""
    return Initialisation("normal", sp.sqrt(2 / sp.Mul(*map(extent, sizes))))


def normal(scale: Any) -> Initialisation:
    """Normal with mean 0 and the given standard deviation."""
    return Initialisation("normal", sp.nsimplify(scale, rational=True))


ZEROS = Initialisation("constant", sp.S.Zero)
ONES = Initialisation("constant", sp.S.One)
