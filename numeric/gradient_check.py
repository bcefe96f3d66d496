"""Is this gradient right? Directional derivatives by the complex step or by extrapolated central differences.

For a random direction v, ⟨∇f, v⟩ is compared with the derivative of f along v. The complex step Im f(w + ihv)/h has no
cancellation (Squire & Trapp 1998), so it is taken where f bears complex numbers and central differences confirm it;
elsewhere differences at h, h/2, h/4 … are extrapolated to h = 0, and the tableau tells its own error (Ridders 1982).
For a tensor the forward derivative is compared too: ⟨∇f, v⟩ = ḟ(v), the adjoint identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.functions import lambdify
from numeric.sampling import bounds_of_integers, draw, sizes_for
from symbolic.calculus.derivatives import gradient as gradient_by
from symbolic.calculus.derivatives import jvp
from symbolic.calculus.pullback import cotangents, identity_seed
from symbolic.errors import DeclarationError, EvaluationError
from symbolic.language.operations import require_scalar
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, tensor

Value = Callable[..., Any]
_SAME = 1e-7  # a relative difference within which the complex step and differences are one number
_FINE = 1e-10  # a relative error of differences below which smaller steps would tell no more


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter: the largest relative ``error`` over all directions, and the ``estimate`` of the numeric value's own.

    ``verdict``: ``"right"``, ``"wrong"``, or ``"undecided"`` where the differences are too rough to tell (a kink nearby).
    ``worst``: for a wrong gradient the entry that is most wrong, what was given and what was found.
    """

    name: str
    shape: tuple[int, ...]
    method: str
    directions: int
    error: float
    estimate: float
    adjoint: float | None
    verdict: str
    worst: tuple[tuple[int, ...], float, float] | None = None


