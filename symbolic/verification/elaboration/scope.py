"""What a document has introduced: symbols with their tensors, functions, dimensions, layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import sympy as sp

from symbolic.calculus.derivatives import jacobian
from symbolic.program.dims import dim_symbol
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.inverse import written_through
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.tokens import Vocabulary


@dataclass(frozen=True)
class Layout:
    """How derivatives are laid out. ``gradient``: the derivative of a scalar by a vector is a column or a row; by a matrix,
    it has the matrix's shape or the transposed one. ``jacobian``: numerator (output axes first) or denominator."""

    gradient: str = "column"
    jacobian: str = "numerator"
    matrix: str = "same"

    def __str__(self) -> str:
        matrix = "the shape of the matrix" if self.matrix == "same" else "the transposed shape of the matrix"
        first = "the output's axis" if self.jacobian == "numerator" else "the variable's axis"
        return f"gradients by a vector are {self.gradient}s, gradients by a matrix have {matrix}; Jacobians have {first} first"


USUAL = Layout()


@dataclass(frozen=True)
class FunctionOf:
    """A function that the document defines by a formula: ``parameters`` and ``body``.

    ``raised`` are the parameters that stand as powers between the brackets: ℓ(μ, σ²) is a formula in σ, ℓ(μ, τ²) the same in τ.
    """

    parameters: tuple[str, ...]
    body: s.Node
    raised: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Generic:
    """A differentiable function of one variable that is not told further.

    It is applied entry by entry, or, if it is ``whole``, gives one number for an array: the document writes ∇f(x).
    """

    name: str
    whole: bool = False


@dataclass(frozen=True)
class Unread:
    """A function whose definition could not be read."""

    name: str


V = TypeVar("V")


class Names(dict[str, V]):
    """A dict that counts its changes, so that what was read with it may be kept until it changes."""

    version = 0

    def __setitem__(self, name: str, value: V) -> None:
        self.version += 1
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self.version += 1
        super().__delitem__(name)

    def pop(self, *args):
        self.version += 1
        return super().pop(*args)

    def update(self, *args, **more) -> None:
        self.version += 1
        super().update(*args, **more)

    def setdefault(self, name: str, default: V) -> V:  # type: ignore[override]
        self.version += 1
        return super().setdefault(name, default)


@dataclass
class Scope:
    """The names in force at a place in a document.

    ``values`` maps a name (with layer numbers: ``W_1``) to its value, ``tex`` to how it is written; ``functions`` maps a name to the
    name of a known function, a ``FunctionOf``, a ``Generic`` or an ``Unread`` one; ``dims`` holds the names of dimensions and their extents;
    ``sampled`` the names whose first axis counts samples, ``columns`` those of which x_i is a column though X has it as a row, ``layers`` the letters that number layers, ``letters`` those that stand alone as indices, ``counters`` those with a range; ``derivatives`` what the author claims for a derivative, used
    instead of the true one where a line is judged by what was written before; ``rows`` says that U_i, of a matrix U, stands as a row, ``joins`` whether ``[h, x]`` of two columns puts them across or down, ``nabla`` names the variable of a bare ∇, ``along_rows`` holds the serials of vectors that are added
    to every row of a matrix, ``last_layers`` the
    names of last layers, ``ones`` the dimension that a vector of ones has whose size nothing tells, ``beyond`` what stands for a cost where layers before the last vary.
    """

    values: dict[str, Value] = field(default_factory=Names)
    tex: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str | FunctionOf | Generic | Unread] = field(default_factory=Names)
    dims: dict[str, sp.Expr] = field(default_factory=dict)
    sampled: dict[str, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    layers: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    counters: frozenset[str] = frozenset()
    layout: Layout = USUAL
    otimes: str = "kronecker"
    dot: str = "inner"
    rows: bool = False
    joins: str = "across"
    nabla: str = ""
    ones: str = ""
    last_layers: frozenset[str] = frozenset()
    beyond: dict[int, Tensor] = field(default_factory=dict)
    along_rows: set[int] = field(default_factory=set)
    macros: Mapping[str, str] = field(default_factory=dict)
    tangents: dict[Tensor, Tensor] = field(default_factory=dict)
    derivatives: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    batches: dict[tuple[int, str], Tensor] = field(default_factory=dict)
    _jacobians: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    _through: dict[tuple[int, int], Tensor | None] = field(default_factory=dict)

    def vocabulary(self) -> Vocabulary:
        """What reading needs to know."""
        names = set(self.values)
        return Vocabulary(
            frozenset(names | {n.split("_")[0] for n in names if len(n.split("_")[0]) > 1}),
            frozenset(self.functions),
            macros=self.macros,
        )

    def dim(self, name: str) -> sp.Expr | None:
        """The extent that a dimension's name stands for."""
        return self.dims.get(name)

    def declare_dim(self, name: str) -> sp.Expr:
        """The extent of a dimension's name, made if it is new."""
        return self.dims.setdefault(name, dim_symbol(name))

    def jacobian(self, of: Tensor, by: Tensor) -> Tensor:
        """∂of/∂by in numerator order, as the author claims it where that is asked for, else the true one."""
        key = (of.serial, by.serial)
        if key in self.derivatives:
            return self.derivatives[key]
        if key not in self._jacobians:
            self._jacobians[key] = jacobian(of, by)
        return self._jacobians[key]

    def reaching(self, of: Tensor, by: Tensor) -> Tensor:
        """``of``, or what stands for it where the document writes it through the last layer alone and ``by`` lies before."""
        beyond = self.beyond.get(of.serial)
        return of if beyond is None or self.depends(of, by) else beyond

    def at_last_layer(self, name: str) -> Value | None:
        """a^L for the a of ∇_a C, which has no value without its layer."""
        if name in self.values:
            return None
        return next((x for last in self.last_layers if (x := self.values.get(f"{name}_u{last}")) is not None), None)

    def through(self, of: Tensor, by: Tensor) -> Tensor | None:
        """``of`` written through ``by``, which is computed and equal to a part of it; None where it has no such part."""
        key = (of.serial, by.serial)
        if key not in self._through:
            self._through[key] = written_through(of, by)
        return self._through[key]

    def depends(self, of: Tensor, by: Tensor) -> bool:
        """Whether ``by`` is among what ``of`` is computed from."""
        return any(t is by for t in topological([of]))

    def claiming(self, derivatives: Mapping[tuple[int, int], Tensor]) -> Scope:
        """The same names with the author's derivatives in place of the true ones."""
        return replace(self, derivatives=dict(derivatives))
