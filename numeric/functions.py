"""``lambdify``: tensors in, a function on arrays out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from numeric.backends.numpy_code import NumpyCode
from numeric.binding import Sizes, as_array, common_dtype, real_dtype
from numeric.lowering import Program, lowered, prepared
from numeric.lowering.layout import laid_out
from symbolic.calculus.compression import Compressed
from symbolic.errors import DeclarationError, EvaluationError, UnsupportedError, suggestion
from symbolic.language.operations import as_tensor
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from numeric.structured.evaluation import StructuredFunction

BACKENDS = ("numpy", "numba", "jax", "torch")
MOST_SHAPES = 64  # sets of shapes whose sizes a function remembers


@overload
def lambdify(args: Any, outputs: Compressed, backend: str = "numpy", dtype: Any = None) -> StructuredFunction: ...


@overload
def lambdify(args: Any, outputs: Any, backend: str = "numpy", dtype: Any = None) -> Function: ...


def lambdify(args: Any, outputs: Any, backend: str = "numpy", dtype: Any = None) -> Any:
    """A function on arrays that computes ``outputs`` from ``args``.

    ``args``: a tensor or a list of tensors, declared or computed. ``outputs``: a tensor, or a list or tuple of tensors,
    which gives a list or tuple of arrays; for a Hessian as ``symbolic.compressed(H)`` a ``StructuredArray`` comes instead of
    the dense one (NumPy and numba). ``dtype``: ``"float32"`` or ``"float64"``; by default float32 where all real
    arrays are, else float64. ``backend``: ``"numpy"``; ``"numba"`` for compiled loops (extra ``fast``); ``"jax"`` or ``"torch"``
    (extras of these names), which take the library's arrays or NumPy's and return the library's: on the device of the
    arguments, under ``jax.jit`` and ``jax.grad``, recorded by autograd. JAX's float64 is switched on
    (``jax_enable_x64``) unless ``dtype`` is float32. Named dimensions get their sizes from the arrays' shapes. What outputs
    share is computed once; ``.source`` is the generated code, which runs on its own.

    Raises ``DeclarationError`` if an output needs a tensor that is not among ``args``, ``UnsupportedError`` for an unknown
    back end; the function raises ``EvaluationError`` for arrays that do not fit.

    >>> import numpy as np
    >>> from symbolic import gradient, tensor
    >>> x, W = tensor("x", "n"), tensor("W", "m n")
    >>> f = lambdify([W, x], [W @ x, gradient(np.sum((W @ x) ** 2), x)])
    >>> f(np.eye(2), np.array([1.0, 2.0]))
    [array([1., 2.]), array([2., 4.])]
    """
    if backend not in BACKENDS:
        raise UnsupportedError(
            f"unknown back end {backend!r}; expected one of {', '.join(BACKENDS)}.{suggestion(backend, BACKENDS)}"
        )
    arguments = tuple(args) if isinstance(args, (list, tuple)) else (args,)
    for a in arguments:
        if not isinstance(a, Tensor):
            raise DeclarationError(f"lambdify: an argument is a tensor, got {type(a).__name__}")
    if len({a.serial for a in arguments}) < len(arguments):
        raise DeclarationError("lambdify: an argument is given twice")
    many = isinstance(outputs, (list, tuple))
    container, precision = type(outputs) if many else None, real_dtype(dtype) if dtype else None
    given = tuple(outputs) if many else (outputs,)
    if any(isinstance(o, Compressed) for o in given):
        return _structured(arguments, given, backend, container, precision)
    program = prepared(arguments, tuple(as_tensor(o) for o in given))
    _require_given(program)
    if backend in ("jax", "torch"):
        from numeric.backends.frameworks import FrameworkFunction

        return FrameworkFunction(program, backend, container, precision)
    code = _loops(program) if backend == "numba" else NumpyCode(lowered(laid_out(program)))
    return Function(program, code, container, precision)


def _structured(
    arguments: tuple[Tensor, ...], outputs: tuple[Any, ...], backend: str, container: type | None, dtype: Any
) -> StructuredFunction:
    if backend in ("jax", "torch"):
        raise UnsupportedError(
            f"backend={backend!r}: structured arrays are NumPy's; pass the dense tensor, or take backend='numpy' or 'numba'"
        )
    from numeric.structured.evaluation import StructuredFunction

    wanted = [o if isinstance(o, Compressed) else as_tensor(o) for o in outputs]
    known = {s for t in arguments for e in t.extents for s in e.free_symbols}
    for o in wanted:
        _require_sizes(o.tensor if isinstance(o, Compressed) else o, known)
    return StructuredFunction(
        arguments, wanted, lambda tensors: lambdify(list(arguments), tensors, backend, dtype), container, dtype
    )


def _loops(program: Program) -> Any:
    from numeric.backends.loops.running import LoopCode

    return LoopCode(program)


def _require_given(program: Program) -> None:
    for t in program.constants:
        if t.value is None:
            raise DeclarationError(
                f"lambdify: the outputs need {t.describe()}, which is not among the arguments "
                f"({', '.join(a.label for a in program.arguments)})"
            )
    known = {s for t in (*program.arguments, *program.constants) for e in t.extents for s in e.free_symbols}
    for t in (*program.steps, *program.outputs):
        _require_sizes(t, known)


def _require_sizes(t: Tensor, known: set[Any]) -> None:
    for e in t.extents:
        missing = sorted(e.free_symbols - known, key=str)
        if missing:
            raise DeclarationError(
                f"lambdify: {t.describe()} has the dimension {missing[0]}, which is on none of the arguments, so it would have no number"
            )


class Function:
    """A compiled function on arrays; ``source`` is its code, ``program`` the equations that it computes."""

    def __init__(self, program: Program, code: Any, container: type | None, dtype: np.dtype | None):
        self.program, self.container, self.dtype = program, container, dtype
        self.arguments, self.outputs = program.arguments, program.outputs
        self._code = code
        self._constants = program.constants
        self._indexing = _index_checks(program)
        self._bound: dict[tuple, Sizes] = {}

    @property
    def source(self) -> str:
        """The generated code."""
        return self._code.source

    def __call__(self, *values: Any) -> Any:
        self._require_count(values)
        dtype = common_dtype(self.dtype, self.arguments, values)
        arrays = [as_array(t, v, dtype) for t, v in zip(self.arguments, values, strict=True)]
        sizes = self._sizes(tuple(a.shape for a in arrays))
        constants = [as_array(t, t.value, dtype) for t in self._constants]
        if self._indexing:
            self._check_positions([*arrays, *constants], sizes)
        with np.errstate(all="ignore"):
            found = self._code([*arrays, *constants], dtype)
        many = found if len(self.outputs) > 1 else (found,)
        given = {id(_root(a)) for a in arrays}
        result = [_owned(value, t, dtype, given) for value, t in zip(many, self.outputs, strict=True)]
        return result[0] if self.container is None else self.container(result)

    def _sizes(self, shapes: tuple[tuple[int, ...], ...]) -> Sizes:
        """The sizes of named dimensions, checked once for each set of shapes."""
        found = self._bound.get(shapes)
        if found is None:
            found = Sizes()
            found.bind(self.arguments, {t.serial: shape for t, shape in zip(self.arguments, shapes, strict=True)})
            if len(self._bound) >= MOST_SHAPES:
                self._bound.clear()
            self._bound[shapes] = found
        return found

    def _require_count(self, values: Sequence[Any]) -> None:
        if len(values) != len(self.arguments):
            names = ", ".join(a.label for a in self.arguments)
            raise EvaluationError(f"expected {len(self.arguments)} arrays ({names}), got {len(values)}")

    def _check_positions(self, arrays: Sequence[Any], sizes: Sizes, numbers: Callable[[Any], Any] = np.asarray) -> None:
        """No integer that is used as a position lies outside its axis; ``numbers`` may know none (None)."""
        given = dict(zip([t.serial for t in (*self.arguments, *self._constants)], arrays, strict=True))
        for t, target, extent in self._indexing:
            found = numbers(given[t.serial])
            if found is not None:
                _check_positions(t, found, target, int(extent.xreplace(sizes._known())))

    def complex_or_real(self, *values: Any) -> Any:
        """The same code on complex arrays if any is complex, without checks: for thousands of calls after a checked one."""
        real = np.complex128 if any(np.iscomplexobj(v) for v in values) else np.float64
        kinds = {"real": np.dtype(real), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
        tensors = (*self.arguments, *self._constants)
        constants = [t.value for t in self._constants]
        arrays = [np.asarray(v, kinds[t.dtype]) for t, v in zip(tensors, (*values, *constants), strict=True)]
        return self._code(arrays, kinds["real"])

    def __repr__(self) -> str:
        inner = ", ".join(a.label for a in self.arguments)
        return f"<Function ({inner}) -> {', '.join(o.describe() for o in self.outputs)}>"


def _root(array: Any) -> Any:
    """Whose memory an array shows."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


