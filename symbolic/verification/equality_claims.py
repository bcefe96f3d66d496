"""Claims as people hand them in: a tensor, a number, an array, a NumPy function, a LaTeX string; each becomes a tensor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symbolic.errors import ChainruleError, DeclarationError, ShapeError, suggestion
from symbolic.language.operations import as_tensor
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, tensor
from symbolic.verification.diagnosis.surgery import rebuilt
from symbolic.verification.elaboration.values import ShapeMisfit, SizeUnknown
from symbolic.verification.equality_shapes import same_shape
from symbolic.verification.formulas import formula


@dataclass(frozen=True)
class Failure:
    """A claim that is no tensor: its shapes do not fit (status shape) or it cannot be read (undecided)."""

    status: str
    reason: str


def read_claim(claim: Any, truth: Tensor, symbols: Mapping[str, Tensor]) -> Tensor | Failure:
    """The claim as a tensor over the truth's own declared tensors."""
    if isinstance(claim, Tensor):
        return over_the_same(claim, truth, symbols)
    try:
        return tensor_of(claim, vocabulary(truth, symbols), truth)
    except SizeUnknown as error:  # what cannot be read is not wrong
        return Failure("undecided", f"the claim cannot be read as a program: {error}")
    except ShapeMisfit as error:
        return Failure("shape", f"the formula's shapes do not fit: {error}")
    except ShapeError as error:
        return Failure("shape", f"the claim's own shapes do not fit: {error}")
    except DeclarationError:
        raise
    except ChainruleError as error:
        return Failure("undecided", f"the claim cannot be read as a program: {error}")
    except Exception as error:  # a claim's own code may raise anything; the caller tries it at fixed sizes
        if not callable(claim):
            raise
        return Failure("undecided", f"the claim's code raises {type(error).__name__}: {error}")


def over_the_same(claim: Tensor, truth: Tensor, symbols: Mapping[str, Tensor]) -> Tensor:
    """The claim over the truth's own tensors: one declared again, with the same name, shape and dtype, is the same."""
    known = {t.name: t for t in [*leaves([truth]), *symbols.values()] if t.name and t.definition is None}
    again = {
        t: known[t.name]
        for t in leaves([claim])
        if t.name in known and t is not known[t.name] and t.dtype == known[t.name].dtype and t.value is None
        and same_shape(t.extents, known[t.name].extents)
    }  # fmt: skip
    return rebuilt(claim, again) if again else claim


def tensor_of(claim: Any, names: Mapping[str, Tensor], truth: Tensor) -> Tensor:
    """The claim built from tensors by name; of an equation in LaTeX the right side, a bare I in the truth's size."""
    if isinstance(claim, str):
        return formula(claim, names, like=truth)
    return read_function(claim, names) if callable(claim) else as_tensor(claim)


def vocabulary(truth: Tensor, symbols: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names that a claim may use: the given symbols, and the named tensors of the truth's program."""
    return {t.name: t for t in topological([truth]) if t.name} | dict(symbols)


def read_function(function: Callable[..., Any], names: Mapping[str, Tensor]) -> Tensor:
    """The function called with tensors by parameter name.

    A parameter that no tensor is named after takes its default, or is declared from its annotation (``W: "m n"``).
    """
    return as_tensor(function(**arguments(function, names, tensor)))


class Undeclared:
    """A parameter that no tensor is named after; ``message`` is raised as soon as anything is done with it."""

    def __init__(self, message: str):
        object.__setattr__(self, "message", message)

    def _used(self, *_args: Any, **_kwargs: Any) -> Any:
        raise DeclarationError(object.__getattribute__(self, "message"))

    __getattr__ = __setattr__ = __getitem__ = __len__ = __iter__ = __bool__ = __float__ = __int__ = __call__ = _used
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _used
    __rmatmul__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _used
    __array__ = __array_ufunc__ = __array_function__ = _used


def arguments(
    function: Callable[..., Any], names: Mapping[str, Any], declare: Callable[[str, str], Any] | None = None
) -> dict[str, Any]:
    """What to call a function with: the named values by parameter name; annotated parameters may be declared.

    A parameter that has neither may stand there, as in a backward function that is given every input; whatever is done
    with it raises ``DeclarationError``.
    """
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in names:
            found[name] = names[name]
        elif parameter.default is not parameter.empty:
            continue
        elif declare is not None and isinstance(parameter.annotation, str):
            found[name] = declare(name, parameter.annotation.strip("'\""))
        else:
            found[name] = Undeclared(
                f"check: the claim's parameter {name!r} is none of the truth's tensors ({', '.join(names) or 'none is named'}); "
                f"pass symbols={{{name!r}: ...}} or annotate it with its dims.{suggestion(name, names)}"
            )
    return found
