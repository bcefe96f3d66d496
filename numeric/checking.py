"""Backward functions as people write them, checked on random numbers against their forward function.

Real code loops over ``range(n)`` and writes into ``np.zeros``; it is therefore run, not traced. At several pairwise distinct
sizes the claimed gradients are compared with central differences of Σ cotangent · forward; where both functions also run on
symbolic tensors, each output is judged by ``symbolic.check`` besides, which may prove it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import symbolic
from numeric.shape_search import Progress, coarser, found_shapes, silent
from symbolic.errors import ChainruleError, DeclarationError

_COTANGENT = re.compile(
    r"(d_?out|grad_?(out(put)?)?|g|upstream|dy|dz|dL_?d?(out|y)?|out_(bar|grad)|delta|cotangent|bar)\Z", re.IGNORECASE
)
_LABELS = re.compile(r"\b(int|integer|label|labels|class|index|indices)\b", re.IGNORECASE)
_SHAPE = re.compile(r"^\W*(\w+)\s*(?::|\u2014|-)[^\n]*?shape\s*:?\s*[\[(]([^\])]*)[\])]", re.MULTILINE)
AGREES, DIFFERS = 2e-6, 2e-4
_WORST_FIRST = ("refuted", "shape", "undecided", "agrees", "proved")


@dataclass(frozen=True)
class OutputVerdict:
    """One output of a backward function: the parameter that it is the gradient of, a status as in ``symbolic.check``, why."""

    name: str
    status: str
    evidence: str


@dataclass(frozen=True)
class CodeVerdict:
    """The verdict on a backward function, output by output; ``found``: the shapes were not told but found by trial."""

    outputs: tuple[OutputVerdict, ...]
    shapes: tuple[tuple[str, tuple[str, ...]], ...]
    found: bool = False

    @property
    def status(self) -> str:
        """The worst of the outputs' statuses."""
        return next((status for status in _WORST_FIRST if any(o.status == status for o in self.outputs)), "undecided")


def check_backward(
    backward: Callable[..., Any],
    forward: Callable[..., Any],
    shapes: Mapping[str, str] | None = None,
    seed: int = 0,
    rounds: int = 3,
) -> CodeVerdict:
    """Judge the gradients that ``backward`` returns.

    ``forward(x, W, …)`` returns an array, or an array and a cache. ``backward`` takes parameters of ``forward`` by name, the
    cotangent of the output under any other name (``dout``, ``g``; none is needed if the output is a scalar) and, second or as
    ``cache``, the cache. Its outputs are told by the names in its return statement (``dx``, ``dW``), by the keys of a dict, or by
    order. Shapes come from ``shapes``, annotations (``x: "N D"``) or a docstring that says ``shape (N, D)``.

    What nothing tells is found by trial: the most general shapes with which the functions run.

    Raises ``DeclarationError`` where no shapes are found or a parameter is not told. The functions' own errors are passed on.

    >>> verdict = check_backward(lambda W, x, g: np.outer(g, x), lambda W, x: W @ x, {"W": "m n", "x": "n"})
    >>> verdict.outputs[0].name, verdict.outputs[0].status
    ('W', 'proved')
    """
    call = _Call(backward, forward, dict(shapes or {}))
    verdict = _verdict(call, seed, rounds)
    if call.searched and verdict.status not in ("agrees", "proved"):
        for merged in coarser(call.shapes):  # code that wants two sizes equal, and runs with others by accident
            call.take(merged)
            again = silent(lambda: _verdict(call, seed, rounds))
            if again is not None and again.status in ("agrees", "proved"):
                return again
    return verdict


def _verdict(call: _Call, seed: int, rounds: int) -> CodeVerdict:
    rng = np.random.default_rng(seed)
    judged: dict[str, OutputVerdict] = {}
    for k in range(rounds):
        for verdict in _one_round(call, call.sizes(rng, k), rng):
            known = judged.get(verdict.name)
            if known is None or _WORST_FIRST.index(verdict.status) <= _WORST_FIRST.index(known.status):
                judged[verdict.name] = verdict
    outputs = [v if v.status != "agrees" else _proved(call, k, v) for k, v in enumerate(judged.values())]
    return CodeVerdict(tuple(outputs), tuple((n, tuple(s)) for n, s in call.shapes.items()), call.searched)


