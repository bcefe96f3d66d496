"""Functions on the arrays of JAX and PyTorch: the same checks as for NumPy, and what comes back is the library's own.

Arrays of the library keep their device and their derivatives; ``jax.jit`` and ``jax.grad`` may trace a call, and autograd
may record it. NumPy's arrays are taken too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from numeric.backends.execution import function
from numeric.backends.jax_source import JaxWriter
from numeric.backends.numpy_source import Writer
from numeric.backends.torch_source import TorchWriter
from numeric.binding import as_array
from numeric.errors import extra
from numeric.functions import Function
from numeric.lowering import Program, lowered
from symbolic.errors import EvaluationError
from symbolic.program.tensors import Tensor


class Jax:
    """What a function needs to know about JAX."""

    name, writer = "jax", JaxWriter

    def __init__(self):
        try:
            import jax
        except ImportError:
            raise extra("jax", "jax", "backend='jax'") from None
        self.jax = jax

    def owns(self, value: Any) -> bool:
        """True for JAX's arrays and the values that it traces."""
        return isinstance(value, self.jax.Array)

    def kind(self, value: Any) -> str:
        """NumPy's letter for a kind of numbers."""
        return np.dtype(value.dtype).kind if value.dtype.name != "bfloat16" else "f"

    def dtype(self, name: str) -> Any:
        """The dtype of that name. Raises ``EvaluationError`` for a precision that JAX is told to round away."""
        if name == "float64" and not self.jax.config.jax_enable_x64:
            raise EvaluationError(
                "backend='jax': float64 is switched off in JAX, which would round to float32; call "
                "jax.config.update('jax_enable_x64', True), or pass dtype='float32' to lambdify"
            )
        return self.jax.numpy.dtype(name)

    def cast(self, value: Any, dtype: Any) -> Any:
        """An array of the library in another precision."""
        return value.astype(dtype)

    def array(self, value: np.ndarray, like: Any) -> Any:
        """A NumPy array as the library's."""
        return self.jax.numpy.asarray(value)

    def numbers(self, value: Any) -> np.ndarray | None:
        """The numbers of an array, or None where it is traced and has none yet."""
        return None if isinstance(value, self.jax.core.Tracer) else np.asarray(value)


class Torch:
    """What a function needs to know about PyTorch."""

    name, writer = "torch", TorchWriter

    def __init__(self):
        try:
            import torch
        except ImportError:
            raise extra("torch", "torch", "backend='torch'") from None
        self.torch = torch

    def owns(self, value: Any) -> bool:
        """True for PyTorch's tensors."""
        return isinstance(value, self.torch.Tensor)

    def kind(self, value: Any) -> str:
        """NumPy's letter for a kind of numbers."""
        if value.dtype is self.torch.bool:
            return "b"
        return "f" if value.is_floating_point() else "c" if value.is_complex() else "i"

    def dtype(self, name: str) -> Any:
        """The dtype of that name."""
        return getattr(self.torch, name)

    def cast(self, value: Any, dtype: Any) -> Any:
        """An array of the library in another precision."""
        return value.to(dtype)

    def array(self, value: np.ndarray, like: Any) -> Any:
        """A NumPy array as the library's, on the device of ``like``."""
        return self.torch.tensor(value, device=None if like is None else like.device)

    def numbers(self, value: Any) -> np.ndarray | None:
        """The numbers of an array, or None where they are on another device, which checks positions itself."""
        return value.detach().numpy() if value.device.type == "cpu" and type(value) is self.torch.Tensor else None


FRAMEWORKS: dict[str, Callable[[], Jax | Torch]] = {"jax": Jax, "torch": Torch}
_LETTERS = {"real": "fib", "int": "ib", "bool": "b"}


class FrameworkFunction(Function):
    """A function on the arrays of a library; ``source`` is code that runs on its own."""

    def __init__(self, program: Program, backend: str, container: type | None, dtype: np.dtype | None):
        self.library = FRAMEWORKS[backend]()
        super().__init__(program, None, container, dtype)
        self._arrays = lowered(program)
        self._run = function(self._writer(commented=False).write(), "computed")

    def _writer(self, commented: bool = True) -> Writer:
        return self.library.writer(self._arrays, commented, self.dtype.name if self.dtype else "float64")

    @cached_property
    def source(self) -> str:  # type: ignore[override]
        """The generated code."""
        return self._writer().write()

    def __call__(self, *values: Any) -> Any:
        self._require_count(values)
        dtype = self.dtype or self._common(values)
        like = next((v for v in values if self.library.owns(v)), None)
        arrays = [self._array(t, v, dtype, like) for t, v in zip(self.arguments, values, strict=True)]
        sizes = self._sizes(tuple(tuple(a.shape) for a in arrays))
        constants = [self._array(t, t.value, dtype, like) for t in self._constants]
        self._check_positions([*arrays, *constants], sizes, self.library.numbers)
        found = self._run(*arrays, *constants, dtype=self.library.dtype(dtype.name))
        many = found if len(self.outputs) > 1 else (found,)
        result = [self._owned(value, t, dtype) for value, t in zip(many, self.outputs, strict=True)]
        return result[0] if self.container is None else self.container(result)

    def complex_or_real(self, *values: Any) -> Any:
        """The complex step is NumPy's: ask ``lambdify(..., backend="numpy")`` for it."""
        raise EvaluationError(f"backend={self.library.name!r}: there is no complex step; use backend='numpy'")

    def _common(self, values: Any) -> np.dtype:
        """float32 where all real arrays are, else float64."""
        given = [v for t, v in zip(self.arguments, values, strict=True) if t.dtype == "real" and np.ndim(v)]
        names = {str(getattr(v, "dtype", "")).removeprefix("torch.") for v in given}
        return np.dtype("float32" if names == {"float32"} else "float64")

    def _array(self, t: Tensor, value: Any, dtype: np.dtype, like: Any) -> Any:
        if not self.library.owns(value):
            return self.library.array(as_array(t, value, dtype), like)
        if self.library.kind(value) not in _LETTERS[t.dtype] + ("u" if t.dtype != "bool" else ""):
            raise EvaluationError(f"{t.describe()} holds {t.dtype} numbers; got an array of dtype {value.dtype}")
        if t.dtype == "real":
            return self.library.cast(value, self.library.dtype(dtype.name))
        return value

    def _owned(self, value: Any, t: Tensor, dtype: np.dtype) -> Any:
        """An output in its dtype."""
        return self.library.cast(value, self.library.dtype(dtype.name)) if t.dtype == "real" else value