@dataclass(frozen=True)
class GradientCheck:
    """The checks of all parameters; prints as a table."""

    parameters: tuple[ParameterCheck, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """True if every gradient is right."""
        return all(p.verdict == "right" for p in self.parameters)

    def __str__(self) -> str:
        width = max([9, *(len(p.name) for p in self.parameters)])
        rows = [f"{'parameter':<{width}}  shape         verdict    error    numeric±  adjoint  method"]
        for p in self.parameters:
            adjoint = f"{p.adjoint:.1e}" if p.adjoint is not None else "-"
            rows.append(
                f"{p.name:<{width}}  {p.shape!s:<12}  {p.verdict:<9}  {p.error:.1e}  {p.estimate:.1e}   {adjoint:<7}  {p.method}"
            )
            if p.worst is not None:
                index, given, found = p.worst
                rows.append(
                    f"{'':<{width}}  entry {list(index)}: the gradient says {given:.6g}, differences say {found:.6g}"
                )
        return "\n".join(rows)


def check_gradient(
    f: Tensor | Value,
    gradient: Value | None = None,
    at: Mapping[Any, Any] | Sequence[Any] | None = None,
    *,
    wrt: Sequence[Tensor] | None = None,
    sizes: Mapping[str, int] | None = None,
    directions: int = 3,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientCheck:
    """Check the gradient of a scalar function.

    Of a tensor: the derived gradients of ``f`` with respect to its parameters (or ``wrt``), at the arrays ``at`` (by tensor
    or name); what is not given is drawn at random, with ``sizes`` for named dimensions. Where code for these gradients is
    there already, ``gradient`` is the function of the arrays of all declared tensors, oldest first, that gives them in a
    list. Of functions: ``f(*arrays)`` is a
    number, ``gradient(*arrays)`` one array or one per argument, ``at`` the arrays, in a list or in a dict by name.

    Raises ``EvaluationError`` if the gradient has another shape than its argument or f is no finite number there.

    >>> report = check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x**2, [np.array([1.0, 2.0])])
    >>> report.passed, report.parameters[0].method
    (True, 'complex step')
    >>> print(check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x, {"x": np.array([1.0, 2.0])}).parameters[0].verdict)
    wrong
    """
    rng = np.random.default_rng(seed)
    if isinstance(f, Tensor):
        return _check_tensor(f, gradient, at, wrt, sizes, directions, tolerance, rng)
    if gradient is None or at is None:
        raise DeclarationError("check_gradient: for a function give its gradient and the arrays to check it at")
    names = [str(k) for k in at] if isinstance(at, Mapping) else [f"argument {k + 1}" for k in range(len(at))]
    arrays = [np.array(v, dtype=float) for v in (at.values() if isinstance(at, Mapping) else at)]
    found = gradient(*arrays)
    gradients = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(gradients) != len(arrays):
        raise EvaluationError(
            f"check_gradient: {len(arrays)} arrays were given, the gradient returned {len(gradients)}"
        )
    checks = [
        _check_one(names[k], f, arrays, k, np.asarray(g, dtype=float), None, directions, tolerance, rng)
        for k, g in enumerate(gradients)
    ]
    return GradientCheck(tuple(checks), tolerance)


def _check_tensor(loss, gradient, at, wrt, sizes, directions, tolerance, rng) -> GradientCheck:
    require_scalar(loss, "check_gradient")
    given = [t for t in leaves([loss]) if t.value is None]
    wanted = list(wrt) if wrt is not None else [t for t in given if t.role == "parameter"]
    if not wanted:
        raise DeclarationError("check_gradient: the loss has no parameter; say with respect to what: wrt=[...]")
    values = _values(loss, given, at or {}, sizes, rng)
    value = lambdify(given, loss, dtype="float64")
    value(*values)
    gradients = (gradient or _derived(loss, wanted, given))(*values)
    forward = _forward(loss, wanted, given, values)
    position = {t.serial: k for k, t in enumerate(given)}
    checks = [
        _check_one(
            w.label, value.complex_or_real, values, position[w.serial], g, lambda v, w=w: forward(w, v), directions, tolerance, rng
        )
        for w, g in zip(wanted, gradients, strict=True)
    ]  # fmt: skip
    return GradientCheck(tuple(checks), tolerance)


def _derived(loss: Tensor, wanted: Sequence[Tensor], given: Sequence[Tensor]) -> Value:
    """The derived gradients as one function."""
    bars = cotangents(loss, identity_seed(loss), wanted)  # one sweep for all; the others are zero, or no derivative
    return lambdify(given, [bars[w] if w in bars else gradient_by(loss, w) for w in wanted], dtype="float64")


def _forward(loss: Tensor, wanted: Sequence[Tensor], given: Sequence[Tensor], values: Sequence[Any]) -> Value:
    """ḟ when one parameter moves: one program for all of them, in which the others have the tangent 0."""
    tangents = {w: tensor(f"direction_{k}", w.extents) for k, w in enumerate(wanted)}
    together = lambdify([*given, *tangents.values()], jvp(loss, tangents), dtype="float64")
    still = {w: np.zeros(values[k].shape) for w in wanted for k, t in enumerate(given) if t is w}

    def forward(w: Tensor, v: np.ndarray) -> float:
        found = float(together(*values, *{**still, w: v}.values()))
        if np.isfinite(found):
            return found
        # Where another parameter's derivative is infinite, 0 times it is no number.
        alone = lambdify([*given, tangents[w]], jvp(loss, {w: tangents[w]}), dtype="float64")
        return float(alone(*values, v))

    return forward


def _values(loss: Tensor, given: Sequence[Tensor], at: Mapping[Any, Any], sizes, rng) -> list[np.ndarray]:
    """Arrays for all declared tensors: as given, else drawn."""
    known = {t.serial: np.asarray(at[k]) for t in given for k in (t, t.name) if k in at}
    unknown = set(at) - {t.name for t in given} - set(given)
    if unknown:
        raise EvaluationError(f"check_gradient: the loss reads no tensor {sorted(map(str, unknown))[0]!r}")
    named = dict(sizes or {})
    for t in given:
        if t.serial in known:
            named |= {str(e): n for e, n in zip(t.extents, known[t.serial].shape, strict=False) if e.is_Symbol}
    numbers = sizes_for(given, named)
    below = bounds_of_integers(topological([loss]), numbers)
    return [known[t.serial] if t.serial in known else draw(t, numbers, rng, below.get(t.serial, 2)) for t in given]


def _check_one(name, f, arrays, k, g, forward, directions, tolerance, rng) -> ParameterCheck:
    x = np.asarray(arrays[k], dtype=float)
    if g.shape != x.shape:
        raise EvaluationError(f"check_gradient: the gradient of {name} has shape {g.shape}, the argument {x.shape}")

    def along(direction: np.ndarray) -> tuple[float, float, str]:
        return directional(lambda step: f(*arrays[:k], x + step * direction, *arrays[k + 1 :]), name)

    error = estimate = 0.0
    adjoint = None if forward is None else 0.0
    methods, verdict = set(), "right"
    for _ in range(directions):
        v = rng.normal(size=x.shape)
        v /= max(float(np.linalg.norm(v)), 1e-300)
        said = float(np.sum(g * v))
        found, rough, method = along(v)
        methods.add(method)
        scale = max(abs(found), abs(said), float(np.linalg.norm(g)) * 1e-3, 1e-12)
        here, rough = abs(said - found) / scale, rough / scale
        error, estimate = max(error, here), max(estimate, rough)
        if forward is not None:
            adjoint = max(adjoint or 0.0, abs(said - forward(v)) / scale)
        if not here <= max(tolerance, 10 * rough):
            verdict = "wrong"
        elif rough > tolerance and verdict == "right":
            verdict = "undecided"
    if adjoint is not None and not adjoint <= 1e-8:
        verdict = "wrong"
    worst = _worst(x.shape, g, along, rng) if verdict == "wrong" and x.size else None
    return ParameterCheck(
        name, x.shape, " and ".join(sorted(methods)), directions, error, estimate, adjoint, verdict, worst
    )


def _worst(shape, g, along, rng) -> tuple[tuple[int, ...], float, float]:
    """The most wrong of (at most twenty) entries."""
    entries = rng.permutation(int(np.prod(shape, dtype=int)))[:20]
    found = []
    for flat in entries:
        index = tuple(int(i) for i in np.unravel_index(flat, shape))
        unit = np.zeros(shape)
        unit[index] = 1.0
        numeric = along(unit)[0]
        found.append((abs(numeric - g[index]), index, float(g[index]), numeric))
    _, index, said, numeric = max(found, key=lambda entry: entry[0])
    return index, said, numeric


def directional(f: Callable[[Any], Any], name: str = "f") -> tuple[float, float, str]:
    """The derivative at 0 of ``f(step)``: the value, an estimate of its error, and the method."""
    exact = _complex_step(f)
    value, rough = _ridders(f, name, exact)
    if exact is not None and abs(exact - value) <= 10 * rough + _SAME * abs(value):
        return exact, 1e-15 * abs(exact), "complex step"
    return value, rough, "central differences"


def _complex_step(f: Callable[[Any], Any]) -> float | None:
    """Im f(ih)/h; None where f does not bear complex numbers."""
    try:
        with np.errstate(all="ignore"):
            image = f(1e-30j)
        exact = float(np.imag(image)) / 1e-30
    except Exception:  # whatever f says of complex numbers
        return None
    return exact if np.iscomplexobj(image) and np.isfinite(exact) else None


def _ridders(
    f: Callable[[float], Any], name: str, exact: float | None = None, start: float = 2e-2, levels: int = 8
) -> tuple[float, float]:
    """Central differences at start, start/2, …, extrapolated to 0 in even powers of the step.

    They end early where they confirm ``exact``, what the complex step found.
    """
    tableau: list[list[float]] = []
    best, rough = np.nan, np.inf
    for level in range(levels):
        h = start / 2**level
        with np.errstate(all="ignore"):
            high, low = float(np.real(f(h))), float(np.real(f(-h)))
        if not (np.isfinite(high) and np.isfinite(low)):
            raise EvaluationError(f"check_gradient: f is not finite near the given point, along a direction of {name}")
        row = [(high - low) / (2 * h)]
        noise = 4e-16 * max(abs(high), abs(low)) / h
        for k in range(level):
            factor = 4.0 ** (k + 1)
            row.append((factor * row[k] - tableau[level - 1][k]) / (factor - 1))
            error = max(abs(row[k + 1] - row[k]), abs(row[k + 1] - tableau[level - 1][k])) + noise
            if error < rough:
                best, rough = row[k + 1], error
        tableau.append(row)
        confirmed = exact is not None and abs(exact - best) <= _SAME * abs(best)
        if confirmed or rough <= _FINE * abs(best):
            break
    return best, rough