class _Call:
    """How two functions are called: shapes of the forward's arrays, and what stands for what in the backward."""

    def __init__(self, backward: Callable[..., Any], forward: Callable[..., Any], given: dict[str, str]):
        self.backward, self.forward = backward, forward
        modules = (
            getattr(g, "__name__", "") for f in (forward, backward) for g in getattr(f, "__globals__", {}).values()
        )
        self.torch = "torch" in modules
        said = _docstring_shapes(forward) | _docstring_shapes(backward)
        self.shapes: dict[str, list[str]] = {}
        self.integers: set[str] = set()
        self.others: dict[str, Any] = {}
        unknown: list[str] = []
        for name, parameter in inspect.signature(forward).parameters.items():
            note = parameter.annotation if isinstance(parameter.annotation, str) else ""
            text = given.get(name, note.strip("'\"") or said.get(name))
            if text is None and parameter.default is not parameter.empty:
                continue
            if text is None and re.search(r"param|config|options|kwargs", name):
                self.others[name] = {}
            elif text is None:
                unknown.append(name)
            else:
                words = [w for w in re.split(r"[\s,]+", text) if w]
                if "int" in words:
                    self.integers.add(name)
                self.shapes[name] = [w for w in words if re.fullmatch(r"\d+|[A-Za-z]\w*", w) and w not in _ROLES]
        self.wrt: list[str] | None = None
        self.searched = False
        if unknown:
            self.find(unknown)
        self.take({n: self.shapes[n] for n in inspect.signature(forward).parameters if n in self.shapes})

    def take(self, shapes: dict[str, list[str]]) -> None:
        """Use these shapes."""
        self.shapes = shapes
        self.dimensions = list(dict.fromkeys(d for s in self.shapes.values() for d in s if not d.isdigit()))
        self.wrt = self.order()

    def find(self, unknown: list[str]) -> None:
        """Shapes by trial for what is not told."""
        known, ints = dict(self.shapes), set(self.integers)
        rng = np.random.default_rng(0)
        progress = Progress(self.forward, self.backward)

        def runs(
            shapes: Mapping[str, list[str]], integers: frozenset[str], sizes: Mapping[str, int]
        ) -> tuple[int, tuple[int, int]]:
            self.shapes, self.integers = {**known, **shapes}, ints | integers
            self.shapes = {n: self.shapes[n] for n in inspect.signature(self.forward).parameters if n in self.shapes}
            self.wrt = self.order()
            return self.fit(sizes, rng, progress)

        found = found_shapes(unknown, known, _source(self.forward) + _source(self.backward), runs)
        if found is None:
            name = unknown[0]
            raise DeclarationError(
                f"the shape of {self.forward.__name__}'s parameter {name!r} is not told, and no shapes with which it runs were found: "
                f'annotate it, as in {name}: "N D", say \'{name}: … of shape (N, D)\' in the docstring, or give --shape {name}="N D"'
            )
        self.shapes, self.integers = {**known, **found.shapes}, ints | found.integers
        self.searched = True

    def fit(
        self, sizes: Mapping[str, int], rng: np.random.Generator, progress: Progress
    ) -> tuple[int, tuple[int, int]]:
        """How far the functions run at these sizes; see ``found_shapes``."""
        values = self.values(sizes, rng)
        ran, reached = progress.run(lambda: self.run_forward(self.arrays(values)))
        out = silent(lambda: numbers(ran[0]))
        if out is None or not out.size:
            return 0, reached
        bar = self.arrays({"bar": rng.normal(size=out.shape) if out.ndim else 1.0})["bar"]
        claimed, reached = progress.run(lambda: self.run_backward(self.arrays(values), bar, ran[1]))
        if claimed is None:
            return 1, reached
        fits = all(numbers(g).shape == np.shape(values[n]) for n, g in claimed.items())
        return 3 if fits else 2, (0, 0)

    def sizes(self, rng: np.random.Generator, k: int) -> dict[str, int]:
        """Pairwise distinct sizes at which the forward function runs, if there are any."""
        for attempt in range(12):
            order = rng.permutation(len(self.dimensions)) + 2 + k + attempt // 4
            found = {n: int(size) for n, size in zip(self.dimensions, order, strict=True)}
            out = silent(lambda found=found: self.run_forward(self.arrays(self.values(found, rng)))[0])
            if out is not None and numbers(out).size:
                return found
        return found

    def suitable(self, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, Any]:
        """Random arrays at which the forward function is finite: of any sign, else positive, else between 0 and 1."""
        values = self.values(sizes, rng)
        for domain in (lambda x: x, lambda x: 0.5 + abs(x), lambda x: 0.1 + 0.8 / (1 + np.exp(-x))):
            moved = {n: x if n in self.integers else domain(x) for n, x in values.items()}
            out = silent(lambda moved=moved: numbers(self.run_forward(self.arrays(moved))[0]))
            if out is not None and np.all(np.isfinite(out)):
                return moved
        return values

    def order(self) -> list[str] | None:
        """The parameters whose gradients are returned, by the names in the return statement."""
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(self.backward)))
        except (OSError, TypeError, SyntaxError, IndentationError):
            return None
        returns = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value is not None]
        if not returns:
            return None
        value = returns[-1]
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        names = [self.parameter(p.id) if isinstance(p, ast.Name) else None for p in parts]
        return [n for n in names if n] if all(names) else None

    def parameter(self, name: str) -> str | None:
        """The parameter that an output's name tells: ``dW``, ``grad_W``, ``W_grad``, ``W_bar``."""
        for pattern in (
            r"d_?(\w+)",
            r"grad_?(\w+)",
            r"(\w+?)_?(?:grad|bar)",
            r"(?:dL|dC|dE)_?d?(\w+)",
            r"nabla_?(\w+)",
            r"(\w+)",
        ):
            match = re.fullmatch(pattern, name)
            if match:
                for known in self.shapes:
                    if match.group(1).lower() == known.lower():
                        return known
        return None

    def values(self, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, Any]:
        """Random arrays for the forward's parameters."""
        found: dict[str, Any] = {}
        for name, shape in self.shapes.items():
            extents = [int(d) if d.isdigit() else sizes[d] for d in shape]
            if name in self.integers:
                found[name] = rng.integers(0, min(sizes.values(), default=2), size=extents)
            else:
                array = rng.normal(size=extents)
                found[name] = array if extents else float(array)
        return found

    def arrays(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Copies of the arrays, as PyTorch tensors where the functions use PyTorch."""
        if not self.torch:
            return {n: np.array(v) if isinstance(v, np.ndarray) else v for n, v in values.items()}
        import torch

        return {n: torch.tensor(v) if isinstance(v, np.ndarray) else v for n, v in values.items()}

    def run_forward(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """The output and the cache (None if there is none)."""
        result = self.forward(**{**values, **{n: dict(o) for n, o in self.others.items()}})
        if isinstance(result, tuple):
            return result[0], result[1] if len(result) == 2 else result[1:]
        return result, None

    def run_backward(self, values: Mapping[str, Any], cotangent: Any, cache: Any) -> dict[str, Any]:
        """The claimed gradients by parameter."""
        arguments, spare = {}, []
        for name, parameter in inspect.signature(self.backward).parameters.items():
            if name in values:
                arguments[name] = values[name]
            elif name == "cache" or (
                cache is not None and not _COTANGENT.match(name) and parameter.default is parameter.empty and spare
            ):
                arguments[name] = cache
            elif parameter.default is parameter.empty or _COTANGENT.match(name):
                spare.append(name)
        if len(spare) > 1:
            raise DeclarationError(
                f"{self.backward.__name__}'s parameters {', '.join(spare)} are no parameters of {self.forward.__name__}; one of them is the cotangent"
            )
        arguments.update(dict.fromkeys(spare, cotangent))
        result = self.backward(**arguments)
        if isinstance(result, Mapping):
            return {p: g for key, g in result.items() if (p := self.parameter(str(key))) is not None}
        parts = result if isinstance(result, (tuple, list)) else (result,)
        names = (
            self.wrt if self.wrt and len(self.wrt) == len(parts) else [n for n in self.shapes if n not in self.integers]
        )
        if len(parts) > len(names):
            raise DeclarationError(
                f"{self.backward.__name__} returns {len(parts)} gradients, {self.forward.__name__} has {len(names)} parameters of real numbers"
            )
        return dict(zip(names, parts, strict=False))


_ROLES = frozenset(
    ["input", "target", "parameter", "constant", "int", "real", "float", "positive", "nonzero", "symmetric"]
)


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _docstring_shapes(function: Callable[..., Any]) -> dict[str, str]:
    text = inspect.getdoc(function) or ""
    found = {}
    for match in _SHAPE.finditer(text):
        sizes = re.sub(r"[,\s]+", " ", match.group(2)).strip()
        found[match.group(1)] = sizes + (" int" if _LABELS.search(match.group(0)) else "")
    return found


def _one_round(call: _Call, sizes: Mapping[str, int], rng: np.random.Generator) -> list[OutputVerdict]:
    values = call.suitable(sizes, rng)
    out, cache = call.run_forward(call.arrays(values))
    out = numbers(out)
    cotangent = rng.normal(size=out.shape) if out.ndim else 1.0
    bar = call.arrays({"bar": cotangent})["bar"]
    claimed = call.run_backward(call.arrays(values), bar, cache)
    told = ", ".join(f"{n} of shape {np.shape(x)}" for n, x in values.items())

    def loss(changed: Mapping[str, Any]) -> float:
        return float(np.sum(numbers(call.run_forward(call.arrays(changed))[0]) * cotangent))

    return [_compared(name, gradient, values, loss, told) for name, gradient in claimed.items()]


def _compared(name: str, gradient: Any, values: dict[str, Any], loss: Callable[..., float], told: str) -> OutputVerdict:
    claimed, x = numbers(gradient), np.asarray(values[name], dtype=float)
    if claimed.shape != x.shape and claimed.size == x.size == 1:
        claimed = claimed.reshape(x.shape)
    if claimed.shape != x.shape:
        if claimed.shape == x.shape[::-1] and _distance(claimed.T, differences(name, values, loss, 1e-3)) < AGREES:
            return OutputVerdict(
                name,
                "shape",
                f"the gradient by {name} is right but transposed: {claimed.shape} for {x.shape}, at {told}",
            )
        return OutputVerdict(
            name, "shape", f"the gradient by {name} has shape {claimed.shape}, {name} has {x.shape}, at {told}"
        )
    fine, coarse = differences(name, values, loss, 1e-3), differences(name, values, loss, 2e-3)
    unsure = np.abs(fine - coarse) > 1e-5 * (1 + np.abs(fine))  # a kink between the points
    gap = np.where(unsure, 0, np.abs(claimed - fine) / (1 + np.abs(fine)))
    if not np.all(np.isfinite(claimed)):
        return OutputVerdict(name, "refuted", f"the gradient by {name} is not finite, at {told}")
    worst = float(gap.max(initial=0))
    if worst < AGREES and unsure.mean() < 0.5:
        return OutputVerdict(
            name, "agrees", f"equal to differences of the forward function in {int((~unsure).sum())} entries, at {told}"
        )
    if worst > DIFFERS:
        place = tuple(int(k) for k in np.unravel_index(int(gap.argmax()), gap.shape)) if gap.ndim else ()
        shown = f"d{name}{list(place) if place else ''} is {claimed[place]:.6g}, differences of the forward function give {fine[place]:.6g}"
        return OutputVerdict(name, "refuted", f"{shown}, at {told}")
    return OutputVerdict(name, "undecided", f"within {worst:.1e} of differences of the forward function, at {told}")


def differences(name: str, values: Mapping[str, Any], loss: Callable[..., float], step: float) -> np.ndarray:
    """∂loss/∂values[name] by central differences of fourth order."""
    x = np.array(values[name], dtype=float)
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):

        def at(shift: float, place=place) -> float:
            moved = x.copy()
            moved[place] += shift
            return loss({**values, name: moved if moved.ndim else float(moved)})

        result[place] = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    return result


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0))


def numbers(x: Any) -> np.ndarray:
    """An array of floats, from whatever a function returns."""
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x, dtype=float)


def _proved(call: _Call, position: int, verdict: OutputVerdict) -> OutputVerdict:
    """The verdict with a proof, where both functions run on symbolic tensors."""
    try:
        tensors = {
            n: symbolic.tensor(
                n, tuple(int(d) if d.isdigit() else d for d in s), dtype="int" if n in call.integers else "real"
            )
            for n, s in call.shapes.items()
        }
        out, cache = call.run_forward(tensors)
        bar = symbolic.tensor("cotangent_", tuple(out.extents)) if out.ndim else symbolic.constant(1)
        claimed = call.run_backward(tensors, bar, cache)[verdict.name]
        judged = symbolic.check(claimed, symbolic.vjp(out, tensors[verdict.name], bar))
    except (ChainruleError, TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError):
        return verdict  # code that only runs on numbers: what the numbers say stands
    if judged.status == "proved":
        return OutputVerdict(verdict.name, "proved", str(judged.evidence))
    return verdict


__all__ = ["CodeVerdict", "OutputVerdict", "check_backward"]
