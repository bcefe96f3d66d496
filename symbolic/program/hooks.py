"""The one seam between the waist and the ways in.

``Tensor`` and ``Dim`` carry Python's operators and NumPy's protocols; what those *mean* is the language's business, which
imports the waist and not the other way round. The language installs itself here once (``symbolic/__init__.py``).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

_language: Any = SimpleNamespace()


def install(language: Any) -> None:
    """Make ``language`` (an object with the functions below) the meaning of operators and NumPy calls."""
    global _language
    _language = language


def unary(name: str, x: Any) -> Any:
    """The pointwise function ``name`` of ``x``."""
    return _language.unary(name, x)


def binary(name: str, x: Any, y: Any) -> Any:
    """The pointwise or matrix operation ``name`` of ``x`` and ``y``."""
    return _language.binary(name, x, y)


def method(name: str, *args: Any, **kwargs: Any) -> Any:
    """The array method ``name`` (``sum``, ``reshape``, indexing, …)."""
    return _language.method(name, *args, **kwargs)


def array_ufunc(ufunc: Any, how: str, inputs: tuple, options: dict) -> Any:
    """NumPy's ufunc protocol."""
    return _language.array_ufunc(ufunc, how, inputs, options)


def array_function(function: Any, args: tuple, kwargs: dict) -> Any:
    """NumPy's function protocol."""
    return _language.array_function(function, args, kwargs)


def rendering(tensor: Any) -> str:
    """LaTeX of a tensor's definition, for rich display."""
    return _language.rendering(tensor)
