"""Tensors: named or computed arrays with a shape of named or fixed dimensions."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError, UnsupportedError, suggestion
from symbolic.program import hooks
from symbolic.program.dims import Dim, as_dim, parse_shape, shape_text
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access, Handle, Index
from symbolic.program.facts import Fact
from symbolic.program.initialisation import Initialisation

ROLES = ("input", "target", "parameter", "constant", "computed")
DTYPES = ("real", "int", "bool")
ASSUMPTIONS = frozenset(
    [
        "positive",
        "nonzero",
        "unit_interval",
        "integer",
        "binary",
        "sign",
        "one_hot",
        "probability",
        "symmetric",
        "positive_definite",
        "diagonal",
        "lower_triangular",
        "invertible",
        "orthogonal",
        "full_rank",
    ]
)
_MATRIX_ASSUMPTIONS = frozenset(
    ["symmetric", "positive_definite", "diagonal", "lower_triangular", "invertible", "orthogonal", "full_rank"]
)
_NAME = re.compile(r"[^\W\d]\w{0,79}\Z")
_LETTERS = "ijklmpqrstuvw"
_serials = itertools.count(1)
_HOUSE = frozenset({"symbolic", "numeric", "reports", "numpy", "scipy", "sympy"})


class Tensor:
    """An array that a program declares or computes.

    Attributes: ``name`` (None if unnamed), ``shape`` (ints and ``Dim``), ``dtype`` (``"real"``, ``"int"`` or
    ``"bool"``), ``role``, ``assume`` (a frozenset), ``definition`` (the ``Equation`` or primitive ``Application`` that
    computes it, or None), ``origin`` (the user's file and line), ``init`` (how training starts a parameter, or None),
    ``facts`` (what is known of its values), ``call`` (the well-known function that it is, as LaTeX and operands),
    ``derived`` (made by differentiation), ``provisional`` (its name was given by a derivation) and ``made`` (a digest of
    its definition, once one was asked for). The hash is identity; ``==`` is elementwise.
    """

    __slots__ = (
        "__weakref__",
        "assume",
        "call",
        "definition",
        "derived",
        "dtype",
        "extents",
        "facts",
        "handle",
        "init",
        "made",
        "name",
        "origin",
        "provisional",
        "role",
        "serial",
        "tex",
        "value",
    )  # fmt: skip

    def __init__(
        self,
        name: str | None,
        extents: Iterable[sp.Expr],
        *,
        dtype: str = "real",
        role: str = "computed",
        definition: Any = None,
        assume: frozenset[str] = frozenset(),
        value: Any = None,
        tex: str | None = None,
        init: Initialisation | None = None,
    ):
        self.name, self.extents, self.dtype, self.role = name, tuple(extents), dtype, role
        self.definition, self.assume, self.value, self.tex = definition, assume, value, tex
        self.init = init
        self.serial = next(_serials)
        self.handle = Handle(self)
        self.origin = user_line()
        self.facts: tuple[Fact, ...] = ()
        self.call: tuple[str, tuple[Tensor, ...]] | None = None
        self.derived = self.provisional = False
        self.made: str | None = None

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int | Dim, ...]:
        """The extents as users see them."""
        return tuple(as_dim(e) for e in self.extents)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.extents)

    @property
    def size(self) -> Any:
        """The number of entries, an int or a ``Dim``."""
        return as_dim(sp.Mul(*self.extents))

    @property
    def label(self) -> str:
        """The name, or ``_serial`` for an unnamed tensor."""
        return self.name or f"_{self.serial}"

    @property
    def operands(self) -> tuple[Tensor, ...]:
        """The tensors that the definition reads."""
        return self.definition.operands if self.definition is not None else ()

    def named(self, name: str, tex: str | None = None, provisional: bool = False) -> Tensor:
        """Give an unnamed computed tensor the name under which it is printed; returns the tensor itself.

        A ``provisional`` name, which a derivation gives to what a reader would name, may be replaced later.
        """
        check_name(name)
        if self.name is not None and self.name != name and not self.provisional:
            raise DeclarationError(f"tensor {self.name} already has a name; it cannot be called {name} as well")
        self.name, self.tex, self.provisional = name, tex or self.tex, provisional
        return self

    def called(self, tex: str, *operands: Tensor, facts: Iterable[Fact] = ()) -> Tensor:
        """Say that this tensor is a well-known function of ``operands``: unnamed, it prints as ``tex(operands)``.

        Like a name, a call is a boundary: closed forms and printed results stop at it, and ``facts`` hold of its values.
        Returns the tensor itself.
        """
        self.call, self.facts = (tex, operands), tuple(facts)
        return self

    def access(self, *indices: Any) -> Access:
        """``self[indices]`` inside a body."""
        return Access(self.handle, *indices)

    def fresh_indices(self) -> tuple[Index, ...]:
        """New indices over this tensor's axes."""
        return fresh_indices(self.extents)

    def describe(self) -> str:
        """Name and shape for messages: ``W (m, n)``."""
        return f"{self.name or 'an unnamed tensor'} {shape_text(self.extents)}"

    def __repr__(self) -> str:
        kind = self.role if self.definition is None else "computed"
        return f"<Tensor {self.label} {shape_text(self.extents)} {kind}>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {hooks.rendering(self)}$"

    # -- Python's operators -----------------------------------------------------------------------------------------

    __hash__ = object.__hash__

    def __add__(self, other):
        return hooks.binary("add", self, other)

    def __radd__(self, other):
        return hooks.binary("add", other, self)

    def __sub__(self, other):
        return hooks.binary("subtract", self, other)

    def __rsub__(self, other):
        return hooks.binary("subtract", other, self)

    def __mul__(self, other):
        return hooks.binary("multiply", self, other)

    def __rmul__(self, other):
        return hooks.binary("multiply", other, self)

    def __truediv__(self, other):
        return hooks.binary("divide", self, other)

    def __rtruediv__(self, other):
        return hooks.binary("divide", other, self)

    def __pow__(self, other):
        return hooks.binary("power", self, other)

    def __rpow__(self, other):
        return hooks.binary("power", other, self)

    def __mod__(self, other):
        return hooks.binary("remainder", self, other)

    def __floordiv__(self, other):
        return hooks.binary("floor_divide", self, other)

    def __rmod__(self, other):
        return hooks.binary("remainder", other, self)

    def __rfloordiv__(self, other):
        return hooks.binary("floor_divide", other, self)

    def __divmod__(self, other):
        return hooks.binary("divmod", self, other)

    def __matmul__(self, other):
        return hooks.binary("matmul", self, other)

    def __rmatmul__(self, other):
        return hooks.binary("matmul", other, self)

    def __neg__(self):
        return hooks.unary("negative", self)

    def __pos__(self):
        return self

    def __abs__(self):
        return hooks.unary("absolute", self)

    def __invert__(self):
        return hooks.unary("logical_not", self)

    def __and__(self, other):
        return hooks.binary("logical_and", self, other)

    def __or__(self, other):
        return hooks.binary("logical_or", self, other)

    def __rand__(self, other):
        return hooks.binary("logical_and", other, self)

    def __ror__(self, other):
        return hooks.binary("logical_or", other, self)

    def __eq__(self, other):
        return hooks.binary("equal", self, other)

    def __ne__(self, other):
        return hooks.binary("not_equal", self, other)

    def __lt__(self, other):
        return hooks.binary("less", self, other)

    def __le__(self, other):
        return hooks.binary("less_equal", self, other)

    def __gt__(self, other):
        return hooks.binary("greater", self, other)

    def __ge__(self, other):
        return hooks.binary("greater_equal", self, other)

    def __getitem__(self, key):
        return hooks.method("getitem", self, key)

    # -- NumPy's methods --------------------------------------------------------------------------------------------

    T = property(lambda self: hooks.method("transpose", self))
    mT = property(lambda self: hooks.method("matrix_transpose", self))

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return hooks.method("attribute", self, attribute)

    def __len__(self) -> int:
        if not self.extents:
            raise UnsupportedError(f"len() of the scalar {self.describe()}")
        if not self.extents[0].is_Integer:
            raise UnsupportedError(
                f"len({self.label}) is the dimension {self.extents[0]}, which has no number yet; write {self.label}.shape[0]"
            )
        return int(self.extents[0])

    # -- NumPy's protocols ------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return hooks.array_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function, types, args, kwargs):
        return hooks.array_function(function, args, kwargs)

    # -- refused, with the way to write it instead ------------------------------------------------------------------

    def __setitem__(self, key, value):
        raise UnsupportedError(
            f"{self.label}[...] = ... changes a tensor in place; build a new one with np.where, np.concatenate or "
            "index notation"
        )

    def __array__(self, *args, **kwargs):
        caller = _scipy_caller()
        raise UnsupportedError(
            f"scipy.{caller} cannot take the symbolic {self.describe()}: SciPy has no protocol for it; use "
            f"symbolic.{caller}, which takes tensors and arrays"
            if caller
            else f"{self.describe()} is symbolic and cannot become an entry of an array: for np.array([a, b]) and for functions "
            "of a list write np.stack([a, b]), for np.array([[a, b], [c, d]]) np.block([[a, b], [c, d]]), for A[index] "
            "constant(A)[index]; np.vectorize is not needed"
        )

    def __iter__(self):
        # A generator, so that what asks whether this is iterable (SciPy does) learns of it only when it iterates.
        if not self.extents or not self.extents[0].is_Integer:
            raise UnsupportedError(
                f"{self.describe()} cannot be looped over: "
                f"{'its first dimension has no number' if self.extents else 'it is a scalar'}; use array operations, or "
                "declare a fixed size"
            )
        for i in range(int(self.extents[0])):
            yield self[i]

    def __bool__(self):
        raise UnsupportedError(
            f"the truth of {self.describe()} is not known while deriving; write np.where(condition, a, b) instead of if"
        )

    def __float__(self):
        raise UnsupportedError(
            f"{self.describe()} is symbolic and has no number yet: use numeric.lambdify to compute it, and instead of writing "
            "it into an array, out[i] = ..., collect a list and np.stack it"
        )

    def __index__(self):
        raise UnsupportedError(
            f"{self.describe()} is symbolic and cannot be a Python index; index a tensor: constant(A)[tok]"
        )

    __int__ = __complex__ = __float__


def fresh_indices(extents: Iterable[sp.Expr], avoid: int = 0) -> tuple[Index, ...]:
    """New indices over axes of the given extents, lettered i, j, k, …"""
    extents = tuple(extents)
    return tuple(Index(_LETTERS[(avoid + position) % len(_LETTERS)], e) for position, e in enumerate(extents))


def computed(eq: Equation, dtype: str = "real", name: str | None = None) -> Tensor:
    """The tensor that an equation defines."""
    return Tensor(name, (i.extent for i in eq.indices), dtype=dtype, definition=eq)


def check_name(name: str) -> None:
    """Raise ``DeclarationError`` unless ``name`` is an identifier of at most 80 characters."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise DeclarationError(
            f"a tensor's name is an identifier of at most 80 letters, digits and underscores, such as 'W1' or 'y_bar'; got {name!r}"[
                :300
            ]
        )


def tensor(
    name: str,
    shape: Any = (),
    *,
    role: str = "input",
    dtype: str = "real",
    assume: Any = (),
    tex: str | None = None,
    init: Initialisation | None = None,
) -> Tensor:
    """Declare a tensor.

    ``shape``: names or numbers, ``"m n"``, ``("m", 3)``, ``""`` for a scalar. ``role``: input, target, parameter or
    constant. ``dtype``: ``"real"`` or ``"int"`` (labels and indices). ``assume``: one name or several, such as
    ``"positive"`` or ``"symmetric"``. ``tex``: LaTeX to print instead of the name. ``init``: how training starts a
    parameter.

    Raises ``DeclarationError`` for an unknown role, dtype or assumption, with a suggestion.

    >>> tensor("W", "m n", role="parameter")
    <Tensor W (m, n) parameter>
    """
    check_name(name)
    assume = frozenset([assume] if isinstance(assume, str) else assume)
    dtype = {"integer": "int", "float": "real"}.get(dtype, dtype)
    if role not in ROLES[:4]:
        raise DeclarationError(
            f"tensor {name}: unknown role {role!r}; expected one of {', '.join(ROLES[:4])}.{suggestion(role, ROLES[:4])}"
        )
    if dtype == "complex":
        raise UnsupportedError(f"tensor {name}: complex tensors are not supported; declare real and imaginary parts")
    if dtype not in DTYPES:
        raise DeclarationError(
            f"tensor {name}: unknown dtype {dtype!r}; expected 'real' or 'int'.{suggestion(dtype, DTYPES)}"
        )
    for a in sorted(assume, key=str):
        if a not in ASSUMPTIONS:
            raise DeclarationError(
                f"tensor {name}: unknown assumption {a!r}; expected some of {', '.join(sorted(ASSUMPTIONS))}."
                f"{suggestion(a, ASSUMPTIONS)}"
            )
    extents = parse_shape(shape)
    matrix = assume & _MATRIX_ASSUMPTIONS
    if matrix and len(extents) < 2:
        raise DeclarationError(
            f"tensor {name}: {sorted(matrix)[0]} is said of matrices; got shape {shape_text(extents)}"
        )
    square = matrix - {"full_rank"}
    if square and extents[-1] != extents[-2]:
        raise DeclarationError(
            f"tensor {name}: a {sorted(square)[0]} matrix is square; got shape {shape_text(extents)}"
        )
    if "positive_definite" in assume:
        assume |= {"symmetric", "invertible"}
    if "orthogonal" in assume:
        assume |= {"invertible"}
    return Tensor(name, extents, dtype=dtype, role=role, assume=assume, tex=tex, init=init)


def user_line() -> str:
    """``file:line`` of the nearest frame outside the packages: where the user's code made a tensor or a call."""
    frame = sys._getframe(2)
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _HOUSE:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""


def _scipy_caller() -> str | None:
    """``linalg.expm`` if a function of SciPy's asked for an array: the outermost of its frames."""
    frame, found = sys._getframe(2), None
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("scipy."):
            wrapped = frame.f_locals.get("f") if frame.f_code.co_name == "wrapper" else None
            name = getattr(wrapped, "__name__", frame.f_code.co_name)
            package = str(getattr(wrapped, "__module__", module)).split(".")[1]
            found = f"{package}.{name}"
        elif found or not module.startswith("numpy"):
            return found
        frame = frame.f_back
    return found
