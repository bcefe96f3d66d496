"""What is checked, in the forms in which people write it, each as one forward and one backward call.

A pair of functions; one function that returns a loss and its gradients; a layer, a class with ``forward`` and ``backward``
that keeps what it needs in ``self``; a function of PyTorch's kind, whose static methods get a ``ctx``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

import numpy as np

from numeric.checking import names
from numeric.checking.constructors import given_arrays, kept_arguments
from symbolic.errors import DeclarationError


@dataclass(frozen=True)
class Subject:
    """A forward and a backward computation.

    ``forward(values)`` gives what the forward function returns and a state that ``backward`` gets; ``ahead`` and ``back``
    are the user's functions that the two run through, which may be exchanged for variants.
    """

    ahead: Callable[..., Any]
    back: Callable[..., Any]
    name: str
    kind: str = "functions"

    def parameters(self) -> list[inspect.Parameter]:
        """The parameters of the forward function that are given values."""
        return _parameters(self.ahead)[self.kind in ("ctx", "layer") :]

    def back_parameters(self) -> list[inspect.Parameter]:
        """The parameters of the backward function that are given values."""
        if self.kind == "both":
            return []
        return _parameters(self.back)[self.kind in ("ctx", "layer") :]

    def with_functions(
        self, ahead: Callable[..., Any] | None = None, back: Callable[..., Any] | None = None
    ) -> Subject:
        """The same with variants of the user's functions."""
        return replace(self, ahead=ahead or self.ahead, back=back or self.back)

    def run_ahead(self, values: Mapping[str, Any], state: Any) -> Any:
        """What the forward function returns."""
        return self.ahead(**values) if state is None else self.ahead(state, **values)

    def run_back(self, arguments: Mapping[str, Any], state: Any) -> Any:
        """What the backward function returns."""
        if self.kind == "ctx":
            return self.back(state, *arguments.values())
        return self.back(**arguments) if state is None else self.back(state, **arguments)

    def state(self, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Any:
        """A new ``self`` or ``ctx``; None for functions."""
        return Context() if self.kind == "ctx" else None


class Context:
    """What PyTorch hands to ``forward`` and ``backward``."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad = (True,) * 32

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None: ...

    def mark_dirty(self, *tensors: Any) -> None: ...

    def set_materialize_grads(self, value: bool) -> None: ...


@dataclass(frozen=True)
class Layer(Subject):
    """A class with ``forward`` and ``backward``; its arrays of real numbers are parameters besides those of ``forward``."""

    made: type = object
    arguments: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, str] = field(
        default_factory=dict
    )  # parameters of the constructor that are arrays, and where kept

    def counted(self) -> list[str]:
        """The parameters of the constructor that are sizes."""
        return [n for n in self.arguments if n not in self.options and n not in self.given]

    def state(self, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Any:
        given = {n: self.options[n] if n in self.options else sizes.get(n, 3) for n in self.arguments}
        for name, attribute in self.given.items():
            given[name] = values.get(attribute, np.zeros((2, 2)))
        kept = np.random.get_state()
        np.random.seed(7)
        try:
            made = self.made(**given)
        finally:
            np.random.set_state(kept)
        for name, value in values.items():
            if "." in name:
                _put(made, name, value)
        return made

    def arrays(self, sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
        """The arrays of real numbers that a new layer makes, by their names (``self.W``, ``self.params['W']``)."""
        held = dict(_arrays("self", vars(self.state(sizes, {}))))
        return {n: x for n, x in held.items() if n not in self.given.values()}

    def run_ahead(self, values: Mapping[str, Any], state: Any) -> Any:
        return self.ahead(state, **{n: v for n, v in values.items() if "." not in n})


def _arrays(prefix: str, held: Mapping[str, Any]):
    for name, value in held.items():
        text = f"{prefix}.{name}" if prefix == "self" else f"{prefix}[{name!r}]"
        if isinstance(value, Mapping):
            yield from _arrays(text, value)
        elif isinstance(value, (list, tuple)) and value and all(map(_is_real, value)) and not _is_gradient(str(name)):
            yield from _arrays(text, dict(enumerate(value)))
        elif _is_real(value) and not _is_gradient(str(name)) and "grad" not in prefix:
            yield text, np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=float)


def _is_real(value: Any) -> bool:
    dtype = str(getattr(value, "dtype", ""))
    return "float" in dtype and len(getattr(value, "shape", ())) > 0


def _is_gradient(name: str) -> bool:
    low = name.lower()
    return low.startswith(("d", "grad", "running", "mov", "v_", "m_", "velocity", "cache")) and low not in ("decoder",)


def held(made: Any, text: str) -> Any:
    """The value of ``self.params['W']``; None if there is none."""
    value = made
    for part in _path(text):
        value = _part(value, part)
    return value


def _path(text: str) -> list[str]:
    return text.replace("]", "").replace("'", "").replace("[", ".").split(".")[1:]


def _part(owner: Any, part: str) -> Any:
    if isinstance(owner, Mapping):
        return owner.get(part, owner.get(int(part)) if part.isdigit() else None)
    if isinstance(owner, (list, tuple)):
        return owner[int(part)] if part.isdigit() and int(part) < len(owner) else None
    return getattr(owner, part, None)


def _put(made: Any, text: str, value: Any) -> None:
    *path, last = _path(text)
    owner = made
    for part in path:
        owner = _part(owner, part)
    if isinstance(owner, list):
        owner[int(last)] = value
    elif isinstance(owner, tuple):  # a tuple of arrays is made anew
        _put(made, f"self.{'.'.join(path)}", tuple(value if k == int(last) else v for k, v in enumerate(owner)))
    elif isinstance(owner, dict):
        owner[int(last) if last.isdigit() and last not in owner else last] = value
    else:
        setattr(owner, last, value)


def subject_of(backward: Any, forward: Any = None, options: Mapping[str, Any] | None = None) -> Subject:
    """The subject for what a user names: functions, a class, methods of a class, or a function alone.

    Raises ``DeclarationError`` where a class lacks one of the two methods, or a method is given without its class.
    """
    if isinstance(backward, type):
        return _of_class(backward, dict(options or {}))
    if forward is None:
        return Subject(backward, backward, getattr(backward, "__name__", "the function"), "both")
    if isinstance(forward, type):
        return _of_class(forward, dict(options or {}))
    return Subject(forward, backward, getattr(backward, "__name__", "the backward function"))


def _of_class(made: type, options: dict[str, Any]) -> Subject:
    ahead = next((n for n in ("forward", "__call__", "fwd", "forward_pass") if _defined(made, n)), None)
    back = next((n for n in ("backward", "bwd", "backward_pass", "backprop", "grad") if _defined(made, n)), None)
    if ahead is None or back is None:
        raise DeclarationError(
            f"the class {made.__name__} has no method {'forward' if ahead is None else 'backward'}; "
            "it is checked by its methods forward and backward, which are called one after the other"
        )
    first, second = inspect.getattr_static(made, ahead), inspect.getattr_static(made, back)
    if isinstance(first, staticmethod) and isinstance(second, staticmethod):
        return Subject(first.__func__, second.__func__, f"{made.__name__}.{back}", "ctx")
    needed = [
        p.name
        for p in _parameters(made.__init__)
        if p.name not in ("self", "args", "kwargs") and (p.default is p.empty or p.name in options)
    ]
    kept = {n: at for n, at in kept_arguments(made).items() if n in needed and n not in options}
    noted = [p.name for p in _parameters(made.__init__) if _tells_a_shape(p.annotation)]
    noted += [n for told in (made.__init__, made) for n in names.docstring_shapes(told)]
    arrays = {n: at for n, at in kept.items() if n in noted or n in given_arrays(made, kept)}
    return Layer(
        _plain(first), _plain(second), f"{made.__name__}.{back}", "layer", made, tuple(needed), options, arrays
    )


def _tells_a_shape(note: Any) -> bool:
    return isinstance(note, str) and note.strip("'\"") not in ("int", "bool", "str") and bool(names.shape_note(note))


def _plain(method: Any) -> FunctionType:
    return getattr(method, "__func__", method)


def _defined(made: type, name: str) -> bool:
    found = inspect.getattr_static(made, name, None)
    return (
        found is not None
        and (callable(found) or isinstance(found, staticmethod))
        and name in dir(made)
        and not (name == "__call__" and found is getattr(object, name, None))
    )


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return []
