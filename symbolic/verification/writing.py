"""Claims that write into arrays (``g = np.zeros_like(x); g[0] = …``), traced at fixed sizes to see what they compute.

A tensor never changes; what a claim takes for an array is therefore a name for one, which stands for another tensor after
each assignment. A view writes through to what it is a view of, as in NumPy. Nothing is judged by what is traced here: only
mistakes are looked for in it, once it was seen to have the values that the claim has.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy as sp

from symbolic.errors import DeclarationError
from symbolic.language.operations import as_tensor
from symbolic.program.dims import Dim
from symbolic.program.equations import Zero, equation
from symbolic.program.expressions import Index
from symbolic.program.tensors import Tensor, computed

_MADE = {"zeros": 0, "empty": 0, "ones": 1}


def traced(function: types.FunctionType, arguments: Mapping[str, Any], numpy: types.ModuleType) -> Tensor:
    """What a function computes from tensors of fixed sizes, assignments into its own arrays included.

    The function and those of its file that it calls run as they are, with a stand-in for NumPy.

    Raises whatever the function raises, ``DeclarationError`` for a kind of assignment that is not followed.
    """
    own = function.__globals__
    scope = {**own, **{n: _Numpy(numpy) for n, v in own.items() if v is numpy}}

    def again(f: types.FunctionType) -> types.FunctionType:
        copy = types.FunctionType(f.__code__, scope, f.__name__, f.__defaults__, f.__closure__)
        copy.__kwdefaults__ = f.__kwdefaults__
        return copy

    scope |= {n: again(v) for n, v in own.items() if isinstance(v, types.FunctionType) and v.__globals__ is own}
    given = {n: Array(v) if isinstance(v, Tensor) and v.ndim else v for n, v in arguments.items()}
    return as_tensor(_bare(again(function)(**given)))


class Array:
    """A name for a tensor, or for a part of what another name stands for."""

    __slots__ = ("_own", "_parent", "_part")

    def __init__(self, own: Tensor | None, parent: Array | None = None, part: Any = None):
        self._own, self._parent, self._part = own, parent, part

    @property
    def now(self) -> Tensor:
        """The tensor that it stands for now."""
        return self._own if self._parent is None else self._parent.now[self._part]  # type: ignore[return-value]

    def _put(self, value: Any) -> Array:
        if self._parent is not None:
            self._parent[self._part] = value
        else:
            self._own = self.now * 0 + _bare(value)
        return self

    def __getitem__(self, part: Any) -> Any:
        found = self.now[_bare(part)]
        if isinstance(found, Tensor) and found.ndim and _is_view(part):
            return Array(None, self, part)
        return _named(found)

    def __setitem__(self, part: Any, value: Any) -> None:
        old, value = self.now, _bare(value)
        part = _bare(part)
        if isinstance(part, Tensor) and part.ndim == old.ndim and part.dtype == "bool":
            self._put(_where(part, value, old))
            return
        if not _is_view(part):
            raise DeclarationError("an assignment at indices that are an array is not followed")
        self._put(_written(old, part if isinstance(part, tuple) else (part,), value))

    def __len__(self) -> int:
        return operator.index(self.now.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.now, name)
        if name == "copy":
            return lambda: Array(self.now)
        return (lambda *a, **k: _named(found(*_bare(a), **_bare(k)))) if callable(found) else _named(found)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options.get("out") is not None:
            return NotImplemented
        return _named(ufunc(*_bare(inputs), **_bare(options)))

    def __array_function__(self, function: Any, kinds: Any, args: Any, options: Any) -> Any:
        return _named(function(*_bare(args), **_bare(options)))

    def __bool__(self) -> bool:
        raise DeclarationError("what an array holds decides the way of the code")

    def __neg__(self) -> Any:
        return _named(-self.now)

    def __abs__(self) -> Any:
        return _named(abs(self.now))


def _operators() -> None:
    for name in ("add", "sub", "mul", "truediv", "matmul", "pow", "floordiv", "mod"):
        act = getattr(operator, name)
        setattr(Array, f"__{name}__", lambda a, b, act=act: _named(act(a.now, _bare(b))))
        setattr(Array, f"__r{name}__", lambda a, b, act=act: _named(act(_bare(b), a.now)))
        setattr(Array, f"__i{name}__", lambda a, b, act=act: a._put(act(a.now, _bare(b))))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        act = getattr(operator, name)
        setattr(Array, f"__{name}__", lambda a, b, act=act: _named(act(a.now, _bare(b))))


_operators()


class _Numpy:
    """NumPy, but for the functions that make arrays of no given entries."""

    def __init__(self, module: types.ModuleType):
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        base = name.removesuffix("_like")
        if base not in _MADE:
            return found

        def made(like: Any, *_args: Any, **_options: Any) -> Array:
            shape = like.shape if name != base else like
            shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
            i = [Index("i", n.expr if isinstance(n, Dim) else sp.Integer(operator.index(n))) for n in shape]
            return Array(computed(equation(i, sp.Integer(_MADE[base]))))

        return made


def _bare(value: Any) -> Any:
    """Tensors for their names, also inside tuples, lists and dictionaries."""
    if isinstance(value, Array):
        return value.now
    if isinstance(value, (tuple, list)):
        return type(value)(map(_bare, value))
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items()}
    return value


def _named(value: Any) -> Any:
    if isinstance(value, Tensor) and value.ndim:
        return Array(value)
    return tuple(map(_named, value)) if type(value) is tuple else value


def _is_view(part: Any) -> bool:
    parts = part if isinstance(part, tuple) else (part,)
    return all(isinstance(p, (int, slice, type(...))) and not isinstance(p, bool) for p in parts)


def _where(condition: Tensor, value: Any, old: Tensor) -> Any:
    chosen = condition * 1
    return old * (1 - chosen) + chosen * value


def _written(old: Tensor, part: Sequence[Any], value: Any) -> Tensor:
    """The tensor with the entries of a part replaced: those where an index is start + step k are the k-th of the value."""
    target = old[tuple(part)]
    part = list(part)
    if ... in part:
        at = part.index(...)
        part[at : at + 1] = [slice(None)] * (old.ndim - len(part) + 1)
    filled = as_tensor(target * 0 + value)
    if filled.ndim != target.ndim:
        raise DeclarationError("the value has more axes than what it is written into")
    own, runs, guards = list(old.fresh_indices()), [], []
    for i, p in zip(own, part, strict=False):
        n = int(i.extent)
        if isinstance(p, slice):
            start, _, step = p.indices(n)
            k = Index("k", filled.extents[len(runs)])
            runs.append(k)
            guards.append(Zero(i - start - step * k))
        else:
            guards.append(Zero(i - (p % n)))
    rest = own[len(part) :]
    new = computed(equation(own, filled.access(*runs, *rest), runs, guards=guards))
    there = computed(equation(own, sp.S.One, runs, guards=guards))
    return old * (1 - there) + new