def _owned(value: Any, t: Tensor, dtype: np.dtype, given: set[int]) -> Any:
    """An output as an array of its own, of its dtype; a scalar as a NumPy scalar. ``given``: whose memory is the caller's."""
    wanted = {"real": dtype, "int": np.dtype(np.int64), "bool": np.dtype(bool)}[t.dtype]
    array = np.asarray(value, dtype=wanted)
    if array.ndim == 0:
        return array[()]
    if not array.flags.writeable or id(_root(array)) in given:
        array = array.copy()
    return array


def _index_checks(program: Program) -> list[tuple[Tensor, Tensor, Any]]:
    """Integer tensors that are used as positions directly: (positions, tensor that is read, extent of the axis)."""
    from symbolic.program.equations import Equation
    from symbolic.program.expressions import Access

    given = {t.serial for t in (*program.arguments, *program.constants)}
    found = {}
    for step in program.steps:
        if not isinstance(step.definition, Equation) or step.definition.guards:
            continue
        for access in step.definition.accesses:
            for e, size in zip(access.indices, access.tensor.extents, strict=True):
                if isinstance(e, Access) and e.tensor.serial in given:
                    found[e.tensor.serial, size] = (e.tensor, access.tensor, size)
    return list(found.values())


def _check_positions(t: Tensor, array: np.ndarray, target: Tensor, size: int) -> None:
    if array.size and (array.min() < 0 or array.max() >= size):
        wrong = array[(array < 0) | (array >= size)].flat[0]
        raise EvaluationError(f"{t.describe()} holds {wrong}, outside the axis of extent {size} of {target.label}")
